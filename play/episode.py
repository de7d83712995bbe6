"""One recorded episode on disk: what was seen, done and thought.

``seed_<N>.mp4`` holds T+1 frames, ``seed_<N>.npz`` the arrays of :data:`ARRAYS`, ``seed_<N>.json``
the facts. Each is written under a temporary name and renamed, the JSON last: an episode is on
record exactly when its JSON exists.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any
from zipfile import BadZipFile, ZipFile

import msgspec
import numpy as np

from basalt_iq.agent.reward import RewardSpec
from basalt_iq.errors import UserError
from basalt_iq.files import write_bytes
from basalt_iq.play.phases import Phases
from basalt_iq.records import read_json, write_json

#: Steps of an episode that are believed: a week of play.
MAX_STEPS = 12_096_000
#: Bytes that the arrays of a step can take, with room for later versions, and of an episode without steps.
STEP_BYTES, BASE_BYTES = 512, 1 << 20
#: Ends the name of the film for people, beside the video of what the agent saw.
LARGE = ".large.mp4"
#: What to do about a damaged file; it may be the only copy.
REMEDY = "restore it, or evaluate under another --name"

#: Squares a side of what an agent looked at, from the top left, row by row; see looking.py.
LOOKED_SIDE = 8
#: Arrays of the npz and their types. First axis T (steps), or T+1 (states) for ``progress``. A player
#: without Q (a scripted one, a random one) leaves out what it does not have.
ARRAYS: dict[str, type[np.generic]] = {
    "action": np.int16,  # (T,) index into the facts' action_names
    "top_action": np.int16,  # (T, K) the K most probable actions, most probable first
    "top_q": np.float16,  # (T, K)
    "top_policy": np.float16,  # (T, K) softmax(Q / temperature)
    "v": np.float32,  # (T,) soft value of the state
    "entropy": np.float32,  # (T,) nats
    "reward": np.float32,  # (T,) recovered: see agent/reward.py
    "memory_norm": np.float32,  # (T,) length of the recurrent state
    "act_ms": np.float32,  # (T,) time to choose, shared equally by the batch
    "buttons": np.uint8,  # (T, B) as sent to the world, columns as in the facts' button_names
    "camera": np.float32,  # (T, 2) degrees, [pitch, yaw]
    "equip": np.int16,  # (T,) index into the facts' equip_values
    "progress": np.float32,  # (T+1,) the world's ground truth, 0 to 1
    "position": np.float32,  # (T+1, 4) where the player is: x, y, z in blocks, yaw in radians
    "looked": np.float16,  # (T, LOOKED_SIDE ** 2) nats by which the choice changes if a square is hidden
}
#: Those of states, not steps.
OF_STATES = ("progress", "position")


#: What reading a file of arrays that is none, is cut short or lies can raise.
DAMAGE = (OSError, ValueError, EOFError, KeyError, RuntimeError, MemoryError, BadZipFile, zlib.error)


@dataclass(frozen=True)
class Facts:
    """What ``seed_<N>.json`` says."""

    task: str
    era: int
    seed: int
    player: str
    steps: Annotated[int, msgspec.Meta(ge=0, le=MAX_STEPS)] = 0
    max_steps: int | None = None
    success: bool | None = None
    """None where the world has no judge or broke, and for a demo that does not say."""
    score: float | None = None
    reasons: list[str] = field(default_factory=list)
    checkpoint: str | None = None
    discount: float | None = None
    """gamma per decision of a player that has a Q, else None."""
    repeat: int = 1
    """Ticks that each decision was held for."""
    action_names: list[str] = field(default_factory=list)
    button_names: list[str] = field(default_factory=list)
    equip_values: list[str] = field(default_factory=list)
    source: str | None = None
    """The demonstration that this is a picture of, else None."""
    error: str | None = None
    """Why the episode has no proper end (a world that died), else None."""
    absorbing_reward: float = 0.0
    """With `value_bound`: what the player's objective says of its recovered reward."""
    value_bound: float | None = None
    phases: Phases | None = None
    """How far it came; None where no judge could be asked, and in records of older versions."""

    @property
    def reward(self) -> RewardSpec | None:
        """How a reward is recovered from Q; None where there is no Q."""
        if self.discount is None:
            return None
        return RewardSpec(self.discount, self.absorbing_reward, self.value_bound)

    @property
    def judged(self) -> bool:
        """Whether a judge spoke of what the player did: not where a broken world ended the episode."""
        return self.success is not None and self.error is None


@dataclass(frozen=True)
class Episode:
    """An episode's facts, and where its arrays and video are."""

    folder: Path
    facts: Facts

    @property
    def stem(self) -> str:
        return f"seed_{self.facts.seed}"

    @property
    def video(self) -> Path:
        return self.folder / f"{self.stem}.mp4"

    @property
    def shown(self) -> Path:
        """The video for people: the large one where it was filmed."""
        large = self.folder / f"{self.stem}{LARGE}"
        return large if large.is_file() else self.video

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that exist, by name; those that do not fit the number of steps are left out."""
        path = self.folder / f"{self.stem}.npz"
        try:
            self._refuse_oversize(path)
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files if name in ARRAYS}
        except FileNotFoundError:
            return {}
        except DAMAGE as error:
            raise UserError(f"{path}: damaged ({error}); {REMEDY}") from error
        steps = self.facts.steps
        return {k: v for k, v in arrays.items() if len(v) == steps + (k in OF_STATES)}

    def _refuse_oversize(self, path: Path) -> None:
        """A small file can claim to inflate to more than there is memory."""
        limit = BASE_BYTES + STEP_BYTES * self.facts.steps
        with ZipFile(path) as archive:
            claimed = sum(part.file_size for part in archive.infolist())
        if claimed > limit:
            raise ValueError(f"{claimed:,} bytes of arrays for {self.facts.steps} steps")


def save(folder: Path, facts: Facts, arrays: Mapping[str, np.ndarray]) -> Episode:
    """Put an episode on record; its video, if any, is already in ``folder``."""
    episode = Episode(folder, facts)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: _narrow(name, array) for name, array in arrays.items()})
    write_bytes(folder / f"{episode.stem}.npz", buffer.getvalue())
    write_json(folder / f"{episode.stem}.json", facts)
    return episode


def _narrow(name: str, array: np.ndarray) -> Any:
    """The array in its stored type; a Q beyond float16's range stays finite."""
    kind = ARRAYS[name]
    if kind is np.float16:
        array = np.clip(array, np.finfo(np.float16).min, np.finfo(np.float16).max)
    return np.asarray(array).astype(kind)


def load(folder: Path, seed: int) -> Episode | None:
    """The episode of a seed, or None while it is not on record."""
    path = folder / f"seed_{seed}.json"
    return _read(path, path.stat().st_mtime_ns) if path.exists() else None


def load_all(folder: Path) -> list[Episode]:
    """Every episode on record in a folder, by seed."""
    paths = sorted(folder.glob("seed_*.json"), key=lambda p: (len(p.name), p.name))
    return [_read(path, path.stat().st_mtime_ns) for path in paths]


@lru_cache(maxsize=4096)
def _read(path: Path, changed: int) -> Episode:
    """Kept while the file is unchanged: whoever follows a run looks at the same episodes again and again."""
    facts = read_json(path, Facts, remedy=REMEDY)
    if facts.error is not None:  # older versions called it a failure of the player
        facts = replace(facts, success=None, score=None)
    return Episode(path.parent, facts)

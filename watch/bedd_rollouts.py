"""Rollouts in BEDD's layout, ours or another team's, as an evaluation to look at and compare.

    FOLDER/<environment id>/seed_<N>.mp4      what was seen, 20 frames a second
    FOLDER/<environment id>/seed_<N>.jsonl    a line a step: {"action": {<key down>: 1, "camera": [..]}}

Nothing says how they went: people judge them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basalt_iq.contract import BUTTONS, ENVIRONMENTS
from basalt_iq.errors import UserError
from basalt_iq.play.episode import Episode, Facts
from basalt_iq.play.plan import Plan, Summary, summarise
from basalt_iq.records import read_bytes, read_json
from basalt_iq.watch.runs import Evaluation

if TYPE_CHECKING:
    import numpy as np

ERA = 2022
#: Of an action file; an hour of play takes 6 MB.
_MOST_BYTES = 64 << 20


def bedd_rollouts(folder: Path) -> Iterator[Evaluation]:
    """An evaluation for each task whose rollouts lie in the folder; none where it is something else."""
    places = [folder / env_id for env_id in ENVIRONMENTS if any((folder / env_id).glob("seed_*.jsonl"))]
    for place in places:
        name = folder.resolve().name
        yield BeddRollouts(place, name if len(places) == 1 else f"{name}/{ENVIRONMENTS[place.name].name}")


@dataclass(frozen=True)
class BeddRollouts(Evaluation):
    """The rollouts of one task."""

    @cached_property
    def summary(self) -> Summary:
        world, limit = _told(self.folder.parent)
        # Who they are is not said, but they are somebody's agent, not a baseline.
        plan = Plan(
            ENVIRONMENTS[self.folder.name].name, self.name, ERA, limit, weights="bedd", world=world
        )  # fmt: skip
        return summarise(plan, self.episodes, complete=True)

    @cached_property
    def episodes(self) -> list[Episode]:
        task = ENVIRONMENTS[self.folder.name].name
        seeds = sorted(
            int(seed) for path in self.folder.glob("seed_*.jsonl") if (seed := path.stem[5:]).isdecimal()
        )
        return [_episode(self.folder, task, self.name, seed) for seed in seeds]


class BeddEpisode(Episode):
    """A rollout: its keys and camera are in the action file."""

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        import numpy as np

        names = BUTTONS[ERA]
        lines = _actions(self.folder / f"{self.stem}.jsonl")
        buttons = [[int(bool(line.get(name))) for name in names] for line in lines]
        camera = [line.get("camera", (0.0, 0.0)) for line in lines]
        return {"buttons": np.array(buttons, np.uint8), "camera": np.array(camera, np.float32)}


def _episode(folder: Path, task: str, player: str, seed: int) -> Episode:
    steps = len(_actions(folder / f"seed_{seed}.jsonl"))
    return BeddEpisode(folder, Facts(task, ERA, seed, player, steps, button_names=list(BUTTONS[ERA])))


def _actions(path: Path) -> list[dict[str, Any]]:
    """The actions, one a step. Raises UserError naming the file and line."""
    try:
        text = read_bytes(path, _MOST_BYTES).decode()
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); restore it") from None
    actions = []
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        try:
            action = json.loads(line)["action"]
            turned = [float(angle) for angle in action.get("camera", (0.0, 0.0))]
            if len(turned) != 2:
                raise ValueError(f"camera of {len(turned)} numbers")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UserError(f"{path}: line {number} is no action ({error!r}); restore it") from None
        actions.append(action)
    return actions


def _told(folder: Path) -> tuple[str, int | None]:
    """World and limit, where the folder is a package of ours; BEDD's own are of MineRL 1.0."""
    try:
        told = read_json(folder / "submission.json", dict[str, Any], remedy="restore it")
    except FileNotFoundError:
        return "minerl-1.0", None
    world, limit = told.get("world"), told.get("max_steps")
    return world if isinstance(world, str) else "minerl-1.0", limit if isinstance(limit, int) else None

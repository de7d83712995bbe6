"""Evaluations: a player's episodes over given seeds in one folder, with a summary that is always current."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.files import make_folder
from basalt_iq.play import rollout
from basalt_iq.play.episode import Episode, load, load_all
from basalt_iq.play.player import Actor
from basalt_iq.play.stats import wilson
from basalt_iq.records import write_json

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Plan:
    """What is evaluated. A folder holds the episodes of one plan; only the seeds may grow."""

    task: str
    player: str
    era: int = 2021
    max_steps: int | None = None
    """Episode limit in steps; None is the task's own."""
    checkpoint: str | None = None
    """Where the weights came from, for people."""
    weights: str | None = None
    """What the weights are: see :func:`fingerprint`."""
    choice: str = "sampled"
    """How actions are chosen: sampled or argmax."""
    world: str = "stand-in"
    """Where it is played."""


def evaluate(
    plan: Plan,
    seeds: Sequence[int],
    folder: Path,
    player: Actor | None = None,
    *,
    workers: int = 2,
    worlds: int = 8,
    command: str | None = None,
    on_done: rollout.OnDone = lambda _: None,
    build: rollout.Build = rollout.TELLING,
) -> dict[str, Any]:
    """Play what is not on record yet and return the summary (the content of ``summary.json``).

    Without ``player`` the world's own demonstrator plays. ``command`` is what a person would repeat.
    ``on_done`` hears of every episode, of those already on record at once. Raises UserError if the
    folder holds another plan's episodes. ``build`` makes other worlds than the stand-in.
    """
    ledger = _Ledger(plan, seeds, make_folder(folder), command)
    for leftover in folder.glob(".seed_*"):  # of an evaluation that was killed
        leftover.unlink(missing_ok=True)
    for episode in ledger.recorded():
        on_done(episode)
    missing = ledger.missing()
    if not missing:
        return ledger.write(complete=True)
    ledger.write(complete=False)

    def note(episode: Episode) -> None:
        ledger.write(complete=False)
        on_done(episode)

    _player(plan, folder, player, workers, worlds, note, build)(missing)
    return ledger.write(complete=True)


class _Ledger:
    """The summary of the asked seeds, written anew after every episode."""

    def __init__(self, plan: Plan, seeds: Sequence[int], folder: Path, command: str | None):
        self.plan, self.seeds, self.folder, self.command = plan, seeds, folder, command
        self._spent, self._began = _agree(folder, plan), time.monotonic()
        self._idle = not self.missing()

    def recorded(self) -> list[Episode]:
        return [episode for seed in self.seeds if (episode := load(self.folder, seed))]

    def missing(self) -> list[int]:
        return [seed for seed in self.seeds if load(self.folder, seed) is None]

    def write(self, complete: bool) -> dict[str, Any]:
        seconds = self._spent + (0.0 if self._idle else time.monotonic() - self._began)
        summary = summarise(self.plan, self.recorded(), seconds)
        summary |= {"command": self.command, "complete": complete}
        write_json(self.folder / SUMMARY, summary)
        return summary


def _player(
    plan: Plan,
    folder: Path,
    player: Actor | None,
    workers: int,
    worlds: int,
    note: rollout.OnDone,
    build: rollout.Build,
) -> Callable[[Sequence[int]], list[Episode]]:
    common: dict[str, Any] = {
        "out": folder, "era": plan.era, "max_steps": plan.max_steps, "workers": workers, "name": plan.player,
        "on_done": note,
    }  # fmt: skip
    if player is None:
        return lambda seeds: rollout.play_scripted(plan.task, seeds, **common)
    return lambda seeds: rollout.play(
        plan.task, player, seeds, worlds=worlds, checkpoint=plan.checkpoint,
        build=build, **common,
    )  # fmt: skip


def summarise(plan: Plan, episodes: Sequence[Episode], seconds: float = 0.0) -> dict[str, Any]:
    """Success rate with its 95 % Wilson interval (all None where the world has no judge), steps, faults.

    An episode that a broken world ended counts as not succeeded, and in ``faults``.
    """
    facts = [episode.facts for episode in episodes]
    judged = [f.success for f in facts if f.success is not None]
    successes = sum(judged)
    low, high = wilson(successes, len(judged))
    scores = [f.score for f in facts if f.score is not None]
    return asdict(plan) | {
        "episodes": len(facts),
        "successes": successes if judged else None,
        "rate": successes / len(judged) if judged else None,
        "low": low if judged else None,
        "high": high if judged else None,
        "mean_score": sum(scores) / len(scores) if scores else None,
        "mean_steps": sum(f.steps for f in facts) / len(facts) if facts else None,
        "faults": sum(f.error is not None for f in facts),
        "seeds": [f.seed for f in facts],
        "seconds": round(seconds, 2),
    }


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary of an evaluation folder. Raises UserError naming the file."""
    path = folder / SUMMARY
    try:
        summary = json.loads(path.read_text())
        if not isinstance(summary, dict):
            raise ValueError("not an object")
    except FileNotFoundError:
        raise UserError(f"{folder}: no evaluation here; make one with `basalt-iq evaluate`") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: unreadable ({error}); delete it and evaluate again") from None
    return summary


def fingerprint(checkpoint: Path) -> str:
    """The first 16 hex digits of the weights' SHA-256: tells two agents of one name apart."""
    path = checkpoint / "weights.safetensors"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise UserError(f"{path}: cannot read ({error.strerror}); copy the checkpoint folder again") from None


def _agree(folder: Path, plan: Plan) -> float:
    """Seconds already spent on this plan; UserError if the folder is another plan's."""
    if not (folder / SUMMARY).exists():
        if load_all(folder):
            raise UserError(f"{folder}: holds episodes without {SUMMARY}; give another --name or delete them")
        return 0.0
    before = read_summary(folder)
    for key, value in asdict(plan).items():
        known = before.get(key, "stand-in" if key == "world" else None)
        if key != "checkpoint" and known != value:
            raise UserError(f"{folder}: holds episodes with {key} {known}, not {value}; give another --name")
    return float(before.get("seconds", 0.0))

"""Evaluations: a player's episodes over given seeds in one folder, with a summary that is always current."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.files import make_folder
from basalt_iq.jobs import run_jobs
from basalt_iq.locks import owned
from basalt_iq.play import rollout
from basalt_iq.play.episode import Episode, load, load_all
from basalt_iq.play.places import SUMMARY
from basalt_iq.play.plan import Plan, Summary, read_summary, summarise
from basalt_iq.play.player import Actor
from basalt_iq.records import write_json


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
    ray: bool = False,
) -> Summary:
    """Play what is not on record yet, or was ended by a broken world, and return the summary.

    Without ``player`` the world's own demonstrator plays. ``command`` is what a person would repeat.
    ``on_done`` hears of every episode, of those already on record at once. Raises UserError if the
    folder holds another plan's episodes, if another process evaluates in it, and if no world begins an
    episode at all. ``build`` makes the worlds. With ``ray`` a cluster plays, `worlds` episodes a job.
    """
    with owned(make_folder(folder), "an evaluation"):
        ledger = _Ledger(plan, seeds, folder, command)
        for leftover in folder.glob(".seed_*"):  # of an evaluation that was killed
            leftover.unlink(missing_ok=True)
        for episode in ledger.whole():
            on_done(episode)
        missing = ledger.missing()
        if missing:
            ledger.write(complete=False)

            def note(episode: Episode) -> None:
                ledger.write(complete=False)
                on_done(episode)

            _refuse_no_world(plan, _player(plan, folder, player, workers, worlds, note, build, ray)(missing))
        return ledger.write(complete=not ledger.missing())


def _refuse_no_world(plan: Plan, played: Sequence[Episode]) -> None:
    """Raises UserError if no episode of this sitting ever began: there is no world to speak of."""
    if played and all(e.facts.error is not None and e.facts.steps == 0 for e in played):
        raise UserError(f"{plan.task}: no episode began in {plan.world}: {played[0].facts.error}")


class _Ledger:
    """The summary of the asked seeds, written anew after every episode."""

    def __init__(self, plan: Plan, seeds: Sequence[int], folder: Path, command: str | None):
        self.plan, self.seeds, self.folder, self.command = plan, seeds, folder, command
        self._spent, self._began = _agree(folder, plan), time.monotonic()
        self._idle = not self.missing()

    def recorded(self) -> list[Episode]:
        return [episode for seed in self.seeds if (episode := load(self.folder, seed))]

    def whole(self) -> list[Episode]:
        return [episode for episode in self.recorded() if episode.facts.error is None]

    def missing(self) -> list[int]:
        """Seeds to play: a broken world's episode is no episode."""
        there = {episode.facts.seed for episode in self.whole()}
        return [seed for seed in self.seeds if seed not in there]

    def write(self, complete: bool) -> Summary:
        seconds = self._spent + (0.0 if self._idle else time.monotonic() - self._began)
        summary = summarise(self.plan, self.recorded(), seconds, command=self.command, complete=complete)
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
    ray: bool,
) -> Callable[[Sequence[int]], list[Episode]]:
    common: dict[str, Any] = {
        "out": folder, "era": plan.era, "max_steps": plan.max_steps, "name": plan.player, "build": build,
    }  # fmt: skip
    if player is None:
        return lambda seeds: rollout.play_scripted(
            plan.task, seeds, workers=workers, ray=ray, on_done=note, **common
        )
    common |= {"worlds": worlds, "checkpoint": plan.checkpoint}
    if ray:
        some = partial(_some, plan.task, player, common | {"out": folder.resolve()})
        return lambda seeds: _on_ray(some, seeds, worlds, note)
    return lambda seeds: rollout.play(plan.task, player, seeds, workers=workers, on_done=note, **common)


def _some(task: str, player: Actor, common: dict[str, Any], seeds: Sequence[int]) -> list[Episode]:
    """What one job of a cluster plays, in one process of its own."""
    return rollout.play(task, player, seeds, workers=1, **common)


def _on_ray(
    some: Callable[[Sequence[int]], list[Episode]], seeds: Sequence[int], worlds: int, note: rollout.OnDone
) -> list[Episode]:
    parts = [seeds[i : i + worlds] for i in range(0, len(seeds), worlds)]
    played = []
    for _, episodes in run_jobs(some, parts, ray=True):
        for episode in episodes:
            note(episode)
        played += episodes
    return played


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
            raise UserError(f"{folder}: holds episodes without {SUMMARY}; give another --name")
        return 0.0
    before = read_summary(folder)
    for name in (f.name for f in fields(Plan) if f.name != "checkpoint"):
        known, asked = getattr(before, name), getattr(plan, name)
        if known != asked:
            raise UserError(f"{folder}: holds episodes with {name} {known}, not {asked}; give another --name")
    return before.seconds

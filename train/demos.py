"""Demonstrations as the learner takes them: which are held out, and their arrays of action and vector."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from basalt_iq import contract
from basalt_iq.agent.action_presets import entry_2021, factored_from_demos, from_demos
from basalt_iq.agent.actions import ActionSet
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.stored_ticks import ticks
from basalt_iq.data.marks import included
from basalt_iq.data.store import Store, Trajectory
from basalt_iq.data.stored_frames import StoredFrames
from basalt_iq.errors import UserError
from basalt_iq.train.hindsight import Hindsight

#: Ticks that an action set is counted over, and more than any of our own experiments holds.
MOST_COUNTED = 200_000
#: The hindsight labels of all ticks of a demo.
LookBack = Callable[[Trajectory], Hindsight]


@dataclass(frozen=True)
class Demos:
    """The demos of one task, split: train on some, choose the checkpoint by the others."""

    task: str
    era: int
    size: int
    train: list[Trajectory]
    held_out: list[Trajectory]

    def action_set(self, preset: str, size: int, repeat: int = 1, head: str = "joint") -> ActionSet:
        """The action set of a preset's name for a head; `demos` counts over the training demos only.

        `repeat` is the number of ticks that each decision is held for.
        """
        if preset == "entry-2021":
            return entry_2021(self.task)
        counted = (ticks(t, start).held(repeat) for t, start in _counted(self.train))
        build = factored_from_demos if head == "factored" else from_demos
        return build(self.task, self.era, counted, size=size)


def load_demos(path: Path, task: str, held_out: float) -> Demos:
    """Demos of `task` in the store at `path`, about the share `held_out` of them (at least one) set apart.

    Which ones depends on their names alone. Raises UserError if there are fewer than two.
    """
    store, known = Store.open(path), contract.find_task(task)
    everything = _distinct(store.select(task=known.name))
    found = included(path, everything)
    if len(found) < 2 and len(everything) >= 2:
        raise UserError(
            f"{path}: {len(everything) - len(found)} of {len(everything)} demos of {known.name} are excluded "
            f"(marks.json); `basalt-iq data browse {path}` takes some in again"
        )
    if len(found) < 2:
        there = ", ".join(f"{count} of {name}" for name, count in sorted(store.tasks().items())) or "no demos"
        raise UserError(
            f"{path}: {len(found)} demos of {known.name}, at least 2 are needed; "
            f"the store holds {there}: ingest more, or give --task"
        )
    eras = {t.era for t in found}
    if len(eras) > 1:
        raise UserError(f"{path}: demos of {known.name} from both eras; ingest each era into its own store")
    order = sorted(found, key=lambda t: hashlib.sha256(os.fsencode(t.name)).digest())
    count = min(max(1, round(held_out * len(found))), len(found) - 1)
    by_name = {id(t) for t in order[:count]}
    train = [t for t in found if id(t) not in by_name]
    return Demos(known.name, eras.pop(), store.size, train, [t for t in found if id(t) in by_name])


def _distinct(trajectories: Sequence[Trajectory]) -> list[Trajectory]:
    """Each content once, by its first name: a copy of a held-out demo must not be learned from."""
    first: dict[str, Trajectory] = {}
    for trajectory in trajectories:
        first.setdefault(trajectory.digest, trajectory)
    return list(first.values())


def _counted(trajectories: Sequence[Trajectory]) -> Iterator[tuple[Trajectory, int]]:
    """Demos whose actions make up an action set, spread evenly, and the tick each is counted from.

    At most `MOST_COUNTED` ticks of the end of each, and no more demos once that many were counted: the time
    to start does not grow with the data.
    """
    order = sorted(trajectories, key=lambda t: hashlib.sha256(os.fsencode(t.name)).digest())
    left = MOST_COUNTED
    for trajectory in order:
        if left <= 0:
            return
        yield trajectory, max(0, trajectory.length - MOST_COUNTED)
        left -= min(trajectory.length, MOST_COUNTED)


def held_items(trajectory: Trajectory) -> np.ndarray:
    """The item in hand in every state, (T + 1,) strings; "none" where the interface does not tell."""
    return np.array(trajectory.equip_values or ("none",))[trajectory.equipped]


class DemoEpisode:
    """A stored demo from tick `first` on as whole decisions of `spec.repeat` ticks; a rest is left out.

    For the sampler: `action` (T,) int64 and `vector` (T+1, V) float32. Frames and observations stay on the
    disk; in memory are the indices of its actions alone, once it was first drawn from. With `look_back`,
    which gives the labels of a whole demo, the arrays of a Hindsight (T,) are there too.
    """

    def __init__(
        self, trajectory: Trajectory, spec: AgentSpec, first: int = 0, mirrored: bool = False,
        look_back: LookBack | None = None,
    ):  # fmt: skip
        self.trajectory, self.spec, self.first, self.mirrored = trajectory, spec, first, mirrored
        self.look_back = look_back
        self.length = (trajectory.length - first) // spec.repeat
        if self.length < 1:
            raise ValueError("an episode needs at least one step")

    @property
    def terminal(self) -> bool:
        return self.trajectory.about.ended

    @property
    def frames(self) -> StoredFrames:
        return self._frames

    @cached_property
    def _frames(self) -> StoredFrames:
        frames = self.trajectory.frames.part(self.first, self.spec.repeat, self.length + 1)
        return frames.mirror() if self.mirrored else frames

    @property
    def steps(self) -> dict[str, np.ndarray]:
        """All of it at once."""
        return self.window(0, self.length + 1)

    @cached_property
    def actions(self) -> np.ndarray:
        """(T,) int16"""
        index = self.spec.actions.encode(ticks(self.trajectory, self.first).held(self.spec.repeat))
        return (self.spec.actions.mirror()[index] if self.mirrored else index).astype(np.int16)

    def window(self, first: int, stop: int) -> dict[str, np.ndarray]:
        at = self.first + first * self.spec.repeat
        count = min(stop, self.length + 1) - first
        rows = self.trajectory.rows.read(at, at + (count - 1) * self.spec.repeat + 1)[:: self.spec.repeat]
        held = np.array(self.trajectory.equip_values or ("none",))[rows["equipped"]]
        seen = self.spec.observation.vectors(self.trajectory.items, rows["inventory"], held)
        before = (
            self.actions[first - 1 : stop - 1] if first else np.r_[np.int16(-1), self.actions[: stop - 1]]
        )
        vector = self.spec.vectors(seen, before.astype(np.int64))
        return {"action": self.actions[first:stop].astype(np.int64), "vector": vector} | self._labels(
            first, stop
        )

    def _labels(self, first: int, stop: int) -> dict[str, np.ndarray]:
        if self.look_back is None:
            return {}
        decided = self.first + np.arange(first, min(stop, self.length)) * self.spec.repeat
        labels = self.look_back(self.trajectory).at(decided)
        return (labels.mirrored() if self.mirrored else labels).arrays()


def episodes(
    trajectories: Sequence[Trajectory],
    spec: AgentSpec,
    *,
    mirrored: bool = False,
    look_back: LookBack | None = None,
) -> list[DemoEpisode]:
    """For the sampler. Where a decision is held for several ticks, each trajectory gives as many episodes,
    one for each tick that the decisions may start at. `mirrored`: as in a mirror, left for right."""
    phases = [(t, p) for t in trajectories for p in range(spec.repeat) if t.length - p >= spec.repeat]
    return [DemoEpisode(trajectory, spec, phase, mirrored, look_back) for trajectory, phase in phases]


def decisions(trajectory: Trajectory, spec: AgentSpec, first: int = 0, mirrored: bool = False) -> DemoEpisode:
    """A demo from tick `first` on."""
    return DemoEpisode(trajectory, spec, first, mirrored)

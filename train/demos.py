"""Demonstrations as the learner takes them: which are held out, and their arrays of action and vector."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from basalt_iq import contract
from basalt_iq.agent.actions import ActionSet, Ticks, entry_2021, from_demos
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.data.sampler import Episode
from basalt_iq.data.store import Store, Trajectory
from basalt_iq.errors import UserError


@dataclass(frozen=True)
class Demos:
    """The demos of one task, split: train on some, choose the checkpoint by the others."""

    task: str
    era: int
    size: int
    train: list[Trajectory]
    held_out: list[Trajectory]

    def action_set(self, preset: str, size: int, repeat: int = 1) -> ActionSet:
        """The action set of a preset's name; `demos` counts over the training demos only.

        `repeat` is the number of ticks that each decision is held for.
        """
        if preset == "entry-2021":
            return entry_2021(self.task)
        return from_demos(self.task, self.era, [ticks(t).held(repeat) for t in self.train], size=size)


def load_demos(path: Path, task: str, held_out: float) -> Demos:
    """Demos of `task` in the store at `path`, about the share `held_out` of them (at least one) set apart.

    Which ones depends on their names alone. Raises UserError if there are fewer than two.
    """
    store, known = Store.open(path), contract.find_task(task)
    found = store.select(task=known.name)
    if len(found) < 2:
        raise UserError(f"{path}: {len(found)} demos of {known.name}, at least 2 are needed; ingest more")
    eras = {t.era for t in found}
    if len(eras) > 1:
        raise UserError(f"{path}: demos of {known.name} from both eras; ingest each era into its own store")
    order = sorted(found, key=lambda t: hashlib.sha256(t.name.encode()).digest())
    count = min(max(1, round(held_out * len(found))), len(found) - 1)
    by_name = {id(t) for t in order[:count]}
    train = [t for t in found if id(t) not in by_name]
    return Demos(known.name, eras.pop(), store.size, train, [t for t in found if id(t) in by_name])


def ticks(trajectory: Trajectory) -> Ticks:
    """The actions of a stored demo."""
    names = trajectory.equip_values or ("none",)
    equip = np.array(names)[trajectory.equip]
    return Ticks(trajectory.button_names, trajectory.buttons, trajectory.camera, equip)


def held_items(trajectory: Trajectory) -> np.ndarray:
    """The item in hand in every state, (T + 1,) strings; "none" where the interface does not tell."""
    return np.array(trajectory.equip_values or ("none",))[trajectory.equipped]


def episodes(trajectories: Sequence[Trajectory], spec: AgentSpec, *, mirrored: bool = False) -> list[Episode]:
    """For the sampler: memory-mapped frames, `action` (T,) int64 and `vector` (T+1, V) float32 of decisions.

    Where a decision is held for several ticks, each trajectory gives as many episodes, one for each tick
    that the decisions may start at. `mirrored` gives each as seen in a mirror, left for right.
    """
    phases = [(t, p) for t in trajectories for p in range(spec.repeat) if t.length - p >= spec.repeat]
    return [decisions(trajectory, spec, phase, mirrored) for trajectory, phase in phases]


def decisions(trajectory: Trajectory, spec: AgentSpec, first: int = 0, mirrored: bool = False) -> Episode:
    """A demo from tick `first` on as whole decisions of `spec.repeat` ticks; a rest is left out."""
    taken = ticks(trajectory)
    taken = Ticks(taken.names, taken.buttons[first:], taken.camera[first:], taken.equip[first:])
    action = spec.actions.encode(taken.held(spec.repeat))
    seen_at = slice(first, first + len(action) * spec.repeat + 1, spec.repeat)
    frames = trajectory.frames[seen_at]
    if mirrored:
        action, frames = spec.actions.mirror()[action], frames[..., ::-1]
    held = held_items(trajectory)
    seen = spec.observation.vectors(trajectory.items, trajectory.inventory[seen_at], held[seen_at])
    steps = {"action": action, "vector": spec.vectors(seen, np.concatenate([[-1], action]))}
    return Episode(frames, steps, terminal=bool(trajectory.meta.get("ended", True)))

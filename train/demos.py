"""Demonstrations as the learner takes them: which are held out, and their arrays of action and vector."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from basalt_iq.agent.actions import ActionSet, Ticks, entry_2021, from_demos
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.data.sampler import Episode
from basalt_iq.data.store import Store, Trajectory
from basalt_iq.errors import UserError
from basalt_iq.world import contract


@dataclass(frozen=True)
class Demos:
    """The demos of one task, split: train on some, choose the checkpoint by the others."""

    task: str
    era: int
    size: int
    train: list[Trajectory]
    held_out: list[Trajectory]

    def action_set(self, preset: str, size: int) -> ActionSet:
        """The action set of a preset's name; `demos` counts over the training demos only."""
        if preset == "entry-2021":
            return entry_2021(self.task)
        return from_demos(self.task, self.era, [ticks(t) for t in self.train], size=size)


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


def episodes(trajectories: Sequence[Trajectory], spec: AgentSpec) -> list[Episode]:
    """For the sampler: memory-mapped frames, `action` (T,) int64 and `vector` (T+1, V) float32."""
    return [_episode(trajectory, spec) for trajectory in trajectories]


def _episode(trajectory: Trajectory, spec: AgentSpec) -> Episode:
    action = spec.actions.encode(ticks(trajectory))
    seen = spec.observation.vectors(trajectory.items, trajectory.inventory, held_items(trajectory))
    steps = {"action": action, "vector": spec.vectors(seen, np.concatenate([[-1], action]))}
    return Episode(trajectory.frames, steps, terminal=bool(trajectory.meta.get("ended", True)))

"""Players that look at nothing: every agent is held against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.agent.action_presets import from_demos
from basalt_iq.agent.actions import ActionSet
from basalt_iq.agent.reward import RewardSpec
from basalt_iq.agent.stored_ticks import ticks
from basalt_iq.contract import find_task
from basalt_iq.data.marks import included
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.play.player import Decision

#: As agents of the default recipe have it.
ACTIONS, REPEAT = 64, 4


class RandomPlayer:
    """Draws actions from fixed shares, by default equal ones, each held like an agent's: knows nothing."""

    def __init__(
        self, actions: ActionSet, *, repeat: int = 1, seed: int = 0, shares: np.ndarray | None = None
    ):
        """`shares` (A,) of the actions; None: all alike."""
        self.task, self.era, self.actions = actions.task, actions.era, actions
        self.action_names = actions.action_names
        self.seed, self.repeat, self.shares = seed, repeat, shares
        self.reward: RewardSpec | None = None
        self._slots: dict[int, np.random.Generator] = {}
        self._held: dict[int, tuple[int, int]] = {}  # the index, and the tick it is in

    def start(self, slots: Sequence[int], seeds: Sequence[int] | None = None) -> None:
        """As the player's."""
        for slot, seed in zip(slots, seeds if seeds is not None else slots, strict=True):
            self._slots[slot] = np.random.default_rng([self.seed, seed])
            self._held[slot] = (0, 0)

    def act(self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]) -> list[Decision]:
        return [self._act(slot) for slot in slots]

    def _act(self, slot: int) -> Decision:
        index, tick = self._held[slot]
        if tick == 0:
            index = self._draw(self._slots[slot])
        self._held[slot] = (index, (tick + 1) % self.repeat)
        action = self.actions.decode(index, held=tick > 0)
        count = len(self.actions)
        even, zeros = np.full(count, 1 / count, np.float32), np.zeros(count, np.float32)
        policy = even if self.shares is None else self.shares.astype(np.float32)
        nats = float(-(policy * np.log(np.maximum(policy, 1e-30))).sum())
        return Decision(action, index, zeros, policy, 0.0, nats, 0.0)

    def _draw(self, rng: np.random.Generator) -> int:
        if self.shares is None:
            return int(rng.integers(len(self.actions)))
        return int(rng.choice(len(self.shares), p=self.shares))


def walker(path: Path, task: str, *, seed: int = 0, repeat: int = REPEAT) -> RandomPlayer:
    """Does what the demos of `task` in the store at `path` do, as often, and never looks.

    Its actions are those that an agent of the default recipe would have. Raises UserError where there is no
    such demo, or demos of both eras.
    """
    found = included(path, Store.open(path).select(task=find_task(task).name))
    eras = {trajectory.era for trajectory in found}
    if len(eras) != 1:
        why = "demos of both eras" if eras else "no demos"
        raise UserError(f"{path}: {why} of {find_task(task).name}; give --store another store, or --task")
    held = [ticks(trajectory).held(repeat) for trajectory in found]
    actions = from_demos(task, eras.pop(), held, size=ACTIONS)
    counts = np.bincount(np.concatenate([actions.encode(t) for t in held]), minlength=len(actions))
    return RandomPlayer(actions, repeat=repeat, seed=seed, shares=counts / counts.sum())

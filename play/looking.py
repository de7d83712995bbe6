"""What an agent looked at: how its choice changes when a part of the picture is hidden (occlusion).

After Greydanus et al. 2018 (arXiv 1711.00138), with a grey square for their blur. The stand-in is
deterministic, so an episode on record is played again, decision by decision, and each picture is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from basalt_iq.agent.checkpoint import AgentSpec, load_agent
from basalt_iq.agent.network import Carry, SoftQNetwork
from basalt_iq.agent.policy import log_policy
from basalt_iq.errors import UserError
from basalt_iq.play.episode import LOOKED_SIDE, Episode, save
from basalt_iq.play.plan import Plan
from basalt_iq.play.player import Player
from basalt_iq.play.ticks import POSITION, Seen, ticks
from basalt_iq.play.worlds import STAND_IN, Maker

#: What the network takes for nothing: see `agent/network.py`.
GREY = 128
#: Blocks by which a position may differ between two plays of an episode.
TOLERANCE = 1e-3


def look_again(episode: Episode, plan: Plan, checkpoint: Path) -> Episode:
    """Play an episode again and put on record, beside what it has, what the agent looked at.

    Raises UserError where it cannot be played again: in another world, or if the stand-in has changed since.
    """
    spec, network = load_agent(checkpoint)
    facts, arrays = episode.facts, episode.arrays
    if plan.world != STAND_IN or facts.era != spec.era or "action" not in arrays or "position" not in arrays:
        raise UserError(f"{episode.folder}: only an agent's own episodes in the stand-in can be played again")
    hidden = Occluded(network, spec.temperature)
    player = Again(spec, cast(SoftQNetwork, hidden), arrays["action"][:: spec.repeat])
    where = list(_play(player, plan, facts.seed, facts.steps))
    if len(where) != len(arrays["position"]) or np.abs(arrays["position"] - where).max() > TOLERANCE:
        raise UserError(f"{episode.video}: went another way when it was played again; evaluate anew")
    looked = np.repeat(np.stack(hidden.changes), spec.repeat, 0)[: facts.steps]
    return save(episode.folder, facts, arrays | {"looked": looked})


def _play(player: Player, plan: Plan, seed: int, steps: int) -> Iterator[list[float]]:
    """Where the player is after each tick; pictures are drawn only where a decision needs them."""
    env = Maker(near=plan.distance == "near", progress=True)(plan.task, plan.era, plan.limit)
    world: Any = env.unwrapped

    def act(observation: Any) -> Any:
        world.draws = (world.steps + 1) % player.repeat == 0
        return player.act([observation], [0])[0].action

    try:
        for tick in ticks(env, seed, act, lambda: player.start([0], [seed])):
            yield _position(tick.seen)
            if world.steps >= steps:
                return
    finally:
        env.close()


def _position(seen: Seen) -> list[float]:
    return seen.info[POSITION]


class Again(Player):
    """Takes the decisions on record, whatever it would choose now."""

    def __init__(self, spec: AgentSpec, network: SoftQNetwork, taken: np.ndarray):
        super().__init__(spec, network)
        self._taken = iter(taken.tolist())

    def _choose(self, rng: np.random.Generator, pi: np.ndarray, observation: Any) -> int:
        return next(self._taken)


class Occluded:
    """A network that, wherever it is asked, finds out what each part of the picture changes."""

    def __init__(self, network: SoftQNetwork, temperature: float):
        self.network, self.temperature = network, temperature
        self.changes: list[np.ndarray] = []
        """Of each decision (LOOKED_SIDE squared,) float32, row by row: see `changes_by_hiding`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)

    def eval(self) -> Occluded:
        return self

    def __call__(self, frames: Tensor, vector: Tensor, carry: Carry) -> tuple[Tensor, Carry]:
        q, after = self.network(frames, vector, carry)
        self.changes.append(
            changes_by_hiding(self.network, frames, vector, carry, q, self.temperature).cpu().numpy()
        )
        return q, after


def changes_by_hiding(
    network: SoftQNetwork, frames: Tensor, vector: Tensor, carry: Carry, q: Tensor, temperature: float
) -> Tensor:
    """KL(policy | policy with a square of all frames seen at once hidden), in nats, (LOOKED_SIDE squared,).

    frames (1, history, 3, H, W) uint8, vector (1, 1, V), q (1, 1, A): one decision, the memory as it was.
    """
    places = product(range(LOOKED_SIDE), repeat=2)
    covered = torch.cat([_covered(frames, row, column) for row, column in places])
    count = len(covered)
    many = carry[0].expand(count, -1), carry[1].expand(count, -1)
    other, _ = network(covered, vector.expand(count, -1, -1), many)
    before, after = log_policy(q[0, 0], temperature), log_policy(other[:, 0], temperature)
    return (before.exp() * (before - after)).sum(-1).clamp(min=0)


def _covered(frames: Tensor, row: int, column: int) -> Tensor:
    height, width = frames.shape[-2:]
    top, bottom = (height * r // LOOKED_SIDE for r in (row, row + 1))
    left, right = (width * c // LOOKED_SIDE for c in (column, column + 1))
    covered = frames.clone()
    covered[..., top:bottom, left:right] = GREY
    return covered

"""The product from Python: worlds, agents, episodes, stores. `import basalt_iq` offers all of it.

env = basalt_iq.make("FindCave")
agent = basalt_iq.load_agent("runs/cave")
episode = basalt_iq.rollout(env, agent, seed=1)
store = basalt_iq.read_store("store")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basalt_iq.data.store import Store
from basalt_iq.play.ticks import Tick, ticks
from basalt_iq.play.worlds import make

if TYPE_CHECKING:
    import gymnasium

    from basalt_iq.agent.checkpoint import AgentSpec
    from basalt_iq.play.player import Decision, Player

__all__ = ["Agent", "Rollout", "load_agent", "make", "read_store", "rollout"]


class Agent:
    """A trained agent in one episode at a time: `reset` before each, then `act` once a tick.

    (`basalt_iq.play.player.Player`, which this holds, plays many side by side.)
    """

    def __init__(self, player: Player):
        self.player = player
        self.decision: Decision | None = None
        """What it last chose and thought: q, policy, v, entropy."""

    @property
    def spec(self) -> AgentSpec:
        """Its task, era, actions, network and where it comes from."""
        return self.player.spec

    def reset(self, seed: int = 0) -> None:
        """Begin an episode: memory is empty, and `seed` says what chance will be."""
        self.player.start([0], [seed])

    def act(self, observation: Mapping[str, Any]) -> dict[str, Any]:
        """The action for an observation of the agent's own interface (2021 or 2022)."""
        (self.decision,) = self.player.act([observation], [0])
        return self.decision.action

    def __call__(self, observation: Mapping[str, Any]) -> dict[str, Any]:
        return self.act(observation)


@dataclass(frozen=True)
class Rollout:
    """An episode of T ticks."""

    observations: list[Mapping[str, Any]]
    """T+1; observation t is what action t was chosen by."""
    actions: list[Mapping[str, Any]]
    """T"""
    terminated: bool
    """Somebody ended it, rather than time."""
    info: Mapping[str, Any]
    """What the world said at the end."""

    @property
    def length(self) -> int:
        """T, in ticks of a twentieth of a second."""
        return len(self.actions)

    @property
    def frames(self) -> np.ndarray:
        """(T+1, H, W, 3) uint8 RGB."""
        return np.stack([observation["pov"] for observation in self.observations])

    @property
    def success(self) -> bool | None:
        """What the world's judge says; None where no judge is."""
        return self.info.get("success")


def load_agent(
    path: str | Path,
    *,
    device: str = "cpu",
    seed: int = 0,
    argmax: bool = False,
    end_guard: float | None = None,
) -> Agent:
    """The agent of a run folder or checkpoint folder. Raises UserError if there is none or it is damaged.

    Args:
        argmax: take the best action rather than sample from the policy.
        end_guard: do not end an episode below this probability; None is the agent's own.
    """
    from basalt_iq.play.player import Player

    return Agent(Player.load(path, device=device, seed=seed, argmax=argmax, end_guard=end_guard))


def rollout(
    env: gymnasium.Env, policy: Agent | Callable[[Mapping[str, Any]], Mapping[str, Any]], seed: int = 0
) -> Rollout:
    """Play one episode to its end by an agent, or by any function from observation to action.

    Raises RuntimeError with the world's reason where the world breaks.
    """
    begin = (lambda: policy.reset(seed)) if isinstance(policy, Agent) else (lambda: None)
    return _collect(list(ticks(env, seed, policy, begin)))


def _collect(played: list[Tick]) -> Rollout:
    last = played[-1].seen
    if last.error:
        raise RuntimeError(last.error)
    return Rollout(
        [tick.seen.observation for tick in played],
        [tick.action for tick in played if tick.action is not None],
        last.terminated,
        last.info,
    )


def read_store(path: str | Path) -> Store:
    """What `basalt-iq data ingest` decoded: `.select(task)` lists demonstrations. Raises UserError."""
    return Store.open(path)

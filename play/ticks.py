"""The one loop that steps an environment, and the one place that knows what its answers mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium

#: What a world may tell in ``info`` for measurement only: how near the task is to done, 0 to 1,
PROGRESS = "progress"
#: and where the player is: [x, y, z] in blocks and yaw in radians.
POSITION = "position"
#: and, with the last answer of an episode, how far it came (see `play/phases.py`).
PHASES = "phases"


@dataclass(frozen=True)
class Seen:
    """What a world answered to a reset or a step."""

    observation: Mapping[str, Any]
    """Noise where there is an `error` (MineRL hands out a random one then): neither kept nor learned from."""
    terminated: bool = False
    truncated: bool = False
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str | None:
        """Why the world broke in this step, else None."""
        error = self.info.get("error")
        return str(error) if error else None

    @property
    def over(self) -> bool:
        return self.terminated or self.truncated or self.error is not None

    @property
    def timed_out(self) -> bool:
        """Time ran out, so the state that followed has a value, which nobody computed."""
        return self.truncated and not self.terminated


@dataclass(frozen=True)
class Tick:
    """An action, None for the reset, and what followed."""

    action: Mapping[str, Any] | None
    seen: Seen


def ticks(
    env: gymnasium.Env,
    seed: int | None,
    act: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    begin: Callable[[], None] = lambda: None,
) -> Iterator[Tick]:
    """Play an episode: the reset, then every step until the end or until the caller stops asking.

    `act` gives the action for an observation; `begin` is called between the reset and the first of them.
    """
    observation, info = env.reset(seed=seed)
    begin()
    seen = Seen(observation, info=info)
    yield Tick(None, seen)
    while not seen.over:
        action = act(seen.observation)
        observation, _, terminated, truncated, info = env.step(action)
        seen = Seen(observation, terminated, truncated, info)
        yield Tick(action, seen)

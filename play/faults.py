"""The failures of a real MineRL, on request, to test everything that drives an environment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import gymnasium

Kind = Literal["random_observation", "hang", "early_death", "crash"]
#: What MineRL says when it is stepped after the end of an episode.
REFUSAL = "Attempted to step an environment server with done=True"


@dataclass(frozen=True)
class Fault:
    """One failure.

    - ``random_observation``: a socket fault; the step returns noise with done and ``info["error"]``
    - ``hang``: the call takes ``seconds`` longer
    - ``early_death``: the player dies; the step ends the episode without an error
    - ``crash``: Minecraft dies; this call and every step until the next reset raise ConnectionError
    """

    kind: Kind
    step: int
    """Steps into the episode, from 1; 0 is the reset itself (``hang`` and ``crash`` only)."""
    episode: int = 1
    """Counts the resets, from 1."""
    seconds: float = 60.0
    """How long a ``hang`` lasts."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"unknown fault {self.kind!r}: choose from {', '.join(get_args(Kind))}")
        if self.episode < 1 or self.step < (0 if self.kind in ("hang", "crash") else 1):
            raise ValueError(f"a {self.kind} cannot happen at step {self.step} of episode {self.episode}")


class FaultyEnv(gymnasium.Wrapper):
    """Plays ``faults`` on top of ``env``; like MineRL it refuses to step after done (RuntimeError)."""

    def __init__(self, env: gymnasium.Env, faults: Sequence[Fault] = ()):
        super().__init__(env)
        self.faults = {(fault.episode, fault.step): fault for fault in faults}
        self.episode = self.steps = 0
        self._state: Literal["ended", "running", "crashed"] = "ended"

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        self.episode += 1
        self.steps = 0
        self._strike()
        result = self.env.reset(seed=seed, options=options)
        self._state = "running"
        return result

    def step(self, action: Any) -> Any:
        if self._state == "crashed":
            raise ConnectionError("Minecraft is not running: reset to start it again")
        if self._state == "ended":
            raise RuntimeError(REFUSAL)
        self.steps += 1
        kind = self._strike()
        observation, reward, terminated, truncated, info = self.env.step(action)
        if kind == "random_observation":
            info = {"error": "timed out waiting for the observation"}
            observation, terminated = self.observation_space.sample(), True
        elif kind == "early_death":
            terminated = True
        if terminated or truncated:
            self._state = "ended"
        return observation, reward, terminated, truncated, info

    def _strike(self) -> Kind | None:
        fault = self.faults.get((self.episode, self.steps))
        if fault is None:
            return None
        if fault.kind == "hang":
            time.sleep(fault.seconds)
        elif fault.kind == "crash":
            self._state = "crashed"
            raise ConnectionError("Minecraft process finished unexpectedly")
        return fault.kind

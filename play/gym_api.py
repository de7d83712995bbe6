"""The old gym API, as MineRL 0.4.4 speaks it: 4-tuple steps and a seed that lasts for one reset."""

from __future__ import annotations

from typing import Any

import gymnasium


class GymEnv:
    """Wrap a gymnasium environment so that code written for ``gym.make("MineRLBasalt...")`` runs on it.

    ``seed(n)`` must be called before every ``reset``: like MineRL, a reset without it draws a new seed.
    """

    def __init__(self, env: gymnasium.Env):
        self.env = env
        self.observation_space = env.observation_space
        self.action_space = env.action_space
        self._seed: int | None = None

    @property
    def unwrapped(self) -> gymnasium.Env:
        return self.env.unwrapped

    def seed(self, seed: int | None = None) -> list[int | None]:
        """Seed the next reset only."""
        self._seed = seed
        return [seed]

    def reset(self) -> dict[str, Any]:
        """The first observation of a new episode."""
        seed, self._seed = self._seed, None
        observation, _ = self.env.reset(seed=seed)
        return observation

    def step(self, action: dict[str, Any]) -> tuple[dict[str, Any], float, bool, dict[str, Any]]:
        """(observation, reward, done, info)."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, float(reward), terminated or truncated, info

    def close(self) -> None:
        self.env.close()

"""A wrapper that tells the stand-in world's ground truth, for measurement only."""

from __future__ import annotations

from typing import Any

import gymnasium

from basalt_iq.play.phases import Asked
from basalt_iq.play.ticks import PHASES, POSITION, PROGRESS
from basalt_iq.world import physics
from basalt_iq.world.env import BasaltEnv
from basalt_iq.world.judges import Verdict


class Telling(gymnasium.Wrapper):
    """Adds the world's ground truth to ``info``, so that asking for it costs no message of its own."""

    def reset(self, **options: Any) -> Any:
        observation, info = self.env.reset(**options)
        self._steps, self._asked = 0, Asked()
        self._said: Verdict | None = None
        return observation, self._tell(info)

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._steps += 1
        told = self._tell(info)
        if terminated or truncated:
            told |= self._phases()
        return observation, reward, terminated, truncated, told

    def _tell(self, info: dict[str, Any]) -> dict[str, Any]:
        world = self.env.unwrapped
        measure, body = getattr(world, PROGRESS, None), getattr(world, "body", None)
        told: dict[str, Any] = {} if measure is None else {PROGRESS: float(measure())}
        if isinstance(world, BasaltEnv):
            verdict = world.asked()
            if verdict is not self._said:
                self._asked.hear(self._steps, verdict.success, verdict.parts)
                self._said = verdict
        if body is not None:
            told[POSITION] = [
                float(body[column]) for column in (physics.X, physics.Y, physics.Z, physics.YAW)
            ]
        return info | told

    def _phases(self) -> dict[str, Any]:
        world = self.env.unwrapped
        if not isinstance(world, BasaltEnv) or world.verdict is None:
            return {}
        how = {"chosen": world.ended_by_player, "success": world.verdict.success}
        return {PHASES: self._asked.phases(progress=world.progress(), **how)}

"""A wrapper that tells the stand-in world's ground truth, for measurement only."""

from __future__ import annotations

from typing import Any

import gymnasium

from basalt_iq.play.ticks import POSITION, PROGRESS
from basalt_iq.world import physics


class Telling(gymnasium.Wrapper):
    """Adds the world's ground truth to ``info``, so that asking for it costs no message of its own."""

    def reset(self, **options: Any) -> Any:
        observation, info = self.env.reset(**options)
        return observation, self._tell(info)

    def step(self, action: Any) -> Any:
        *rest, info = self.env.step(action)
        return (*rest, self._tell(info))

    def _tell(self, info: dict[str, Any]) -> dict[str, Any]:
        world = self.env.unwrapped
        measure, body = getattr(world, PROGRESS, None), getattr(world, "body", None)
        told: dict[str, Any] = {} if measure is None else {PROGRESS: float(measure())}
        if body is not None:
            told[POSITION] = [
                float(body[column]) for column in (physics.X, physics.Y, physics.Z, physics.YAW)
            ]
        return info | told

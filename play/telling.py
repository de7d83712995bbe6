"""A wrapper that tells the stand-in world's ground truth, for measurement only."""

from __future__ import annotations

from typing import Any

import gymnasium

PROGRESS = "progress"


class Telling(gymnasium.Wrapper):
    """Adds the world's ground truth to ``info``, so that asking for it costs no message of its own."""

    def reset(self, **options: Any) -> Any:
        observation, info = self.env.reset(**options)
        return observation, self._tell(info)

    def step(self, action: Any) -> Any:
        *rest, info = self.env.step(action)
        return (*rest, self._tell(info))

    def _tell(self, info: dict[str, Any]) -> dict[str, Any]:
        measure = getattr(self.env.unwrapped, PROGRESS, None)
        return info if measure is None else {**info, PROGRESS: float(measure())}

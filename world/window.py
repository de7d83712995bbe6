"""A picture of any size of what an environment's player sees, beside the one it observes."""

from __future__ import annotations

from typing import Any

import numpy as np

from basalt_iq.world import animals, physics, render
from basalt_iq.world.env import FAR


class Window:
    """Draws an environment's world for people, who see nothing in 64x64 pixels. Changes nothing in it."""

    def __init__(self, env: Any, height: int = 360, width: int = 640):
        self._env = env
        self._frame = np.zeros((height, width, 3), np.uint8)
        self._depth = np.zeros((height, width), np.float32)
        self._room = render.room_for_rays()

    def draw(self) -> np.ndarray:
        """The present picture (H, W, 3) uint8, in an array that the next call fills anew."""
        env, frame, depth = self._env, self._frame, self._depth
        body, world = env.body, env.world
        where = (env.eye.copy(), body[physics.YAW], body[physics.PITCH], env.half_view, FAR)
        render.draw_blocks(frame, depth, *world.flat, *self._room, env._wind + 0.03 * env.tick, *where)
        animals.draw_animals(frame, depth, world.animals, world.light, *where)
        if env.era == 2022:
            env.gui.draw(frame)
        return frame

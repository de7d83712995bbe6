"""What the player sees: the picture of a simulation."""

from __future__ import annotations

from typing import Final

import numpy as np

from basalt_iq.world import animals, physics, render
from basalt_iq.world.simulation import Simulation

FAR: Final = 64.0
"""Render distance, blocks: MineRL's four chunks."""


class View:
    """Draws a simulation from its player's eye, at its frame size or another (height, width)."""

    def __init__(self, simulation: Simulation, size: tuple[int, int] | None = None):
        self._simulation = simulation
        self._frame = np.zeros((*(size or simulation.frame_size), 3), np.uint8)
        self._depth = np.zeros(self._frame.shape[:2], np.float32)
        self._room = render.room_for_rays()

    def draw(self) -> np.ndarray:
        """The present picture (H, W, 3) uint8, in an array that the next call fills anew."""
        sim, frame, depth = self._simulation, self._frame, self._depth
        world, body = sim.world, sim.body
        where = sim.eye, body[physics.YAW], body[physics.PITCH], sim.half_view, FAR
        render.draw_blocks(frame, depth, *world.flat, *self._room, sim.drift, sim.in_water, *where)
        animals.draw_animals(frame, depth, world.animals, world.light, *where)
        if sim.era == 2022:
            sim.gui.draw(frame)
        return frame

"""The player as the world has it: a body, what it carries, and where it looks from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from basalt_iq.world import physics
from basalt_iq.world.items import Inventory

MAX_PITCH: Final = math.pi / 2
START_PITCH: Final = 0.05
CENTRE: Final = np.array([0.5, 0.0, 0.5])
SPRINTING_VIEW: Final = 1.15
"""How much wider the view gets in a sprint; each tick it goes half of the way there or back."""


class Avatar:
    """`body` (BODY_SIZE,) float64, see `physics`; `inventory`. Both eras' hands and screens work on it."""

    def __init__(self, era: int) -> None:
        self._era = era
        self.body = np.zeros(physics.BODY_SIZE)
        self.inventory = Inventory()
        self.widening = 1.0
        """Of the field of view, by the pace."""
        self._eye = np.zeros(3)

    def appear(self, cell: np.ndarray, yaw: float, items: Mapping[str, int]) -> None:
        """Stands still in a cell [x, y, z], looking along `yaw` (radians), with these items."""
        self.body[:] = 0.0
        self.body[: physics.Z + 1] = cell + CENTRE
        self.body[physics.YAW], self.body[physics.PITCH] = yaw, START_PITCH
        self.inventory = Inventory(dict(items))
        self.widening = 1.0

    def feel_pace(self) -> None:
        """After the body's tick: the view follows its pace."""
        pace = SPRINTING_VIEW if self.body[physics.SPRINTING] else 1.0
        self.widening += 0.5 * (pace - self.widening)

    def turn(self, pitch: float, yaw: float) -> None:
        """Turns the head by degrees: down, and to the right."""
        body = self.body
        body[physics.YAW] += math.radians(yaw)
        body[physics.PITCH] = min(max(body[physics.PITCH] + math.radians(pitch), -MAX_PITCH), MAX_PITCH)

    @property
    def eye(self) -> np.ndarray:
        """(3,) where the eye is, in blocks. One array, filled anew by each call."""
        high = physics.eye_height(self.body, self._era)
        self._eye[0], self._eye[1], self._eye[2] = self.body[0], self.body[1] + high, self.body[2]
        return self._eye

    @property
    def look(self) -> tuple[float, float, float]:
        """Unit vector of the direction in which the eye looks."""
        return physics.look(self.body[physics.YAW], self.body[physics.PITCH])

"""What happens in a world, tick by tick, whether somebody looks or not."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from basalt_iq import contract
from basalt_iq.world import animals, physics
from basalt_iq.world.avatar import Avatar
from basalt_iq.world.gui import Gui
from basalt_iq.world.hands import Hands
from basalt_iq.world.items import Inventory
from basalt_iq.world.state import World

Action = dict[str, Any]
UNDER_WATER_VIEW: Final = 60 / 70
"""How much of the field of view is left under water."""


class Simulation:
    """One world and the player in it.

    `world` holds the blocks, their light and the animals, `avatar` the player's body and inventory, `hands`
    and `gui` what keys do. It knows of no observation, episode or success: those are the environment's.
    """

    def __init__(self, task: contract.Task, era: int, frame_size: tuple[int, int]):
        self.task, self.era, self.frame_size = task, era, frame_size
        self.world, self.avatar = World(), Avatar(era)
        self.hands = Hands(self.world, self.avatar, era)
        self.gui = Gui(self.avatar, self.hands, frame_size)
        self.tick = 0
        self._seed = 0
        self._boxes = np.zeros((physics.MAX_BOXES, 6))

    @property
    def body(self) -> np.ndarray:
        """(BODY_SIZE,) float64: the player's, see `physics`."""
        return self.avatar.body

    @property
    def inventory(self) -> Inventory:
        return self.avatar.inventory

    @property
    def eye(self) -> np.ndarray:
        """(3,) where the player's eye is, in blocks."""
        return self.avatar.eye

    @property
    def in_water(self) -> bool:
        """Whether the eye is under water."""
        return self.world.is_water(*self.eye.tolist())

    @property
    def half_view(self) -> float:
        """Tangent of half the vertical field of view now: wider in a sprint, narrower under water."""
        angle = contract.FIELD_OF_VIEW[self.era] * self.avatar.widening
        return math.tan(math.radians(angle * UNDER_WATER_VIEW if self.in_water else angle) / 2)

    @property
    def drift(self) -> float:
        """How far the wind has carried the clouds, in blocks."""
        return self._seed % 768 + 0.03 * self.tick

    def begin(self, spawn: np.ndarray, seed: int) -> None:
        """Puts the player into the new land in `world`, at a cell [x, y, z]."""
        self.tick, self._seed = 0, seed & 0xFFFFFFF
        yaw = 2 * math.pi * ((self._seed * 2654435761 >> 8) & 0xFFFF) / 65536
        self.avatar.appear(spawn, yaw, self.task.start[self.era])
        self.hands.reset()
        self.gui.reset()

    def advance(self, action: Action) -> None:
        """One tick under an action of the era; a missing key does nothing."""
        if self.era == 2022:
            action = self.gui.filter(action)
        equip = action.get("equip", "none")
        if equip != "none":
            self.inventory.equip(str(equip))
        pitch, yaw = action.get("camera", (0.0, 0.0))
        self.avatar.turn(float(pitch), float(yaw))
        self.hands.act(action)
        self._move(action)
        self.avatar.feel_pace()
        self._live()
        self.tick += 1

    def _move(self, action: Action) -> None:
        """The player's body follows the keys."""
        on = {key: bool(action.get(key, 0)) for key in ("forward", "back", "left", "right")}
        physics.tick_body(
            self.world.blocks, self.body,
            float(on["forward"]) - float(on["back"]), float(on["left"]) - float(on["right"]),
            bool(action.get("jump", 0)), bool(action.get("sneak", 0)), bool(action.get("sprint", 0)),
            0.1, physics.WIDTH, physics.HEIGHT, self._boxes, self.era,
        )  # fmt: skip

    def _live(self) -> None:
        """All else that moves."""
        self.world.follow(*self.body[:3].tolist())
        world, herd = self.world, self.world.animals[:-1]
        animals.tick_animals(
            world.blocks, herd, self.body, self.hands.tempting(), self.tick, self._seed, self._boxes, self.era
        )
        animals.push_apart(herd, self.body)
        self.hands.fly_snowball()
        world.water.tick(self.tick)

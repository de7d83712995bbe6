"""What the player's hands do: digging, hitting, placing, pouring, throwing."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from basalt_iq.world import animals, physics
from basalt_iq.world.avatar import Avatar
from basalt_iq.world.blocks import (
    AIR,
    BLOCKS,
    CROSS,
    FACINGS,
    ID,
    KIND,
    REPLACEABLE,
    SOLID,
    WATER,
    WATER_KIND,
)
from basalt_iq.world.items import DOORS, FACED, PLACES, dig_progress, dropped, places_facing
from basalt_iq.world.state import Cell, World

USE_DELAY: Final = 4
"""Ticks between two uses while the key is held."""
DIG_DELAY: Final = 5
"""Ticks of rest after a block is broken."""
HIT_REACH: Final = 3.0
HIT_DELAY: Final = 10
FRIGHT: Final = 80
"""Ticks for which a struck animal runs."""
THROW: Final = 1.5


class Hands:
    """The state of the player's hands between ticks."""

    def __init__(self, world: World, avatar: Avatar, era: int):
        self._world, self._avatar, self._era = world, avatar, era
        self._aimed = np.zeros(6, np.int64)
        self._boxes = np.zeros((physics.MAX_BOXES, 6))
        self._tempting = np.zeros(len(animals.KINDS), np.bool_)
        self._tempted_by = ""
        self.reset()

    def reset(self) -> None:
        self.digging: Cell | None = None
        self.dug = 0.0
        self._rest = self._use_wait = self._hit_wait = 0
        self._tick = -1
        self.harmed: list[tuple[int, int]] = []
        """(tick, kind) of every blow to an animal or villager."""
        self.threw_the_last = False
        """Whether the last snowball has left the hand."""

    def tempting(self) -> np.ndarray:
        """(kinds,) bool: which animals like what is in hand."""
        held = self._avatar.inventory.held
        if held != self._tempted_by:
            self._tempted_by = held
            self._tempting[:] = False
            self._tempting[list(animals.FOOD.get(held, ()))] = True
        return self._tempting

    def act(self, action: dict[str, Any]) -> None:
        """One tick of attack and use."""
        self._tick += 1
        self._rest, self._use_wait = max(self._rest - 1, 0), max(self._use_wait - 1, 0)
        self._hit_wait = max(self._hit_wait - 1, 0)
        if action.get("attack", 0):
            self._attack()
        else:
            self.digging, self.dug = None, 0.0
        if not action.get("use", 0):
            self._use_wait = 0
        elif self._use_wait == 0:
            self._use_wait = USE_DELAY
            self._use()

    def aim(self, stop_at_water: bool = False) -> tuple[Cell, tuple[int, int, int]] | None:
        """The cell looked at within reach and the outward normal of the face, or None."""
        out, eye, body = self._aimed, self._avatar.eye, self._avatar.body
        found = physics.aim(
            self._world.blocks, eye[0], eye[1], eye[2], body[physics.YAW], body[physics.PITCH], physics.REACH,
            stop_at_water, self._boxes, out,
        )  # fmt: skip
        if not found:
            return None
        x, y, z, nx, ny, nz = out.tolist()
        return (x, y, z), (nx, ny, nz)

    def aimed_item(self) -> str:
        """The item that the block looked at would give, or ''."""
        target = self.aim()
        return dropped(self._world.at(*target[0]), self._era) if target else ""

    # ------------------------------------------------------------------ attack
    def _attack(self) -> None:
        if self._hit_an_animal():
            return
        target = self.aim()
        cell = target[0] if target else None
        if cell != self.digging:
            self.digging, self.dug = cell, 0.0
        if cell is None or self._rest:
            return
        body = self._avatar.body
        hindrances = int(body[physics.UNDER_WATER] > 0) + int(not body[physics.ON_GROUND])
        self.dug += dig_progress(self._world.at(*cell), self._avatar.inventory.held, hindrances, self._era)
        if self.dug >= 1.0:
            self._break(cell)

    def _break(self, cell: Cell) -> None:
        block = self._world.at(*cell)
        b = BLOCKS[block]
        fits = not b.needs_tool or self._avatar.inventory.held.endswith(b.tool)
        self._world.take(cell)
        if b.group == "door":
            other = (cell[0], cell[1] + (-1 if b.upper else 1), cell[2])
            if BLOCKS[self._world.at(*other)].group == "door":
                self._world.take(other)
        item = dropped(block, self._era)
        for _ in range(b.drops if item and fits else 0):
            self._avatar.inventory.add(item)
        if b.hardness > 0:
            self._avatar.inventory.wear()
        self.digging, self.dug, self._rest = None, 0.0, DIG_DELAY

    def _hit_an_animal(self) -> bool:
        (x, y, z), herd, direction = self._avatar.eye, self._world.animals[:-1], self._avatar.look
        i = animals.struck(self._world.blocks, herd, x, y, z, *direction, HIT_REACH)
        if i < 0:
            return False
        if self._hit_wait == 0:
            self._hit_wait = HIT_DELAY
            self._strike(herd[i], direction)
        return True

    def _strike(self, animal: np.ndarray, direction: tuple[float, float, float]) -> None:
        self.harmed.append((self._tick, int(animal[animals.KIND_OF])))
        animal[animals.LIFE] -= 1
        animal[animals.NERVES] = FRIGHT
        animal[physics.VX] += 0.4 * direction[0]
        animal[physics.VZ] += 0.4 * direction[2]
        animal[physics.VY] = 0.36
        if animal[animals.LIFE] <= 0:
            animal[physics.Y] = -100.0  # out of the world, where nothing sees or counts it

    # ------------------------------------------------------------------ use
    def _use(self) -> None:
        held = self._avatar.inventory.held
        target = self.aim()
        if target and not self._avatar.body[physics.SNEAKING] and self._open_or_shut(target[0]):
            return
        if held == "snowball":
            self._throw()
        elif held == "water_bucket":
            self._pour(target)
        elif held == "bucket":
            self._scoop()
        elif target and held != "air":
            self._place(held, *target)

    def _open_or_shut(self, cell: Cell) -> bool:
        """Doors and gates turn on their hinges when used."""
        world = self._world
        b = BLOCKS[world.at(*cell)]
        if b.group not in ("door", "gate"):
            return False
        self._turn(cell)
        if b.group == "door":
            self._turn((cell[0], cell[1] + (-1 if b.upper else 1), cell[2]))
        return True

    def _turn(self, cell: Cell) -> None:
        world = self._world
        name = BLOCKS[world.at(*cell)].name
        other = name.removesuffix("_open") if name.endswith("_open") else f"{name}_open"
        if other in ID:
            world.put(*cell, ID[other])

    def _throw(self) -> None:
        avatar = self._avatar
        avatar.inventory.use_up()
        ball, eye, direction = self._world.animals[-1], avatar.eye, avatar.look
        ball[:3] = eye[0], eye[1] - 0.1, eye[2]
        ball[physics.VX : physics.VZ + 1] = [THROW * d for d in direction]
        self.threw_the_last = avatar.inventory.count("snowball") == 0

    def fly_snowball(self) -> None:
        """A thrown snowball flies until it meets something."""
        world = self._world
        ball = world.animals[-1]
        if ball[physics.Y] < -50:
            return
        ball[:3] += ball[physics.VX : physics.VZ + 1]
        ball[physics.VX : physics.VZ + 1] *= 0.99
        ball[physics.VY] -= 0.03
        if ball[physics.Y] < 0 or SOLID[physics.block_at(world.blocks, *ball[:3])]:
            ball[physics.Y] = -100.0

    def _pour(self, target: tuple[Cell, Cell] | None) -> None:
        cell = self._cell_before(target)
        if cell and (self._world.at(*cell) == AIR or KIND[self._world.at(*cell)] in (WATER_KIND, CROSS)):
            self._world.place(cell, WATER, "water_bucket")
            self._avatar.inventory.replace_hand("bucket")

    def _scoop(self) -> None:
        target = self.aim(stop_at_water=True)
        if target and self._world.at(*target[0]) == WATER:
            self._world.take(target[0])
            self._avatar.inventory.replace_hand("water_bucket")

    def _cell_before(self, target: tuple[Cell, Cell] | None) -> Cell | None:
        """The cell that a block placed against what is looked at would fill."""
        if target is None:
            return None
        (x, y, z), (nx, ny, nz) = target
        world = self._world
        if REPLACEABLE[world.at(x, y, z)]:
            return (x, y, z)
        cell = (x + nx, y + ny, z + nz)
        return cell if world.inside(*cell) and REPLACEABLE[world.at(*cell)] else None

    def facing(self) -> int:
        """The way the player looks: 0 south, 1 west, 2 north, 3 east."""
        return math.floor(self._avatar.body[physics.YAW] / (math.pi / 2) + 0.5) & 3

    def _place(self, item: str, clicked: Cell, normal: tuple[int, int, int]) -> None:
        cell = self._cell_before((clicked, normal))
        if cell is None:
            return
        if item in FACED:
            wall = FACINGS.index((normal[0], normal[2])) if normal[1] == 0 else -1
            block = places_facing(item, self.facing(), wall)
        else:
            block = ID.get(PLACES.get(item, ""))
        if block is None or not self._room(cell, block, item):
            return
        self._world.place(cell, block, item)
        if item in DOORS:
            upper = BLOCKS[block].name.replace("lower", "upper")
            self._world.place((cell[0], cell[1] + 1, cell[2]), ID[upper], item)
        self._avatar.inventory.use_up()

    def _room(self, cell: Cell, block: int, item: str) -> bool:
        """Whether a block may go into a cell: nobody stands there, and it has what it needs below."""
        world = self._world
        x, y, z = cell
        below = world.at(x, y - 1, z)
        if item in DOORS and (not SOLID[below] or world.at(x, y + 1, z) != AIR):
            return False
        plant = not SOLID[block] and BLOCKS[block].group != "torch"
        if (plant or block == ID["torch"]) and item != "cobweb" and not SOLID[below]:
            return False
        return not SOLID[block] or not self._somebody_at(x, y, z)

    def _somebody_at(self, x: int, y: int, z: int) -> bool:
        bodies = [(self._avatar.body, physics.WIDTH, physics.HEIGHT)]
        for row in self._world.animals[:-1]:
            kind = int(row[animals.KIND_OF])
            bodies.append((row, float(animals.WIDTHS[kind]), float(animals.HEIGHTS[kind])))
        return any(
            b[0] + w / 2 > x and b[0] - w / 2 < x + 1 and b[2] + w / 2 > z and b[2] - w / 2 < z + 1
            and b[1] + h > y and b[1] < y + 1
            for b, w, h in bodies
        )  # fmt: skip

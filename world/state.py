"""The state of one world: blocks, light, animals, and what the player has done to it."""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING

import numpy as np

from basalt_iq.world import light as lighting
from basalt_iq.world import march
from basalt_iq.world.blocks import AIR, BLOCKS, FALLING, WATER_LEVEL
from basalt_iq.world.terrain import SIZE
from basalt_iq.world.water import WaterFlow

if TYPE_CHECKING:
    from basalt_iq.world.village import House

Cell = tuple[int, int, int]


class World:
    """Arrays that live as long as the environment; each `reset` fills them anew.

    blocks (X, Y, Z) uint8: block states (ids of `blocks.BLOCKS`), y is up.
    light (X, Y, Z) uint8: sky light in the high four bits, torch light in the low four.
    cubes (8, X, Y, Z) uint8: empty space, see `march`.
    surface (X, Z) int16: height of the topmost ground block as the land was made.
    animals (n, ANIMAL_SIZE) float64.
    caves (X, Y, Z) uint8: 1 in the dark of natural caves. walk (X, Y, Z) int16: steps on foot to it.
    mouths (n, 3): x, floor height and z of cave mouths. (All three: FindCave only.)
    houses, village, style: the houses, the cells that make up the village, its style.
    placed, broken: what the player put down (item) and took away (block), by cell.
    history: what the player did, in order: ("at", cell of the feet), ("put", cell), ("took", cell).
    """

    def __init__(self) -> None:
        self.blocks = np.zeros(SIZE, np.uint8)
        self.born = np.zeros(SIZE, np.uint8)
        self.light = np.zeros(SIZE, np.uint8)
        self.cubes = np.zeros((8, *SIZE), np.uint8)
        self.surface = np.zeros((SIZE[0], SIZE[2]), np.int16)
        self.flat = march.Land(self.blocks.reshape(-1), self.light.reshape(-1), self.cubes.reshape(-1))
        self._queue = np.empty(lighting.QUEUE, np.int64)
        self._seeds = np.empty(lighting.QUEUE, np.int64)
        self.water = WaterFlow(weakref.proxy(self))
        self.clear()

    def clear(self) -> None:
        """Empties the world, ready for new land."""
        self.blocks[:] = AIR
        self.surface[:] = 0
        self.animals = np.zeros((0, 0))
        self.placed: dict[Cell, str] = {}
        self.broken: dict[Cell, int] = {}
        self.history: list[tuple[str, Cell]] = []
        self._feet: Cell | None = None
        self.houses: list[House] = []
        self.village: set[Cell] = set()
        self.style = ""
        self.caves: np.ndarray = np.zeros((0, 0, 0), np.int16)
        self.walk = self.mouths = self.caves
        self.water.clear()

    def settle(self) -> None:
        """Lights the finished land and remembers it as it was born."""
        lighting.light_world(self.blocks, self.light, self._queue)
        march.empty_cubes(self.blocks, self.cubes)
        self.born[:] = self.blocks

    @property
    def sky_light(self) -> np.ndarray:
        """(X, Y, Z) uint8, 0..15."""
        return self.light >> 4

    def inside(self, x: int, y: int, z: int) -> bool:
        return 0 <= x < SIZE[0] and 0 <= y < SIZE[1] and 0 <= z < SIZE[2]

    def at(self, x: int, y: int, z: int) -> int:
        """The block in a cell; air outside the world."""
        return int(self.blocks[x, y, z]) if self.inside(x, y, z) else AIR

    def is_water(self, x: float, y: float, z: float) -> bool:
        """Whether a point lies in water, below its surface."""
        cell = math.floor(x), math.floor(y), math.floor(z)
        level = WATER_LEVEL[self.at(*cell)]
        if not level:
            return False
        covered = self.at(*cell) == FALLING or WATER_LEVEL[self.at(cell[0], cell[1] + 1, cell[2])] > 0
        return bool(covered or y - cell[1] <= level / 9.0)

    def put(self, x: int, y: int, z: int, block: int) -> None:
        """Changes a block, mends the light around it and sets the water near it flowing."""
        lighting.set_block(self.blocks, self.light, x, y, z, block, self._queue, self._seeds)
        if block != AIR:
            march.shrink_cubes(self.cubes, x, y, z)
        else:
            march.clear_cube(self.cubes, x, y, z)
        self.water.wake(x, y, z)

    def follow(self, x: float, y: float, z: float) -> None:
        """The player's feet are at a point."""
        cell = (int(x // 1), int((y + 0.01) // 1), int(z // 1))
        if cell != self._feet:
            self._feet = cell
            self.history.append(("at", cell))

    def place(self, cell: Cell, block: int, item: str) -> None:
        """The player puts a block down."""
        self.put(*cell, block)
        self.placed[cell] = item
        self.history.append(("put", cell))

    def take(self, cell: Cell) -> None:
        """The player takes a block away."""
        if self.placed.pop(cell, None) is None:
            self.broken.setdefault(cell, int(self.born[cell]))
        self.put(*cell, AIR)
        self.history.append(("took", cell))
        above = (cell[0], cell[1] + 1, cell[2])
        if self.at(*above) and BLOCKS[self.at(*above)].hardness == 0 and not BLOCKS[self.at(*above)].solid:
            self.take(above)  # a plant or torch falls with what it stood on

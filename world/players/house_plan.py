"""A small house in the style of a village: which item goes into which cell, in the order it is built."""

from __future__ import annotations

from dataclasses import dataclass

from basalt_iq.world.blocks import FACINGS
from basalt_iq.world.players import paths
from basalt_iq.world.players.sites import Plot, ring

Parts = dict[paths.Cell, str]
HIGH = 3
"""Blocks from the floor to the roof."""


@dataclass(frozen=True)
class Materials:
    """Items: the walls' lowest layer, walls, corner posts, roof, windows, door ('' leaves a doorway), floor.

    No more than a stack of 64 is at hand of each: a house of 8x8 takes 64 for the roof and 40 for the walls.
    """

    foot: str
    wall: str
    post: str
    roof: str
    window: str
    door: str
    floor: str = ""
    """'' leaves the ground as it is."""


MATERIALS = {
    "plains": Materials("log#0", "planks#0", "log#0", "cobblestone", "glass", "wooden_door", "planks#1"),
    "savanna": Materials("log2#0", "planks#4", "log2#0", "cobblestone", "glass", "acacia_door", "planks#0"),
    "taiga": Materials("log#1", "planks#1", "log#1", "cobblestone", "glass", "spruce_door", "planks#0"),
    "desert": Materials(
        "cobblestone", "sandstone#0", "cobblestone", "sandstone#2", "glass", "wooden_door", "planks#0"
    ),
}
"""Of 2021, by the village's style."""
LOG_CABIN = Materials("cobblestone", "cobblestone", "oak_log", "oak_log", "glass_pane", "")
"""Of the first nine items of 2022."""


@dataclass(frozen=True)
class HousePlan:
    """Walls on the edge of a plot, a flat roof, a door on one side, and a stair of three blocks beside it."""

    plot: Plot
    side: int
    """Facing of one who leaves by the door."""
    materials: Materials

    @property
    def out(self) -> tuple[int, int]:
        return FACINGS[self.side]

    @property
    def door(self) -> paths.Cell:
        """The lower of the door's two cells."""
        (dx, dz), (x0, z0, x1, z1, y) = self.out, self.plot
        if dx:
            return (x1 if dx > 0 else x0), y, (z0 + z1) // 2
        return (x0 + x1) // 2, y, (z1 if dz > 0 else z0)

    def before(self, blocks: int) -> paths.Cell:
        """A cell so many blocks out from the door; negative is in."""
        x, y, z = self.door
        return x + blocks * self.out[0], y, z + blocks * self.out[1]

    @property
    def floor(self) -> Parts:
        """The floor of the room, in rows there and back; nothing if it stays as it is."""
        x0, z0, x1, z1, y = self.plot
        if not self.materials.floor:
            return {}
        rows = [list(range(z0 + 1, z1)), list(range(z1 - 1, z0, -1))]
        cells = [(x, y - 1, z) for x in range(x0 + 1, x1) for z in rows[x % 2]]
        return dict.fromkeys(cells, self.materials.floor)

    @property
    def hearth(self) -> paths.Cell:
        """Where the torch goes: on the floor, in the corner farthest from the door."""
        x0, z0, x1, z1, y = self.plot
        corners = [(x, y, z) for x in (x0 + 1, x1 - 1) for z in (z0 + 1, z1 - 1)]
        return max(corners, key=lambda c: abs(c[0] - self.door[0]) + abs(c[2] - self.door[2]))

    def layer(self, height: int) -> Parts:
        """The walls at a height over the floor."""
        x, y, z = self.door
        holes = {(x, y, z), (x, y + 1, z)}
        cells = [(a, y + height, c) for a, c in ring(self.plot)]
        return {cell: self._part(cell, height) for cell in cells if cell not in holes}

    def _part(self, cell: paths.Cell, height: int) -> str:
        """What a cell of the walls is made of."""
        x0, z0, x1, z1, _ = self.plot
        on_x, on_z = cell[0] in (x0, x1), cell[2] in (z0, z1)
        if on_x and on_z:
            return self.materials.post
        middle = cell[2] == (z0 + z1) // 2 if on_x else cell[0] == (x0 + x1) // 2
        if height == 1 and middle:
            return self.materials.window
        return self.materials.foot if height == 0 else self.materials.wall

    @property
    def roof(self) -> Parts:
        """A flat roof over walls and room."""
        x0, z0, x1, z1, y = self.plot
        cells = [(x, y + HIGH, z) for x in range(x0, x1 + 1) for z in range(z0, z1 + 1)]
        return dict.fromkeys(cells, self.materials.roof)

    @property
    def stair(self) -> list[paths.Cell]:
        """Steps up to the roof along the wall opposite the door, from the ground up."""
        (dx, dz), (x0, z0, x1, z1, y) = self.out, self.plot
        x, z = ((x0 - 1 if dx > 0 else x1 + 1), z0 + 1) if dx else (x0 + 1, (z0 - 1 if dz > 0 else z1 + 1))
        a, c = (x, z + 1) if dx else (x + 1, z)
        return [(x, y, z), (a, y, c), (a, y + 1, c)]

"""A village: houses in one of four styles around a square, paths between them, a field of wheat."""

from dataclasses import dataclass

import numpy as np

from basalt_iq.world.blocks import AIR, BLOCKS, ID
from basalt_iq.world.noise import hash3
from basalt_iq.world.state import World
from basalt_iq.world.terrain import SEA, SIZE

REACH = 34
"""Blocks from the village's middle to its farthest house."""


@dataclass(frozen=True)
class Style:
    """What the houses of a village are built of, and the ground they stand on."""

    wall: str
    post: str
    roof: str
    floor: str
    door: str
    ground: str


STYLES: dict[str, Style] = {
    "plains": Style("planks", "oak_log", "planks", "cobblestone", "wooden_door", "grass"),
    "desert": Style("sandstone", "smooth_sandstone", "smooth_sandstone", "sandstone", "wooden_door", "sand"),
    "savanna": Style("acacia_planks", "acacia_log", "acacia_planks", "cobblestone", "acacia_door", "grass"),
    "taiga": Style("spruce_planks", "spruce_log", "spruce_planks", "cobblestone", "spruce_door", "grass"),
}


@dataclass(frozen=True)
class House:
    """The space of a house: x and z ranges (ends included), the height of its floor and its ridge."""

    x0: int
    z0: int
    x1: int
    z1: int
    floor: int
    top: int

    def distance(self, x: float, z: float) -> float:
        """Blocks from a place to the house's walls, by the larger axis; 0 inside."""
        return max(self.x0 - x, x - self.x1, self.z0 - z, z - self.z1, 0.0)


def choose_style(seed: int, allowed: tuple[str, ...]) -> str:
    return allowed[int(hash3(0, 100, 0, seed) * (len(allowed) - 1e-9))]


def _level(world: World, x0: int, z0: int, x1: int, z1: int, height: int, ground: int) -> None:
    """Levels a plot: soil up to `height`, air above it."""
    blocks = world.blocks
    for x in range(x0, x1 + 1):
        for z in range(z0, z1 + 1):
            low = min(int(world.surface[x, z]), height)
            blocks[x, low : height + 1, z] = ID["dirt"]
            blocks[x, height, z] = ground
            blocks[x, height + 1 :, z] = AIR
            world.surface[x, z] = height


def _walls(world: World, house: House, style: Style) -> None:
    b, y = world.blocks, house.floor
    for x in range(house.x0, house.x1 + 1):
        for z in range(house.z0, house.z1 + 1):
            b[x, y, z] = ID[style.floor]
            on_x, on_z = x in (house.x0, house.x1), z in (house.z0, house.z1)
            if on_x or on_z:
                b[x, y + 1 : y + 4, z] = ID[style.post if on_x and on_z else style.wall]
                b[x, y + 1, z] = ID[style.floor if not (on_x and on_z) else style.post]
    for x, z in (((house.x0 + house.x1) // 2, house.z1), (house.x0, (house.z0 + house.z1) // 2),
                 (house.x1, (house.z0 + house.z1) // 2)):  # fmt: skip
        b[x, y + 2, z] = ID["glass"]


def _roof(world: World, house: House, style: Style) -> None:
    """A gable along x, or flat in the desert."""
    b, y = world.blocks, house.floor + 4
    roof = ID[style.roof]
    if style.ground == "sand":
        b[house.x0 : house.x1 + 1, y, house.z0 : house.z1 + 1] = roof
        return
    for layer in range((house.z1 - house.z0) // 2 + 2):
        z0, z1 = house.z0 - 1 + layer, house.z1 + 1 - layer
        if z0 > z1:
            break
        b[house.x0 - 1 : house.x1 + 2, y + layer - 1, [z0, z1]] = roof
        if layer:
            b[[house.x0, house.x1], y + layer - 1, z0 + 1 : z1] = ID[style.wall]


def _door(world: World, house: House, style: Style) -> tuple[int, int]:
    """A door in the south wall with a torch beside it inside; returns the cell before it."""
    b, y, x = world.blocks, house.floor, (house.x0 + house.x1) // 2 + 1
    b[x, y + 1, house.z0] = ID[f"{style.door}_lower_0"]
    b[x, y + 2, house.z0] = ID[f"{style.door}_upper_0"]
    b[x, y + 3, house.z0 + 1] = ID["wall_torch_0"]
    b[x + 1 if x + 1 < house.x1 else x - 1, y + 3, house.z0 - 1] = ID["wall_torch_2"]
    return x, house.z0 - 2


def _path(world: World, start: tuple[int, int], end: tuple[int, int], ground: str) -> None:
    """A path of trodden earth, first along x, then along z."""
    x, z = start
    while (x, z) != end:
        for a, c in ((x, z), (x + 1, z)):
            y = int(world.surface[a, c])
            if BLOCKS[world.blocks[a, y, c]].name in ("grass", "sand", "dirt") and y > SEA:
                world.blocks[a, y, c] = ID["grass_path" if ground == "grass" else "smooth_sandstone"]
                if BLOCKS[world.blocks[a, y + 1, c]].kind == 5:
                    world.blocks[a, y + 1, c] = AIR
        if x != end[0]:
            x += 1 if end[0] > x else -1
        else:
            z += 1 if end[1] > z else -1


def _field(world: World, x: int, z: int, height: int) -> None:
    """A field of wheat around a ditch of water, framed by logs."""
    _level(world, x, z, x + 6, z + 8, height, ID["farmland"])
    b = world.blocks
    b[x : x + 7, height, [z, z + 8]] = ID["oak_log"]
    b[[x, x + 6], height, z : z + 9] = ID["oak_log"]
    b[x + 1 : x + 6, height + 1, z + 1 : z + 8] = ID["wheat_crop"]
    b[x + 3, height, z + 1 : z + 8] = ID["water"]
    b[x + 3, height + 1, z + 1 : z + 8] = AIR


def _plots(world: World, cx: int, cz: int, seed: int, wanted: int) -> list[House]:
    """Places for houses about the middle that are dry, fairly level and apart from each other."""
    found: list[House] = []
    for i in range(400):
        if len(found) == wanted:
            break
        wide, deep = 5 + int(3 * hash3(i, 101, 0, seed)), 5 + 2 * int(2 * hash3(i, 102, 0, seed))
        spread = 10 + 22 * min(i / 120, 1.0)
        x0 = int(cx + spread * (2 * hash3(i, 103, 0, seed) - 1))
        z0 = int(cz + spread * (2 * hash3(i, 104, 0, seed) - 1))
        if not (12 < x0 < SIZE[0] - 22 and 12 < z0 < SIZE[2] - 22):
            continue
        ground = world.surface[x0 - 2 : x0 + wide + 2, z0 - 3 : z0 + deep + 2]
        floor = int(np.median(ground))
        apart = all(max(h.x0 - x0 - wide, x0 - h.x1, h.z0 - z0 - deep, z0 - h.z1) >= 6 for h in found)
        if (
            apart
            and floor > SEA + 1
            and ground.max() - ground.min() <= 3
            and max(abs(x0 - cx), abs(z0 - cz)) > 5
        ):
            found.append(House(x0, z0, x0 + wide - 1, z0 + deep - 1, floor, floor + 5 + deep // 2))
    return found


def build_village(world: World, seed: int, style_name: str) -> list[House]:
    """Builds a village about the middle of the world, before plants and light. Returns its houses.

    `world.village` becomes the set of cells that make the village up.
    """
    style, cx, cz = STYLES[style_name], SIZE[0] // 2, SIZE[2] // 2
    houses = _plots(world, cx, cz, seed, 4 + int(3 * hash3(0, 105, 0, seed)))
    doorsteps = []
    for house in houses:
        _level(world, house.x0 - 2, house.z0 - 3, house.x1 + 2, house.z1 + 2, house.floor, ID[style.ground])
    natural = world.blocks.copy()
    for house in houses:
        _walls(world, house, style)
        _roof(world, house, style)
        doorsteps.append(_door(world, house, style))
    if houses and style.ground == "grass":
        h = houses[0]
        if all(other.distance(h.x1 + 7, h.z0 + 4) > 6 for other in houses[1:]):
            _field(world, h.x1 + 4, h.z0, h.floor)
    for step in doorsteps:
        _path(world, step, (cx, cz), style.ground)
    changed = (world.blocks != natural) & (world.blocks != AIR)
    world.village = {(x, y, z) for x, y, z in np.argwhere(changed).tolist()}
    return houses

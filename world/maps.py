"""The worlds of the tasks: land, caves, plants, animals, and where the player starts."""

from typing import Final, Literal

import numpy as np

from basalt_iq.world import caves, cavities, terrain
from basalt_iq.world.animals import CHICKEN, COW, PIG, SHEEP, SNOWBALL, VILLAGER, herd, place_free
from basalt_iq.world.blocks import AIR, SOLID
from basalt_iq.world.noise import hash3
from basalt_iq.world.physics import EYE
from basalt_iq.world.state import World
from basalt_iq.world.village import STYLES, build_village, choose_style

Distance = Literal["real", "near"]
"""How far a task's places are from the start: as in real demonstrations, or near, for short episodes."""
CAVE_STEPS: Final = {"real": (80, 125), "near": (18, 48)}
"""Steps on foot from a FindCave start to the dark of a cave, least and most."""
CAVES: Final = {"real": (3, 1), "near": (4, 2)}
"""Mouths of caves in banks, and in level ground."""
VIEW = 36.0
"""From this near a cave mouth may be seen from the start."""
LOW = 9
"""Blocks over the sea at which MakeWaterfall starts, at most."""
DROP = 5
"""Blocks that make a drop over which water would fall; MakeWaterfall starts away from them."""
ROOM = 24
"""Blocks away from them beyond which no more is better."""
ANIMALS = 12
HERD = 5.0
"""Blocks at most from the middle of a herd of three to one of it, along x or z."""
BOXES = np.zeros((256, 6))


def _lay_land(world: World, seed: int, style: int, hillsides: int, ramps: int, woods: float) -> np.ndarray:
    """Land, caves and plants; returns the mouths of the caves (n, 3)."""
    terrain.fill_land(world.blocks, world.surface, seed, style)
    mouths = caves.carve_caves(world.blocks, world.surface, seed, hillsides, ramps)
    terrain.grow_plants(world.blocks, world.surface, mouths, seed, woods)
    return mouths


def _land_seed(seed: int, attempt: int) -> int:
    return (seed * 7919 + attempt * 104729) & 0x7FFFFFF


def _sees_a_mouth(world: World, mouths: np.ndarray, cell: np.ndarray) -> bool:
    eye = cell + np.array([0.5, EYE, 0.5])
    for mouth in mouths + np.array([0.5, 1.5, 0.5]):
        if np.linalg.norm(mouth - eye) < VIEW and cavities.line_of_sight(world.blocks, *eye, *mouth):
            return True
    return False


def _open_ground(world: World, cells: np.ndarray) -> np.ndarray:
    """Of some cells (n, 3), those on dry ground under the open sky."""
    x, y, z = cells.T
    keep = (
        (world.light[x, y, z] >> 4 == 15) & (world.surface[x, z] == y - 1) & SOLID[world.blocks[x, y - 1, z]]
    )
    return cells[keep]


def _cave_start(world: World, mouths: np.ndarray, seed: int, distance: Distance) -> np.ndarray | None:
    """A start so far on foot from a cave; of near ones two in three see a mouth by turning round."""
    nearest, farthest = CAVE_STEPS[distance]
    cells = _open_ground(world, np.argwhere((world.walk >= nearest) & (world.walk <= farthest)))
    if not len(cells):
        return None
    tries = cells[[int(hash3(i, 70, 0, seed) * (len(cells) - 1)) for i in range(40)]]
    if distance == "near" and hash3(0, 71, 0, seed) < 0.67:
        for cell in tries:
            if _sees_a_mouth(world, mouths, cell):
                return cell
    return tries[0]


def _animals_around(
    world: World, spawn: np.ndarray, seed: int, spread: int = 24, count: int = ANIMALS, villagers: int = 0
) -> np.ndarray:
    """Small herds and villagers on the open ground about a place; the last row is for a thrown snowball."""
    places: list[tuple[int, float, float, float]] = []
    for i in range(20 * (count + villagers)):
        if len(places) == count + villagers:
            break
        herd_number = len(places) // 3
        kind = (COW, PIG, SHEEP, CHICKEN)[(herd_number + int(hash3(0, 80, 0, seed) * 3.999)) % 4]
        if len(places) >= count:
            kind = VILLAGER
        x, z = _grazing(spawn, spread, herd_number if len(places) < count else -1 - i, i, seed)
        if not (2 < x < terrain.SIZE[0] - 3 and 2 < z < terrain.SIZE[2] - 3):
            continue
        y = int(world.surface[x, z]) + 1
        ground = world.blocks[x, y - 1, z]
        on_grass = (
            ground in (terrain.GRASS, terrain.SAND) and world.blocks[x, y + 1, z] == AIR and y > terrain.SEA
        )
        if on_grass and place_free(world.blocks, kind, x + 0.5, y, z + 0.5, BOXES):
            places.append((kind, x + 0.5, float(y), z + 0.5))
    return herd([*places, (SNOWBALL, 0.0, -100.0, 0.0)], seed)


def _grazing(spawn: np.ndarray, spread: int, herd_number: int, i: int, seed: int) -> tuple[int, int]:
    """The i-th column to try for one of a herd, a few blocks about its middle; a herd tries several."""
    middle = herd_number + 1000 * (i // 25)
    x = spawn[0] + spread * (2 * hash3(middle, 81, 0, seed) - 1) + HERD * (2 * hash3(i, 83, 0, seed) - 1)
    z = spawn[2] + spread * (2 * hash3(middle, 82, 0, seed) - 1) + HERD * (2 * hash3(i, 84, 0, seed) - 1)
    return int(x), int(z)


def find_cave_map(world: World, seed: int, distance: Distance = "real") -> np.ndarray:
    """Plains with caves. Fills the world and its `caves` and `walk`; returns the start cell (3,)."""
    for attempt in range(50):
        land = _land_seed(seed, attempt)
        world.clear()
        mouths = _lay_land(world, land, terrain.PLAINS, *CAVES[distance], woods=0.12)
        world.settle()
        world.caves = cavities.find_caves(world.blocks, world.light, world.surface)
        world.walk = cavities.walking_distance(world.blocks, world.caves)
        spawn = _cave_start(world, mouths, land, distance)
        if spawn is not None:
            world.mouths = mouths
            world.animals = _animals_around(world, spawn, land)
            return spawn
    raise RuntimeError(f"no land with a cave in reach for seed {seed}")


def _open_places(world: World, seed: int, near: int) -> np.ndarray:
    """Places (n, 3) on dry open ground no farther than `near` from the middle of the world, at random."""
    cx, cz = terrain.SIZE[0] // 2, terrain.SIZE[2] // 2
    x = cx + (near * (2 * np.array([hash3(i, 72, 0, seed) for i in range(200)]) - 1)).astype(int)
    z = cz + (near * (2 * np.array([hash3(i, 73, 0, seed) for i in range(200)]) - 1)).astype(int)
    y = world.surface[x, z].astype(int) + 1
    free = (world.blocks[x, y, z] == AIR) | (y > 0) & (world.blocks[x, y, z] == terrain.TALL_GRASS)
    cells = np.stack([x, y, z], 1)[free & (world.blocks[x, y + 1, z] == AIR) & (y > terrain.SEA + 1)]
    return _open_ground(world, cells)


def _some_open_ground(world: World, seed: int, near: int) -> np.ndarray | None:
    """A start on dry open ground near the middle of the world."""
    cells = _open_places(world, seed, near)
    return cells[0] if len(cells) else None


def _level_ground(world: World, seed: int, near: int) -> np.ndarray | None:
    """A low start as far from any drop as there is: nobody gets a fall for nothing, and one must climb."""
    cells = _open_places(world, seed, near)
    cells = cells[cells[:, 1] <= terrain.SEA + LOW]
    if not len(cells):
        return None
    away = _blocks_to_a_drop(world.surface)[cells[:, 0], cells[:, 2]]
    return cells[int(np.argmax(away))]


def _blocks_to_a_drop(surface: np.ndarray) -> np.ndarray:
    """(X, Z) blocks, ROOM at most, to the nearest column where the land falls by DROP within two blocks."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(surface, 2, mode="edge"), (5, 5))
    near = around.max((2, 3)) - around.min((2, 3)) >= DROP
    blocks = np.zeros(surface.shape, np.int64)
    for _ in range(ROOM):
        blocks += ~near
        near[1:], near[:-1] = near[1:] | near[:-1], near[:-1] | near[1:]
        near[:, 1:], near[:, :-1] = near[:, 1:] | near[:, :-1], near[:, :-1] | near[:, 1:]
    return blocks


def waterfall_map(world: World, seed: int, distance: Distance = "real") -> np.ndarray:
    """Extreme hills over lakes. Returns the start cell (3,)."""
    start = _level_ground if distance == "real" else _some_open_ground
    for attempt in range(50):
        land = _land_seed(seed, attempt)
        world.clear()
        _lay_land(world, land, terrain.MOUNTAINS, hillsides=2, ramps=0, woods=0.35)
        world.settle()
        spawn = start(world, land, near=45)
        if spawn is not None:
            world.animals = _animals_around(world, spawn, land)
            return spawn
    raise RuntimeError(f"no dry land for seed {seed}")


def _village_map(world: World, seed: int, styles: tuple[str, ...], near: int) -> np.ndarray:
    for attempt in range(50):
        land = _land_seed(seed, attempt)
        world.clear()
        style = choose_style(land, styles)
        terrain.fill_land(world.blocks, world.surface, land, terrain.LEVEL)
        if STYLES[style].ground == "sand":
            soil = (world.blocks == terrain.GRASS) | (world.blocks == terrain.DIRT)
            world.blocks[soil] = terrain.SAND
        world.houses = build_village(world, land, style)
        world.style = style
        terrain.grow_plants(world.blocks, world.surface, np.zeros((0, 3), np.int64), land, 0.35)
        world.settle()
        spawn = _some_open_ground(world, land, near)
        if spawn is not None and len(world.houses) >= 3:
            middle = np.array([terrain.SIZE[0] // 2, 0, terrain.SIZE[2] // 2])
            world.animals = _animals_around(world, middle, land, spread=44, count=18, villagers=3)
            return spawn
    raise RuntimeError(f"no ground for a village for seed {seed}")


def pen_map(world: World, seed: int, distance: Distance = "real") -> np.ndarray:
    """A village on a plain with herds about it. Returns the start cell (3,)."""
    return _village_map(world, seed, ("plains",), near=22)


def house_map(world: World, seed: int, distance: Distance = "real") -> np.ndarray:
    """A village in one of four styles. Returns the start cell (3,)."""
    return _village_map(world, seed, tuple(STYLES), near=26)


def plains_map(world: World, seed: int, distance: Distance = "real") -> np.ndarray:
    """A plain with herds and no village. Returns the start cell (3,)."""
    for attempt in range(50):
        land = _land_seed(seed, attempt)
        world.clear()
        _lay_land(world, land, terrain.LEVEL, hillsides=0, ramps=0, woods=0.3)
        world.settle()
        spawn = _some_open_ground(world, land, near=40)
        if spawn is not None:
            world.animals = _animals_around(world, spawn, land, count=16)
            return spawn
    raise RuntimeError(f"no dry land for seed {seed}")

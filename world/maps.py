"""The worlds of the tasks: land, caves, plants, animals, and where the player starts."""

import numpy as np

from basalt_iq.world import caves, cavities, terrain
from basalt_iq.world.animals import CHICKEN, COW, PIG, SHEEP, SNOWBALL, herd, place_free
from basalt_iq.world.blocks import AIR, SOLID
from basalt_iq.world.noise import hash3
from basalt_iq.world.physics import EYE
from basalt_iq.world.state import World

NEAREST, FARTHEST = 18, 48
"""Steps on foot from a FindCave start to the dark of a cave."""
VIEW = 36.0
"""From this near a cave mouth may be seen from the start."""
ANIMALS = 12
BOXES = np.zeros((256, 6))


def _lay_land(world: World, seed: int, style: str, hillsides: int, ramps: int, woods: float) -> np.ndarray:
    """Land, caves and plants; returns the mouths of the caves (n, 3)."""
    terrain.fill_land(world.blocks, world.surface, seed, terrain.STYLES[style])
    mouths = caves.carve_caves(world.blocks, world.surface, seed, hillsides, ramps)
    terrain.grow_plants(world.blocks, world.surface, seed, woods)
    return mouths


def _sees_a_mouth(world: World, mouths: np.ndarray, cell: np.ndarray) -> bool:
    eye = cell + (0.5, EYE, 0.5)
    for mouth in mouths + (0.5, 1.5, 0.5):
        if np.linalg.norm(mouth - eye) < VIEW and cavities.line_of_sight(world.blocks, *eye, *mouth):
            return True
    return False


def _open_ground(world: World, where: np.ndarray) -> np.ndarray:
    """Of the cells marked in `where`, those (n, 3) on dry ground under the open sky."""
    cells = np.argwhere(where)
    x, y, z = cells.T
    keep = (
        (world.light[x, y, z] >> 4 == 15) & (world.surface[x, z] == y - 1) & SOLID[world.blocks[x, y - 1, z]]
    )
    return cells[keep]


def _spawn_near_cave(world: World, mouths: np.ndarray, distance: np.ndarray, seed: int) -> np.ndarray | None:
    """A start from which a cave is a short walk away; two in three see a mouth by turning round."""
    cells = _open_ground(world, (distance >= NEAREST) & (distance <= FARTHEST))
    if not len(cells):
        return None
    tries = cells[[int(hash3(i, 70, 0, seed) * (len(cells) - 1)) for i in range(40)]]
    if hash3(0, 71, 0, seed) < 0.67:
        for cell in tries:
            if _sees_a_mouth(world, mouths, cell):
                return cell
    return tries[0]


def _animals_around(world: World, spawn: np.ndarray, seed: int, spread: int = 24) -> np.ndarray:
    """Small herds on the open ground about the start, and room for a thrown snowball (the last row)."""
    places: list[tuple[int, float, float, float]] = []
    kind = COW
    for i in range(20 * ANIMALS):
        if len(places) == ANIMALS:
            break
        if len(places) % 3 == 0:
            kind = (COW, PIG, SHEEP, CHICKEN)[int(hash3(i, 80, 0, seed) * 3.999)]
        x = int(spawn[0] + spread * (2 * hash3(i, 81, 0, seed) - 1))
        z = int(spawn[2] + spread * (2 * hash3(i, 82, 0, seed) - 1))
        if not (2 < x < terrain.SIZE[0] - 3 and 2 < z < terrain.SIZE[2] - 3):
            continue
        y = int(world.surface[x, z]) + 1
        on_grass = world.blocks[x, y - 1, z] == terrain.GRASS and world.blocks[x, y + 1, z] == AIR
        if on_grass and place_free(world.blocks, kind, x + 0.5, y, z + 0.5, BOXES):
            places.append((kind, x + 0.5, float(y), z + 0.5))
    return herd([*places, (SNOWBALL, 0.0, -100.0, 0.0)], seed)


def find_cave_map(world: World, seed: int) -> np.ndarray:
    """Hills with caves. Fills the world and its `caves` and `walk`; returns the start cell (3,)."""
    for attempt in range(50):
        land = (seed * 7919 + attempt * 104729) & 0x7FFFFFF
        world.clear()
        mouths = _lay_land(world, land, "rolling", hillsides=7, ramps=4, woods=1.0)
        world.settle()
        world.caves = cavities.find_caves(world.blocks, world.light, world.surface)
        world.walk = cavities.walking_distance(world.blocks, world.caves)
        spawn = _spawn_near_cave(world, mouths, world.walk, land)
        if spawn is not None:
            world.mouths = mouths
            world.animals = _animals_around(world, spawn, land)
            return spawn
    raise RuntimeError(f"no land with a cave in reach for seed {seed}")

"""The land: the same for a seed, habitable, with caves that can be walked to."""

import numpy as np
import pytest

from basalt_iq.world import cavities, maps, village
from basalt_iq.world.blocks import BLOCKS, ID, SOLID
from basalt_iq.world.state import World


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize("distance", ["real", "near"])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_every_seed_has_a_cave_in_reach(world: World, seed: int, distance: maps.Distance) -> None:
    x, y, z = maps.find_cave_map(world, seed, distance)
    nearest, farthest = maps.CAVE_STEPS[distance]
    assert nearest <= world.walk[x, y, z] <= farthest
    assert SOLID[world.blocks[x, y - 1, z]]
    assert not SOLID[world.blocks[x, y, z]]
    assert not SOLID[world.blocks[x, y + 1, z]]
    assert world.sky_light[x, y, z] == 15
    assert (world.caves == 1).sum() >= cavities.SMALLEST_CAVE


def test_caves_are_dark_air_under_ground(world: World) -> None:
    maps.find_cave_map(world, 5)
    x, y, z = np.nonzero(world.caves)
    assert (world.blocks[x, y, z] == 0).all()
    dark = world.caves[x, y, z] != cavities.INSIDE
    assert (world.light[x, y, z] >> 4 <= np.where(dark, cavities.DARK, cavities.SHADE)).all()
    assert 0 < (~dark).sum() < dark.sum()  # the shade of the entrances is less than the dark
    assert (y < world.surface[x, z]).all()


def test_same_seed_same_world_after_another(world: World) -> None:
    maps.find_cave_map(world, 3)
    first, light = world.blocks.copy(), world.light.copy()
    maps.waterfall_map(world, 4)
    maps.find_cave_map(world, 3)
    assert (world.blocks == first).all()
    assert (world.light == light).all()


def test_walking_distance_by_hand() -> None:
    """On a flat floor with the goal over its first cell the distance grows by one a cell; a wall ends it."""
    blocks = np.zeros((12, 12, 5), np.uint8)
    blocks[:, 3, :] = ID["stone"]
    blocks[8, 4:8, :] = ID["stone"]
    goal = np.zeros_like(blocks)
    goal[1, 5, 2] = 1
    walk = cavities.walking_distance(blocks, goal)
    assert [int(walk[x, 4, 2]) for x in range(1, 8)] == [0, 1, 2, 3, 4, 5, 6]
    assert walk[9, 4, 2] == cavities.FAR


def test_village_has_doors_light_and_paths(world: World) -> None:
    maps.house_map(world, 2)
    names = {BLOCKS[b].group or BLOCKS[b].name for b in np.unique(world.blocks)}
    assert len(world.houses) >= 3
    assert {"door", "torch", "glass"} <= names
    assert world.style in village.STYLES
    assert all(world.blocks[cell] == world.born[cell] for cell in world.village)


def test_spawns_stand_free_in_every_map(world: World) -> None:
    for build in (maps.waterfall_map, maps.pen_map, maps.house_map, maps.plains_map):
        x, y, z = build(world, 21)
        assert not SOLID[world.blocks[x, y, z]]
        assert SOLID[world.blocks[x, y - 1, z]]
        assert len(world.animals) > 1

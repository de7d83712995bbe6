"""Empty cubes, and rays that leap through them."""

import math

import numpy as np
import pytest

from basalt_iq.world import make, march
from basalt_iq.world.terrain import SIZE


@pytest.fixture(scope="module")
def land():
    """Scattered blocks (X, Y, Z) with wide gaps between them, and their cubes."""
    rng = np.random.default_rng(3)
    blocks = (rng.random(SIZE) < 0.002).astype(np.uint8)
    blocks[:, :20] = 1
    cubes = np.zeros((8, *SIZE), np.uint8)
    march.empty_cubes(blocks, cubes)
    return blocks, cubes


def seen_from(blocks: np.ndarray, octant: int) -> np.ndarray:
    """The blocks as an octant has them, mirrored so that its rays go upwards on all axes."""
    return blocks[tuple(slice(None, None, -1 if octant >> axis & 1 else 1) for axis in range(3))]


def cells(count: int) -> list[tuple[int, ...]]:
    rng = np.random.default_rng(4)
    return [tuple(int(rng.integers(n)) for n in SIZE) for _ in range(count)]


def cube(blocks: np.ndarray, cell: tuple[int, ...], side: int) -> np.ndarray:
    x, y, z = cell
    return blocks[x : x + side, y : y + side, z : z + side]


def test_each_cube_is_the_largest_empty_one(land):
    blocks, cubes = land
    for octant in range(8):
        mirrored = seen_from(blocks, octant)
        for cell in cells(200):
            side = int(cubes[octant][cell])
            assert not cube(mirrored, cell, side).any()
            assert side == march.MOST or cube(mirrored, cell, side + 1).any()


def test_cubes_stay_empty_as_blocks_come_and_go(land):
    blocks, cubes = (array.copy() for array in land)
    for i, cell in enumerate(cells(150)):
        blocks[cell] = i % 3 > 0
        if blocks[cell]:
            march.shrink_cubes(cubes, *cell)
        else:
            march.clear_cube(cubes, *cell)
    for octant in range(8):
        mirrored = seen_from(blocks, octant)
        assert ((cubes[octant] == 0) == (mirrored != 0)).all()
        for cell in cells(400):
            assert not cube(mirrored, cell, int(cubes[octant][cell])).any()


def first_block(blocks: np.ndarray, eye: np.ndarray, direction: np.ndarray, far: float) -> float:
    """Where a ray meets a block, found cell by cell; `far` if it meets none."""
    t = 0.0
    while t < far:
        cell = tuple(int(c) for c in np.floor(eye + direction * (t + march.NUDGE)))
        if any(not 0 <= c < n for c, n in zip(cell, SIZE, strict=True)):
            return far
        if blocks[cell]:
            return t
        walls = np.array(cell) + (direction > 0)
        t = float(((walls - eye) / direction).min())
    return far


def test_leaping_rays_meet_the_same_blocks_as_walking_ones(land):
    blocks, cubes = land
    rays, firsts = np.zeros((400, march.RAY_SIZE)), np.zeros(400, np.uint32)
    rng, far = np.random.default_rng(5), 60.0
    eye = np.array([80.3, 30.6, 90.7])
    directions = rng.normal(size=(400, 3)) * (1, 0.4, 1)
    for k, direction in enumerate(directions):
        firsts[k] = march.set_off(rays[k], *eye, *direction, 0.0, far)
    for k in range(0, 400, 8):
        march.march(cubes.reshape(-1), rays, firsts, k, k + 8)
    alone = rays.copy()
    for row, direction in zip(rays, directions, strict=True):
        expected = first_block(blocks, eye, direction, far)
        met = row[march.T] if row[march.T] < row[march.END] else far
        assert math.isclose(met, expected, abs_tol=1e-9)
    for k, direction in enumerate(directions):
        march.set_off(alone[k], *eye, *direction, 0.0, far)
        march.march_alone(cubes.reshape(-1), alone[k], firsts[k])
    ends = [np.minimum(found[:, march.T], found[:, march.END]) for found in (rays, alone)]
    assert (ends[0] == ends[1]).all()


def test_bundles_of_rays_stop_before_the_first_block(land):
    blocks, cubes = land
    rng, eye = np.random.default_rng(6), (80.3, 30.6, 90.7)
    leapt = 0.0
    for _ in range(60):
        middle, spread = rng.normal(size=3), np.full(3, 0.04)
        clear = march.bundle(cubes.reshape(-1), *eye, tuple(middle), tuple(spread), 60.0)
        leapt += clear
        for direction in middle + rng.uniform(-1, 1, (20, 3)) * spread:
            assert clear <= first_block(blocks, np.array(eye), direction, 200.0)
    assert leapt > 60.0


def test_every_edit_is_told_to_the_cubes():
    env = make("MakeWaterfall")
    env.reset(seed=5)
    rng = np.random.default_rng(0)
    for _ in range(120):
        env.step({"attack": 1, "use": int(rng.random() < 0.3), "equip": "water_bucket", "camera": (3.0, 5.0)})
    for octant in range(8):
        assert ((env.world.cubes[octant] == 0) == (seen_from(env.world.blocks, octant) != 0)).all()

"""Rays through the grid of blocks, with leaps over empty space, many rays abreast.

The world is also held as bricks of 2x2x2 blocks; each brick knows how many bricks away the nearest
one with a block in it is, so a ray in open air crosses the sky in a few leaps. The steps of one ray
depend on each other, those of neighbouring rays do not: a row of rays is stepped together, so that
the processor overlaps them (3x).
"""

import math

import numpy as np
from numba import njit

from basalt_iq.world.jit import BARE, JIT

BRICK = 1
"""Blocks to a brick's side, as a power of two."""
MOST = 15
"""Longest distance kept, in bricks."""
NOTHING = -1
"""Instead of a block: the ray left the world or passed the render distance."""
NUDGE = 1e-4
"""A ray is looked at this far beyond each crossing, so that it lies within a cell."""
# Columns of a ray's floats: direction (1 long ahead of the eye), its inverse, distance so far in lengths of
# the direction, colour gathered, share still passing, length of the direction
DX, DY, DZ, IX, IY, IZ, T, RED, GREEN, BLUE, THROUGH, LENGTH = range(12)
RAY_FLOATS = 12
# Columns of a ray's integers: cell, block met, whether it is in water
CX, CY, CZ, BLOCK, WET = range(5)
RAY_INTS = 5


def brick_distances(blocks: np.ndarray, distance: np.ndarray) -> None:
    """Fills `distance` (X/2, Y/2, Z/2) uint8: bricks (by the largest axis) to the nearest with a block."""
    halves = blocks[0::2] | blocks[1::2]
    halves = halves[:, 0::2] | halves[:, 1::2]
    covered = ((halves[:, :, 0::2] | halves[:, :, 1::2]) != 0).view(np.uint8)
    distance[:] = covered ^ 1
    for _ in range(1, MOST):
        for axis in range(3):
            covered = _widened(covered, axis)
        distance += covered ^ 1


def _widened(covered: np.ndarray, axis: int) -> np.ndarray:
    """Each cell, or either neighbour along an axis."""
    ahead = (slice(None),) * axis + (slice(1, None),)
    behind = (slice(None),) * axis + (slice(None, -1),)
    wider = covered.copy()
    wider[ahead] |= covered[behind]
    wider[behind] |= covered[ahead]
    return wider


@njit(**JIT)
def fill_brick(distance, x, y, z):
    """Tells the bricks that a block was placed. (One taken away needs no telling: leaps stay safe.)"""
    bx, by, bz = x >> BRICK, y >> BRICK, z >> BRICK
    if distance[bx, by, bz] == 0:
        return
    for i in range(max(bx - MOST, 0), min(bx + MOST + 1, distance.shape[0])):
        for j in range(max(by - MOST, 0), min(by + MOST + 1, distance.shape[1])):
            for k in range(max(bz - MOST, 0), min(bz + MOST + 1, distance.shape[2])):
                far = max(abs(i - bx), max(abs(j - by), abs(k - bz)))
                distance[i, j, k] = min(distance[i, j, k], far)


@njit(**BARE)
def leave_cell(ray, spot, px, py, pz):
    """Moves a ray to where it leaves its cell."""
    tx = (spot[CX] + (1 if ray[DX] > 0 else 0) - px) * ray[IX]
    ty = (spot[CY] + (1 if ray[DY] > 0 else 0) - py) * ray[IY]
    tz = (spot[CZ] + (1 if ray[DZ] > 0 else 0) - pz) * ray[IZ]
    ray[T] = min(tx, min(ty, tz))


@njit(**BARE)
def entered_across(ray, px, py, pz):
    """The axis across which a ray came to its T: the one on which it lies on a whole number."""
    x, y, z = px + ray[DX] * ray[T], py + ray[DY] * ray[T], pz + ray[DZ] * ray[T]
    ax, ay, az = abs(x - math.floor(x + 0.5)), abs(y - math.floor(y + 0.5)), abs(z - math.floor(z + 0.5))
    if ay <= ax and ay <= az:
        return 1
    return 0 if ax <= az else 2


@njit(**BARE)
def march(cells, near, size_x, size_y, size_z, px, py, pz, far, rays, spots, active, count):
    """Moves the `count` rays listed in `active` (uint32) each to the first block from its T on.

    `cells` and `near` are the flat block and brick arrays; `rays` (n, RAY_FLOATS) and `spots`
    (n, RAY_INTS) hold the rays. BLOCK and the cell become what was met. Empties `active`.
    """
    wide_y, wide_z = size_y >> BRICK, size_z >> BRICK
    while count > 0:
        kept = 0
        for k in range(count):
            i = active[k]
            dx, dy, dz, t = rays[i, DX], rays[i, DY], rays[i, DZ], rays[i, T]
            at = t + NUDGE
            qx, qy, qz = px + dx * at, py + dy * at, pz + dz * at
            if t > far or min(qx, min(qy, qz)) < 0 or qx >= size_x or qy >= size_y or qz >= size_z:
                spots[i, BLOCK] = NOTHING
                continue
            x, y, z = int(qx), int(qy), int(qz)
            block = cells[np.uint32((x * size_y + y) * size_z + z)]
            if block:
                spots[i, CX], spots[i, CY], spots[i, CZ], spots[i, BLOCK] = x, y, z, block
                continue
            leap = int(near[np.uint32(((x >> BRICK) * wide_y + (y >> BRICK)) * wide_z + (z >> BRICK))])
            if leap:
                side = float(1 << BRICK)
                reach = float(leap << BRICK)
                x, y, z = (x >> BRICK) << BRICK, (y >> BRICK) << BRICK, (z >> BRICK) << BRICK
            else:  # within a brick that holds a block, one block at a time
                side, reach = 1.0, 1.0
            tx = (x + (reach if dx > 0 else side - reach) - px) * rays[i, IX]
            ty = (y + (reach if dy > 0 else side - reach) - py) * rays[i, IY]
            tz = (z + (reach if dz > 0 else side - reach) - pz) * rays[i, IZ]
            rays[i, T] = min(tx, min(ty, tz))
            active[kept] = i
            kept += 1
        count = kept

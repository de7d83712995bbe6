"""Rays through the grid of blocks, with leaps over empty space.

The world is also held as bricks of 2x2x2 blocks. Each brick knows, for each of the eight octants into which
a ray may go, the side of the largest empty cube of bricks that begins with it and lies that way: the ray
leaps out of it. Distances to the nearest block all around would do with an eighth of the room, but need
nearly twice the steps: whoever stands on the ground always has it near, also when looking up.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from basalt_iq.world.jit import BARE, INLINE, JIT
from basalt_iq.world.terrain import SIZE

ACROSS_X, ACROSS_Y = SIZE[1] * SIZE[2], SIZE[2]
"""Cell (x, y, z) of a flat array of blocks lies at x * ACROSS_X + y * ACROSS_Y + z."""
CELLS = SIZE[0] * ACROSS_X
BRICKS: Final = (SIZE[0] // 2, SIZE[1] // 2, SIZE[2] // 2)
BRICK_X, BRICK_Y = BRICKS[1] * BRICKS[2], BRICKS[2]
OCTANT = BRICKS[0] * BRICK_X
MOST = 15
"""Largest side of a cube kept, in bricks."""
NUDGE = 1e-4
"""A ray is looked at this far beyond each crossing, so that it lies within a cell."""


class Land(NamedTuple):
    """Flat arrays of a world: blocks, their light, and the empty cubes (8 octants of bricks)."""

    cells: np.ndarray
    light: np.ndarray
    cubes: np.ndarray


class Ray(NamedTuple):
    """A ray: where it starts, its direction (1 long ahead of the eye), that inverted, and its length; the
    distance, in lengths of the direction, at which it leaves the world or is out of sight."""

    px: float
    py: float
    pz: float
    dx: float
    dy: float
    dz: float
    ix: float
    iy: float
    iz: float
    length: float
    end: float


def empty_cubes(blocks: np.ndarray, cubes: np.ndarray) -> None:
    """Fills `cubes` (8, X/2, Y/2, Z/2) uint8 for the blocks (X, Y, Z) of a world."""
    halves = blocks[0::2] | blocks[1::2]
    halves = halves[:, 0::2] | halves[:, 1::2]
    covered = (halves[:, :, 0::2] | halves[:, :, 1::2]) != 0
    for octant in range(8):
        _grow(covered, cubes[octant], *_signs(octant), np.empty(BRICKS[2], np.uint8))


@njit(**BARE)
def _signs(octant):
    return 1 - 2 * (octant & 1), 1 - (octant & 2), 1 - ((octant & 4) >> 1)


@njit(**BARE)
def _grow(covered, cubes, sx, sy, sz, beside):
    """A cube is one larger than the least of the seven that begin beside it, on the octant's side."""
    size_x, size_y, size_z = covered.shape
    for x in range(size_x - 1, -1, -1) if sx > 0 else range(size_x):
        for y in range(size_y - 1, -1, -1) if sy > 0 else range(size_y):
            beside[:] = MOST
            for a, b in ((x + sx, y), (x, y + sy), (x + sx, y + sy)):
                if 0 <= a < size_x and 0 <= b < size_y:
                    for z in range(size_z):
                        beside[z] = min(beside[z], cubes[a, b, z])
            last = least = MOST
            for z in range(size_z - 1, -1, -1) if sz > 0 else range(size_z):
                side = 0 if covered[x, y, z] else min(min(min(last, least), beside[z]) + 1, MOST)
                cubes[x, y, z] = side
                last, least = side, beside[z]


@njit(**JIT)
def shrink_cubes(cubes, x, y, z):
    """Tells the bricks that a block was placed. (One taken away needs no telling: leaps stay safe.)"""
    x, y, z = x >> 1, y >> 1, z >> 1
    if cubes[0, x, y, z] == 0:
        return
    for octant in range(8):
        sx, sy, sz = _signs(octant)
        for i in range(MOST + 1):
            for j in range(MOST + 1):
                for k in range(MOST + 1):
                    a, b, c = x - sx * i, y - sy * j, z - sz * k
                    if 0 <= a < BRICKS[0] and 0 <= b < BRICKS[1] and 0 <= c < BRICKS[2]:
                        cubes[octant, a, b, c] = min(cubes[octant, a, b, c], max(i, max(j, k)))


@njit(**INLINE)
def cell_of(ray, t):
    """The cell that a ray is about to enter."""
    at = t + NUDGE
    return int(ray.px + ray.dx * at), int(ray.py + ray.dy * at), int(ray.pz + ray.dz * at)


@njit(**INLINE)
def leave(ray, x, y, z, ahead, behind):
    """Where a ray leaves a box: `ahead` of a cell's corner on an axis that it goes up, else `behind` it."""
    tx = (x + (ahead if ray.dx > 0 else behind) - ray.px) * ray.ix
    ty = (y + (ahead if ray.dy > 0 else behind) - ray.py) * ray.iy
    tz = (z + (ahead if ray.dz > 0 else behind) - ray.pz) * ray.iz
    return min(tx, min(ty, tz))


@njit(**INLINE)
def entered_across(ray, t):
    """The axis across which a ray came to t: the one on which it lies on a whole number."""
    x, y, z = ray.px + ray.dx * t, ray.py + ray.dy * t, ray.pz + ray.dz * t
    ax, ay, az = abs(x - math.floor(x + 0.5)), abs(y - math.floor(y + 0.5)), abs(z - math.floor(z + 0.5))
    if ay <= ax and ay <= az:
        return 1
    return 0 if ax <= az else 2


@njit(**INLINE)
def march(land, ray, t):
    """Where a ray meets the first block from t on; its end or beyond if it meets none."""
    octant = (0 if ray.dx > 0 else 1) + (0 if ray.dy > 0 else 2) + (0 if ray.dz > 0 else 4)
    first = octant * OCTANT
    while t < ray.end:
        x, y, z = cell_of(ray, t)
        side = int(land.cubes[np.uint32(first + (x >> 1) * BRICK_X + (y >> 1) * BRICK_Y + (z >> 1))])
        if side:
            t = leave(ray, x & ~1, y & ~1, z & ~1, 2 * side, 2 - 2 * side)
        elif land.cells[np.uint32(x * ACROSS_X + y * ACROSS_Y + z)]:
            break
        else:  # within a brick that holds a block, one block at a time
            t = leave(ray, x, y, z, 1, 0)
    return t


@njit(**INLINE)
def _way_out(p, size, d, inverse):
    return ((size if d > 0 else 0.0) - p) * inverse


@njit(**INLINE)
def set_off(px, py, pz, dx, dy, dz, sight):
    """A ray from a point, which must lie in the world or above it, and the distance at which it starts."""
    dx = dx if abs(dx) > 1e-7 else 1e-7
    dy = dy if abs(dy) > 1e-7 else 1e-7
    dz = dz if abs(dz) > 1e-7 else 1e-7
    ix, iy, iz = 1.0 / dx, 1.0 / dy, 1.0 / dz
    out = min(_way_out(px, SIZE[0], dx, ix), _way_out(py, SIZE[1], dy, iy))
    out = min(out, _way_out(pz, SIZE[2], dz, iz))
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    ray = Ray(px, py, pz, dx, dy, dz, ix, iy, iz, length, min(sight, out - 2 * NUDGE))
    if py < SIZE[1]:
        return ray, 0.0
    return ray, (SIZE[1] - py) * iy if dy < 0 else sight

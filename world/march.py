"""Rays through the grid of blocks, with leaps over empty space, many rays abreast.

For each of the eight octants into which a ray may go, each cell knows the side of the largest empty cube
that begins with it and lies that way: the ray leaps out of it. Distances to the nearest block all around
would do with an eighth of the room, but need nearly twice the steps: whoever stands on the ground always
has it near, also when looking up.

An octant's cubes are kept mirrored, so that all its rays go upwards along all three axes. The rays of a
tile of the picture first leap as a bundle, for as long as it fits into the cubes. The steps of one ray depend
on each other, those of neighbouring rays do not: some rays are stepped together, so that the processor
overlaps them.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from basalt_iq.jit import BARE, INLINE, JIT
from basalt_iq.world.terrain import SIZE

ACROSS_X, ACROSS_Y = SIZE[1] * SIZE[2], SIZE[2]
"""Cell (x, y, z) of a flat array of blocks lies at x * ACROSS_X + y * ACROSS_Y + z."""
CELLS = SIZE[0] * ACROSS_X
MOST = 16
"""Largest side of a cube kept."""
NUDGE = 1e-4
"""A ray is looked at this far beyond each crossing, so that it lies within a cell."""
# Columns of a marching ray. Mirrored into its octant: eye, direction, that inverted; distance so far and
# distance at which it leaves the world or is out of sight, both in lengths of the direction; colour gathered,
# and the share of it that still passes
PX, PY, PZ, DX, DY, DZ, IX, IY, IZ, T, END, RED, GREEN, BLUE, THROUGH = range(15)
RAY_SIZE = 15


class Land(NamedTuple):
    """Flat arrays of a world: blocks, their light, and the empty cubes of the eight octants."""

    cells: np.ndarray
    light: np.ndarray
    cubes: np.ndarray


class Ray(NamedTuple):
    """A ray as it is in the world: eye, direction (1 long ahead of the eye), that inverted, its length."""

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


def empty_cubes(blocks: np.ndarray, cubes: np.ndarray) -> None:
    """Fills `cubes` (8, X, Y, Z) uint8 for the blocks (X, Y, Z) of a world."""
    solid = blocks != 0
    some, all_ = solid.any(2), solid.all(2)
    beside = np.empty((2, SIZE[2]), np.uint8)
    for octant in range(4):
        _grow(solid, some, all_, cubes[octant], cubes[octant + 4], octant, beside)


@njit(**INLINE)
def _mirrored(octant, x, y, z):
    """A cell where an octant has it; and back."""
    return (
        SIZE[0] - 1 - x if octant & 1 else x,
        SIZE[1] - 1 - y if octant & 2 else y,
        SIZE[2] - 1 - z if octant & 4 else z,
    )


@njit(**BARE)
def _grow(solid, some, all_, up, down, octant, beside):
    """Fills the cubes of the octants that go up and down along z; `some` and `all_` tell which rows along z
    hold blocks, and nothing else. `beside` (2, Z) is room."""
    for x in range(SIZE[0] - 1, -1, -1):
        for y in range(SIZE[1] - 1, -1, -1):
            a, b, _ = _mirrored(octant, x, y, 0)
            if all_[a, b]:
                up[x, y], down[x, y] = 0, 0
                continue
            least = min(_beside(up, x, y, beside[0]), _beside(down, x, y, beside[1]))
            if least == MOST and not some[a, b]:
                up[x, y], down[x, y] = MOST, MOST
            else:
                _grow_rows(solid[a, b], up[x, y], down[x, y], beside[0], beside[1])


@njit(**BARE)
def _beside(cubes, x, y, beside):
    """The least of the three cubes beside each one of a row, on the rows beyond; returns the least of all."""
    beside[:] = MOST
    for a, b in ((x + 1, y), (x, y + 1), (x + 1, y + 1)):
        if a < SIZE[0] and b < SIZE[1]:
            for z in range(SIZE[2]):
                beside[z] = min(beside[z], cubes[a, b, z])
    least = np.uint8(MOST)
    for z in range(SIZE[2]):
        least = min(least, beside[z])
    return least


@njit(**BARE)
def _grow_rows(solid, up, down, beside_up, beside_down):
    """A cube is one larger than the least of the seven that begin beside it. Both rows at once: the cells of
    one depend on each other."""
    u = v = before_u = before_v = MOST - 1
    last = solid.size - 1
    for z in range(last, -1, -1):
        here_u, here_v = min(int(beside_up[z]), MOST - 1), min(int(beside_down[z]), MOST - 1)
        u = 0 if solid[z] else min(u, min(before_u, here_u), MOST - 1) + 1
        v = 0 if solid[last - z] else min(v, min(before_v, here_v), MOST - 1) + 1
        up[z], down[z] = u, v
        before_u, before_v = here_u, here_v


@njit(**JIT)
def shrink_cubes(cubes, x, y, z):
    """Tells the cubes that a block was placed. (One taken away needs no telling: leaps stay safe.)"""
    for octant in range(8):
        a, b, c = _mirrored(octant, x, y, z)
        for i in range(max(a - MOST + 1, 0), a + 1):
            for j in range(max(b - MOST + 1, 0), b + 1):
                for k in range(max(c - MOST + 1, 0), c + 1):
                    side = max(a - i, max(b - j, c - k))
                    cubes[octant, i, j, k] = min(cubes[octant, i, j, k], side)


@njit(**JIT)
def clear_cube(cubes, x, y, z):
    """Tells the cubes of a cell that its block was taken away."""
    for octant in range(8):
        a, b, c = _mirrored(octant, x, y, z)
        cubes[octant, a, b, c] = max(cubes[octant, a, b, c], 1)


@njit(**INLINE)
def cell_of(ray, t):
    """The cell that a ray is about to enter."""
    at = t + NUDGE
    return int(ray.px + ray.dx * at), int(ray.py + ray.dy * at), int(ray.pz + ray.dz * at)


@njit(**INLINE)
def leave_cell(ray, x, y, z):
    """Where a ray leaves a cell."""
    tx = (x + (1 if ray.dx > 0 else 0) - ray.px) * ray.ix
    ty = (y + (1 if ray.dy > 0 else 0) - ray.py) * ray.iy
    tz = (z + (1 if ray.dz > 0 else 0) - ray.pz) * ray.iz
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
def _reflect(row, axis, p, d, size):
    """Sets off a ray on one axis, upwards; returns how far it is to the world's border."""
    d = d if abs(d) > 1e-7 else 1e-7
    p = p if d > 0 else size - p
    inverse = 1.0 / abs(d)
    row[PX + axis], row[DX + axis], row[IX + axis] = p, abs(d), inverse
    return (size - p) * inverse


@njit(**INLINE)
def set_off(row, px, py, pz, dx, dy, dz, clear, sight):
    """Prepares a ray from a point in the world or above it; returns the first index of its octant's cubes.

    It is known to meet nothing up to `clear`, and sees as far as `sight`, both in lengths of its direction.
    """
    out = min(_reflect(row, 0, px, dx, SIZE[0]), _reflect(row, 2, pz, dz, SIZE[2]))
    out = min(out, _reflect(row, 1, py, dy, SIZE[1]))
    row[END] = min(sight, out - 2 * NUDGE)
    row[T] = min(clear, row[END])
    if py >= SIZE[1]:
        row[T] = (SIZE[1] - py) / dy if dy < 0 else sight
    return np.uint32(((dx < -1e-7) + 2 * (dy < -1e-7) + 4 * (dz < -1e-7)) * CELLS)


@njit(**INLINE)
def ray_of(row, first, px, py, pz):
    """The ray of a row, as it is in the world."""
    octant = first // CELLS
    sx, sy, sz = 1.0 - 2.0 * (octant & 1), 1.0 - (octant & 2), 1.0 - 0.5 * (octant & 4)
    dx, dy, dz = row[DX], row[DY], row[DZ]
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    return Ray(px, py, pz, sx * dx, sy * dy, sz * dz, sx * row[IX], sy * row[IY], sz * row[IZ], length)


@njit(**INLINE)
def _fold(p, d, spread, size):
    """A bundle of rays on one axis, mirrored upwards: eye, slowest and quickest direction (0, 0 if mixed)."""
    if abs(d) <= spread:
        return p, 0.0, 0.0
    return p if d > 0 else size - p, abs(d) - spread, abs(d) + spread


@njit(**BARE)
def bundle(cubes, px, py, pz, direction, spread, far):
    """How far a bundle of rays surely meets no block, in lengths of its directions.

    On each axis these differ by up to `spread` (3,) from `direction` (3,). At t the bundle lies between the
    ways of its slowest and its quickest directions: it leaps while the quickest stays in the slowest's cube.
    """
    dx, dy, dz = direction
    octant = (dx < 0) + 2 * (dy < 0) + 4 * (dz < 0)
    px, slow_x, quick_x = _fold(px, dx, spread[0], SIZE[0])
    py, slow_y, quick_y = _fold(py, dy, spread[1], SIZE[1])
    pz, slow_z, quick_z = _fold(pz, dz, spread[2], SIZE[2])
    t = then = 0.0
    if min(slow_x, min(slow_y, slow_z)) <= 0.0:
        return t
    while t < far:
        x, y, z = int(px + slow_x * t), int(py + slow_y * t), int(pz + slow_z * t)
        if x >= SIZE[0] or y >= SIZE[1] or z >= SIZE[2]:
            break
        side = int(cubes[np.uint32(octant * CELLS + x * ACROSS_X + y * ACROSS_Y + z)])
        then = min((x + side - px) / quick_x, min((y + side - py) / quick_y, (z + side - pz) / quick_z))
        if then < t + 0.1:
            break
        t = then
    return max(t - 2 * NUDGE, 0.0)


@njit(**INLINE)
def _leap(cubes, row, first):
    """How far a ray that is in the world leaps next, and whether it may: else it has come to a block."""
    at = row[T] + NUDGE
    x, y, z = int(row[PX] + row[DX] * at), int(row[PY] + row[DY] * at), int(row[PZ] + row[DZ] * at)
    side = int(cubes[np.uint32(first + x * ACROSS_X + y * ACROSS_Y + z)])
    tx, ty = (x + side - row[PX]) * row[IX], (y + side - row[PY]) * row[IY]
    return min((z + side - row[PZ]) * row[IZ], min(tx, ty)), side > 0


@njit(**BARE)
def march(cubes, rays, firsts, begin, end):
    """Moves rays `begin` to `end` (exclusive) each to the first block from its T on, or to its END.

    `cubes` is the flat array of cubes, `rays` (n, RAY_SIZE), `firsts` (n,) uint32 the first index of each
    one's octant in it; no T is beyond its END, and none begins outside the world. Whoever has arrived keeps
    step on the spot: without a decision for each ray, the processor works at the next ones meanwhile.
    """
    going = True
    while going:
        going = False
        for i in range(np.uint32(begin), np.uint32(end)):
            row = rays[i]
            then, free = _leap(cubes, row, firsts[i])
            row[T] = min(then, row[END]) if free else row[T]
            going |= free and then < row[END]


@njit(**BARE)
def march_alone(cubes, row, first):
    """Moves one ray as `march` does; it may begin beyond its END, where it stays."""
    while row[T] < row[END]:
        then, free = _leap(cubes, row, first)
        if not free:
            return
        row[T] = then

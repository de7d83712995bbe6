"""Rays through the grid of blocks, with leaps over empty space.

The world is also held as bricks of 4x4x4 blocks; each brick knows how many bricks away the nearest
one with a block in it is, so a ray in open air crosses the sky in a few leaps.
"""

import math

import numpy as np
from numba import njit

from basalt_iq.world.jit import INLINE, JIT

BRICK = 2
"""Blocks to a brick's side, as a power of two."""
NOTHING = -1
"""A ray that left the world or the render distance."""
SEARCH = 200
"""Distance of bricks in a world without blocks."""


@njit(**JIT)
def brick_distances(blocks, distance):
    """Fills `distance` (X/4, Y/4, Z/4) uint8: bricks (by the largest axis) to the nearest with a block."""
    size_x, size_y, size_z = distance.shape
    distance[:] = SEARCH
    for x in range(blocks.shape[0]):
        for y in range(blocks.shape[1]):
            for z in range(blocks.shape[2]):
                if blocks[x, y, z]:
                    distance[x >> BRICK, y >> BRICK, z >> BRICK] = 0
    for axis in range(3):
        _relax(distance, axis)


@njit(**JIT)
def _relax(distance, axis):
    """One axis of a separable chessboard distance: least over the line of max(there, steps)."""
    size = distance.shape[axis]
    across = distance.size // size
    line = np.empty(size, np.uint8)
    flat = distance.ravel()
    stride = 1
    for a in range(axis + 1, 3):
        stride *= distance.shape[a]
    for k in range(across):
        start = (k // stride) * stride * size + k % stride
        for i in range(size):
            line[i] = flat[start + i * stride]
        for i in range(size):
            best, step = line[i], 1
            while step < best:
                if i >= step:
                    best = min(best, max(line[i - step], step))
                if i + step < size:
                    best = min(best, max(line[i + step], step))
                step += 1
            flat[start + i * stride] = best


@njit(**JIT)
def fill_brick(distance, x, y, z):
    """Tells the bricks that a block was placed. (One taken away needs no telling: leaps stay safe.)"""
    bx, by, bz = x >> BRICK, y >> BRICK, z >> BRICK
    if distance[bx, by, bz] == 0:
        return
    for i in range(distance.shape[0]):
        for j in range(distance.shape[1]):
            for k in range(distance.shape[2]):
                far = max(abs(i - bx), max(abs(j - by), abs(k - bz)))
                distance[i, j, k] = min(distance[i, j, k], far)


@njit(**INLINE)
def leap(p, d, i, cell, brick, reach):
    """The far side of the empty bricks along one axis: the distance there, and the cell beyond it."""
    edge = ((brick + reach) << BRICK) if d > 0 else ((brick - reach + 1) << BRICK)
    return (edge - p) * i, edge if d > 0 else edge - 1


@njit(**INLINE)
def _between(value, brick, reach):
    return min(max(value, (brick - reach + 1) << BRICK), ((brick + reach) << BRICK) - 1)


@njit(**INLINE)
def march(cells, bricks, size_x, size_y, size_z, px, py, pz, dx, dy, dz, ix, iy, iz, x, y, z, t, axis, far):
    """From cell (x, y, z), entered at distance t, to the next cell that holds a block.

    `cells` and `bricks` are the flat block and brick arrays. Returns t, x, y, z, axis and the block,
    which is NOTHING if the ray leaves the world or passes `far`.
    """
    wide_y, wide_z = size_y >> BRICK, size_z >> BRICK
    sx, sy, sz = (1 if dx > 0 else -1), (1 if dy > 0 else -1), (1 if dz > 0 else -1)
    gx, gy, gz = abs(ix), abs(iy), abs(iz)
    block = NOTHING
    fresh = False  # the cell stood in has been looked at already, unless a leap led there
    while True:
        if x < 0 or y < 0 or z < 0 or x >= size_x or y >= size_y or z >= size_z or t > far:
            break
        bx, by, bz = x >> BRICK, y >> BRICK, z >> BRICK
        reach = int(bricks[(bx * wide_y + by) * wide_z + bz])
        if reach > 0:
            lx, ex = leap(px, dx, ix, x, bx, reach)
            ly, ey = leap(py, dy, iy, y, by, reach)
            lz, ez = leap(pz, dz, iz, z, bz, reach)
            t = min(lx, min(ly, lz))
            x = _between(int(math.floor(px + dx * t)), bx, reach)
            y = _between(int(math.floor(py + dy * t)), by, reach)
            z = _between(int(math.floor(pz + dz * t)), bz, reach)
            if t == lx:
                x, axis = ex, 0
            elif t == ly:
                y, axis = ey, 1
            else:
                z, axis = ez, 2
            fresh = True
            continue
        at = (x * size_y + y) * size_z + z
        if fresh and cells[at]:
            block = int(cells[at])
            break
        fresh = True
        tx, ty, tz = (x + (sx > 0) - px) * ix, (y + (sy > 0) - py) * iy, (z + (sz > 0) - pz) * iz
        while True:
            t = min(tx, min(ty, tz))
            over_x = t == tx
            over_y = (t == ty) and not over_x
            over_z = not (over_x or over_y)
            axis = 1 * over_y + 2 * over_z
            x += sx * over_x
            y += sy * over_y
            z += sz * over_z
            tx += gx * over_x
            ty += gy * over_y
            tz += gz * over_z
            if (x >> BRICK) != bx or (y >> BRICK) != by or (z >> BRICK) != bz:
                break
            at = (x * size_y + y) * size_z + z
            if cells[at]:
                block = int(cells[at])
                break
        if block != NOTHING:
            break
    return t, x, y, z, axis, block

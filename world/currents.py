"""Water and webs around a body: where it is in them, and where water carries it."""

import math

from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import FALLING, ID, KIND, SOLID, WATER_KIND, WATER_LEVEL

PUSH = 0.014
"""Speed that flowing water gives a body each tick, blocks per tick."""
SIDES = ((0, 1), (-1, 0), (0, -1), (1, 0))
COBWEB = ID["cobweb"]
SKIN = 0.001
"""How deep in a cell a body must be for the cell to count."""


@njit(**JIT)
def _depth(blocks, x, y, z):
    """How far water has run, 0 (a source or a fall) to 7; -1 where there is none."""
    if x < 0 or y < 0 or z < 0 or x >= blocks.shape[0] or y >= blocks.shape[1] or z >= blocks.shape[2]:
        return -1
    block = blocks[x, y, z]
    return 8 - int(WATER_LEVEL[block]) if KIND[block] == WATER_KIND else -1


@njit(**JIT)
def _solid(blocks, x, y, z):
    if x < 0 or y < 0 or z < 0 or x >= blocks.shape[0] or y >= blocks.shape[1] or z >= blocks.shape[2]:
        return False
    return SOLID[blocks[x, y, z]]


@njit(**JIT)
def _falls_along_a_wall(blocks, x, y, z):
    for dx, dz in SIDES:  # noqa: SIM110 - what is compiled knows no generators
        if _solid(blocks, x + dx, y, z + dz) or _solid(blocks, x + dx, y + 1, z + dz):
            return True
    return False


@njit(**JIT)
def _slope(blocks, x, y, z):
    """Where the surface of the water in a cell goes down, not normalised; over an edge too."""
    here, fx, fz = _depth(blocks, x, y, z), 0.0, 0.0
    for dx, dz in SIDES:
        there = _depth(blocks, x + dx, y, z + dz)
        drop = there - here
        if there < 0:
            below = -1 if _solid(blocks, x + dx, y, z + dz) else _depth(blocks, x + dx, y - 1, z + dz)
            drop = below - here + 8 if below >= 0 else 0
        fx += dx * drop
        fz += dz * drop
    return fx, fz


@njit(**JIT)
def flow(blocks, x, y, z):
    """Unit vector (or 0, 0, 0) along which the water in a cell flows."""
    fx, fz = _slope(blocks, x, y, z)
    fy, n = 0.0, math.sqrt(fx * fx + fz * fz)
    if n > 0:
        fx, fz, n = fx / n, fz / n, 1.0
    if blocks[x, y, z] == FALLING and _falls_along_a_wall(blocks, x, y, z):
        fy = -6.0
        n = math.sqrt(n + 36.0)
        fx, fy, fz = fx / n, fy / n, fz / n
    return fx, fy, fz


@njit(**JIT)
def carry(blocks, x, y, z, wide, high):
    """Whether a body is in water, and the push that it gets from it (3)."""
    r, low, top = wide / 2 - SKIN, y + 0.401, y + high - 0.401
    ax, ay, az, wet = 0.0, 0.0, 0.0, False
    ceiling = math.ceil(top)
    for b in range(math.floor(low), math.floor(top) + 1):
        for a in range(math.floor(x - r), math.floor(x + r) + 1):
            for c in range(math.floor(z - r), math.floor(z + r) + 1):
                depth = _depth(blocks, a, b, c)
                if depth < 0 or ceiling < b + 1 - (depth + 1) / 9:
                    continue
                wet = True
                fx, fy, fz = flow(blocks, a, b, c)
                ax, ay, az = ax + fx, ay + fy, az + fz
    n = math.sqrt(ax * ax + ay * ay + az * az)
    k = PUSH / n if n > 0 else 0.0
    return wet, k * ax, k * ay, k * az


@njit(**JIT)
def touches_water(blocks, x, y, z, wide, high):
    """Whether there is water in any cell that a body would be in."""
    r = wide / 2
    for b in range(math.floor(y), math.floor(y + high) + 1):
        for a in range(math.floor(x - r), math.floor(x + r) + 1):
            for c in range(math.floor(z - r), math.floor(z + r) + 1):
                if _depth(blocks, a, b, c) >= 0:
                    return True
    return False


@njit(**JIT)
def in_web(blocks, x, y, z, wide, high):
    """Whether a body hangs in a cobweb."""
    r = wide / 2 - SKIN
    for b in range(max(math.floor(y + SKIN), 0), min(math.floor(y + high - SKIN), blocks.shape[1] - 1) + 1):
        for a in range(max(math.floor(x - r), 0), min(math.floor(x + r), blocks.shape[0] - 1) + 1):
            for c in range(max(math.floor(z - r), 0), min(math.floor(z + r), blocks.shape[2] - 1) + 1):
                if blocks[a, b, c] == COBWEB:
                    return True
    return False


@njit(**JIT)
def under_water(blocks, x, y, z):
    """Whether a point, an eye, is in water: running water stands lower the further it has run."""
    b = math.floor(y)
    depth = _depth(blocks, math.floor(x), b, math.floor(z))
    return depth >= 0 and y - b < 1.0 - depth / 9

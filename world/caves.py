# ruff: noqa: SIM110 (numba compiles loops, not generators)
"""Caves: winding tunnels with chambers that open in hillsides and as ramps in flat ground."""

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import AIR, ID, WATER
from basalt_iq.world.noise import cosine, hash3, sine
from basalt_iq.world.terrain import DIRT, GRASS, SAND, SEA

BEDROCK = ID["bedrock"]
FLOOR = -0.7
"""Tunnels are ellipsoids cut off here, so that one can walk in them."""
MARGIN = 30
"""No mouth opens nearer than this to the edge of the world."""


@njit(**JIT)
def _wet(blocks, x0, x1, y0, y1, z0, z1):
    for x in range(x0, x1):
        for y in range(y0, y1):
            for z in range(z0, z1):
                if blocks[x, y, z] == WATER:
                    return True
    return False


@njit(**JIT)
def _dig_out(blocks, x, y, z):
    """Removes a block; soil laid bare to the sky keeps its turf."""
    if blocks[x, y, z] == GRASS and blocks[x, y - 1, z] == DIRT:
        blocks[x, y - 1, z] = GRASS
    blocks[x, y, z] = AIR


@njit(**JIT)
def carve(blocks, cx, cy, cz, wide, high):
    """Hollows an ellipsoid with a flat floor. False where water or the world's edge forbids it."""
    size_x, size_y, size_z = blocks.shape
    x0, x1 = int(cx - wide), int(cx + wide) + 2
    y0, y1 = int(cy - high), int(cy + high) + 2
    z0, z1 = int(cz - wide), int(cz + wide) + 2
    if x0 < 2 or z0 < 2 or y0 < 2 or x1 > size_x - 2 or z1 > size_z - 2 or y1 > size_y - 2:
        return False
    if _wet(blocks, x0 - 1, x1 + 1, y0 - 1, y1 + 1, z0 - 1, z1 + 1):
        return False
    for x in range(x0, x1):
        for z in range(z0, z1):
            a, c = (x + 0.5 - cx) / wide, (z + 0.5 - cz) / wide
            for y in range(y1 - 1, y0 - 1, -1):
                b = (y + 0.5 - cy) / high
                if b > FLOOR and a * a + b * b + c * c < 1.0 and blocks[x, y, z] != BEDROCK:
                    _dig_out(blocks, x, y, z)
    return True


@njit(**JIT)
def _tunnel(blocks, x, y, z, yaw, slope, length, width, seed, half_way):
    """Digs on from a point, widening into a chamber at the end. Returns how far it came.

    `half_way` (4,) receives x, y, z and yaw in the middle.
    """
    turn = 0.0
    for i in range(length):
        turn = 0.75 * turn + 0.3 * (hash3(i, 2, 0, seed) - 0.5)
        yaw += turn
        steep = slope * (0.4 + 1.2 * hash3(i >> 3, 3, 0, seed)) if i > 3 else min(slope, 0.0) * 0.3
        x, y, z = x - sine(yaw), y + steep, z + cosine(yaw)
        wide = width * (0.9 + 0.35 * hash3(i, 1, 0, seed)) + 0.45 * max(0, i - length + 7)
        if y < 7.0:
            slope = 0.15
        if not carve(blocks, x, y, z, wide, max(1.75, 0.8 * wide)):
            return i
        if i == length // 2:
            half_way[0], half_way[1], half_way[2], half_way[3] = x, y, z, yaw
    return length


@njit(**JIT)
def _cave(blocks, x, y, z, yaw, slope, length, width, seed):
    """A tunnel and a branch from its middle. Returns the length of the tunnel."""
    fork = np.zeros(4)
    dug = _tunnel(blocks, x, y, z, yaw, slope, length, width, seed, fork)
    if dug == length:
        side = 1.2 if hash3(length, 4, 0, seed) > 0.5 else -1.2
        extra = 10 + int(10 * hash3(length, 5, 0, seed))
        _tunnel(
            blocks,
            fork[0],
            fork[1],
            fork[2],
            fork[3] + side,
            -0.18,
            extra,
            0.9 * width,
            seed + 77,
            np.zeros(4),
        )
    return dug


@njit(**JIT)
def _cliff(surface, x, z, dx, dz):
    """Whether the ground at (x, z) is a level forecourt of a slope that rises towards (dx, dz)."""
    h = surface[x, z]
    if h <= SEA + 1:
        return False
    for i in range(1, 6):
        if abs(surface[x - i * dx, z - i * dz] - h) > 1 + i // 3:
            return False
    near = surface[x + 3 * dx, z + 3 * dz] - h
    far = surface[x + 6 * dx, z + 6 * dz] - h
    side = min(
        surface[x + 5 * dx + 2 * dz, z + 5 * dz + 2 * dx], surface[x + 5 * dx - 2 * dz, z + 5 * dz - 2 * dx]
    )
    return near >= 2 and far >= 4 and side - h >= 2


@njit(**JIT)
def _far_from(mouths, count, x, z, gap):
    for i in range(count):
        if abs(mouths[i, 0] - x) < gap and abs(mouths[i, 2] - z) < gap:
            return False
    return True


@njit(**JIT)
def _open_hillside(blocks, surface, x, z, facing, dx, dz, seed):
    """A walk-in mouth 2 to 4 blocks high, and the cave behind it."""
    yaw = facing * 1.5707963267948966 + 0.5 * (hash3(x, 6, z, seed) - 0.5)
    width = 1.5 + 0.8 * hash3(x, 7, z, seed)
    high = max(1.75, 0.8 * width)
    y = surface[x, z] + 1.0 - FLOOR * high
    length = 22 + int(18.0 * hash3(x, 8, z, seed))
    slope = -0.3 - 0.2 * hash3(x, 9, z, seed)
    return _cave(blocks, x + 0.5 + 0.5 * dx, y, z + 0.5 + 0.5 * dz, yaw, slope, length, width, seed + x)


@njit(**JIT)
def _open_ramp(blocks, surface, x, z, seed):
    """A hollow in level ground whose floor slopes down into a cave."""
    yaw = 6.2831 * hash3(x, 10, z, seed)
    width = 1.6 + 0.6 * hash3(x, 11, z, seed)
    y = surface[x, z] + 1.0 - FLOOR * 0.8 * width - 0.6
    return _cave(
        blocks, x + 0.5, y, z + 0.5, yaw, -0.42, 26 + int(14.0 * hash3(x, 12, z, seed)), width, seed + z
    )


@njit(**JIT)
def carve_caves(blocks, surface, seed, hillsides, ramps):
    """Opens up to so many caves of each kind; returns their mouths (n, 3): x, floor height, z."""
    size_x, _, size_z = blocks.shape
    mouths = np.zeros((hillsides + ramps, 3), np.int64)
    count = 0
    for i in range(9000):
        x = MARGIN + int(hash3(i, 40, 0, seed) * (size_x - 2 * MARGIN))
        z = MARGIN + int(hash3(i, 41, 0, seed) * (size_z - 2 * MARGIN))
        wanted = count < hillsides if i < 6000 else count < hillsides + ramps
        if not wanted:
            if i >= 6000:
                break
            continue
        if not _far_from(mouths, count, x, z, 16):
            continue
        facing = int(hash3(i, 42, 0, seed) * 4.0) & 3
        dx, dz = (0, -1, 0, 1)[facing], (1, 0, -1, 0)[facing]
        if i < 6000:
            if not _cliff(surface, x, z, dx, dz):
                continue
            dug = _open_hillside(blocks, surface, x, z, facing, dx, dz, seed + i)
        else:
            if surface[x, z] <= SEA + 3 or blocks[x, surface[x, z], z] == SAND:
                continue
            dug = _open_ramp(blocks, surface, x, z, seed + i)
        if dug > 10:
            mouths[count, 0], mouths[count, 1], mouths[count, 2] = x, surface[x, z] + 1, z
            count += 1
    _lower_surface(blocks, surface)
    return mouths[:count]


@njit(**JIT)
def _lower_surface(blocks, surface):
    """The surface after digging: the topmost ground block of each column."""
    for x in range(surface.shape[0]):
        for z in range(surface.shape[1]):
            while surface[x, z] > 1 and blocks[x, surface[x, z], z] == AIR:
                surface[x, z] -= 1

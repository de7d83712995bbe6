"""What a picture shows of some water: a ray for each pixel, to the first thing that hides the rest."""

import math

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import (
    BLOCKS,
    CROSS,
    CUBE,
    CUTOUT,
    FENCE_KIND,
    KIND,
    LEAFY,
    SEEN_BOXES,
    SEEN_SPAN,
    WATER_KIND,
    WATER_LEVEL,
)
from basalt_iq.world.noise import cosine, sine
from basalt_iq.world.shapes import arm_box, joins, slab

HIGH = 72
"""Rows of the judges' picture."""
FAR = 40.0
"""Blocks from which water can still be told from the mist."""
OPAQUE = np.array([b.kind == CUBE or (b.kind == CUTOUT and b.name != "glass") for b in BLOCKS]) | (
    LEAFY & (KIND == CUTOUT)
)
CLEAR = (KIND == 0) | (KIND == CROSS) | np.array([b.name in ("glass", "glass_pane") for b in BLOCKS])


@njit(**JIT)
def water_top(blocks, x, y, z):
    """Height of the water's surface within a cell, 0..1."""
    if KIND[blocks[x, y + 1, z]] == WATER_KIND:
        return 1.0
    return WATER_LEVEL[blocks[x, y, z]] / 9.0


@njit(**JIT)
def in_water(blocks, px, py, pz):
    """Whether a point within the world is under water."""
    x, y, z = math.floor(px), math.floor(py), math.floor(pz)
    if not (0 <= x < blocks.shape[0] and 0 <= y < blocks.shape[1] - 1 and 0 <= z < blocks.shape[2]):
        return False
    return KIND[blocks[x, y, z]] == WATER_KIND and py - y <= water_top(blocks, x, y, z)


@njit(**JIT)
def _box_hit(px, py, pz, ix, iy, iz, x, y, z, x0, y0, z0, x1, y1, z1):
    t0, t1, _ = slab(px, py, pz, ix, iy, iz, x + x0, y + y0, z + z0, x + x1, y + y1, z + z1)
    return t0 < t1 and t1 > 0


@njit(**JIT)
def _hides(blocks, x, y, z, px, py, pz, ix, iy, iz, t0, t1):
    """Whether what is in a cell, which the ray crosses from t0 to t1, hides what is behind it."""
    block = blocks[x, y, z]
    if CLEAR[block]:
        return False
    if OPAQUE[block]:
        return True
    if KIND[block] == WATER_KIND:
        low = min(py + t0 / iy, py + t1 / iy) - y
        return low < water_top(blocks, x, y, z)
    if KIND[block] == FENCE_KIND:
        for part in range(9):
            if part == 0 or joins(blocks, x, y, z, (part - 1) >> 1):
                a, b, c, d, e, f = arm_box(part)
                if _box_hit(px, py, pz, ix, iy, iz, x, y, z, a, b, c, d, e, f):
                    return True
        return False
    for row in range(SEEN_SPAN[block, 0], SEEN_SPAN[block, 1]):
        q = SEEN_BOXES[row]
        if _box_hit(px, py, pz, ix, iy, iz, x, y, z, q[0], q[1], q[2], q[3], q[4], q[5]):
            return True
    return False


@njit(**JIT)
def _met(blocks, wanted, px, py, pz, dx, dy, dz):
    """The height of the wanted cell that a ray (a unit vector) meets first, or -1."""
    dx = dx if abs(dx) > 1e-9 else 1e-9
    dy = dy if abs(dy) > 1e-9 else 1e-9
    dz = dz if abs(dz) > 1e-9 else 1e-9
    ix, iy, iz = 1.0 / dx, 1.0 / dy, 1.0 / dz
    x, y, z = math.floor(px), math.floor(py), math.floor(pz)
    tx, ty, tz = (x + (dx > 0) - px) * ix, (y + (dy > 0) - py) * iy, (z + (dz > 0) - pz) * iz
    t = 0.0
    while t < FAR:
        then = min(tx, min(ty, tz))
        if 0 <= x < blocks.shape[0] and 0 <= y < blocks.shape[1] - 1 and 0 <= z < blocks.shape[2]:
            if wanted[x, y, z]:
                return y
            if _hides(blocks, x, y, z, px, py, pz, ix, iy, iz, t, then):
                return -1
        t = then
        if tx == then:
            tx, x = tx + abs(ix), x + (1 if dx > 0 else -1)
        elif ty == then:
            ty, y = ty + abs(iy), y + (1 if dy > 0 else -1)
        else:
            tz, z = tz + abs(iz), z + (1 if dz > 0 else -1)
    return -1


@njit(**JIT)
def shown(blocks, wanted, eye, yaw, pitch, half, out):
    """Fills a picture (H, W) with the height of the wanted cell that each pixel shows, -1 for none.

    `wanted` (X, Y, Z) marks the cells; `eye` in blocks, angles in radians, `half` the tangent of half the
    vertical field of view.
    """
    high, wide = out.shape
    cy, sy, cp, sp = cosine(yaw), sine(yaw), cosine(pitch), sine(pitch)
    for j in range(high):
        v = (1.0 - 2.0 * (j + 0.5) / high) * half
        for i in range(wide):
            u = (2.0 * (i + 0.5) / wide - 1.0) * half * wide / high
            dx, dy, dz = -sy * cp - u * cy - v * sy * sp, -sp + v * cp, cy * cp - u * sy + v * cy * sp
            n = math.sqrt(dx * dx + dy * dy + dz * dz)
            out[j, i] = _met(blocks, wanted, eye[0], eye[1], eye[2], dx / n, dy / n, dz / n)

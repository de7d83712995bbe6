# ruff: noqa: SIM109 (numba compares faster than it looks up)
"""What a ray sees where it meets a block: which texel of the atlas, and how bright."""

import math
from typing import Final

import numpy as np
from numba import njit

from basalt_iq.jit import BARE, INLINE
from basalt_iq.world.blocks import (
    BLOCKS,
    CROSS,
    CUBE,
    CUTOUT,
    FACE_TEXTURES,
    FALLING,
    FENCE_KIND,
    KIND,
    OPACITY,
    SEEN_BOXES,
    SEEN_SPAN,
    WATER,
    WATER_KIND,
    WATER_LEVEL,
)
from basalt_iq.world.march import ACROSS_X, ACROSS_Y, CELLS, entered_across
from basalt_iq.world.shapes import arm_box, holds_fence, slab
from basalt_iq.world.sky import BRIGHTNESS
from basalt_iq.world.textures import make_atlas

ATLAS: Final = make_atlas()
WATER_TEXTURE = int(FACE_TEXTURES[WATER, 0])
GLOWS: Final = np.array([b.emits > 0 for b in BLOCKS])
SHADE: Final = np.array([0.6, 1.0, 0.8, 0.5])
"""Brightness of faces across x, upward, across z, and downward."""
CORNER = 0.2
"""Light that a cell of stone lends to the corner beside it (Minecraft's ambient occlusion)."""
NEVER = 1e9
HOLE = -1
"""Instead of a texel: the ray goes on."""


@njit(**INLINE)
def _texel(texture, u, v):
    """Row of the atlas for column u and row v of a face (HOLE if nothing is there).

    MineRL's recordings keep the full contrast of textures far away: no mip levels.
    """
    texel = (texture << 8) + (v << 4) + u
    return texel if ATLAS[np.uint32(texel), 3] else HOLE


@njit(**INLINE)
def _lent(land, at, centre):
    """Light that a cell lends to smooth lighting: its own, or a dark corner if it is stone."""
    if at < 0 or at >= CELLS:
        return centre
    at = np.uint32(at)
    return BRIGHTNESS[land.light[at]] if OPACITY[land.cells[at]] < 15 else CORNER * centre


@njit(**INLINE)
def _smooth(land, at, along_a, along_b, a, b):
    """Light on a face seen from cell `at`, blended towards the nearer edges (a, b in 0..1)."""
    if at < 0 or at >= CELLS:
        return 1.0
    centre = BRIGHTNESS[land.light[np.uint32(at)]]
    step_a, step_b = (-along_a if a < 0.5 else along_a), (-along_b if b < 0.5 else along_b)
    one = _lent(land, at + step_a, centre)
    two = _lent(land, at + step_b, centre)
    both = _lent(land, at + step_a + step_b, centre)
    wa, wb = abs(a - 0.5), abs(b - 0.5)  # a vertex has the mean of its four cells
    return centre + wa * (one - centre) + wb * (two - centre) + wa * wb * (both + centre - one - two)


@njit(**INLINE)
def _within(ray, t, x, y, z):
    """Where a ray at t lies within a cell, 0..1 on each axis."""
    hx, hy, hz = ray.px + ray.dx * t - x, ray.py + ray.dy * t - y, ray.pz + ray.dz * t - z
    return (
        min(max(hx, 0.0), 0.9999),
        min(max(hy, 0.0), 0.9999),
        min(max(hz, 0.0), 0.9999),
    )


@njit(**INLINE)
def _cube(land, ray, t, x, y, z, at, block):
    """A full cube, met at t."""
    hx, hy, hz = _within(ray, t, x, y, z)
    axis = entered_across(ray, t)
    face, shade, a, b, v = 1, axis, hx, hy, 15 - int(hy * 16)
    before, along_a, along_b = (-1 if ray.dz > 0 else 1), ACROSS_X, ACROSS_Y
    if axis == 0:
        a, before, along_a = hz, (-ACROSS_X if ray.dx > 0 else ACROSS_X), 1
    elif axis == 1:
        face, shade, before = (2, 3, -ACROSS_Y) if ray.dy > 0 else (0, 1, ACROSS_Y)
        b, v, along_b = hz, int(hz * 16), 1
    texel = _texel(FACE_TEXTURES[block, face], int(a * 16), v)
    if texel == HOLE:
        return HOLE, 0.0, t
    return texel, SHADE[shade] * _smooth(land, at + before, along_a, along_b, a, b), t


@njit(**BARE)
def _plant(land, ray, x, y, z, at, block):
    """A plant's two crossed sheets."""
    ox, oy, oz = ray.px - x, ray.py - y, ray.pz - z
    best, found = NEVER, HOLE
    for sheet in range(2):
        across = ray.dx - ray.dz if sheet == 0 else ray.dx + ray.dz
        if abs(across) < 1e-9:
            continue
        t = ((oz - ox) if sheet == 0 else (1.0 - ox - oz)) / across
        qx, qy, qz = ox + ray.dx * t, oy + ray.dy * t, oz + ray.dz * t
        if t <= 0.02 or t >= best or min(qx, min(qy, qz)) < 0 or max(qx, max(qy, qz)) >= 1:
            continue
        texel = _texel(FACE_TEXTURES[block, 1], int(qx * 16), 15 - int(qy * 16))
        if texel != HOLE:
            best, found = t, texel
    return found, BRIGHTNESS[land.light[at]], best


@njit(**BARE)
def _fence_hit(land, at, ox, oy, oz, ray):
    """The nearest post or rail of a fence: t and axis, or NEVER."""
    best, axis = NEVER, 1
    for part in range(9):
        if part:
            side = (part - 1) >> 1
            other = at + (ACROSS_X, -ACROSS_X, 1, -1)[side]
            if other < 0 or other >= CELLS or not holds_fence(land.cells[other]):
                continue
        x0, y0, z0, x1, y1, z1 = arm_box(part)
        t0, t1, a = slab(ox, oy, oz, ray.ix, ray.iy, ray.iz, x0, y0, z0, x1, y1, z1)
        if t0 < t1 and 0.0 < t0 < best:
            best, axis = t0, a
    return best, axis


@njit(**BARE)
def _box_hit(block, ox, oy, oz, ray):
    """The nearest of a block's boxes: t and axis, or NEVER."""
    best, axis = NEVER, 1
    for row in range(SEEN_SPAN[block, 0], SEEN_SPAN[block, 1]):
        q = SEEN_BOXES[row]
        t0, t1, a = slab(ox, oy, oz, ray.ix, ray.iy, ray.iz, q[0], q[1], q[2], q[3], q[4], q[5])
        if t0 < t1 and 0.0 < t0 < best:
            best, axis = t0, a
    return best, axis


@njit(**BARE)
def _boxes(land, ray, x, y, z, at, block):
    """A block made of boxes."""
    if KIND[block] == FENCE_KIND:
        t, axis = _fence_hit(land, at, ray.px - x, ray.py - y, ray.pz - z, ray)
    else:
        t, axis = _box_hit(block, ray.px - x, ray.py - y, ray.pz - z, ray)
    if t >= NEVER:
        return HOLE, 0.0, t
    hx, hy, hz = _within(ray, t, x, y, z)
    u, v = int((hz if axis == 0 else hx) * 16), int(hz * 16) if axis == 1 else 15 - int(hy * 16)
    below = axis == 1 and ray.dy > 0
    face = 1 if axis != 1 else (2 if below else 0)
    glow = land.light[at]
    if glow == 0 and at + ACROSS_Y < CELLS:  # stairs and paths are lit from above
        glow = land.light[at + ACROSS_Y]
    bright = 1.0 if GLOWS[block] else SHADE[3 if below else axis] * BRIGHTNESS[glow]
    return _texel(FACE_TEXTURES[block, face], u, v), bright, t


@njit(**INLINE)
def meet(land, ray, t, x, y, z, at, block):
    """A ray meets a block other than water: texel (or HOLE), brightness, and the t of what it sees."""
    kind = KIND[block]
    if kind == CUBE or kind == CUTOUT:
        return _cube(land, ray, t, x, y, z, at, block)
    if kind == CROSS:
        return _plant(land, ray, x, y, z, at, block)
    return _boxes(land, ray, x, y, z, at, block)


@njit(**BARE)
def water_height(land, at):
    """Height of the water in a cell, 0..1."""
    block = land.cells[at]
    if block == FALLING or (at + ACROSS_Y < CELLS and KIND[land.cells[at + ACROSS_Y]] == WATER_KIND):
        return 1.0
    return WATER_LEVEL[block] / 9.0


@njit(**BARE)
def meet_water(land, ray, t, x, y, z, at):
    """A ray meets a cell of water from outside: texel (HOLE if it passes above) and brightness."""
    axis, high = entered_across(ray, t), water_height(land, at)
    if high < 1.0 and (ray.py + ray.dy * t - y > high + 1e-6 if axis != 1 else ray.dy < 0):
        if ray.dy >= 0:
            return HOLE, 0.0
        t, axis = (y + high - ray.py) * ray.iy, 1
        qx, qz = ray.px + ray.dx * t - x, ray.pz + ray.dz * t - z
        if min(qx, qz) < 0 or max(qx, qz) >= 1:
            return HOLE, 0.0
    qx, qy, qz = ray.px + ray.dx * t, ray.py + ray.dy * t, ray.pz + ray.dz * t
    u, v = (qx, qz) if axis == 1 else (qx + qz, qy)
    texel = _texel(WATER_TEXTURE, math.floor(u * 16) & 15, math.floor(v * 16) & 15)
    return texel, BRIGHTNESS[land.light[at] | 0x30] * SHADE[axis]

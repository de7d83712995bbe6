# ruff: noqa: SIM109 (numba compares faster than it looks up)
"""The renderer: one ray for each pixel through the blocks, on one core.

Looks follow MineRL's settings: wide view, short render distance, bright gamma, smooth lighting,
mip-mapped textures, no hand and no HUD in the 2021 interface. Blocks and light come as flat arrays;
cell (x, y, z) lies at x * ACROSS_X + y * ACROSS_Y + z.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from basalt_iq.world.blocks import (
    BLOCKS,
    BOXES,
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
from basalt_iq.world.jit import BARE
from basalt_iq.world.march import (
    BLOCK,
    BLUE,
    CX,
    CY,
    CZ,
    DX,
    DY,
    DZ,
    GREEN,
    IX,
    IY,
    IZ,
    LENGTH,
    NOTHING,
    RED,
    THROUGH,
    WET,
    T,
    entered_across,
    leave_cell,
    march,
)
from basalt_iq.world.noise import cosine, sine
from basalt_iq.world.shapes import arm_box, holds_fence, slab
from basalt_iq.world.sky import BRIGHTNESS, CLOUD_HEIGHT, HORIZON, add_sky, under_water
from basalt_iq.world.terrain import SIZE
from basalt_iq.world.textures import LEVEL_START, make_atlas

ATLAS: Final = make_atlas()
ACROSS_X, ACROSS_Y = SIZE[1] * SIZE[2], SIZE[2]
CELLS = SIZE[0] * ACROSS_X
WATER_ALPHA = 0.72
WATER_TEXTURE = int(FACE_TEXTURES[WATER, 0])
GLOWS: Final = np.array([b.emits > 0 for b in BLOCKS])
SHADE: Final = np.array([0.6, 1.0, 0.8, 0.5])
"""Brightness of faces across x, upward, across z, and downward."""
CORNER = 0.25
"""Light that a cell of stone lends to the corner beside it."""
NEVER = 1e9


@njit(**BARE)
def _texel(texture, u, v, reach):
    """Row of the atlas for a point of a face; `reach` is texels per pixel."""
    level = (reach > 1.3) + (reach > 2.6) + (reach > 5.2) + (reach > 10.4)
    side = 4 - level
    return np.uint32(
        LEVEL_START[np.uint32(level)] + (texture << (2 * side)) + ((v >> level) << side) + (u >> level)
    )


@njit(**BARE)
def _lent(cells, light, at, centre):
    """Light that a cell lends to smooth lighting: its own, or a dark corner if it is stone."""
    if at < 0 or at >= CELLS:
        return centre
    at = np.uint32(at)
    return BRIGHTNESS[light[at]] if OPACITY[cells[at]] < 15 else CORNER * centre


@njit(**BARE)
def _smooth(cells, light, at, along_a, along_b, a, b):
    """Light on a face seen from cell `at`, blended towards the nearer edges (a, b in 0..1)."""
    if at < 0 or at >= CELLS:
        return 1.0
    centre = BRIGHTNESS[light[np.uint32(at)]]
    step_a, step_b = (-along_a if a < 0.5 else along_a), (-along_b if b < 0.5 else along_b)
    one = _lent(cells, light, at + step_a, centre)
    two = _lent(cells, light, at + step_b, centre)
    both = _lent(cells, light, at + step_a + step_b, centre)
    wa, wb = abs(a - 0.5), abs(b - 0.5)  # a vertex has the mean of its four cells
    return centre + wa * (one - centre) + wb * (two - centre) + wa * wb * (both + centre - one - two)


@njit(**BARE)
def _inside(f):
    return min(max(f, 0.0), 0.9999)


@njit(**BARE)
def _paint(ray, texel, bright, far):
    """Adds a texel to a ray's colour, through fog."""
    fog = min(max((ray[T] * ray[LENGTH] / far - 0.6) * 2.5, 0.0), 1.0)
    w, mist = ray[THROUGH] * bright * (1.0 - fog), ray[THROUGH] * fog
    ray[RED] += w * ATLAS[texel, 0] + mist * HORIZON[0]
    ray[GREEN] += w * ATLAS[texel, 1] + mist * HORIZON[1]
    ray[BLUE] += w * ATLAS[texel, 2] + mist * HORIZON[2]


@njit(**BARE)
def _meet_cube(cells, light, px, py, pz, far, ray, x, y, z, block, pixel):
    """A ray reaches a full cube. True if it passes through a hole in its texture."""
    t, reach = ray[T], ray[T] * ray[LENGTH] * pixel
    hx, hy, hz = _inside(px + ray[DX] * t - x), _inside(py + ray[DY] * t - y), _inside(pz + ray[DZ] * t - z)
    at = x * ACROSS_X + y * ACROSS_Y + z
    axis = entered_across(ray, px, py, pz)
    if axis == 1:
        below = ray[DY] > 0
        texel = _texel(FACE_TEXTURES[block, 2 if below else 0], int(hx * 16), int(hz * 16), reach)
        bright = _smooth(cells, light, at + (-ACROSS_Y if below else ACROSS_Y), ACROSS_X, 1, hx, hz)
        shade = SHADE[3] if below else SHADE[1]
    elif axis == 0:
        texel = _texel(FACE_TEXTURES[block, 1], int(hz * 16), 15 - int(hy * 16), reach)
        bright = _smooth(cells, light, at + (-ACROSS_X if ray[DX] > 0 else ACROSS_X), 1, ACROSS_Y, hz, hy)
        shade = SHADE[0]
    else:
        texel = _texel(FACE_TEXTURES[block, 1], int(hx * 16), 15 - int(hy * 16), reach)
        bright = _smooth(cells, light, at + (-1 if ray[DZ] > 0 else 1), ACROSS_X, ACROSS_Y, hx, hy)
        shade = SHADE[2]
    if not ATLAS[texel, 3]:
        return True
    _paint(ray, texel, bright * shade, far)
    return False


@njit(**BARE)
def _meet_plant(light, px, py, pz, far, ray, x, y, z, block, pixel):
    """A ray reaches a plant's two crossed sheets. True if it passes between the leaves."""
    ox, oy, oz = px - x, py - y, pz - z
    best, found, bare = NEVER, np.uint32(0), True
    for sheet in range(2):
        across = ray[DX] - ray[DZ] if sheet == 0 else ray[DX] + ray[DZ]
        if abs(across) < 1e-9:
            continue
        t = ((oz - ox) if sheet == 0 else (1.0 - ox - oz)) / across
        qx, qy, qz = ox + ray[DX] * t, oy + ray[DY] * t, oz + ray[DZ] * t
        if t <= 0.02 or t >= best or min(qx, min(qy, qz)) < 0 or max(qx, max(qy, qz)) >= 1:
            continue
        texel = _texel(FACE_TEXTURES[block, 1], int(qx * 16), 15 - int(qy * 16), t * ray[LENGTH] * pixel)
        if ATLAS[texel, 3]:
            best, found, bare = t, texel, False
    if not bare:
        ray[T] = best
        _paint(ray, found, 0.93 * BRIGHTNESS[light[x * ACROSS_X + y * ACROSS_Y + z]], far)
    return bare


@njit(**BARE)
def _fence_hit(cells, at, ox, oy, oz, ray):
    """The nearest post or rail of a fence: t and axis, or NEVER."""
    best, axis = NEVER, 1
    for part in range(9):
        if part:
            side = (part - 1) >> 1
            other = at + (ACROSS_X, -ACROSS_X, 1, -1)[side]
            if other < 0 or other >= CELLS or not holds_fence(cells[other]):
                continue
        x0, y0, z0, x1, y1, z1 = arm_box(part)
        t0, t1, a = slab(ox, oy, oz, ray[IX], ray[IY], ray[IZ], x0, y0, z0, x1, y1, z1)
        if t0 < t1 and 0.0 < t0 < best:
            best, axis = t0, a
    return best, axis


@njit(**BARE)
def _box_hit(block, ox, oy, oz, ray):
    """The nearest of a block's boxes: t and axis, or NEVER."""
    best, axis = NEVER, 1
    for row in range(SEEN_SPAN[block, 0], SEEN_SPAN[block, 1]):
        q = SEEN_BOXES[row]
        t0, t1, a = slab(ox, oy, oz, ray[IX], ray[IY], ray[IZ], q[0], q[1], q[2], q[3], q[4], q[5])
        if t0 < t1 and 0.0 < t0 < best:
            best, axis = t0, a
    return best, axis


@njit(**BARE)
def _meet_boxes(cells, light, px, py, pz, far, ray, x, y, z, block, pixel):
    """A ray reaches a block made of boxes. True if it misses them."""
    at = x * ACROSS_X + y * ACROSS_Y + z
    if KIND[block] == FENCE_KIND:
        t, axis = _fence_hit(cells, at, px - x, py - y, pz - z, ray)
    else:
        t, axis = _box_hit(block, px - x, py - y, pz - z, ray)
    if t >= NEVER:
        return True
    hx, hy, hz = _inside(px + ray[DX] * t - x), _inside(py + ray[DY] * t - y), _inside(pz + ray[DZ] * t - z)
    u, v = int((hz if axis == 0 else hx) * 16), int(hz * 16) if axis == 1 else 15 - int(hy * 16)
    below = axis == 1 and ray[DY] > 0
    face = 1 if axis != 1 else (2 if below else 0)
    texel = _texel(FACE_TEXTURES[block, face], u, v, t * ray[LENGTH] * pixel)
    if not ATLAS[texel, 3]:
        return True
    ray[T] = t
    glow = light[at]
    if glow == 0 and at + ACROSS_Y < CELLS:  # stairs and paths are lit from above
        glow = light[at + ACROSS_Y]
    _paint(ray, texel, 1.0 if GLOWS[block] else SHADE[3 if below else axis] * BRIGHTNESS[glow], far)
    return False


@njit(**BARE)
def water_height(cells, at):
    """Height of the water in a cell, 0..1."""
    block = cells[at]
    if block == FALLING or (at + ACROSS_Y < CELLS and KIND[cells[at + ACROSS_Y]] == WATER_KIND):
        return 1.0
    return WATER_LEVEL[block] / 9.0


@njit(**BARE)
def _meet_water(cells, light, px, py, pz, ray, spot, pixel):
    """A ray meets water from outside: it takes on some of its colour and goes on."""
    x, y, z, t = spot[CX], spot[CY], spot[CZ], ray[T]
    at = x * ACROSS_X + y * ACROSS_Y + z
    axis, high = entered_across(ray, px, py, pz), water_height(cells, at)
    if high < 1.0 and (py + ray[DY] * t - y > high + 1e-6 if axis != 1 else ray[DY] < 0):
        if ray[DY] >= 0:
            return
        t, axis = (y + high - py) * ray[IY], 1
        qx, qz = px + ray[DX] * t - x, pz + ray[DZ] * t - z
        if min(qx, qz) < 0 or max(qx, qz) >= 1:
            return
    spot[WET] = 1
    qx, qy, qz = px + ray[DX] * t, py + ray[DY] * t, pz + ray[DZ] * t
    u, v = (qx, qz) if axis == 1 else (qx + qz, qy)
    texel = _texel(WATER_TEXTURE, math.floor(u * 16) & 15, math.floor(v * 16) & 15, t * ray[LENGTH] * pixel)
    w = ray[THROUGH] * WATER_ALPHA * BRIGHTNESS[light[at] | 0x30] * SHADE[axis]
    ray[RED] += w * ATLAS[texel, 0]
    ray[GREEN] += w * ATLAS[texel, 1]
    ray[BLUE] += w * ATLAS[texel, 2]
    ray[THROUGH] *= 1.0 - WATER_ALPHA


@njit(**BARE)
def _meet(cells, light, px, py, pz, far, ray, spot, pixel):
    """Colours a ray that has reached a block. True if it goes on beyond it."""
    block = spot[BLOCK]
    x, y, z, kind = spot[CX], spot[CY], spot[CZ], KIND[block]
    on = True
    if kind == CUBE or kind == CUTOUT:
        on = _meet_cube(cells, light, px, py, pz, far, ray, x, y, z, block, pixel)
    elif kind == CROSS:
        on = _meet_plant(light, px, py, pz, far, ray, x, y, z, block, pixel)
    elif kind == BOXES or kind == FENCE_KIND:
        on = _meet_boxes(cells, light, px, py, pz, far, ray, x, y, z, block, pixel)
    elif not spot[WET]:
        _meet_water(cells, light, px, py, pz, ray, spot, pixel)
    if on:
        leave_cell(ray, spot, px, py, pz)
    return on


@njit(**BARE)
def _start(rays, spots, i, py, dx, dy, dz, wet):
    """Sets a ray off from the eye; False if it never meets the world."""
    dx = dx if abs(dx) > 1e-7 else 1e-7
    dy = dy if abs(dy) > 1e-7 else 1e-7
    dz = dz if abs(dz) > 1e-7 else 1e-7
    rays[i, DX], rays[i, DY], rays[i, DZ] = dx, dy, dz
    rays[i, IX], rays[i, IY], rays[i, IZ] = 1.0 / dx, 1.0 / dy, 1.0 / dz
    rays[i, RED], rays[i, GREEN], rays[i, BLUE], rays[i, THROUGH] = 0.0, 0.0, 0.0, 1.0
    rays[i, LENGTH] = math.sqrt(dx * dx + dy * dy + dz * dz)
    rays[i, T] = 0.0 if py < SIZE[1] else (SIZE[1] - py) / dy
    spots[i, BLOCK], spots[i, WET] = NOTHING, wet
    return py < SIZE[1] or dy < 0


@njit(**BARE)
def _finish_row(row, depth, rays, spots, px, py, pz, far, drift, wet):
    """Writes a row of the picture from rays that have come to their ends."""
    for i in range(row.shape[0]):
        if spots[i, BLOCK] == NOTHING:
            add_sky(px, pz, CLOUD_HEIGHT - py, rays[i], far, drift)
        if wet:
            under_water(rays[i])
        depth[i] = rays[i, T] * rays[i, LENGTH]
        row[i, 0] = int(min(rays[i, RED], 255.0))
        row[i, 1] = int(min(rays[i, GREEN], 255.0))
        row[i, 2] = int(min(rays[i, BLUE], 255.0))


@njit(**BARE)
def _follow(cells, near, light, rays, spots, active, px, py, pz, far, pixel, count):
    """Follows the `count` rays listed in `active` to their ends."""
    while count > 0:
        march(cells, near, SIZE[0], SIZE[1], SIZE[2], px, py, pz, far, rays, spots, active, count)
        count = 0
        for i in range(rays.shape[0]):
            if spots[i, BLOCK] > 0:
                if _meet(cells, light, px, py, pz, far, rays[i], spots[i], pixel):
                    active[count] = i
                    count += 1
                else:
                    spots[i, BLOCK] = 0


@njit(**BARE)
def draw_blocks(out, depth, cells, near, light, rays, spots, active, drift, eye, yaw, pitch, half, far):
    """Draws the land into `out` (H, W, 3) uint8 and `depth` (H, W) float32.

    `cells`, `near` and `light` are the flat arrays of blocks, bricks and light; `rays`, `spots` and
    `active` are room for W rays; `eye` (3,) in blocks, angles in radians, `half` the tangent of half
    the vertical field of view, `far` the render distance, `drift` the clouds' way in blocks.
    """
    high, wide = depth.shape
    px, py, pz = eye[0], eye[1], eye[2]
    cy, sy, cp, sp = cosine(yaw), sine(yaw), cosine(pitch), sine(pitch)
    pixel = 2.0 * half / high * 16.0 * 0.8
    at = int(px) * ACROSS_X + int(py) * ACROSS_Y + int(pz)
    wet = False
    if 0 <= py < SIZE[1]:
        wet = KIND[cells[at]] == WATER_KIND and py - math.floor(py) <= water_height(cells, at)
    for j in range(high):
        b = (1.0 - 2.0 * (j + 0.5) / high) * half
        count = 0
        for i in range(wide):
            a = (2.0 * (i + 0.5) / wide - 1.0) * half * wide / high
            dx, dy, dz = -sy * cp - a * cy - b * sy * sp, -sp + b * cp, cy * cp - a * sy + b * cy * sp
            active[count] = i
            count += _start(rays, spots, i, py, dx, dy, dz, wet)
        _follow(cells, near, light, rays, spots, active, px, py, pz, far, pixel, count)
        _finish_row(out[j], depth[j], rays, spots, px, py, pz, far, drift, wet)

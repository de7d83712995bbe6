"""The renderer: one ray for each pixel through the blocks, on one core.

Looks follow MineRL's settings: wide view, short render distance, bright gamma, smooth lighting,
mip-mapped textures, no hand and no HUD in the 2021 interface.
"""

import math

import numpy as np
from numba import njit

from basalt_iq.world.blocks import KIND, WATER_KIND
from basalt_iq.world.jit import BARE, INLINE
from basalt_iq.world.march import ACROSS_X, ACROSS_Y, Land, cell_of, leave, march, set_off
from basalt_iq.world.noise import cosine, sine
from basalt_iq.world.sky import CLOUD_HEIGHT, HORIZON, Paint, add_sky, under_water
from basalt_iq.world.surfaces import ATLAS, HOLE, meet, meet_water, water_height
from basalt_iq.world.terrain import SIZE

WATER_ALPHA = 0.72


@njit(**INLINE)
def _blend(paint, texel, share, mist):
    """Adds a share of a texel and of fog to a ray's colour."""
    texel = np.uint32(texel)
    return Paint(
        paint.red + share * ATLAS[texel, 0] + mist * HORIZON[0],
        paint.green + share * ATLAS[texel, 1] + mist * HORIZON[1],
        paint.blue + share * ATLAS[texel, 2] + mist * HORIZON[2],
        paint.through,
    )


@njit(**INLINE)
def _fogged(paint, texel, bright, away, far):
    """The colour of a ray that ends on a texel."""
    fog = min(max((away / far - 0.6) * 2.5, 0.0), 1.0)
    return _blend(paint, texel, paint.through * bright * (1.0 - fog), paint.through * fog)


@njit(**INLINE)
def _tinted(paint, texel, bright):
    """The colour of a ray that goes on through water."""
    paint = _blend(paint, texel, paint.through * WATER_ALPHA * bright, 0.0)
    return Paint(paint.red, paint.green, paint.blue, paint.through * (1.0 - WATER_ALPHA))


@njit(**INLINE)
def _look(land, ray, t, wet, far, pixel, drift):
    """Follows a ray to its end: its colour, and how far that is in lengths of its direction."""
    paint = Paint(0.0, 0.0, 0.0, 1.0)
    while True:
        t = march(land, ray, t)
        if t >= ray.end:
            break
        x, y, z = cell_of(ray, t)
        at = np.uint32(x * ACROSS_X + y * ACROSS_Y + z)
        block = land.cells[at]
        if KIND[block] != WATER_KIND:
            texel, bright, seen = meet(land, ray, t, x, y, z, np.int64(at), block, pixel)
            if texel != HOLE:
                return _fogged(paint, texel, bright, seen * ray.length, far), seen
        elif not wet:
            texel, bright = meet_water(land, ray, t, x, y, z, np.int64(at), pixel)
            if texel != HOLE:
                paint, wet = _tinted(paint, texel, bright), True
        t = leave(ray, x, y, z, 1, 0)
    return add_sky(paint, ray, CLOUD_HEIGHT - ray.py, drift), far / ray.length


@njit(**BARE)
def _eye_in_water(land, px, py, pz):
    if not (0 <= px < SIZE[0] and 0 <= py < SIZE[1] and 0 <= pz < SIZE[2]):
        return False
    at = int(px) * ACROSS_X + int(py) * ACROSS_Y + int(pz)
    return KIND[land.cells[at]] == WATER_KIND and py - math.floor(py) <= water_height(land, at)


@njit(**BARE)
def draw_blocks(out, depth, cells, light, cubes, drift, eye, yaw, pitch, half, far):
    """Draws the land into `out` (H, W, 3) uint8 and `depth` (H, W) float32, distances straight ahead.

    `cells`, `light` and `cubes` are the flat arrays of a `march.Land`; `eye` (3,) in blocks, angles in
    radians, `half` the tangent of half the vertical field of view, `far` the render distance, `drift` the
    clouds' way in blocks.
    """
    high, wide = depth.shape
    land = Land(cells, light, cubes)
    px, py, pz = eye[0], eye[1], eye[2]
    cy, sy, cp, sp = cosine(yaw), sine(yaw), cosine(pitch), sine(pitch)
    pixel = 2.0 * half / high * 16.0 * 0.8
    wet = _eye_in_water(land, px, py, pz)
    sight = far if 0 <= px < SIZE[0] and py >= 0 and 0 <= pz < SIZE[2] else -1.0
    for j in range(high):
        b = (1.0 - 2.0 * (j + 0.5) / high) * half
        for i in range(wide):
            a = (2.0 * (i + 0.5) / wide - 1.0) * half * wide / high
            dx, dy, dz = -sy * cp - a * cy - b * sy * sp, -sp + b * cp, cy * cp - a * sy + b * cy * sp
            ray, t = set_off(px, py, pz, dx, dy, dz, sight)
            paint, t = _look(land, ray, t, wet, far, pixel, drift)
            if wet:
                paint = under_water(paint, t * ray.length)
            depth[j, i] = t
            out[j, i, 0] = int(min(paint.red, 255.0))
            out[j, i, 1] = int(min(paint.green, 255.0))
            out[j, i, 2] = int(min(paint.blue, 255.0))

"""The renderer: one ray for each pixel through the blocks, on one core.

Looks follow MineRL's settings: wide view, short render distance, bright gamma, smooth lighting,
unfiltered textures, no hand and no HUD in the 2021 interface.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from basalt_iq.jit import BARE, INLINE
from basalt_iq.world.blocks import KIND, WATER_KIND
from basalt_iq.world.march import (
    ACROSS_X,
    ACROSS_Y,
    BLUE,
    END,
    GREEN,
    RAY_SIZE,
    RED,
    THROUGH,
    Land,
    T,
    bundle,
    cell_of,
    leave_cell,
    march,
    march_alone,
    ray_of,
    set_off,
)
from basalt_iq.world.noise import cosine, sine
from basalt_iq.world.sky import CLOUD_HEIGHT, HORIZON, Paint, add_sky, fogged, under_water
from basalt_iq.world.surfaces import ATLAS, HOLE, meet, meet_water
from basalt_iq.world.terrain import SIZE

WATER_ALPHA = 0.72
TILE = 8
"""Pixels to the side of a tile, whose rays first leap as a bundle."""
ABREAST = 8
"""Rays that march together: enough to keep the processor busy, few enough to arrive together."""


def room_for_rays() -> tuple[np.ndarray, np.ndarray]:
    """Room in which `draw_blocks` follows its rays."""
    return np.zeros((TILE * TILE, RAY_SIZE)), np.zeros(TILE * TILE, np.uint32)


@njit(**INLINE)
def _blend(row, texel, share, mist):
    """Adds a share of a texel and of fog to a ray's colour."""
    texel = np.uint32(texel)
    row[RED] += share * ATLAS[texel, 0] + mist * HORIZON[0]
    row[GREEN] += share * ATLAS[texel, 1] + mist * HORIZON[1]
    row[BLUE] += share * ATLAS[texel, 2] + mist * HORIZON[2]


@njit(**INLINE)
def _end_on(row, texel, bright, away, far):
    """A ray ends on a texel, seen through fog."""
    fog = fogged(away, far)
    _blend(row, texel, row[THROUGH] * bright * (1.0 - fog), row[THROUGH] * fog)
    row[THROUGH] = 0.0


@njit(**INLINE)
def _tint(row, texel, bright, away, far):
    """A ray passes through water, seen through fog."""
    fog, share = fogged(away, far), row[THROUGH] * WATER_ALPHA
    _blend(row, texel, share * bright * (1.0 - fog), share * fog)
    row[THROUGH] *= 1.0 - WATER_ALPHA


@njit(**INLINE)
def _meets(land, row, ray, wet, far):
    """Colours a ray that has reached a block. True if it goes on beyond it."""
    t = row[T]
    x, y, z = cell_of(ray, t)
    at = x * ACROSS_X + y * ACROSS_Y + z
    block = land.cells[np.uint32(at)]
    if KIND[block] != WATER_KIND:
        texel, bright, seen = meet(land, ray, t, x, y, z, at, block)
        if texel != HOLE:
            _end_on(row, texel, bright, seen * ray.length, far)
            row[T] = seen
            return False
    elif wet or row[THROUGH] < 1.0:
        row[T] = _leave_water(land, ray, x, y, z, row[END])
        return row[T] < row[END]
    else:
        texel, bright = meet_water(land, ray, t, x, y, z, at)
        if texel != HOLE:
            _tint(row, texel, bright, t * ray.length, far)
    row[T] = leave_cell(ray, x, y, z)
    return row[T] < row[END]


@njit(**INLINE)
def _leave_water(land, ray, x, y, z, end):
    """Where a ray within water comes to something else. Water is seen once, however deep."""
    at = x * ACROSS_X + y * ACROSS_Y + z
    up_x, up_y, up_z = ray.dx > 0, ray.dy > 0, ray.dz > 0
    tx, ty, tz = (x + up_x - ray.px) * ray.ix, (y + up_y - ray.py) * ray.iy, (z + up_z - ray.pz) * ray.iz
    t = 0.0
    while t < end and KIND[land.cells[np.uint32(at)]] == WATER_KIND:
        t = min(tx, min(ty, tz))
        if t == tx:
            tx += abs(ray.ix)
            at += ACROSS_X if up_x else -ACROSS_X
        elif t == ty:
            ty += abs(ray.iy)
            at += ACROSS_Y if up_y else -ACROSS_Y
        else:
            tz += abs(ray.iz)
            at += 1 if up_z else -1
    return t


@njit(**INLINE)
def _finish(out, row, ray, wet, far, drift):
    """Writes a pixel from a ray that has come to its end; returns how far ahead that is."""
    paint = Paint(row[RED], row[GREEN], row[BLUE], row[THROUGH])
    if row[THROUGH] > 0.0:
        row[T] = far / ray.length
        paint = add_sky(paint, ray, CLOUD_HEIGHT - ray.py, drift, far)
    if wet:
        paint = under_water(paint, row[T] * ray.length)
    out[0] = int(min(paint.red, 255.0))
    out[1] = int(min(paint.green, 255.0))
    out[2] = int(min(paint.blue, 255.0))
    return row[T]


class Camera(NamedTuple):
    """Directions of a view: straight ahead, and what one pixel adds to the right and down."""

    ahead: tuple[float, float, float]
    right: tuple[float, float, float]
    down: tuple[float, float, float]


@njit(**INLINE)
def _camera(yaw, pitch, step):
    cy, sy, cp, sp = cosine(yaw), sine(yaw), cosine(pitch), sine(pitch)
    right = (-cy * step, 0.0, -sy * step)
    down = (sy * sp * step, -cp * step, -cy * sp * step)
    return Camera((-sy * cp, -sp, cy * cp), right, down)


@njit(**INLINE)
def _toward(camera, i, j):
    """The direction of a point of the picture, in pixels right of and below its middle."""
    a, r, d = camera.ahead, camera.right, camera.down
    return a[0] + i * r[0] + j * d[0], a[1] + i * r[1] + j * d[1], a[2] + i * r[2] + j * d[2]


@njit(**INLINE)
def _clear(cubes, eye, camera, i, j, half_wide, half_high, far):
    """How far all rays of a tile around a point of the picture meet nothing."""
    r, d = camera.right, camera.down
    spread = (
        abs(r[0]) * half_wide + abs(d[0]) * half_high,
        abs(r[1]) * half_wide + abs(d[1]) * half_high,
        abs(r[2]) * half_wide + abs(d[2]) * half_high,
    )
    return bundle(cubes, eye[0], eye[1], eye[2], _toward(camera, i, j), spread, far)


class Scene(NamedTuple):
    """What a picture shows, as `draw_blocks` is told.

    `sight` is how far rays are followed (negative: not at all); `inside`: the eye is in the world, and
    not above it.
    """

    land: Land
    eye: np.ndarray
    camera: Camera
    drift: float
    wet: bool
    far: float
    sight: float
    inside: bool


@njit(**INLINE)
def _set_off_all(scene, rays, firsts, i0, j0, wide, high, clear):
    """Sets off the rays of a tile; returns how many they are."""
    eye, k = scene.eye, np.uint32(0)
    for j in range(high):
        for i in range(wide):
            row = rays[k]
            dx, dy, dz = _toward(scene.camera, i0 + 0.5 + i, j0 + 0.5 + j)
            firsts[k] = set_off(row, eye[0], eye[1], eye[2], dx, dy, dz, clear, scene.sight)
            row[RED], row[GREEN], row[BLUE], row[THROUGH] = 0.0, 0.0, 0.0, 1.0
            k += np.uint32(1)
    return k


@njit(**BARE)
def _draw_tile(out, depth, top, left, scene, rays, firsts):
    """Draws the tile whose first pixel is given."""
    land, eye, clear = scene.land, scene.eye, 0.0
    high, wide = min(TILE, depth.shape[0] - top), min(TILE, depth.shape[1] - left)
    i0, j0 = left - 0.5 * depth.shape[1], top - 0.5 * depth.shape[0]
    if scene.inside:
        half = 0.5 * wide, 0.5 * high
        clear = _clear(land.cubes, eye, scene.camera, i0 + half[0], j0 + half[1], *half, scene.far)
    count = _set_off_all(scene, rays, firsts, i0, j0, wide, high, clear)
    if scene.inside:
        for k in range(0, count, ABREAST):
            march(land.cubes, rays, firsts, k, min(k + ABREAST, count))
    at = np.uint32(0)
    for j in range(top, top + high):
        for i in range(left, left + wide):
            row, first = rays[at], firsts[at]
            ray = ray_of(row, first, eye[0], eye[1], eye[2])
            if not scene.inside:
                march_alone(land.cubes, row, first)
            while row[T] < row[END] and _meets(land, row, ray, scene.wet, scene.far):
                march_alone(land.cubes, row, first)
            depth[j, i] = _finish(out[j, i], row, ray, scene.wet, scene.far, scene.drift)
            at += np.uint32(1)


@njit(**BARE)
def draw_blocks(out, depth, cells, light, cubes, rays, firsts, drift, wet, eye, yaw, pitch, half, far):
    """Draws the land into `out` (H, W, 3) uint8 and `depth` (H, W) float32, distances straight ahead.

    `cells`, `light` and `cubes` are the flat arrays of a `march.Land`; `rays` and `firsts` the room
    made by `room_for_rays`; `eye` (3,) in blocks, angles in radians, `half` the tangent of half the vertical
    field of view, `far` the render distance, `drift` the clouds' way in blocks; `wet`: the eye is in water.
    """
    high, wide = depth.shape
    land, camera = Land(cells, light, cubes), _camera(yaw, pitch, 2.0 * half / high)
    below = 0 <= eye[0] < SIZE[0] and eye[1] >= 0 and 0 <= eye[2] < SIZE[2]
    scene = Scene(land, eye, camera, drift, wet, far, far if below else -1.0, below and eye[1] < SIZE[1])
    for top in range(0, high, TILE):
        for left in range(0, wide, TILE):
            _draw_tile(out, depth, top, left, scene, rays, firsts)

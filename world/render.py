"""The renderer: one ray for each pixel through the blocks, then animals by box, on one core.

Looks follow MineRL's settings: wide view, short render distance, bright gamma, smooth lighting,
mip-mapped textures, no hand and no HUD in the 2021 interface.
"""

import math

import numpy as np
from numba import njit

from basalt_iq.world.blocks import (
    BOXES,
    CROSS,
    CUBE,
    CUTOUT,
    FACE_TEXTURES,
    FALLING,
    FENCE_KIND,
    ID,
    KIND,
    OPACITY,
    SEEN_BOXES,
    SEEN_SPAN,
    WATER,
    WATER_KIND,
    WATER_LEVEL,
)
from basalt_iq.world.jit import BARE, INLINE
from basalt_iq.world.march import NOTHING, march
from basalt_iq.world.noise import cosine, noise2, sine
from basalt_iq.world.shapes import arm_box, joins, slab
from basalt_iq.world.textures import LEVEL_START

CLOUD_HEIGHT = 94.0
CLOUD_CELL = 12.0
CLOUDS = 64
"""Cells along each side of the cloud pattern, which repeats."""
WATER_ALPHA = 0.72
WATER_TEXTURE = int(FACE_TEXTURES[WATER, 0])
TORCH_LIKE = np.array([ID["torch"] <= i <= ID["torch"] + 4 or i == ID["lantern"] for i in range(len(KIND))])
SHADE = (0.6, 1.0, 0.8, 0.5)
"""Brightness of faces across x, upward, across z, and downward."""


def brightness_table(gamma: float = 1.25) -> np.ndarray:
    """(256,) float64: brightness of a light byte, by Minecraft's light curve and gamma setting."""
    level = np.maximum(np.arange(256) >> 4, np.arange(256) & 15) / 15.0
    raw = level / (4.0 - 3.0 * level) * 0.93 + 0.05
    bright = 1.0 - (1.0 - raw) ** 4
    return np.clip(raw * (1 - gamma) + bright * gamma, 0.0, 1.0) * 0.96 + 0.03


def cloud_pattern(seed: int) -> np.ndarray:
    """(CLOUDS, CLOUDS) bool: which cells of the cloud layer are cloud."""
    cells = [[noise2(i / 2.9, j / 2.1, seed + 90) + 0.5 * noise2(i * 1.0, j * 1.0, seed + 91) for j in range(CLOUDS)]
             for i in range(CLOUDS)]  # fmt: skip
    return np.array(cells) > 0.42


@njit(**BARE)
def _texel(atlas, texture, u, v, reach):
    """Row of the atlas for a point of a face; `reach` is texels per pixel."""
    level = 0
    if reach > 1.3:
        level = 1 if reach < 2.6 else (2 if reach < 5.2 else (3 if reach < 10.4 else 4))
    side = 4 - level
    return LEVEL_START[level] + (texture << (2 * side)) + ((v >> level) << side) + (u >> level)


@njit(**BARE)
def _cell_light(blocks, light, lut, x, y, z, centre):
    """Brightness of a cell for smooth lighting; a cell of stone darkens its corner instead."""
    if x < 0 or y < 0 or z < 0 or x >= blocks.shape[0] or y >= blocks.shape[1] or z >= blocks.shape[2]:
        return centre
    return lut[light[x, y, z]] if OPACITY[blocks[x, y, z]] < 15 else 0.25 * centre


@njit(**BARE)
def _smooth(blocks, light, lut, x, y, z, axis, a, b):
    """Light on a face seen from cell (x, y, z), blended towards the nearer edges (a, b in 0..1)."""
    centre = lut[light[x, y, z]]
    da, db = (-1 if a < 0.5 else 1), (-1 if b < 0.5 else 1)
    wa, wb = abs(2.0 * a - 1.0), abs(2.0 * b - 1.0)
    if axis == 0:  # a runs along z, b along y
        one = _cell_light(blocks, light, lut, x, y, z + da, centre)
        two = _cell_light(blocks, light, lut, x, y + db, z, centre)
        both = _cell_light(blocks, light, lut, x, y + db, z + da, centre)
    elif axis == 1:  # a along x, b along z
        one = _cell_light(blocks, light, lut, x + da, y, z, centre)
        two = _cell_light(blocks, light, lut, x, y, z + db, centre)
        both = _cell_light(blocks, light, lut, x + da, y, z + db, centre)
    else:  # a along x, b along y
        one = _cell_light(blocks, light, lut, x + da, y, z, centre)
        two = _cell_light(blocks, light, lut, x, y + db, z, centre)
        both = _cell_light(blocks, light, lut, x + da, y + db, z, centre)
    edge_a, edge_b, corner = (centre + one) / 2, (centre + two) / 2, (centre + one + two + both) / 4
    return (centre * (1 - wa) + edge_a * wa) * (1 - wb) + (edge_b * (1 - wa) + corner * wa) * wb


@njit(**BARE)
def _cross(atlas, texture, px, py, pz, dx, dy, dz, x, y, z, reach):
    """A plant's two crossed sheets: nearest t at which one is met, and the texel there, or -1."""
    ox, oy, oz = px - x, py - y, pz - z
    best, found = 1e9, -1
    for sheet in range(2):
        across = dx - dz if sheet == 0 else dx + dz
        if abs(across) < 1e-9:
            continue
        t = ((oz - ox) if sheet == 0 else (1.0 - ox - oz)) / across
        if t <= 0.02 or t >= best:
            continue
        qx, qy, qz = ox + dx * t, oy + dy * t, oz + dz * t
        if 0 <= qx < 1 and 0 <= qy < 1 and 0 <= qz < 1:
            texel = _texel(atlas, texture, int(qx * 16), 15 - int(qy * 16), reach)
            if atlas[texel, 3]:
                best, found = t, texel
    return best, found


@njit(**BARE)
def _boxes(blocks, block, px, py, pz, ix, iy, iz, x, y, z):
    """The nearest box of a block that is made of boxes: t and axis, or t = 1e9."""
    best, axis = 1e9, 1
    ox, oy, oz = px - x, py - y, pz - z
    if KIND[block] == FENCE_KIND:
        for part in range(9):
            if part and not joins(blocks, x, y, z, (part - 1) >> 1):
                continue
            x0, y0, z0, x1, y1, z1 = arm_box(part)
            t0, t1, a = slab(ox, oy, oz, ix, iy, iz, x0, y0, z0, x1, y1, z1)
            if t0 < t1 and 0.0 < t0 < best:
                best, axis = t0, a
        return best, axis
    for row in range(SEEN_SPAN[block, 0], SEEN_SPAN[block, 1]):
        q = SEEN_BOXES[row]
        t0, t1, a = slab(ox, oy, oz, ix, iy, iz, q[0], q[1], q[2], q[3], q[4], q[5])
        if t0 < t1 and 0.0 < t0 < best:
            best, axis = t0, a
    return best, axis


@njit(**BARE)
def water_height(blocks, x, y, z):
    """Height of the water in a cell, 0..1."""
    block = blocks[x, y, z]
    if block == FALLING or (y + 1 < blocks.shape[1] and KIND[blocks[x, y + 1, z]] == WATER_KIND):
        return 1.0
    return WATER_LEVEL[block] / 9.0


@njit(**BARE)
def _water_face(blocks, px, py, pz, dx, dy, dz, x, y, z, t, axis):
    """Where a ray that enters a cell of water at t meets the water: t and axis, or t = 1e9."""
    high = water_height(blocks, x, y, z)
    if high >= 1.0 or (axis != 1 and py + dy * t - y <= high) or (axis == 1 and dy > 0):
        return t, axis
    if dy >= 0:
        return 1e9, axis
    s = (y + high - py) / dy
    qx, qz = px + dx * s - x, pz + dz * s - z
    if 0 <= qx < 1 and 0 <= qz < 1:
        return s, 1
    return 1e9, axis


@njit(**BARE)
def _water_texel(atlas, qx, qy, qz, face, reach):
    """Texture of the water at a point: seen from above by x and z, from the side by height."""
    u, v = (qx, qz) if face == 1 else (qx + qz, qy)
    return _texel(atlas, WATER_TEXTURE, int(math.floor(u * 16)) & 15, int(math.floor(v * 16)) & 15, reach)


@njit(**BARE)
def _sky(px, py, pz, dx, dy, dz, clouds, drift, rgb):
    """The colour of the sky in a direction; below the horizon it is the fog's."""
    up = max(dy, 0.0)
    e = min(1.0, 0.25 * up + 2.2 * up * (1.0 - up) if up < 0.5 else 0.675 + 0.65 * (up - 0.5))
    rgb[0], rgb[1], rgb[2] = 184.0 - 58.0 * e, 209.0 - 40.0 * e, 255.0
    if dy > 0.03 and py < CLOUD_HEIGHT:
        s = (CLOUD_HEIGHT - py) / dy
        i = int(math.floor((px + dx * s + drift) / CLOUD_CELL)) & (CLOUDS - 1)
        j = int(math.floor((pz + dz * s) / CLOUD_CELL)) & (CLOUDS - 1)
        if clouds[i, j]:
            w = 0.5 * max(0.0, min(1.0, 1.25 - s / 420.0))
            for k in range(3):
                rgb[k] += (255.0 - rgb[k]) * w


@njit(**BARE)
def _face_point(axis, hx, hy, hz, dy):
    """Texture u, v, face (0 top 1 side 2 bottom), shade, and the two fractions along a face."""
    if axis == 1:
        up = dy < 0
        return int(hx * 16), int(hz * 16), 0 if up else 2, SHADE[1] if up else SHADE[3], hx, hz
    if axis == 0:
        return int(hz * 16), 15 - int(hy * 16), 1, SHADE[0], hz, hy
    return int(hx * 16), 15 - int(hy * 16), 1, SHADE[2], hx, hy


@njit(**BARE)
def _inside(f):
    return min(max(f, 0.0), 0.9999)


@njit(**BARE)
def _surface(blocks, light, atlas, lut, block, px, py, pz, dx, dy, dz, ix, iy, iz, x, y, z, t, axis, pixel):
    """What a ray sees of a block it has reached: t, texel (-1: passes through), and brightness."""
    kind = KIND[block]
    if kind == CROSS:
        at, texel = _cross(atlas, FACE_TEXTURES[block, 1], px, py, pz, dx, dy, dz, x, y, z, t * pixel)
        return at, texel, 0.93 * lut[light[x, y, z]]
    if kind == BOXES or kind == FENCE_KIND:
        t, axis = _boxes(blocks, block, px, py, pz, ix, iy, iz, x, y, z)
        if t >= 1e9:
            return t, -1, 0.0
    hx, hy, hz = _inside(px + dx * t - x), _inside(py + dy * t - y), _inside(pz + dz * t - z)
    u, v, face, shade, a, b = _face_point(axis, hx, hy, hz, dy)
    texel = _texel(atlas, FACE_TEXTURES[block, face], u, v, t * pixel)
    if kind != CUBE and not atlas[texel, 3]:
        return t, -1, 0.0
    if kind == CUBE or kind == CUTOUT:
        fx = x - (1 if dx > 0 else -1) if axis == 0 else x
        fy = y - (1 if dy > 0 else -1) if axis == 1 else y
        fz = z - (1 if dz > 0 else -1) if axis == 2 else z
        if 0 <= fx < blocks.shape[0] and 0 <= fy < blocks.shape[1] and 0 <= fz < blocks.shape[2]:
            return t, texel, shade * _smooth(blocks, light, lut, fx, fy, fz, axis, a, b)
        return t, texel, shade
    return (
        t,
        texel,
        1.0
        if TORCH_LIKE[block]
        else shade * lut[max(light[x, y, z], light[x, min(y + 1, blocks.shape[1] - 1), z])],
    )


@njit(**INLINE)
def _trace(
    cells, bricks, blocks, light, atlas, lut, clouds, drift, px, py, pz, dx, dy, dz, far, in_water, pixel, rgb
):
    """Colours one ray into `rgb`; returns the distance to what it met."""
    ix, iy, iz = 1.0 / dx, 1.0 / dy, 1.0 / dz
    t, axis = 0.0, 1
    if py >= blocks.shape[1]:
        t = (blocks.shape[1] - 1e-6 - py) * iy if dy < 0 else far
    x, y, z = int(math.floor(px + dx * t)), int(math.floor(py + dy * t)), int(math.floor(pz + dz * t))
    through, wet = 1.0, in_water
    red, green, blue = 0.0, 0.0, 0.0
    seen = False
    while True:
        t, x, y, z, axis, block = march(
            cells, bricks, blocks.shape[0], blocks.shape[1], blocks.shape[2],
            px, py, pz, dx, dy, dz, ix, iy, iz, x, y, z, t, axis, far,
        )  # fmt: skip
        if block == NOTHING:
            break
        if KIND[block] == WATER_KIND:
            if not wet:
                at, face = _water_face(blocks, px, py, pz, dx, dy, dz, x, y, z, t, axis)
                if at < 1e9:
                    wet = True
                    w = through * WATER_ALPHA * lut[light[x, y, z] | 0x30] * SHADE[face]
                    texel = _water_texel(atlas, px + dx * at, py + dy * at, pz + dz * at, face, at * pixel)
                    red, green, blue = (
                        red + w * atlas[texel, 0],
                        green + w * atlas[texel, 1],
                        blue + w * atlas[texel, 2],
                    )
                    through *= 1.0 - WATER_ALPHA
            continue
        at, texel, bright = _surface(
            blocks, light, atlas, lut, block, px, py, pz, dx, dy, dz, ix, iy, iz, x, y, z, t, axis, pixel
        )
        if texel < 0:
            continue
        t, seen = at, True
        fog = min(max((t / far - 0.6) * 2.5, 0.0), 1.0)
        w = through * bright * (1.0 - fog)
        rgb[0] = red + w * atlas[texel, 0] + through * fog * 184.0
        rgb[1] = green + w * atlas[texel, 1] + through * fog * 209.0
        rgb[2] = blue + w * atlas[texel, 2] + through * fog * 255.0
        break
    if not seen:
        t = far
        _sky(px, py, pz, dx, dy, dz, clouds, drift, rgb)
        rgb[0], rgb[1], rgb[2] = red + through * rgb[0], green + through * rgb[1], blue + through * rgb[2]
    return t


@njit(**BARE)
def draw_blocks(
    out, depth, cells, near, rgb, blocks, light, atlas, lut, clouds, drift, eye, yaw, pitch, half, far
):
    """Draws the land into `out` (H, W, 3) uint8 and `depth` (H, W) float32.

    `eye` (3,) in blocks, angles in radians, `half` the tangent of half the vertical field of view,
    `far` the render distance.
    """
    high, wide = depth.shape
    px, py, pz = eye[0], eye[1], eye[2]
    cy, sy, cp, sp = cosine(yaw), sine(yaw), cosine(pitch), sine(pitch)
    pixel = 2.0 * half / high * 16.0 * 0.8
    x, y, z = int(math.floor(px)), int(math.floor(py)), int(math.floor(pz))
    inside = 0 <= x < blocks.shape[0] and 0 <= y < blocks.shape[1] and 0 <= z < blocks.shape[2]
    in_water = inside and KIND[blocks[x, y, z]] == WATER_KIND and py - y <= water_height(blocks, x, y, z)
    for j in range(high):
        b = (1.0 - 2.0 * (j + 0.5) / high) * half
        for i in range(wide):
            a = (2.0 * (i + 0.5) / wide - 1.0) * half * wide / high
            dx, dy, dz = -sy * cp - a * cy - b * sy * sp, -sp + b * cp, cy * cp - a * sy + b * cy * sp
            n = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
            dx, dy, dz = dx * n, dy * n, dz * n
            dx = dx if abs(dx) > 1e-7 else 1e-7
            dy = dy if abs(dy) > 1e-7 else 1e-7
            dz = dz if abs(dz) > 1e-7 else 1e-7
            t = _trace(
                cells,
                near,
                blocks,
                light,
                atlas,
                lut,
                clouds,
                drift,
                px,
                py,
                pz,
                dx,
                dy,
                dz,
                far,
                in_water,
                pixel,
                rgb,
            )
            if in_water:
                w = 1.0 / (1.0 + 0.02 * t * t + 0.12 * t)
                rgb[0], rgb[1], rgb[2] = (
                    rgb[0] * 0.5 * w + 14 * (1 - w),
                    rgb[1] * 0.6 * w + 22 * (1 - w),
                    rgb[2] * w + 110 * (1 - w),
                )
            depth[j, i] = t
            for k in range(3):
                out[j, i, k] = int(min(rgb[k], 255.0))

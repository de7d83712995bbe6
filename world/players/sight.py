"""What a player sees: rays through the block array, one for each pixel of a coarse view."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from basalt_iq.jit import JIT


def direction(yaw: float, pitch: float) -> tuple[float, float, float]:
    """Unit vector of a view. Degrees; yaw 0 looks to +z and turns right, pitch is positive downwards."""
    a, b = math.radians(yaw), math.radians(pitch)
    return (-math.sin(a) * math.cos(b), -math.sin(b), math.cos(a) * math.cos(b))


def bearing(eye: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """(yaw, pitch) in degrees of the view from ``eye`` to ``target``."""
    dx, dy, dz = (float(target[i] - eye[i]) for i in range(3))
    return math.degrees(math.atan2(-dx, dz)), -math.degrees(math.atan2(dy, math.hypot(dx, dz)))


def turn(angle: float) -> float:
    """The same turn in degrees, in -180..180."""
    return (angle + 180.0) % 360.0 - 180.0


@njit(**JIT)
def meet(screen, x, y, z, dx, dy, dz, far):
    """The first block that stops sight, the last clear cell before it, its distance; -1 for that: the sky.

    ``screen`` is bool [X, Y, Z]: what stops sight.
    """
    size_x, size_y, size_z = screen.shape
    a, b, c = math.floor(x), math.floor(y), math.floor(z)
    ix, iy, iz = 1.0 / (dx or 1e-9), 1.0 / (dy or 1e-9), 1.0 / (dz or 1e-9)
    sa, sb, sc = (1 if ix > 0 else -1), (1 if iy > 0 else -1), (1 if iz > 0 else -1)
    tx, ty, tz = (a + (ix > 0) - x) * ix, (b + (iy > 0) - y) * iy, (c + (iz > 0) - z) * iz
    la, lb, lc = a, b, c
    while True:
        if tx < ty and tx < tz:
            t, tx, a = tx, tx + abs(ix), a + sa
        elif ty < tz:
            t, ty, b = ty, ty + abs(iy), b + sb
        else:
            t, tz, c = tz, tz + abs(iz), c + sc
        if t > far or a < 0 or b < 0 or c < 0 or a >= size_x or c >= size_z or (b >= size_y and sb > 0):
            return (a, b, c), (la, lb, lc), -1.0
        if b >= size_y:
            continue
        if screen[a, b, c]:
            return (a, b, c), (la, lb, lc), t
        la, lb, lc = a, b, c


@njit(**JIT)
def cast(screen, x, y, z, dx, dy, dz, far):
    """Distance to the first block that stops sight, -1 for none within ``far`` blocks."""
    return meet(screen, x, y, z, dx, dy, dz, far)[2]


@njit(**JIT)
def _waves(yaw, pitch):
    """Cosine and sine of both angles, in degrees."""
    a, b = math.radians(yaw), math.radians(pitch)
    return math.cos(a), math.sin(a), math.cos(b), math.sin(b)


@njit(**JIT)
def _ray(waves, right, up):
    """Unit vector through a point of the picture: ``right`` and ``up`` of its middle, at distance 1."""
    cy, sy, cp, sp = waves
    dx = -sy * cp - cy * right - sy * sp * up
    dy = -sp + cp * up
    dz = cy * cp - sy * right + cy * sp * up
    norm = math.sqrt(dx * dx + dy * dy + dz * dz)
    return dx / norm, dy / norm, dz / norm


@njit(**JIT)
def look(screen, eye, yaw, pitch, rays, far, field):
    """Clear cells in front of what a view of rays x rays pixels shows: int16 [N, 3] and distances [N].

    Angles in degrees. Pixels of sky and beyond ``far`` blocks give no cell.
    """
    cells, distance, n = np.empty((rays * rays, 3), np.int16), np.empty(rays * rays, np.float32), 0
    waves, scale = _waves(yaw, pitch), math.tan(math.radians(field) / 2)
    for j in range(rays):
        up = (1 - 2 * (j + 0.5) / rays) * scale
        for i in range(rays):
            dx, dy, dz = _ray(waves, (2 * (i + 0.5) / rays - 1) * scale, up)
            _, (a, b, c), t = meet(screen, eye[0], eye[1], eye[2], dx, dy, dz, far)
            if t >= 0 and b < screen.shape[1]:
                cells[n, 0], cells[n, 1], cells[n, 2], distance[n] = a, b, c, t
                n += 1
    return cells[:n], distance[:n]


@njit(**JIT)
def shows(screen, wanted, eye, yaw, pitch, rays, far, field):
    """int16 [rays, rays]: for each pixel of a view the height of the wanted cell it shows, -1 for none.

    ``wanted`` is bool [X, Y, Z] like ``screen``, which hides what is behind it. Angles in degrees.
    """
    picture = np.full((rays, rays), -1, np.int16)
    waves, scale = _waves(yaw, pitch), math.tan(math.radians(field) / 2)
    for j in range(rays):
        up = (1 - 2 * (j + 0.5) / rays) * scale
        for i in range(rays):
            dx, dy, dz = _ray(waves, (2 * (i + 0.5) / rays - 1) * scale, up)
            (a, b, c), _, t = meet(screen, eye[0], eye[1], eye[2], dx, dy, dz, far)
            if t >= 0 and wanted[a, b, c]:
                picture[j, i] = b
    return picture

"""The sky, its clouds, and how bright each level of light is."""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from basalt_iq.jit import INLINE
from basalt_iq.world.noise import noise2

HORIZON: Final = (184.0, 209.0, 255.0)
"""Colour of the sky low down, and of the fog."""
CLOUD_HEIGHT: Final = 94.0
CLOUD_CELL: Final = 12.0
CLOUDS: Final = 64
"""Cells along each side of the cloud pattern, which repeats."""


class Paint(NamedTuple):
    """The colour that a ray has gathered, 0..255, and the share of it that still passes."""

    red: float
    green: float
    blue: float
    through: float


def _brightness() -> np.ndarray:
    """(256,) float64: brightness of a light byte.

    Minecraft's light curve over a floor as bright as MineRL's gamma setting makes the dark, so that a cave
    is a dark opening from outside and its walls can be seen from within.
    """
    level = np.maximum(np.arange(256) >> 4, np.arange(256) & 15) / 15.0
    return 0.36 + 0.63 * level / (4.0 - 3.0 * level)


def _clouds() -> np.ndarray:
    """(CLOUDS * CLOUDS,) bool: which cells of the cloud layer are cloud."""
    cells = [
        noise2(i / 2.9, j / 2.1, 90) + 0.5 * noise2(i * 1.0, j * 1.0, 91)
        for i in range(CLOUDS)
        for j in range(CLOUDS)
    ]
    return np.array(cells) > 0.42


BRIGHTNESS: Final = _brightness()
PATTERN: Final = _clouds()


@njit(**INLINE)
def add_sky(paint, ray, rise, drift):
    """Adds the sky in a ray's direction; below the horizon it has the fog's colour.

    `rise` is how far the clouds are above the eye, `drift` how far the wind has carried them.
    """
    dx, dy, dz = ray.dx / ray.length, ray.dy / ray.length, ray.dz / ray.length
    up = max(dy, 0.0)
    e = min(1.0, 0.25 * up + 2.2 * up * (1.0 - up) if up < 0.5 else 0.675 + 0.65 * (up - 0.5))
    red, green, cloud = HORIZON[0] - 58.0 * e, HORIZON[1] - 40.0 * e, 0.0
    if dy > 0.03 and rise > 0:
        s = rise / dy
        i = math.floor((ray.px + dx * s + drift) / CLOUD_CELL) & (CLOUDS - 1)
        j = math.floor((ray.pz + dz * s) / CLOUD_CELL) & (CLOUDS - 1)
        if PATTERN[i * CLOUDS + j]:
            cloud = 0.5 * max(0.0, min(1.0, 1.25 - s / 420.0))
    return Paint(
        paint.red + paint.through * (red + (255.0 - red) * cloud),
        paint.green + paint.through * (green + (255.0 - green) * cloud),
        paint.blue + paint.through * HORIZON[2],
        0.0,
    )


@njit(**INLINE)
def under_water(paint, t):
    """What an eye under water sees of a colour t blocks away: dimmer, and blue with distance."""
    w = 1.0 / (1.0 + 0.02 * t * t + 0.12 * t)
    return Paint(
        paint.red * 0.5 * w + 14.0 * (1.0 - w),
        paint.green * 0.6 * w + 22.0 * (1.0 - w),
        paint.blue * w + 110.0 * (1.0 - w),
        paint.through,
    )

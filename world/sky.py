"""The sky, its clouds, and how bright each level of light is."""

import math
from typing import Final

import numpy as np
from numba import njit

from basalt_iq.world.jit import BARE
from basalt_iq.world.march import BLUE, DX, DY, DZ, GREEN, LENGTH, RED, THROUGH, T
from basalt_iq.world.noise import noise2

HORIZON: Final = (184.0, 209.0, 255.0)
"""Colour of the sky low down, and of the fog."""
CLOUD_HEIGHT: Final = 94.0
CLOUD_CELL: Final = 12.0
CLOUDS: Final = 64
"""Cells along each side of the cloud pattern, which repeats."""


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


@njit(**BARE)
def add_sky(px, pz, rise, ray, far, drift):
    """Adds the sky in a ray's direction; below the horizon it has the fog's colour.

    `rise` is how far the clouds are above the eye, `drift` how far the wind has carried them.
    """
    dx, dy, dz = ray[DX] / ray[LENGTH], ray[DY] / ray[LENGTH], ray[DZ] / ray[LENGTH]
    up = max(dy, 0.0)
    e = min(1.0, 0.25 * up + 2.2 * up * (1.0 - up) if up < 0.5 else 0.675 + 0.65 * (up - 0.5))
    red, green, cloud = HORIZON[0] - 58.0 * e, HORIZON[1] - 40.0 * e, 0.0
    if dy > 0.03 and rise > 0:
        s = rise / dy
        i = math.floor((px + dx * s + drift) / CLOUD_CELL) & (CLOUDS - 1)
        j = math.floor((pz + dz * s) / CLOUD_CELL) & (CLOUDS - 1)
        if PATTERN[i * CLOUDS + j]:
            cloud = 0.5 * max(0.0, min(1.0, 1.25 - s / 420.0))
    ray[RED] += ray[THROUGH] * (red + (255.0 - red) * cloud)
    ray[GREEN] += ray[THROUGH] * (green + (255.0 - green) * cloud)
    ray[BLUE] += ray[THROUGH] * HORIZON[2]
    ray[T] = far / ray[LENGTH]


@njit(**BARE)
def under_water(ray):
    """What the eye sees under water: dimmer, and blue with distance."""
    t = ray[T] * ray[LENGTH]
    w = 1.0 / (1.0 + 0.02 * t * t + 0.12 * t)
    ray[RED] = ray[RED] * 0.5 * w + 14.0 * (1.0 - w)
    ray[GREEN] = ray[GREEN] * 0.6 * w + 22.0 * (1.0 - w)
    ray[BLUE] = ray[BLUE] * w + 110.0 * (1.0 - w)

"""The sky, its clouds, and how bright each level of light is."""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from basalt_iq.jit import INLINE
from basalt_iq.world.noise import noise2
from basalt_iq.world.terrain import SEA

SKY: Final = (120.0, 167.0, 255.0)
"""Colour of the sky overhead."""
HORIZON: Final = (175.0, 204.0, 255.0)
"""Colour of the fog and of the sky low down, at a render distance of four chunks."""
SKY_HEIGHT: Final = 16.0
"""Blocks above the eye at which Minecraft hangs its sky, behind its fog."""
FOG_FROM: Final = 0.75
"""Share of the render distance at which fog begins."""
CLOUD_HEIGHT: Final = SEA + 65.33
"""As high above the sea as Minecraft's."""
CLOUD_CELL: Final = 12.0
CLOUD_REACH: Final = 256.0
"""Blocks to each side of the eye up to which there are clouds."""
CLOUD_SHARE: Final = 0.8
"""Of what one sees of a cloud; the rest shines through."""
CLOUDS: Final = 64
"""Cells along each side of the cloud pattern, which repeats."""
GAMMA: Final = 2.0
"""Minecraft's setting of brightness, as MineRL has it (the game's own slider ends at 1)."""
FLICKER: Final = 1.5
"""Torch light over daylight of the same level."""


class Paint(NamedTuple):
    """The colour that a ray has gathered, 0..255, and the share of it that still passes."""

    red: float
    green: float
    blue: float
    through: float


def _gamma(light: np.ndarray) -> np.ndarray:
    """What Minecraft's light map makes of an amount of light, 0..1."""
    light = np.minimum(light * 0.96 + 0.03, 1.0)
    bright = light * (1.0 - GAMMA) + (1.0 - (1.0 - light) ** 4) * GAMMA
    return np.clip(bright * 0.96 + 0.03, 0.0, 1.0)


def _brightness() -> np.ndarray:
    """(256,) float64: brightness of a light byte, by Minecraft 1.11's light map at noon.

    A torch's light is warm there; here it is as bright as the mean of its three colours.
    """
    level = np.arange(16) / 15.0
    table = level / (4.0 - 3.0 * level)
    sky, torch = np.repeat(table, 16), FLICKER * np.tile(table, 16)
    green = torch * ((torch * 0.6 + 0.4) * 0.6 + 0.4)
    blue = torch * (torch * torch * 0.6 + 0.4)
    return np.mean([_gamma(sky + colour) for colour in (torch, green, blue)], axis=0)


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
def fogged(away, far):
    """The share of fog in what is seen so many blocks away, at a render distance of `far` blocks."""
    return min(max((away / far - FOG_FROM) / (1.0 - FOG_FROM), 0.0), 1.0)


@njit(**INLINE)
def _cloud(ray, drift, s):
    """Whether a ray's point s along it lies in a cloud."""
    x, z = ray.dx * s, ray.dz * s
    if max(abs(x), abs(z)) > CLOUD_REACH:
        return False
    i = math.floor((ray.px + x + drift) / CLOUD_CELL) & (CLOUDS - 1)
    j = math.floor((ray.pz + z) / CLOUD_CELL) & (CLOUDS - 1)
    return PATTERN[i * CLOUDS + j]


@njit(**INLINE)
def add_sky(paint, ray, rise, drift, far):
    """Adds the sky in a ray's direction; below the horizon it has the fog's colour.

    `rise` is how far the clouds are above the eye, `drift` how far the wind has carried them, `far` the
    render distance, all in blocks.
    """
    up = max(ray.dy / ray.length, 1e-6)
    clear = max(1.0 - SKY_HEIGHT / (up * far), 0.0)
    red = HORIZON[0] + (SKY[0] - HORIZON[0]) * clear
    green = HORIZON[1] + (SKY[1] - HORIZON[1]) * clear
    if up > 0.15 and rise > 0 and _cloud(ray, drift, rise / ray.dy):
        white = 1.0 - fogged(rise / up, far)
        red += CLOUD_SHARE * (HORIZON[0] + (255.0 - HORIZON[0]) * white - red)
        green += CLOUD_SHARE * (HORIZON[1] + (255.0 - HORIZON[1]) * white - green)
    return Paint(
        paint.red + paint.through * red,
        paint.green + paint.through * green,
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

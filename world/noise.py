"""Hashed value noise: the only source of chance in the shape of the land."""

import math

from numba import njit

from basalt_iq.jit import BARE


@njit(**BARE)
def hash3(x, y, z, seed):
    """A number in 0..1 for a lattice point, the same on every machine."""
    h = (x * 374761393 + y * 668265263 + z * 2147483647 + seed * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 2246822519) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFFFF) / 16777215.0


@njit(**BARE)
def _fade(t):
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@njit(**BARE)
def noise2(x, z, seed):
    """Smooth noise in -1..1 over the plane; a feature is about one unit wide."""
    xi, zi = math.floor(x), math.floor(z)
    u, w = _fade(x - xi), _fade(z - zi)
    a = hash3(xi, 0, zi, seed) * (1 - u) + hash3(xi + 1, 0, zi, seed) * u
    b = hash3(xi, 0, zi + 1, seed) * (1 - u) + hash3(xi + 1, 0, zi + 1, seed) * u
    return 2.0 * (a * (1 - w) + b * w) - 1.0


@njit(**BARE)
def sine(x):
    """sin(x) from plain arithmetic: the C library's differs in the last bit between processors."""
    x -= 6.283185307179586 * math.floor(x / 6.283185307179586 + 0.5)
    if x > 1.5707963267948966:
        x = 3.141592653589793 - x
    elif x < -1.5707963267948966:
        x = -3.141592653589793 - x
    q = x * x
    r = 1.0 - q / 210.0 * (1.0 - q / 272.0)
    r = 1.0 - q / 72.0 * (1.0 - q / 110.0 * (1.0 - q / 156.0 * r))
    return x * (1.0 - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * r)))


@njit(**BARE)
def cosine(x):
    return sine(x + 1.5707963267948966)


@njit(**BARE)
def smoothstep(low, high, x):
    """0 below `low`, 1 above `high`, smooth between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)

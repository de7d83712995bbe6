"""Where to build: level, empty plots near the houses of a village."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from basalt_iq.world.blocks import REPLACEABLE
from basalt_iq.world.players import paths
from basalt_iq.world.state import World
from basalt_iq.world.village import House

NEAREST, FARTHEST = 3, 11
"""Blocks between a plot and the nearest house."""
MARGIN = 5
"""Cells at the edge of the world where nobody builds."""
TRIES = 6000


class Plot(NamedTuple):
    """A rectangle of columns, ends included, and the height at which one stands on it."""

    x0: int
    z0: int
    x1: int
    z1: int
    y: int


def levels(world: World, kind: np.ndarray, screen: np.ndarray) -> np.ndarray:
    """[X, Z] height at which one stands on open ground where nothing was built; 0 elsewhere.

    ``kind`` and ``screen`` are the players' senses. Grass may grow there, but nothing else.
    """
    x, z = np.indices(world.surface.shape)
    y = world.surface.astype(int) + 1
    good = screen[x, y - 1, z] & REPLACEABLE[world.blocks[x, y, z]]
    for above in range(5):
        good &= kind[x, y + above, z] == paths.FREE
    for a, b, c in world.village:
        good[a, c] &= b < y[a, c] - 1
    inner = np.zeros_like(good)
    inner[MARGIN:-MARGIN, MARGIN:-MARGIN] = True
    return np.where(good & inner, y, 0)


def plots(
    rng: np.random.Generator, houses: list[House], level: np.ndarray, sizes: tuple[int, int], clear: int
) -> Iterator[Plot]:
    """Random plots near a house, ``sizes`` (least, most) cells a side, level with ``clear`` cells around."""
    for _ in range(TRIES):
        house = houses[int(rng.integers(len(houses)))]
        wide, deep = (int(v) for v in rng.integers(sizes[0] - 1, sizes[1], 2))
        x = int(rng.integers(house.x0 - FARTHEST - wide, house.x1 + FARTHEST))
        z = int(rng.integers(house.z0 - FARTHEST - deep, house.z1 + FARTHEST))
        plot = Plot(x, z, x + wide, z + deep, int(level[x, z]))
        around = level[x - clear : x + wide + clear + 1, z - clear : z + deep + clear + 1]
        if plot.y and (around == plot.y).all() and _apart(houses, plot):
            yield plot


def _apart(houses: list[House], plot: Plot) -> bool:
    """Whether a plot keeps its distance from every house."""
    corners = [(x, z) for x in (plot.x0, plot.x1) for z in (plot.z0, plot.z1)]
    return all(house.distance(x, z) >= NEAREST for house in houses for x, z in corners)


def ring(plot: Plot) -> list[tuple[int, int]]:
    """The columns of a plot's edge, in the order one walks round."""
    way = [(x, plot.z0) for x in range(plot.x0, plot.x1)] + [(plot.x1, z) for z in range(plot.z0, plot.z1)]
    way += [(x, plot.z1) for x in range(plot.x1, plot.x0, -1)]
    return way + [(plot.x0, z) for z in range(plot.z1, plot.z0, -1)]

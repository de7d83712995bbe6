"""Water that falls and spreads, a step every five ticks, looking only at cells that may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import AIR, CROSS, FALLING, ID, KIND, REPLACEABLE, WATER, WATER_KIND, WATER_LEVEL

if TYPE_CHECKING:
    from basalt_iq.world.state import World

EVERY: Final = 5
"""Ticks between two steps of the flow."""
MOST: Final = 4096
"""Cells that may wait to be looked at; more are left for later."""
FLOWS: Final = np.array([AIR] + [ID[f"flow_{level}"] for level in range(1, 8)] + [WATER], np.uint8)
"""The block of each level of flowing water."""
SIDES: Final = ((1, 0), (-1, 0), (0, 1), (0, -1))
SEARCH: Final = 4


@njit(**JIT)
def _open(blocks, x, y, z):
    """Whether water may run into a cell (or already has)."""
    if x < 0 or y < 0 or z < 0 or x >= blocks.shape[0] or z >= blocks.shape[2]:
        return False
    b = blocks[x, y, z]
    return REPLACEABLE[b] or (KIND[b] == CROSS)


@njit(**JIT)
def _is_water(blocks, x, y, z):
    return 0 <= x < blocks.shape[0] and 0 <= z < blocks.shape[2] and KIND[blocks[x, y, z]] == WATER_KIND


@njit(**JIT)
def _way_down(blocks, x, y, z):
    """Steps along each side to the nearest place where water would fall, 99 if none within reach."""
    ways = (99, 99, 99, 99)
    for side in range(4):
        dx, dz = SIDES[side]
        for step in range(1, SEARCH + 1):
            a, c = x + dx * step, z + dz * step
            if not _open(blocks, a, y, c) or blocks[a, y, c] == WATER:
                break
            if _open(blocks, a, y - 1, c):
                ways = tuple_set(ways, side, step)
                break
    return ways


@njit(**JIT)
def tuple_set(t, i, value):
    return (
        value if i == 0 else t[0],
        value if i == 1 else t[1],
        value if i == 2 else t[2],
        value if i == 3 else t[3],
    )


@njit(**JIT)
def _feeds(blocks, x, y, z, side):
    """Whether the water in a cell runs to a side: it rests on something, and a fall is nearest there."""
    if not _is_water(blocks, x, y, z):
        return False
    if blocks[x, y, z] != WATER and _open(blocks, x, y - 1, z):
        return False
    ways = _way_down(blocks, x, y, z)
    return ways[side] == min(min(ways[0], ways[1]), min(ways[2], ways[3]))


@njit(**JIT)
def _wanted(blocks, x, y, z):
    """The state that a cell which is not a source should have."""
    if y + 1 < blocks.shape[1] and KIND[blocks[x, y + 1, z]] == WATER_KIND:
        return FALLING
    best, sources = 0, 0
    for side in range(4):
        a, c = x + SIDES[side][0], z + SIDES[side][1]
        if not _is_water(blocks, a, y, c):
            continue
        sources += blocks[a, y, c] == WATER
        level = WATER_LEVEL[blocks[a, y, c]] - 1
        if level > best and _feeds(blocks, a, y, c, side ^ 1):
            best = level
    below = blocks[x, y - 1, z] if y > 0 else AIR
    if sources >= 2 and (below == WATER or not _open(blocks, x, y - 1, z)):
        return WATER
    return FLOWS[best]


@njit(**JIT)
def flow_step(blocks, cells, count, changes):
    """Decides the new state of each of `count` cells (n, 3); writes changed ones (x, y, z, block)."""
    n = 0
    for i in range(count):
        x, y, z = cells[i, 0], cells[i, 1], cells[i, 2]
        now = blocks[x, y, z]
        if now == WATER or not _open(blocks, x, y, z):
            continue
        then = _wanted(blocks, x, y, z)
        if then != now and (then != AIR or KIND[now] == WATER_KIND):
            changes[n, 0], changes[n, 1], changes[n, 2], changes[n, 3] = x, y, z, then
            n += 1
    return n


class WaterFlow:
    """Keeps the cells whose water may change, and steps them."""

    def __init__(self, world: World):
        self._world = world
        self._cells = np.zeros((MOST, 3), np.int64)
        self._changes = np.zeros((MOST, 4), np.int64)
        self._awake: dict[tuple[int, int, int], None] = {}

    def clear(self) -> None:
        self._awake.clear()

    def wake(self, x: int, y: int, z: int) -> None:
        """A cell changed: water within reach of it may flow anew."""
        world = self._world
        if not self._awake and not self._near_water(x, y, z):
            return
        for a, b, c in ((x, y, z), (x, y - 1, z), *((x + i, y + j, z + k) for i, k in SIDES for j in (0, 1))):
            if world.inside(a, b, c):
                self._awake[a, b, c] = None

    def _near_water(self, x: int, y: int, z: int) -> bool:
        b = self._world.blocks
        region = b[max(x - 5, 0) : x + 6, max(y - 1, 0) : y + 2, max(z - 5, 0) : z + 6]
        return bool((KIND[region] == WATER_KIND).any())

    def tick(self, tick: int) -> None:
        """Steps the flow if its time has come."""
        if tick % EVERY or not self._awake:
            return
        world, count = self._world, min(len(self._awake), MOST)
        batch = [self._awake.popitem()[0] for _ in range(count)]
        self._cells[:count] = sorted(batch)
        n = flow_step(world.blocks, self._cells, count, self._changes)
        for x, y, z, block in self._changes[:n].tolist():
            world.put(x, y, z, block)

"""Closed spaces: where an animal can walk to, and the air inside a house."""

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import BLOCKS, FENCES, SOLID, WATER_KIND

GATE_OPEN = np.array([b.group == "gate" and b.is_open for b in BLOCKS])
WATERY = np.array([b.kind == WATER_KIND for b in BLOCKS])
SOURCE = np.array([b.name == "water" for b in BLOCKS])
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))


@njit(**JIT)
def _blocks_way(blocks, ignore, x, y, z):
    """Whether a cell stops a walking body; cells marked in `ignore` don't."""
    if ignore[x, y, z]:
        return False
    return SOLID[blocks[x, y, z]] and not GATE_OPEN[blocks[x, y, z]]


@njit(**JIT)
def _ledge(blocks, ignore, x, y, z):
    """Whether what is below a cell can be stood on (fences are too high to climb)."""
    return _blocks_way(blocks, ignore, x, y - 1, z) and not FENCES[blocks[x, y - 1, z]]


@njit(**JIT)
def roaming(blocks, ignore, x, y, z, limit, cells):
    """Cells (rows of `cells`) a body can walk to from a cell, at most `limit`; returns how many.

    One block up, any drop down, never over a fence or shut gate. Reaching `limit` or the edge of the
    world counts as free: then `limit` is returned.
    """
    seen = np.zeros(blocks.shape, np.bool_)
    cells[0, 0], cells[0, 1], cells[0, 2] = x, y, z
    seen[x, y, z] = True
    count, head = 1, 0
    while head < count:
        x, y, z = cells[head, 0], cells[head, 1], cells[head, 2]
        head += 1
        for dx, dz in SIDES:
            a, c, b = x + dx, z + dz, y
            if a < 1 or c < 1 or a >= blocks.shape[0] - 1 or c >= blocks.shape[2] - 1:
                return limit
            if _blocks_way(blocks, ignore, a, b, c):
                if FENCES[blocks[a, b, c]] or _blocks_way(blocks, ignore, x, y + 1, z):
                    continue
                b += 1
                if _blocks_way(blocks, ignore, a, b, c):
                    continue
            while b > 1 and not _blocks_way(blocks, ignore, a, b - 1, c):
                b -= 1
            if seen[a, b, c] or (b == y and not _ledge(blocks, ignore, a, b, c)):
                continue
            seen[a, b, c] = True
            if count >= limit:
                return limit
            cells[count, 0], cells[count, 1], cells[count, 2] = a, b, c
            count += 1
    return count


@njit(**JIT)
def doorway(blocks, x, y, z):
    """Whether a cell is one of the two of an opening one wide and two high, between walls."""
    for low in (y, y - 1):
        if SOLID[blocks[x, low, z]] or SOLID[blocks[x, low + 1, z]] or not SOLID[blocks[x, low + 2, z]]:
            continue
        if not SOLID[blocks[x, low - 1, z]]:
            continue
        walls_x = SOLID[blocks[x - 1, low, z]] and SOLID[blocks[x + 1, low, z]]
        walls_z = SOLID[blocks[x, low, z - 1]] and SOLID[blocks[x, low, z + 1]]
        upper_x = SOLID[blocks[x - 1, low + 1, z]] and SOLID[blocks[x + 1, low + 1, z]]
        upper_z = SOLID[blocks[x, low + 1, z - 1]] and SOLID[blocks[x, low + 1, z + 1]]
        if (walls_x and upper_x) or (walls_z and upper_z):
            return True
    return False


@njit(**JIT)
def interior(blocks, x, y, z, limit, cells):
    """The closed space (rows of `cells`) around a cell of air; returns its size, `limit` if it is open.

    Doors, panes and doorways (openings one wide and two high between walls) close it.
    """
    seen = np.zeros(blocks.shape, np.bool_)
    cells[0, 0], cells[0, 1], cells[0, 2] = x, y, z
    seen[x, y, z] = True
    count, head = 1, 0
    while head < count:
        x, y, z = cells[head, 0], cells[head, 1], cells[head, 2]
        head += 1
        for d in range(6):
            a, b, c = x + (d == 0) - (d == 1), y + (d == 2) - (d == 3), z + (d == 4) - (d == 5)
            if (
                a < 2
                or b < 2
                or c < 2
                or a >= blocks.shape[0] - 2
                or b >= blocks.shape[1] - 3
                or c >= blocks.shape[2] - 2
            ):
                return limit
            if seen[a, b, c] or SOLID[blocks[a, b, c]] or doorway(blocks, a, b, c):
                continue
            seen[a, b, c] = True
            if count >= limit:
                return limit
            cells[count, 0], cells[count, 1], cells[count, 2] = a, b, c
            count += 1
    return count


@njit(**JIT)
def joined_water(blocks, x, y, z, limit, cells):
    """The water (rows of `cells`) that runs from a source: down, and along while it is not a lake's."""
    seen = np.zeros(blocks.shape, np.bool_)
    cells[0, 0], cells[0, 1], cells[0, 2] = x, y, z
    seen[x, y, z] = True
    count, head = 1, 0
    while head < count and count < limit - 6:
        x, y, z = cells[head, 0], cells[head, 1], cells[head, 2]
        head += 1
        for d in range(5):
            a, b, c = x + (d == 0) - (d == 1), y - (d == 4), z + (d == 2) - (d == 3)
            if a < 0 or b < 0 or c < 0 or a >= blocks.shape[0] or c >= blocks.shape[2] or seen[a, b, c]:
                continue
            block = blocks[a, b, c]
            if WATERY[block] and not SOURCE[block]:
                seen[a, b, c] = True
                cells[count, 0], cells[count, 1], cells[count, 2] = a, b, c
                count += 1
    return count

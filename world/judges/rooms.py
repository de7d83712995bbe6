# ruff: noqa: SIM102, SIM110 (numba compiles loops, not generators)
"""The closed spaces of a house, and the way into them on foot.

Walls are whole blocks, doors and panes. Holes in a wall close it too: a doorway, a window without glass. A
hole is small, and both sides of the wall are larger.
"""

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import BLOCKS, BODY_SPAN, CUBE, CUTOUT, LADDERS, SOLID

HOLE = 6
"""Cells of the largest hole in a wall: a doorway two wide and three high."""
THICK = 3
"""Blocks of the thickest wall that has holes."""
HIGHEST = 12
"""Blocks from a room's floor to its roof, at most."""
_WALLS = ("glass_pane", "grass_path", "farmland")
SHELL = np.array(
    [
        (b.solid and b.kind in (CUBE, CUTOUT) and not b.name.endswith("_leaves"))
        or b.group in ("door", "stairs")
        or b.name in _WALLS
        for b in BLOCKS
    ]
)
"""Blocks that close a room: not fences, ladders, cactus, webs or leaves."""
LOOSE = np.array([b.name in ("sand", "gravel") for b in BLOCKS])
"""Blocks that fall where nothing is below them."""
TALL = np.array([b.group in ("fence", "gate") for b in BLOCKS])
OPENS = np.array([b.group in ("door", "gate") for b in BLOCKS])
IN_THE_WAY = (BODY_SPAN[:, 1] > BODY_SPAN[:, 0]) & ~OPENS & ~LADDERS
"""Blocks that no walking body gets past: doors and gates it opens."""
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))
WAYS = (*SIDES, (0, 0))


@njit(**JIT)
def closed(blocks, x, y, z):
    """Whether a cell is part of a wall, floor or roof that stays where it is."""
    if not SHELL[blocks[x, y, z]]:
        return False
    while y > 0 and LOOSE[blocks[x, y, z]]:
        y -= 1
    return SOLID[blocks[x, y, z]]


@njit(**JIT)
def _slice(blocks, x, y, z, axis, cells):
    """How many open cells hang together about one in the plane across an axis (0 or 2), at most HOLE + 1."""
    cells[0, 0], cells[0, 1], cells[0, 2] = x, y, z
    count, head = 1, 0
    while head < count:
        for side in range(4):
            step = (side == 0) - (side == 1)
            a = cells[head, 0] + (step if axis == 2 else 0)
            b = cells[head, 1] + (side == 2) - (side == 3)
            c = cells[head, 2] + (step if axis == 0 else 0)
            known = closed(blocks, a, b, c)
            for i in range(count):
                if cells[i, 0] == a and cells[i, 1] == b and cells[i, 2] == c:
                    known = True
            if not known:
                cells[count, 0], cells[count, 1], cells[count, 2] = a, b, c
                count += 1
                if count > HOLE:
                    return count
        head += 1
    return count


@njit(**JIT)
def _wider(blocks, x, y, z, axis, step, size, cells):
    """Whether a hole of some size opens into a larger space on one side of its wall."""
    for _ in range(THICK):
        x, z = x + (step if axis == 0 else 0), z + (step if axis == 2 else 0)
        if closed(blocks, x, y, z):
            return False
        beyond = _slice(blocks, x, y, z, axis, cells)
        if beyond != size:
            return beyond > size
    return False


@njit(**JIT)
def hole(blocks, x, y, z, cells):
    """Whether an open cell is in a hole of a wall, rather than in a room. `cells` (HOLE + 2, 3) is room."""
    for axis in (0, 2):
        size = _slice(blocks, x, y, z, axis, cells)
        if size <= HOLE:
            if _wider(blocks, x, y, z, axis, 1, size, cells) and _wider(
                blocks, x, y, z, axis, -1, size, cells
            ):
                return True
    return False


@njit(**JIT)
def roofed(blocks, x, y, z):
    """Whether a roof is above a cell, no farther than a room is high."""
    for b in range(y + 1, min(y + 1 + HIGHEST, blocks.shape[1])):
        if closed(blocks, x, b, z):
            return True
    return False


@njit(**JIT)
def _inner(blocks, x, y, z):
    """Whether a cell is far enough from the world's border to look about it."""
    edge = THICK + 4
    size_x, size_y, size_z = blocks.shape
    return edge < x < size_x - edge and edge < z < size_z - edge and edge < y < size_y - edge


@njit(**JIT)
def interior(blocks, x, y, z, cells):
    """The closed space (rows of `cells`) around an open cell; returns its size, 0 if open or too large."""
    spare = np.zeros((HOLE + 2, 3), np.int64)
    seen = np.zeros(blocks.shape, np.bool_)
    limit = cells.shape[0]
    cells[0, 0], cells[0, 1], cells[0, 2] = x, y, z
    seen[x, y, z] = True
    count, head = 1, 0
    while head < count:
        x, y, z = cells[head, 0], cells[head, 1], cells[head, 2]
        head += 1
        if not _inner(blocks, x, y, z) or not roofed(blocks, x, y, z):
            return 0
        for d in range(6):
            a, b, c = x + (d == 0) - (d == 1), y + (d == 2) - (d == 3), z + (d == 4) - (d == 5)
            if seen[a, b, c] or closed(blocks, a, b, c):
                continue
            seen[a, b, c] = True
            if hole(blocks, a, b, c, spare):
                continue
            if count >= limit:
                return 0
            cells[count, 0], cells[count, 1], cells[count, 2] = a, b, c
            count += 1
    return count


@njit(**JIT)
def stands(blocks, x, y, z):
    """Whether a person fits with the feet in a cell and has something below them."""
    if not (0 < x < blocks.shape[0] - 1 and 0 < z < blocks.shape[2] - 1 and 1 < y < blocks.shape[1] - 3):
        return False
    if IN_THE_WAY[blocks[x, y, z]] or IN_THE_WAY[blocks[x, y + 1, z]]:
        return False
    below = blocks[x, y - 1, z]
    return LADDERS[blocks[x, y, z]] or LADDERS[below] or (IN_THE_WAY[below] and not TALL[below])


@njit(**JIT)
def _steps(blocks, x, y, z, a, b, c):
    """Whether one can get from a place to the next and back: level, up or down one block, along a ladder."""
    if b < 1 or not stands(blocks, a, b, c):
        return False
    if a == x and c == z:
        return LADDERS[blocks[x, y, z]] or LADDERS[blocks[a, b, c]]
    if b > y:
        return not IN_THE_WAY[blocks[x, y + 2, z]]
    return b == y or not IN_THE_WAY[blocks[a, b + 2, c]]


@njit(**JIT)
def _in_the_open(blocks, born, surface, x, y, z):
    """Whether a place is on the land's own ground with no roof over it."""
    own = y - 1 == surface[x, z] and blocks[x, y - 1, z] == born[x, y - 1, z]
    return own and not roofed(blocks, x, y, z)


@njit(**JIT)
def way_out(blocks, born, surface, cells, count, enough):
    """Whether one can walk from a room (the first `count` of `cells`) out to `enough` places in the open.

    Each step must also be possible the other way.
    """
    seen = np.zeros(blocks.shape, np.bool_)
    queue = np.empty((20000, 3), np.int64)
    tail = head = outside = 0
    for i in range(count):
        x, y, z = cells[i, 0], cells[i, 1], cells[i, 2]
        if stands(blocks, x, y, z):
            seen[x, y, z] = True
            queue[tail] = cells[i]
            tail += 1
    while head < tail and outside < enough:
        x, y, z = queue[head, 0], queue[head, 1], queue[head, 2]
        head += 1
        outside += _in_the_open(blocks, born, surface, x, y, z)
        for way in range(15):
            dx, dz = WAYS[way // 3]
            a, b, c = x + dx, y + way % 3 - 1, z + dz
            if tail < queue.shape[0] and not seen[a, b, c] and _steps(blocks, x, y, z, a, b, c):
                seen[a, b, c] = True
                queue[tail, 0], queue[tail, 1], queue[tail, 2] = a, b, c
                tail += 1
    return outside >= enough

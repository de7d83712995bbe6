"""Where an animal can get to: its own body, with the step and jump it has, against the boxes that stop it.

Bodies are tried at GRID places a block along x and z. A place is known by the height the feet rest at; from
there the body may be as high as it can jump, until it has flown for FLIGHT places without touching down.
"""

import math

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import KIND, WATER_KIND
from basalt_iq.world.shapes import body_boxes

GRID = 8
JUMP = 1.2523
"""Blocks that a jump rises."""
LAYERS = 24
"""Heights, in blocks, told apart about where the animal stands."""
EPS = 1e-6
MOST_BOXES = 64


@njit(**JIT)
def _boxes_in(blocks, x, z, r, y0, y1, boxes):
    """Boxes of the cells under a body's footprint, from height y0 (and what reaches up to it) to y1."""
    count = 0
    low, high = max(math.floor(y0) - 1, 0), min(math.floor(y1), blocks.shape[1] - 1)
    for a in range(math.floor(x - r + EPS), math.floor(x + r - EPS) + 1):
        for c in range(math.floor(z - r + EPS), math.floor(z + r - EPS) + 1):
            for b in range(low, high + 1):
                if count < boxes.shape[0] - 8:
                    count = body_boxes(blocks, a, b, c, boxes, count)
    kept = 0
    for i in range(count):
        q = boxes[i]
        if q[0] < x + r - EPS and q[3] > x - r + EPS and q[2] < z + r - EPS and q[5] > z - r + EPS:
            boxes[kept] = q
            kept += 1
    return kept


@njit(**JIT)
def _highest(blocks, x, z, r, high, low, top, boxes):
    """The highest feet height in low..top at which the body touches nothing, or -1."""
    count = _boxes_in(blocks, x, z, r, low, top + high, boxes)
    y, settled = top, False
    while not settled and y >= low - EPS:
        settled = True
        for i in range(count):
            if boxes[i, 1] < y + high - EPS and boxes[i, 4] > y + EPS:
                y, settled = boxes[i, 1] - high, False
    return y if settled and y >= low - EPS else -1.0


@njit(**JIT)
def _rest(blocks, x, z, r, top, boxes):
    """Where a body that touches nothing at a height comes to rest below it: on a box, or afloat."""
    y = math.floor(top)
    while y > 0:
        count = _boxes_in(blocks, x, z, r, y, top, boxes)
        best = -1.0
        for i in range(count):
            if boxes[i, 4] <= top + EPS and boxes[i, 4] > best:
                best = boxes[i, 4]
        cell = math.floor(best + EPS) if best >= y else y
        if KIND[blocks[math.floor(x), cell, math.floor(z)]] == WATER_KIND:
            while KIND[blocks[math.floor(x), cell, math.floor(z)]] == WATER_KIND:
                cell += 1
            return min(top, cell - 0.1)
        if best >= y:
            return best
        y -= 1
    return -1.0


@njit(**JIT)
def _ceiling(blocks, x, z, r, high, rest, rise, boxes):
    """How high the feet can get by jumping from where they rest."""
    top = rest + rise
    count = _boxes_in(blocks, x, z, r, rest, top + high, boxes)
    for i in range(count):
        if boxes[i, 1] >= rest + high - EPS:
            top = min(top, boxes[i, 1] - high)
    return top


@njit(**JIT)
def _foothold(blocks, x, y, z, r, high, boxes):
    """The place of the grid nearest to a body, (i, k) in GRID-ths; (-1, -1) if it fits nowhere near."""
    best, found_i, found_k = 99.0, -1, -1
    i0, k0 = math.floor(x * GRID + 0.5), math.floor(z * GRID + 0.5)
    for i in range(i0 - 2, i0 + 3):
        for k in range(k0 - 2, k0 + 3):
            away = abs(i / GRID - x) + abs(k / GRID - z)
            if away < best and _highest(blocks, i / GRID, k / GRID, r, high, y, y + 0.02, boxes) >= 0:
                best, found_i, found_k = away, i, k
    return found_i, found_k


@njit(**JIT)
def roam(blocks, x, y, z, wide, high, flight, window, reached):
    """Floods the places that an animal whose feet are at (x, y, z) can get to.

    `wide` and `high` are its body's, `flight` how many places it flies at most, `window` (x0, z0, x1, z1) the
    cells beyond which it is free. Marks `reached` (x1 - x0 + 1, z1 - z0 + 1, LAYERS), cells its middle comes
    to; layer 0 is LAYERS / 2 blocks below it. Returns whether it is held.
    """
    x0, z0, x1, z1 = window
    r, boxes = wide / 2, np.zeros((MOST_BOXES, 6))
    nx, nz, base = (x1 - x0 + 1) * GRID, (z1 - z0 + 1) * GRID, math.floor(y) - LAYERS // 2
    best = np.full((nx, nz, LAYERS), -1e9, np.float32)
    flown = np.zeros((nx, nz, LAYERS), np.int16)
    queue = np.empty((1 << 16, 4))
    i, k = _foothold(blocks, x, y, z, r, high, boxes)
    if i < 0:
        return False
    head, tail = 0, 1
    rest = _rest(blocks, i / GRID, k / GRID, r, y + 0.02, boxes)
    queue[0, 0], queue[0, 1], queue[0, 3] = i, k, 0
    queue[0, 2] = _ceiling(blocks, i / GRID, k / GRID, r, high, rest, JUMP, boxes)
    while head < tail:
        at = head & 0xFFFF
        head += 1
        i, k, top, flew = int(queue[at, 0]), int(queue[at, 1]), queue[at, 2], int(queue[at, 3])
        low = _rest(blocks, i / GRID, k / GRID, r, top, boxes)
        for side in range(4):
            a, c = i + (side == 0) - (side == 1), k + (side == 2) - (side == 3)
            if a < x0 * GRID or c < z0 * GRID or a >= x0 * GRID + nx or c >= z0 * GRID + nz:
                return False
            height = _highest(blocks, a / GRID, c / GRID, r, high, low, top, boxes)
            if height < 0:
                continue
            rest = _rest(blocks, a / GRID, c / GRID, r, height, boxes)
            layer = min(max(math.floor(rest + 0.01) - base, 0), LAYERS - 1)
            reached[a // GRID - x0, c // GRID - z0, layer] = True
            leap = _ceiling(blocks, a / GRID, c / GRID, r, high, rest, JUMP, boxes)
            now, ticks = (leap, 0) if leap >= height - EPS else (height, flew + 1)
            if ticks > flight:
                now, ticks = leap, 0
            u, v = a - x0 * GRID, c - z0 * GRID
            known = best[u, v, layer]
            if now > known + 1e-3 or (now > known - 1e-3 and ticks < flown[u, v, layer]):
                best[u, v, layer], flown[u, v, layer] = now, ticks
                if tail - head >= 0xFFFF:
                    return False
                at = tail & 0xFFFF
                queue[at, 0], queue[at, 1], queue[at, 2], queue[at, 3] = a, c, now, ticks
                tail += 1
    return True

"""Light as in Minecraft: sky light and block light, 0..15 each, kept in one byte per cell.

The high four bits are the sky's light, the low four that of torches and the like. Light falls by
one per block (more in leaves and water); the sky's full light falls straight down unweakened.
"""

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import EMITS, OPACITY

SKY, TORCH = 4, 0
"""Shift of each light within the byte."""
QUEUE = 1 << 18


@njit(**JIT)
def _get(light, x, y, z, shift):
    return (light[x, y, z] >> shift) & 15


@njit(**JIT)
def _put(light, x, y, z, shift, level):
    light[x, y, z] = (light[x, y, z] & (0xF0 >> shift)) | (level << shift)


@njit(**JIT)
def _next(x, y, z, d):
    return x + (d == 0) - (d == 1), y + (d == 2) - (d == 3), z + (d == 4) - (d == 5)


@njit(**JIT)
def _inside(light, x, y, z):
    return 0 <= x < light.shape[0] and 0 <= y < light.shape[1] and 0 <= z < light.shape[2]


@njit(**JIT)
def _passed(level, block, down, shift):
    """Light left after passing into a block."""
    loss = OPACITY[block]
    if down and level == 15 and loss == 0 and shift == SKY:
        return 15
    return max(level - max(loss, 1), 0)


@njit(**JIT)
def _spread(blocks, light, queue, count, shift):
    """Lets the light of the queued cells flow on; the queue is a ring of cell numbers."""
    _, size_y, size_z = blocks.shape
    head, mask = 0, queue.size - 1
    while head < count:
        cell = queue[head & mask]
        head += 1
        z = cell % size_z
        y = (cell // size_z) % size_y
        x = cell // (size_z * size_y)
        level = _get(light, x, y, z, shift)
        for d in range(6):
            a, b, c = _next(x, y, z, d)
            if not _inside(light, a, b, c):
                continue
            left = _passed(level, blocks[a, b, c], d == 3, shift)
            if left > _get(light, a, b, c, shift):
                _put(light, a, b, c, shift, left)
                queue[count & mask] = (a * size_y + b) * size_z + c
                count += 1


@njit(**JIT)
def _sky_columns(blocks, light, reach):
    """Full light straight down; `reach` (X, Z) receives the lowest fully lit height."""
    size_x, size_y, size_z = blocks.shape
    for x in range(size_x):
        for z in range(size_z):
            y = size_y - 1
            while y >= 0 and OPACITY[blocks[x, y, z]] == 0:
                light[x, y, z] = 15 << SKY
                y -= 1
            reach[x, z] = y + 1


@njit(**JIT)
def light_world(blocks, light, queue):
    """Lights a whole world from nothing."""
    size_x, size_y, size_z = blocks.shape
    light[:] = 0
    reach = np.zeros((size_x, size_z), np.int64)
    _sky_columns(blocks, light, reach)
    count = 0
    for x in range(size_x):
        for z in range(size_z):
            high = reach[x, z] + 1  # a column spreads light only beside darker neighbours, and below itself
            for a, c in ((x - 1, z), (x + 1, z), (x, z - 1), (x, z + 1)):
                if 0 <= a < size_x and 0 <= c < size_z:
                    high = max(high, reach[a, c])
            for y in range(reach[x, z], min(high, size_y)):
                queue[count] = (x * size_y + y) * size_z + z
                count += 1
    _spread(blocks, light, queue, count, SKY)
    count = 0
    for x in range(size_x):
        for y in range(size_y):
            for z in range(size_z):
                glow = EMITS[blocks[x, y, z]]
                if glow:
                    _put(light, x, y, z, TORCH, glow)
                    queue[count] = (x * size_y + y) * size_z + z
                    count += 1
    _spread(blocks, light, queue, count, TORCH)


@njit(**JIT)
def _darken(blocks, light, x, y, z, shift, queue, seeds):
    """Removes the light that came through a cell; returns how many `seeds` must shine again."""
    _, size_y, size_z = blocks.shape
    queue[0] = (x * size_y + y) * size_z + z
    queue[1] = _get(light, x, y, z, shift)
    _put(light, x, y, z, shift, 0)
    head, count, lit = 0, 2, 0
    while head < count:
        cell, level = queue[head], queue[head + 1]
        head += 2
        z = cell % size_z
        y = (cell // size_z) % size_y
        x = cell // (size_z * size_y)
        for d in range(6):
            a, b, c = _next(x, y, z, d)
            if not _inside(light, a, b, c):
                continue
            there = _get(light, a, b, c, shift)
            number = (a * size_y + b) * size_z + c
            if there and (there < level or (d == 3 and level == 15 and there == 15 and shift == SKY)):
                _put(light, a, b, c, shift, 0)
                glow = EMITS[blocks[a, b, c]] if shift == TORCH else 0
                if glow:
                    _put(light, a, b, c, shift, glow)
                    seeds[lit] = number
                    lit += 1
                if count + 2 < queue.size:
                    queue[count], queue[count + 1] = number, there
                    count += 2
            elif there:
                seeds[lit] = number
                lit += 1
    return lit


@njit(**JIT)
def _relight(blocks, light, x, y, z, shift, queue, seeds):
    """Mends one of the two lights around a changed cell."""
    _, size_y, size_z = blocks.shape
    lit = _darken(blocks, light, x, y, z, shift, queue, seeds)
    if shift == TORCH:
        source = EMITS[blocks[x, y, z]]
    else:
        source = 15 if y == size_y - 1 and OPACITY[blocks[x, y, z]] == 0 else 0
    _put(light, x, y, z, shift, source)
    seeds[lit] = (x * size_y + y) * size_z + z
    _spread(blocks, light, seeds, lit + 1, shift)


@njit(**JIT)
def set_block(blocks, light, x, y, z, block, queue, seeds):
    """Changes one block and mends the light around it, and only there."""
    old = blocks[x, y, z]
    blocks[x, y, z] = block
    if OPACITY[old] != OPACITY[block]:
        _relight(blocks, light, x, y, z, SKY, queue, seeds)
        _relight(blocks, light, x, y, z, TORCH, queue, seeds)
    elif EMITS[old] != EMITS[block]:
        _relight(blocks, light, x, y, z, TORCH, queue, seeds)

# ruff: noqa: SIM102, SIM110 (numba compiles loops, not generators)
"""Where the natural caves are, and how far it is to walk to them."""

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import AIR, CUBE, CUTOUT, KIND, SOLID, WATER_KIND

DARK = 8
"""Sky light at most this counts as out of the sky's light."""
SHADE = 12
"""Sky light in a cave's entrance at most: three blocks in from the open, where people say they are in."""
INSIDE = 2
"""Mark of the shade of an entrance; the dark has 1."""
SMALLEST_CAVE = 40
"""Cells of connected darkness that make a cave."""
FAR = 30000
"""Walking distance of cells from which no cave can be walked to."""


@njit(**JIT)
def _flood(mask, keep, start, queue, floor_size):
    """Marks the component of `mask` around a cell in `keep`: 1 if large enough, else 2."""
    _, size_y, size_z = mask.shape
    count, head = 1, 0
    queue[0] = start
    flat_mask, flat_keep = mask.ravel(), keep.ravel()
    flat_keep[start] = 1
    steps = (1, -1, size_z, -size_z, size_y * size_z, -size_y * size_z)
    while head < count:
        cell = queue[head]
        head += 1
        for step in steps:  # the mask is empty along the borders, so no step leaves the world
            other = cell + step
            if flat_mask[other] and flat_keep[other] == 0:
                flat_keep[other] = 1
                queue[count] = other
                count += 1
    if count < floor_size:
        for i in range(count):
            flat_keep[queue[i]] = 2


@njit(**JIT)
def find_caves(blocks, light, surface):
    """(X, Y, Z) uint8: 1 in the dark of natural caves, INSIDE in the shade of their entrances, else 0.

    The dark is under ground, in a large enough cavity; the shade hangs together with it under the same roof.
    """
    size_x, _, size_z = blocks.shape
    mask = np.zeros(blocks.shape, np.uint8)
    keep = np.zeros(blocks.shape, np.uint8)
    for x in range(1, size_x - 1):
        for z in range(1, size_z - 1):
            for y in range(1, surface[x, z]):
                if blocks[x, y, z] == AIR and (light[x, y, z] >> 4) <= DARK:
                    mask[x, y, z] = 1
    queue = np.empty(400000, np.int64)
    flat_mask, flat_keep = mask.ravel(), keep.ravel()
    for cell in range(flat_mask.size):
        if flat_mask[cell] and flat_keep[cell] == 0:
            _flood(mask, keep, cell, queue, SMALLEST_CAVE)
    for cell in range(flat_keep.size):
        if flat_keep[cell] == 2:
            flat_keep[cell] = 0
    _add_entrances(blocks, light, surface, keep, queue)
    return keep


@njit(**JIT)
def _add_entrances(blocks, light, surface, caves, queue):
    """Marks the shade from which one comes into the dark without leaving the roof."""
    _, size_y, size_z = blocks.shape
    flat, count, head = caves.ravel(), 0, 0
    for cell in range(flat.size):
        if flat[cell]:
            queue[count % queue.size] = cell
            count += 1
    count = min(count, queue.size)
    while head < count:
        cell = queue[head]
        head += 1
        for step in (1, -1, size_z, -size_z, size_y * size_z, -size_y * size_z):
            other = cell + step
            x, y, z = other // (size_y * size_z), (other // size_z) % size_y, other % size_z
            shade = blocks[x, y, z] == AIR and y < surface[x, z] and (light[x, y, z] >> 4) <= SHADE
            if shade and flat[other] == 0 and count < queue.size:
                flat[other] = INSIDE
                queue[count] = other
                count += 1


@njit(**JIT)
def can_stand(blocks, x, y, z):
    """Whether a body fits with its feet in a cell, on ground or afloat."""
    if not (0 < x < blocks.shape[0] - 1 and 0 < z < blocks.shape[2] - 1 and 0 < y < blocks.shape[1] - 2):
        return False
    feet = blocks[x, y, z]
    if SOLID[feet] or SOLID[blocks[x, y + 1, z]]:
        return False
    return SOLID[blocks[x, y - 1, z]] or KIND[feet] == WATER_KIND or KIND[blocks[x, y - 1, z]] == WATER_KIND


@njit(**JIT)
def _clear(blocks, x, y0, y1, z):
    for y in range(y0, y1):
        if SOLID[blocks[x, y, z]]:
            return False
    return True


@njit(**JIT)
def walking_distance(blocks, goal):
    """(X, Y, Z) int16: steps on foot from each feet cell to where the head is in a cell of `goal`.

    A step goes to one of four neighbours, up at most one block or down at most three.
    """
    _, size_y, size_z = blocks.shape
    distance = np.full(blocks.shape, FAR, np.int16)
    queue = np.empty(400000, np.int64)
    count, head = 0, 0
    for x in range(1, blocks.shape[0] - 1):
        for y in range(1, size_y - 2):
            for z in range(1, size_z - 1):
                if goal[x, y + 1, z] and can_stand(blocks, x, y, z):
                    distance[x, y, z] = 0
                    queue[count] = (x * size_y + y) * size_z + z
                    count += 1
    while head < count:
        cell = queue[head]
        head += 1
        z = cell % size_z
        y = (cell // size_z) % size_y
        x = cell // (size_z * size_y)
        for dx, dz in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            a, c = x + dx, z + dz
            for b in range(max(y - 1, 1), min(y + 4, size_y - 2)):
                if not can_stand(blocks, a, b, c) or distance[a, b, c] < FAR:
                    continue
                clear = _clear(blocks, x, y, b + 2, z) if b >= y else _clear(blocks, a, b, b + 3, c)
                if clear and count < queue.size:
                    distance[a, b, c] = distance[x, y, z] + 1
                    queue[count] = (a * size_y + b) * size_z + c
                    count += 1
    return distance


@njit(**JIT)
def line_of_sight(blocks, px, py, pz, qx, qy, qz):
    """Whether nothing opaque lies between two points (the ends' own cells may be anything)."""
    dx, dy, dz = qx - px, qy - py, qz - pz
    steps = int(4.0 * np.sqrt(dx * dx + dy * dy + dz * dz)) + 1
    for i in range(1, steps):
        t = i / steps
        x, y, z = int(np.floor(px + t * dx)), int(np.floor(py + t * dy)), int(np.floor(pz + t * dz))
        if x == int(np.floor(qx)) and y == int(np.floor(qy)) and z == int(np.floor(qz)):
            return True
        if 0 <= x < blocks.shape[0] and 0 <= y < blocks.shape[1] and 0 <= z < blocks.shape[2]:
            if KIND[blocks[x, y, z]] == CUBE or KIND[blocks[x, y, z]] == CUTOUT:
                return False
    return True

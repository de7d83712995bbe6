"""Where a player can walk: standing cells of a block array, cheapest routes between them, straight lines.

Everything reads ``kind``: uint8 [X, Y, Z] with FREE, SOLID, WATER, TALL (too high to jump on, as a fence) or
HARM (never to be entered). A standing cell is where the feet are: two passable cells over a floor, or the
surface of water, where a player swims.
"""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np
from numba import njit

from basalt_iq.jit import JIT

FREE, SOLID, WATER, TALL, HARM = range(5)
DROP = 3
"""Deepest fall, in blocks, that does not hurt."""
MOST_CELLS = 1 << 16
"""A search ends when it has seen as many cells."""
_WATER_COST, _JUMP_COST, _DROP_COST = 3.0, 0.6, 0.2

Cell = tuple[int, int, int]


class Reach(NamedTuple):
    """Cells as found, the start first: cells [N, 3], cost [N], parent [N] (an index; -1 at the start)."""

    cells: np.ndarray
    cost: np.ndarray
    parent: np.ndarray

    def route(self, index: int) -> np.ndarray:
        """Cells [K, 3] from the start to cell ``index``, both included."""
        chain = []
        while index >= 0:
            chain.append(index)
            index = self.parent[index]
        return self.cells[chain[::-1]]


@njit(**JIT)
def stands(kind: np.ndarray, x: int, y: int, z: int) -> bool:
    """Whether a player's feet can be in this cell, standing or swimming."""
    size_x, size_y, size_z = kind.shape
    if x < 1 or z < 1 or x >= size_x - 1 or z >= size_z - 1 or y < 1 or y >= size_y - 1:
        return False
    feet, head, floor = kind[x, y, z], kind[x, y + 1, z], kind[x, y - 1, z]
    if head != FREE or (feet not in (FREE, WATER)):
        return False
    return feet == WATER or floor in (SOLID, TALL)


@njit(**JIT)
def landing(kind: np.ndarray, x: int, y: int, z: int, a: int, c: int, drop: int) -> int:
    """The height at which a step from (x, y, z) into column (a, c) lands, or -1."""
    if stands(kind, a, y, c):
        return y
    if kind[a, y, c] == SOLID:
        over = y + 2 < kind.shape[1] and kind[x, y + 2, z] == FREE
        return y + 1 if over and stands(kind, a, y + 1, c) else -1
    if kind[a, y, c] != FREE or kind[a, y + 1, c] != FREE:
        return -1
    for low in range(y - 1, max(y - drop, 1) - 1, -1):
        if stands(kind, a, low, c):
            return low
        if kind[a, low, c] != FREE:
            return -1
    return -1


@njit(**JIT)
def _step(kind, x, y, z, d, drop):
    """The cell that a step in direction d (0..3 straight, 4..7 slanting) leads to, and its cost; -1: none."""
    dx, dz = (1, -1, 0, 0, 1, 1, -1, -1)[d], (0, 0, 1, -1, 1, -1, 1, -1)[d]
    a, c = x + dx, z + dz
    if a < 1 or c < 1 or a >= kind.shape[0] - 1 or c >= kind.shape[2] - 1 or y + 2 >= kind.shape[1] or y < 1:
        return a, y, c, -1.0
    b = landing(kind, x, y, z, a, c, drop)
    slanting = d >= 4
    if b < 0 or (slanting and not (b == y and stands(kind, a, y, z) and stands(kind, x, y, c))):
        return a, y, c, -1.0
    cost = 1.4142 if slanting else 1.0
    cost += _JUMP_COST if b > y else _DROP_COST * (y - b)
    if kind[a, b, c] == WATER:
        cost += _WATER_COST
    return a, b, c, cost


@njit(**JIT)
def _spread(kind, start, goals, limit, drop):
    """Dijkstra from `start` to the first cell of `goals`: cells, cost, parent, and its index or -1."""
    _, size_y, size_z = kind.shape
    place = np.full(kind.size, -1, np.int32)
    cells = np.empty((MOST_CELLS, 3), np.int16)
    cost = np.full(MOST_CELLS, np.inf, np.float32)
    parent = np.full(MOST_CELLS, -1, np.int32)
    closed = np.zeros(MOST_CELLS, np.bool_)
    cells[0] = start
    cost[0], count = 0.0, 1
    place[(start[0] * size_y + start[1]) * size_z + start[2]] = 0
    queue = [(np.float32(0.0), np.int32(0))]
    while queue:
        so_far, i = heapq.heappop(queue)
        if closed[i]:
            continue
        closed[i] = True
        x, y, z = int(cells[i, 0]), int(cells[i, 1]), int(cells[i, 2])
        if goals[x, y, z]:
            return cells[:count], cost[:count], parent[:count], i
        for d in range(8):
            a, b, c, step = _step(kind, x, y, z, d, drop)
            total = np.float32(so_far + step)
            if step < 0 or total > limit:
                continue
            flat = (a * size_y + b) * size_z + c
            if place[flat] < 0 and count < MOST_CELLS:
                place[flat] = count
                cells[count, 0], cells[count, 1], cells[count, 2] = a, b, c
                count += 1
            j = place[flat]
            if j >= 0 and total < cost[j]:
                cost[j], parent[j] = total, i
                heapq.heappush(queue, (total, np.int32(j)))
    return cells[:count], cost[:count], parent[:count], -1


def spread(kind: np.ndarray, start: Cell, limit: float, drop: int = DROP) -> Reach:
    """Every cell that can be reached from ``start`` at a cost (about blocks walked) up to ``limit``."""
    cells, cost, parent, _ = _spread(kind, np.array(start), np.zeros(kind.shape, np.bool_), limit, drop)
    return Reach(cells, cost, parent)


def route(
    kind: np.ndarray, start: Cell, goals: np.ndarray, limit: float = 400.0, drop: int = DROP
) -> np.ndarray | None:
    """The cheapest route [K, 3] from ``start`` to any cell of the mask ``goals`` [X, Y, Z], or None."""
    cells, cost, parent, found = _spread(kind, np.array(start), goals, limit, drop)
    return None if found < 0 else Reach(cells, cost, parent).route(int(found))


@njit(**JIT)
def straight(
    kind: np.ndarray, x: float, y: int, z: float, to_x: float, to_y: int, to_z: float, drop: int
) -> bool:
    """Whether a body 0.6 wide can walk the straight line between two points, climbing steps."""
    length = math.hypot(to_x - x, to_z - z)
    if length < 1e-6:
        return y == to_y
    ux, uz = (to_x - x) / length, (to_z - z) / length
    level, steps = y, int(length / 0.4) + 1
    for k in range(1, steps + 1):
        along = length * k / steps
        px, pz = x + ux * along, z + uz * along
        b = landing(kind, int(px - ux * 0.4), level, int(pz - uz * 0.4), int(px), int(pz), drop)
        if b < 0 or kind[int(px), b, int(pz)] == WATER:
            return False
        for side in (-0.35, 0.35):
            a, c = int(px - uz * side), int(pz + ux * side)
            low = landing(kind, int(px), b, int(pz), a, c, drop)
            if low < 0:
                return False
        level = b
    return level == to_y


@njit(**JIT)
def standing(kind: np.ndarray, x: float, y: float, z: float) -> int:
    """The height of the standing cell at or nearest below a position (or just above it), or -1."""
    a, b, c = int(x), int(y + 0.01), int(z)
    for low in (b, b + 1):
        if stands(kind, a, low, c):
            return low
    for low in range(b - 1, 0, -1):
        if stands(kind, a, low, c):
            return low
    return -1

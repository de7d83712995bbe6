"""Where to point the crosshair so that a block goes into a cell, or so that a block is touched."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import BLOCKS, KIND, REPLACEABLE, WATER_KIND
from basalt_iq.world.physics import MAX_BOXES, REACH, aim
from basalt_iq.world.players import paths

OPENS = np.array([block.group in ("door", "gate") for block in BLOCKS])
"""(blocks,) bool: what opens or shuts when used, so that nothing can be placed against it."""
WOBBLE = 0.02
"""Radians by which a hand may be off."""
TURNED = math.radians(38.0)
"""How far from straight one may look for a block to get its front right; 45 is where it tips over."""
SIDES = np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)])
_ALONG = (0.5, 0.2, 0.8)


@njit(**JIT)
def hits(blocks, eye, yaw, pitch, cell, touch, boxes, out):
    """Whether a view (radians) would fill a cell with what is in hand, or ``touch`` the block in it."""
    if not aim(blocks, eye[0], eye[1], eye[2], yaw, pitch, REACH, False, boxes, out):
        return False
    block = blocks[out[0], out[1], out[2]]
    if not touch:
        if OPENS[block]:
            return False
        if not REPLACEABLE[block]:
            out[:3] += out[3:]
    return out[0] == cell[0] and out[1] == cell[1] and out[2] == cell[2]


@njit(**JIT)
def _steadiness(blocks, eye, yaw, pitch, cell, touch, boxes, out):
    """0..5: how many views of a cross of five about a view do."""
    good = 0
    for d in range(5):
        dy, dp = WOBBLE * ((d == 1) - (d == 2)), WOBBLE * ((d == 3) - (d == 4))
        if hits(blocks, eye, yaw + dy, pitch + dp, cell, touch, boxes, out):
            good += 1
        elif d == 0:
            return 0
    return good


@njit(**JIT)
def _points(blocks, cell, touch):
    """Points [N, 3] worth looking at: on the faces of blocks beside a cell, or within the cell itself."""
    points, n = np.empty((81, 3)), 0
    x, y, z = cell[0], cell[1], cell[2]
    if touch or blocks[x, y, z]:
        for i in range(27):
            points[n] = x + _ALONG[i % 3], y + _ALONG[i // 3 % 3], z + _ALONG[i // 9]
            n += 1
    for d in range(6):
        step = SIDES[d]
        block = blocks[x + step[0], y + step[1], z + step[2]]
        if touch or block == 0 or KIND[block] == WATER_KIND:
            continue
        for i in range(9):
            u, v, w = _ALONG[i % 3], _ALONG[i // 3], 0.51
            if step[0]:
                points[n] = x + 0.5 + w * step[0], y + u, z + v
            elif step[1]:
                points[n] = x + u, y + 0.5 + w * step[1], z + v
            else:
                points[n] = x + u, y + v, z + 0.5 + w * step[2]
            n += 1
    return points[:n]


@njit(**JIT)
def _grips(blocks, eyes, cell, touch, look):
    boxes, out = np.zeros((MAX_BOXES, 6)), np.zeros(6, np.int64)
    found, points = np.zeros((len(eyes), 3)), _points(blocks, cell, touch)
    for i in range(len(eyes)):
        eye = eyes[i]
        for point in points:
            dx, dy, dz = point[0] - eye[0], point[1] - eye[1], point[2] - eye[2]
            if dx * dx + dy * dy + dz * dz > REACH * REACH:
                continue
            yaw, pitch = math.atan2(-dx, dz), -math.atan2(dy, math.hypot(dx, dz))
            if abs((yaw - look + 3 * math.pi) % (2 * math.pi) - math.pi) > TURNED:
                continue
            good = _steadiness(blocks, eye, yaw, pitch, cell, touch, boxes, out)
            if good > found[i, 2]:
                found[i, 0], found[i, 1], found[i, 2] = math.degrees(yaw), math.degrees(pitch), good
            if good == 5:
                break
    return found


def grips(
    blocks: np.ndarray, eyes: np.ndarray, cell: paths.Cell, touch: bool = False, look: float | None = None
) -> np.ndarray:
    """From each of the eyes [N, 3], the steadiest view that fills a cell (or touches its block): [N, 3].

    Columns are yaw and pitch in degrees, and steadiness 0..5, 0 where no view does. ``look`` is the yaw in
    degrees that gives the block its front.
    """
    front = math.nan if look is None else math.radians(look)
    return _grips(blocks, np.ascontiguousarray(eyes, np.float64), np.array(cell, np.int64), touch, front)

"""Boxes against boxes: what stops a body, how far it slides, what it steps up."""

import math

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.shapes import body_boxes

STEP = 0.6
"""Ledges up to this high are walked up without a jump."""
MAX_BOXES = 256
TOUCH = 1e-9
"""Boxes that overlap by less only touch: a body's place is rounded, and a wall must hold it all the same."""
BACK_OFF = 0.05
"""By how much a step is shortened at a time until there is ground under it."""


@njit(**JIT)
def gather(blocks, x0, y0, z0, x1, y1, z1, boxes):
    """Boxes of all blocks that a region touches, one below included (fences stand high); returns how many."""
    size_x, size_y, size_z = blocks.shape
    count = 0
    for x in range(math.floor(x0 - TOUCH), math.floor(x1 + TOUCH) + 1):
        for z in range(math.floor(z0 - TOUCH), math.floor(z1 + TOUCH) + 1):
            if x < 0 or z < 0 or x >= size_x or z >= size_z:
                if count < boxes.shape[0]:  # the edge of the world is a wall
                    boxes[count, 0], boxes[count, 1], boxes[count, 2] = x, -10.0, z
                    boxes[count, 3], boxes[count, 4], boxes[count, 5] = x + 1.0, size_y + 200.0, z + 1.0
                    count += 1
                continue
            for y in range(max(math.floor(y0) - 1, 0), min(math.floor(y1), size_y - 1) + 1):
                count = body_boxes(blocks, x, y, z, boxes, count)
    return count


@njit(**JIT)
def _clip(boxes, count, box, axis, d):
    """How far the box can move along an axis, at most d."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    a0, a1, b0, b1 = box[a] + TOUCH, box[a + 3] - TOUCH, box[b] + TOUCH, box[b + 3] - TOUCH
    for i in range(count):
        q = boxes[i]
        if a0 >= q[a + 3] or a1 <= q[a] or b0 >= q[b + 3] or b1 <= q[b]:
            continue
        if d > 0 and box[axis + 3] - TOUCH <= q[axis]:
            d = min(d, q[axis] - box[axis + 3])
        elif d < 0 and box[axis] + TOUCH >= q[axis + 3]:
            d = max(d, q[axis + 3] - box[axis])
    return d


@njit(**JIT)
def _push(boxes, count, box, axis, d):
    """Moves the box along an axis as far as it goes, at most d; returns how far."""
    d = _clip(boxes, count, box, axis, d)
    box[axis] += d
    box[axis + 3] += d
    return d


@njit(**JIT)
def box_of(x, y, z, wide, high):
    """(6,) corners of a body whose feet are at a point."""
    r = wide / 2
    return np.array([x - r, y, z - r, x + r, y + high, z + r])


@njit(**JIT)
def fits(blocks, x, y, z, wide, high, boxes):
    """Whether a body whose feet are at a point touches nothing."""
    r = wide / 2 - TOUCH
    y, top = y + TOUCH, y + high - TOUCH
    count = gather(blocks, x - r, y, z - r, x + r, top, z + r, boxes)
    for i in range(count):
        q = boxes[i]
        if x + r > q[0] and x - r < q[3] and top > q[1] and y < q[4] and z + r > q[2] and z - r < q[5]:
            return False
    return True


@njit(**JIT)
def _shorter(d):
    return 0.0 if -BACK_OFF <= d < BACK_OFF else d - math.copysign(BACK_OFF, d)


@njit(**JIT)
def held_back(blocks, x, y, z, dx, dz, wide, high, boxes):
    """Sneaking: shortens a step along x, along z and then along both until there is ground under it."""
    y -= STEP
    while dx != 0.0 and fits(blocks, x + dx, y, z, wide, high, boxes):
        dx = _shorter(dx)
    while dz != 0.0 and fits(blocks, x, y, z + dz, wide, high, boxes):
        dz = _shorter(dz)
    while dx != 0.0 and dz != 0.0 and fits(blocks, x + dx, y, z + dz, wide, high, boxes):
        dx, dz = _shorter(dx), _shorter(dz)
    return dx, dz


@njit(**JIT)
def _step(boxes, count, box, up, dx, dz):
    """Moves the box up, along and as far down again; returns how far along x and z, and down."""
    up = _push(boxes, count, box, 1, up)
    mx = _push(boxes, count, box, 0, dx)
    mz = _push(boxes, count, box, 2, dz)
    return mx, mz, up


@njit(**JIT)
def _climb(boxes, count, box, dx, dz):
    """Steps up a ledge, by as much as the way ahead or as the head allows, whichever leads further."""
    ahead = box.copy()
    ahead[0], ahead[3] = ahead[0] + min(dx, 0.0), ahead[3] + max(dx, 0.0)
    ahead[2], ahead[5] = ahead[2] + min(dz, 0.0), ahead[5] + max(dz, 0.0)
    low, tall = box.copy(), box
    x1, z1, up1 = _step(boxes, count, low, _clip(boxes, count, ahead, 1, STEP), dx, dz)
    x2, z2, up2 = _step(boxes, count, tall, STEP, dx, dz)
    if x1 * x1 + z1 * z1 > x2 * x2 + z2 * z2:
        tall[:] = low
        x2, z2, up2 = x1, z1, up1
    return x2, _push(boxes, count, tall, 1, -up2), z2


@njit(**JIT)
def slide(blocks, box, dx, dy, dz, grounded, boxes):
    """Moves the box as far as it goes: up or down, then along x, then z, stepping up low ledges.

    `grounded`: it stood on something. Returns how far it came along each axis (y: the last part of it).
    """
    count = gather(
        blocks, box[0] + min(dx, 0.0), box[1] + min(dy, 0.0), box[2] + min(dz, 0.0),
        box[3] + max(dx, 0.0), box[4] + max(dy, STEP), box[5] + max(dz, 0.0), boxes,
    )  # fmt: skip
    raised_from = (box[0], box[1], box[2], box[3], box[4], box[5])
    my = _push(boxes, count, box, 1, dy)
    mx = _push(boxes, count, box, 0, dx)
    mz = _push(boxes, count, box, 2, dz)
    if (grounded or (my != dy and dy < 0)) and (mx != dx or mz != dz):
        raised = np.array(raised_from)
        rx, ry, rz = _climb(boxes, count, raised, dx, dz)
        if rx * rx + rz * rz > mx * mx + mz * mz:
            box[:] = raised
            return rx, ry, rz
    return mx, my, mz


@njit(**JIT)
def block_at(blocks, x, y, z):
    """The block at a point; air outside the world."""
    a, b, c = math.floor(x), math.floor(y), math.floor(z)
    if a < 0 or b < 0 or c < 0 or a >= blocks.shape[0] or b >= blocks.shape[1] or c >= blocks.shape[2]:
        return 0
    return int(blocks[a, b, c])

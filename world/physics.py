"""Bodies that walk, jump, swim and climb as in Minecraft 1.11, a twentieth of a second at a time."""

import math

import numpy as np
from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import KIND, LADDERS, WATER, WATER_KIND
from basalt_iq.world.noise import cosine, sine
from basalt_iq.world.shapes import body_boxes, slab

EYE = 1.62
SNEAKING_EYE = 1.54
WIDTH, HEIGHT = 0.6, 1.8
STEP = 0.6
"""Ledges up to this high are walked up without a jump."""
REACH = 4.5
MAX_BOXES = 256

# Columns of a body: position, velocity, yaw and pitch (radians), flags of the last tick
X, Y, Z, VX, VY, VZ, YAW, PITCH, ON_GROUND, BUMPED, IN_WATER, SPRINTING, SNEAKING = range(13)
BODY_SIZE = 13


@njit(**JIT)
def _gather(blocks, x0, y0, z0, x1, y1, z1, boxes):
    """Boxes of all blocks that a region touches, one below included (fences stand high)."""
    size_x, size_y, size_z = blocks.shape
    count = 0
    for x in range(math.floor(x0), math.floor(x1) + 1):
        for z in range(math.floor(z0), math.floor(z1) + 1):
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
    for i in range(count):
        q = boxes[i]
        if box[a] >= q[a + 3] or box[a + 3] <= q[a] or box[b] >= q[b + 3] or box[b + 3] <= q[b]:
            continue
        if d > 0 and box[axis + 3] <= q[axis]:
            d = min(d, q[axis] - box[axis + 3])
        elif d < 0 and box[axis] >= q[axis + 3]:
            d = max(d, q[axis + 3] - box[axis])
    return d


@njit(**JIT)
def _shift(box, axis, d):
    box[axis] += d
    box[axis + 3] += d


@njit(**JIT)
def _slide(boxes, count, box, dx, dy, dz):
    """Moves the box as far as it goes: up or down first, then x, then z."""
    dy = _clip(boxes, count, box, 1, dy)
    _shift(box, 1, dy)
    dx = _clip(boxes, count, box, 0, dx)
    _shift(box, 0, dx)
    dz = _clip(boxes, count, box, 2, dz)
    _shift(box, 2, dz)
    return dx, dy, dz


@njit(**JIT)
def _box_of(body, wide, high):
    r = wide / 2
    return np.array([body[X] - r, body[Y], body[Z] - r, body[X] + r, body[Y] + high, body[Z] + r])


@njit(**JIT)
def fits(blocks, x, y, z, wide, high, boxes):
    """Whether a body whose feet are at a point touches nothing."""
    r = wide / 2
    count = _gather(blocks, x - r, y, z - r, x + r, y + high, z + r, boxes)
    for i in range(count):
        q = boxes[i]
        if x + r > q[0] and x - r < q[3] and y + high > q[1] and y < q[4] and z + r > q[2] and z - r < q[5]:
            return False
    return True


@njit(**JIT)
def _held_back(blocks, body, dx, dz, wide, high, boxes):
    """Sneaking: shortens a step so that there is still ground under it."""
    for axis in range(2):
        d = dx if axis == 0 else dz
        while d != 0.0:
            ax, az = (d, 0.0) if axis == 0 else (dx, d)
            if not fits(blocks, body[X] + ax, body[Y] - STEP, body[Z] + az, wide, high, boxes):
                break
            d = 0.0 if abs(d) <= 0.05 else d - math.copysign(0.05, d)
        if axis == 0:
            dx = d
        else:
            dz = d
    return dx, dz


@njit(**JIT)
def _translate(blocks, body, wide, high, boxes):
    """Moves a body by its velocity against the blocks, stepping up low ledges."""
    dx, dy, dz = body[VX], body[VY], body[VZ]
    was_on_ground = body[ON_GROUND] > 0
    if body[SNEAKING] > 0 and was_on_ground:
        dx, dz = _held_back(blocks, body, dx, dz, wide, high, boxes)
    box = _box_of(body, wide, high)
    count = _gather(
        blocks, box[0] + min(dx, 0.0), box[1] + min(dy, 0.0), box[2] + min(dz, 0.0),
        box[3] + max(dx, 0.0), box[4] + max(dy, STEP), box[5] + max(dz, 0.0), boxes,
    )  # fmt: skip
    flat = box.copy()
    mx, my, mz = _slide(boxes, count, flat, dx, dy, dz)
    grounded = dy < 0 and my != dy
    if (was_on_ground or grounded) and (mx != dx or mz != dz):
        raised = box.copy()
        up = _clip(boxes, count, raised, 1, STEP)
        _shift(raised, 1, up)
        rx, _, rz = _slide(boxes, count, raised, dx, 0.0, dz)
        _shift(raised, 1, _clip(boxes, count, raised, 1, -up))
        if rx * rx + rz * rz > mx * mx + mz * mz + 1e-9:
            flat, mx, mz, grounded = raised, rx, rz, True
    body[X], body[Y], body[Z] = (flat[0] + flat[3]) / 2, flat[1], (flat[2] + flat[5]) / 2
    body[BUMPED] = mx != dx or mz != dz
    body[ON_GROUND] = grounded
    if mx != dx:
        body[VX] = 0.0
    if mz != dz:
        body[VZ] = 0.0
    if my != dy:
        body[VY] = 0.0


@njit(**JIT)
def block_at(blocks, x, y, z):
    """The block at a point; air outside the world."""
    a, b, c = math.floor(x), math.floor(y), math.floor(z)
    if a < 0 or b < 0 or c < 0 or a >= blocks.shape[0] or b >= blocks.shape[1] or c >= blocks.shape[2]:
        return 0
    return int(blocks[a, b, c])


@njit(**JIT)
def _push(body, forward, left, strength):
    """Adds the wish to move, turned to where the body looks."""
    n = math.sqrt(forward * forward + left * left)
    if n < 1e-4:
        return
    k = strength / max(n, 1.0)
    s, c = sine(body[YAW]), cosine(body[YAW])
    body[VX] += k * (left * c - forward * s)
    body[VZ] += k * (forward * c + left * s)


@njit(**JIT)
def _swim(blocks, body, wide, high, jump, boxes):
    if jump:
        body[VY] += 0.04
    before = body[Y]
    _translate(blocks, body, wide, high, boxes)
    body[VX] *= 0.8
    body[VY] = body[VY] * 0.8 - 0.02
    body[VZ] *= 0.8
    rise = body[VY] + 0.6 - body[Y] + before
    if body[BUMPED] > 0 and fits(
        blocks, body[X] + body[VX], body[Y] + rise, body[Z] + body[VZ], wide, high, boxes
    ):
        body[VY] = 0.3


@njit(**JIT)
def tick_body(blocks, body, forward, left, jump, sneak, sprint, speed, wide, high, boxes):
    """One tick of a body. `forward` and `left` are in -1..1; `speed` is 0.1 for a player.

    A held sprint key starts a sprint while walking forward; hitting a wall ends it.
    """
    moving = forward > 0 and not sneak
    body[SPRINTING] = moving and (sprint or body[SPRINTING] > 0) and not body[BUMPED] > 0
    body[SNEAKING] = sneak
    in_water = KIND[block_at(blocks, body[X], body[Y] + 0.4, body[Z])] == WATER_KIND
    body[IN_WATER] = in_water
    forward, left = 0.98 * forward, 0.98 * left
    if sneak:
        forward, left = 0.3 * forward, 0.3 * left
    if in_water:
        _push(body, forward, left, 0.02)
        _swim(blocks, body, wide, high, jump, boxes)
        return
    grounded = body[ON_GROUND] > 0
    if jump and grounded:
        body[VY] = 0.42
        if body[SPRINTING] > 0:
            body[VX] -= 0.2 * sine(body[YAW])
            body[VZ] += 0.2 * cosine(body[YAW])
    haste = 1.3 if body[SPRINTING] > 0 else 1.0
    _push(body, forward, left, (speed if grounded else 0.02) * haste)
    on_ladder = LADDERS[block_at(blocks, body[X], body[Y], body[Z])]
    if on_ladder:
        body[VX], body[VZ] = min(max(body[VX], -0.15), 0.15), min(max(body[VZ], -0.15), 0.15)
        body[VY] = max(body[VY], 0.0 if sneak else -0.15)
    _translate(blocks, body, wide, high, boxes)
    if on_ladder and body[BUMPED] > 0:
        body[VY] = 0.2
    friction = 0.546 if grounded else 0.91
    body[VX] *= friction
    body[VZ] *= friction
    body[VY] = (body[VY] - 0.08) * 0.98
    for axis in (VX, VZ):
        if abs(body[axis]) < 0.003:
            body[axis] = 0.0


@njit(**JIT)
def look(yaw, pitch):
    """Unit vector of a direction; positive pitch looks down."""
    c = cosine(pitch)
    return -sine(yaw) * c, -sine(pitch), cosine(yaw) * c


@njit(**JIT)
def _aimed_box(blocks, x, y, z, px, py, pz, ix, iy, iz, boxes):
    """Where a ray meets the outline of a block: t and axis; plants count as a cube."""
    count = body_boxes(blocks, x, y, z, boxes, 0)
    if count == 0:
        t0, t1, axis = slab(px, py, pz, ix, iy, iz, x, y, z, x + 1.0, y + 1.0, z + 1.0)
        return (max(t0, 0.0), axis) if t0 < t1 else (1e9, axis)
    best, face = 1e9, 1
    for i in range(count):
        q = boxes[i]
        t0, t1, axis = slab(px, py, pz, ix, iy, iz, q[0], q[1], q[2], q[3], q[4], q[5])
        if t0 < t1 and t1 > 0 and t0 < best:
            best, face = max(t0, 0.0), axis
    return best, face


@njit(**JIT)
def aim(blocks, px, py, pz, yaw, pitch, reach, stop_at_water, boxes, out):
    """The block looked at within reach; sources of water too if `stop_at_water`.

    Fills `out`: x, y, z and the face's outward normal (3).
    """
    dx, dy, dz = look(yaw, pitch)
    dx = dx if abs(dx) > 1e-9 else 1e-9
    dy = dy if abs(dy) > 1e-9 else 1e-9
    dz = dz if abs(dz) > 1e-9 else 1e-9
    return _aim(blocks, px, py, pz, dx, dy, dz, reach, stop_at_water, boxes, out)


@njit(**JIT)
def _aim(blocks, px, py, pz, dx, dy, dz, reach, stop_at_water, boxes, out):
    ix, iy, iz = 1.0 / dx, 1.0 / dy, 1.0 / dz
    x, y, z = math.floor(px), math.floor(py), math.floor(pz)
    tx, ty, tz = (x + (dx > 0) - px) * ix, (y + (dy > 0) - py) * iy, (z + (dz > 0) - pz) * iz
    t = 0.0
    while t <= reach:
        block = block_at(blocks, x, y, z)
        if block and (KIND[block] != WATER_KIND or (stop_at_water and block == WATER)):
            at, axis = _aimed_box(blocks, x, y, z, px, py, pz, ix, iy, iz, boxes)
            if at <= reach:
                out[0], out[1], out[2] = x, y, z
                out[3], out[4], out[5] = 0, 0, 0
                out[3 + axis] = -1 if (dx, dy, dz)[axis] > 0 else 1
                return True
        if tx < ty and tx < tz:
            t, tx, x = tx, tx + abs(ix), x + (1 if dx > 0 else -1)
        elif ty < tz:
            t, ty, y = ty, ty + abs(iy), y + (1 if dy > 0 else -1)
        else:
            t, tz, z = tz, tz + abs(iz), z + (1 if dz > 0 else -1)
    return False

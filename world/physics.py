"""Bodies that walk, jump, swim and climb as in Minecraft, a twentieth of a second at a time.

Held tick by tick to a foreign implementation of Minecraft's physics, for 1.11 (era 2021) and 1.16 (era 2022):
`benchmarks/physics.py`, docs/world.md.
"""

import math

from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import KIND, LADDERS, SLIPPERINESS, WATER, WATER_KIND
from basalt_iq.world.collide import MAX_BOXES, block_at, box_of, fits, held_back, slide
from basalt_iq.world.currents import carry, in_web, touches_water, under_water
from basalt_iq.world.noise import cosine, sine
from basalt_iq.world.shapes import body_boxes, slab

__all__ = ["MAX_BOXES", "block_at", "fits"]

WIDTH, HEIGHT, EYE = 0.6, 1.8, 1.62
"""A player's, in blocks; the eye is above the feet."""
CROUCHED, CROUCHED_EYE = 1.5, 1.27
"""Sneaking in 2022."""
SNEAKING_EYE = 1.54
"""Sneaking in 2021, where the body stays as high as it is."""
LYING, LYING_EYE = 0.6, 0.4
"""Swimming fast in 2022, and where there is no room to crouch."""
REACH = 4.5

JUMP_SPEED = 0.41999998688697815
"""Minecraft's 0.42 as a float of 32 bits, like the next."""
AIR_DRAG = 0.9800000190734863
GRAVITY = 0.08
JUMP_WAIT_TICKS = 10
"""Between two jumps while the key stays down."""
CREEP = 0.003
"""Slower than this, a body stands still."""
IN_AIR, IN_WATER_PUSH = 0.02, 0.02
CLIMB = 0.15

# Columns of a body: position, velocity, yaw and pitch (radians), flags of the last tick
X, Y, Z, VX, VY, VZ, YAW, PITCH, ON_GROUND, BUMPED, IN_WATER, SPRINTING, SNEAKING = range(13)
JUMP_WAIT, IN_WEB, UNDER_WATER, SWIMMING, STATURE = range(13, 18)
"""Ticks until a held jump jumps again, in a web, eye in water, swimming fast, and its height if that is not
the usual one (else 0): crouched or lying."""
BODY_SIZE = 18


@njit(**JIT)
def eye_height(body, era):
    """Height of a player's eye above its feet, in blocks."""
    if era < 2022:
        return SNEAKING_EYE if body[SNEAKING] > 0 else EYE
    if body[STATURE] == 0:
        return EYE
    return CROUCHED_EYE if body[STATURE] > LYING else LYING_EYE


@njit(**JIT)
def _stature(blocks, body, sneak, wide, high, boxes):
    """Crouches, lies down or stands up as wished and as there is room (2022); returns the height."""
    wish = LYING if body[SWIMMING] > 0 else (CROUCHED if sneak else high)
    if (
        wish > LYING
        and wish > body[STATURE] > 0
        and not fits(blocks, body[X], body[Y], body[Z], wide, wish, boxes)
    ):
        wish = CROUCHED if fits(blocks, body[X], body[Y], body[Z], wide, CROUCHED, boxes) else LYING
    body[STATURE] = wish if wish < high else 0.0
    return wish


@njit(**JIT)
def _sprints(body, forward, sneak, key, era):
    """Whether a sprint begins or goes on: the key begins it while walking forward, hitting a wall ends it."""
    was, wet, under = body[SPRINTING] > 0, body[IN_WATER] > 0, body[UNDER_WATER] > 0
    if era < 2022:
        return forward > 0 and not sneak and (key or was) and not body[BUMPED] > 0
    if body[SWIMMING] > 0:
        return wet and (forward > 0 or sneak or body[ON_GROUND] > 0)
    begins = key and forward > 0 and not sneak
    return (was or begins) and forward > 0 and not body[BUMPED] > 0 and (under or not wet)


@njit(**JIT)
def _wade(blocks, body, sneak, wide, high, era):
    """Finds out where in water a body is, and lets the water carry it."""
    wet, px, py, pz = carry(blocks, body[X], body[Y], body[Z], wide, high)
    body[IN_WATER] = wet
    body[VX], body[VY], body[VZ] = body[VX] + px, body[VY] + py, body[VZ] + pz
    body[UNDER_WATER] = wet and under_water(blocks, body[X], body[Y] + eye_height(body, era), body[Z])
    if era >= 2022:
        body[SWIMMING] = wet and body[SPRINTING] > 0 and (body[SWIMMING] > 0 or body[UNDER_WATER] > 0)
        if wet and sneak:
            body[VY] -= 0.04


@njit(**JIT)
def _head_for(body, forward, left, strength):
    """Adds the wish to move, turned to where the body looks."""
    n = math.sqrt(forward * forward + left * left)
    if n < 1e-4:
        return
    k = strength / max(n, 1.0)
    s, c = sine(body[YAW]), cosine(body[YAW])
    body[VX] += k * (left * c - forward * s)
    body[VZ] += k * (forward * c + left * s)


@njit(**JIT)
def _move(blocks, body, wide, high, boxes):
    """Moves a body by its velocity against the blocks."""
    if body[IN_WEB] > 0:
        dx, dy, dz = 0.25 * body[VX], 0.05 * body[VY], 0.25 * body[VZ]
        body[VX] = body[VY] = body[VZ] = 0.0
    else:
        dx, dy, dz = body[VX], body[VY], body[VZ]
    grounded = body[ON_GROUND] > 0
    if body[SNEAKING] > 0 and grounded:
        dx, dz = held_back(blocks, body[X], body[Y], body[Z], dx, dz, wide, high, boxes)
    box = box_of(body[X], body[Y], body[Z], wide, high)
    mx, my, mz = slide(blocks, box, dx, dy, dz, grounded, boxes)
    body[X], body[Y], body[Z] = (box[0] + box[3]) / 2, box[1], (box[2] + box[5]) / 2
    body[BUMPED] = mx != dx or mz != dz
    body[ON_GROUND] = my != dy and dy < 0
    if mx != dx:
        body[VX] = 0.0
    if mz != dz:
        body[VZ] = 0.0
    if my != dy:
        body[VY] = 0.0
    body[IN_WEB] = in_web(blocks, body[X], body[Y], body[Z], wide, high)


@njit(**JIT)
def _on_ladder(blocks, body):
    return LADDERS[block_at(blocks, body[X], body[Y], body[Z])]


@njit(**JIT)
def _swim(blocks, body, forward, left, wide, high, boxes, era):
    """A tick in water: slow, and a hop out of it at a bank that has room."""
    fast = era >= 2022 and body[SPRINTING] > 0
    _head_for(body, forward, left, IN_WATER_PUSH)
    before = body[Y]
    _move(blocks, body, wide, high, boxes)
    if era >= 2022 and body[BUMPED] > 0 and _on_ladder(blocks, body):
        body[VY] = 0.2
    drag = 0.9 if fast else 0.8
    body[VX], body[VY], body[VZ] = drag * body[VX], 0.8 * body[VY], drag * body[VZ]
    if not fast:
        body[VY] -= 0.02 if era < 2022 else GRAVITY / 16
    if body[BUMPED] > 0:
        x, y, z = body[X] + body[VX], before + body[VY] + 0.6, body[Z] + body[VZ]
        if fits(blocks, x, y, z, wide, high, boxes) and not touches_water(blocks, x, y, z, wide, high):
            body[VY] = 0.3


@njit(**JIT)
def _dive(blocks, body, jump):
    """Swimming fast, a body goes where it looks, but not out of the water without a jump."""
    up = -sine(body[PITCH])
    if up <= 0 or jump or KIND[block_at(blocks, body[X], body[Y] + 0.9, body[Z])] == WATER_KIND:
        body[VY] += (up - body[VY]) * (0.085 if up < -0.2 else 0.06)


@njit(**JIT)
def _walk(blocks, body, forward, left, jump, sneak, speed, wide, high, boxes, era):
    """A tick on the ground, in the air or on a ladder."""
    haste = 1.3 if body[SPRINTING] > 0 else 1.0
    friction = 0.91
    if body[ON_GROUND] > 0:
        friction *= SLIPPERINESS[
            block_at(blocks, body[X], body[Y] - (1.0 if era < 2022 else 0.5000001), body[Z])
        ]
        _head_for(body, forward, left, haste * speed * 0.16277136 / (friction * friction * friction))
    else:
        _head_for(body, forward, left, haste * IN_AIR)
    if _on_ladder(blocks, body):
        body[VX] = min(max(body[VX], -CLIMB), CLIMB)
        body[VZ] = min(max(body[VZ], -CLIMB), CLIMB)
        body[VY] = max(body[VY], 0.0 if sneak else -CLIMB)
    _move(blocks, body, wide, high, boxes)
    if (body[BUMPED] > 0 or (jump and era >= 2022)) and _on_ladder(blocks, body):
        body[VY] = 0.2
    body[VX] *= friction
    body[VZ] *= friction
    body[VY] = (body[VY] - GRAVITY) * AIR_DRAG


@njit(**JIT)
def _jump(body):
    """A jump if its time has come, a stroke upwards in water."""
    body[JUMP_WAIT] = max(body[JUMP_WAIT] - 1, 0)
    if body[IN_WATER] > 0:
        body[VY] += 0.04
    elif body[ON_GROUND] > 0 and body[JUMP_WAIT] == 0:
        body[JUMP_WAIT] = JUMP_WAIT_TICKS
        body[VY] = JUMP_SPEED
        if body[SPRINTING] > 0:
            body[VX] -= 0.2 * sine(body[YAW])
            body[VZ] += 0.2 * cosine(body[YAW])


@njit(**JIT)
def tick_body(blocks, body, forward, left, jump, sneak, sprint, speed, wide, high, boxes, era=2021):
    """One tick of a body.

    `forward` and `left` are in -1..1; `speed` is 0.1 for a player; `wide` and `high` those of the standing
    body, in blocks; `boxes` is scratch (MAX_BOXES, 6).
    """
    if era >= 2022 and (sneak or body[STATURE] > 0 or body[SWIMMING] > 0):
        high = _stature(blocks, body, sneak, wide, high, boxes)
    crawls = body[STATURE] > 0 and body[SWIMMING] == 0
    _wade(blocks, body, sneak, wide, high, era)
    body[SPRINTING] = _sprints(body, forward, sneak, sprint, era)
    body[SNEAKING] = sneak
    for axis in (VX, VY, VZ):
        if abs(body[axis]) < CREEP:
            body[axis] = 0.0
    if jump:
        _jump(body)
    else:
        body[JUMP_WAIT] = 0
    k = 0.98 * (0.3 if sneak or crawls else 1.0)
    if body[SWIMMING] > 0:
        k = 0.98
        _dive(blocks, body, jump)
    if body[IN_WATER] > 0:
        _swim(blocks, body, k * forward, k * left, wide, high, boxes, era)
    else:
        _walk(blocks, body, k * forward, k * left, jump, sneak, speed, wide, high, boxes, era)


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

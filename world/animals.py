"""Cows, pigs, sheep and chickens: they wander, follow the food they like, and flee when hit."""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from basalt_iq.jit import BARE, INLINE, JIT
from basalt_iq.world.noise import cosine, hash3, sine
from basalt_iq.world.physics import (
    BODY_SIZE,
    BUMPED,
    IN_WATER,
    ON_GROUND,
    VX,
    VY,
    VZ,
    YAW,
    X,
    Y,
    Z,
    fits,
    tick_body,
)
from basalt_iq.world.shapes import slab
from basalt_iq.world.sky import BRIGHTNESS

KINDS: Final = ("cow", "pig", "sheep", "chicken", "snowball", "villager")
COW, PIG, SHEEP, CHICKEN, SNOWBALL, VILLAGER = range(6)
FOOD: Final = {"wheat": (COW, SHEEP), "carrot": (PIG,), "wheat_seeds": (CHICKEN,)}
"""Who follows whoever holds an item."""
WIDTHS: Final = np.array([0.9, 0.9, 0.9, 0.4, 0.25, 0.6])
HEIGHTS: Final = np.array([1.4, 0.9, 1.3, 0.7, 0.25, 1.9])
STROLL: Final = np.array([0.2, 0.25, 0.23, 0.25, 0.0, 0.3])
"""Minecraft's speed attribute times that of each errand: strolling, following food (2.70, 3.89, 2.76 and 2.70
blocks per second for cow, pig, sheep and chicken), fleeing. A body is pushed by its square."""
TEMPTED: Final = np.array([0.25, 0.3, 0.253, 0.25, 0.0, 0.0])
FLEE: Final = np.array([0.4, 0.3125, 0.2875, 0.35, 0.0, 0.35])
HEALTH: Final = np.array([10, 10, 8, 4, 1, 20])
# Columns after those of a body
KIND_OF, WANDER, NERVES, LIFE, STRIDE, DETOUR, SIDE = range(BODY_SIZE, BODY_SIZE + 7)
"""What it is, ticks left of the present stroll, of fright, health, phase of its legs, ticks left of
going round something, and the turn by which it does (radians)."""
ANIMAL_SIZE = BODY_SIZE + 7
FOLLOW, NEAR_ENOUGH = 10.0, 2.5
"""From how far they follow food, and how near they come to it, in blocks."""
LOOK_AHEAD, STUCK = 0.6, 0.03
"""Blocks ahead to look for room; blocks per tick below which it has walked into something, not along it."""
DETOUR_TICKS = 15
NEAREST = 0.05
"""Blocks ahead of the eye at which animals begin to be seen."""


def _legs(
    x: float, z: float, size: float, high: float, colour: tuple[int, int, int]
) -> list[tuple[float, ...]]:
    return [
        (i * x - size, 0.0, k * z - size, i * x + size, high, k * z + size, *colour)
        for i in (-1, 1)
        for k in (-1, 1)
    ]


_WHITE, _FACE, _PINK = (226, 226, 226), (196, 164, 146), (238, 164, 160)
_MODELS: Final = (
    [(-0.4, 0.7, -0.65, 0.4, 1.35, 0.5, 70, 52, 40), (-0.42, 0.95, -0.3, 0.42, 1.37, 0.15, 206, 206, 206),
     (-0.25, 0.95, 0.5, 0.25, 1.45, 0.9, 62, 46, 36), (-0.15, 0.95, 0.88, 0.15, 1.15, 0.93, 200, 184, 176),
     (-0.32, 1.4, 0.6, 0.32, 1.55, 0.68, 200, 196, 180), *_legs(0.25, 0.42, 0.12, 0.72, (58, 44, 34))],
    [(-0.35, 0.35, -0.6, 0.35, 0.9, 0.4, *_PINK), (-0.25, 0.4, 0.4, 0.25, 0.9, 0.85, 242, 172, 168),
     (-0.12, 0.45, 0.83, 0.12, 0.64, 0.92, 214, 130, 128), *_legs(0.2, 0.38, 0.12, 0.38, (228, 152, 150))],
    [(-0.42, 0.6, -0.62, 0.42, 1.28, 0.5, *_WHITE), (-0.2, 0.95, 0.5, 0.2, 1.35, 0.85, *_WHITE),
     (-0.18, 0.98, 0.82, 0.18, 1.28, 0.9, *_FACE), *_legs(0.24, 0.4, 0.12, 0.62, _FACE)],
    [(-0.19, 0.3, -0.25, 0.19, 0.66, 0.2, *_WHITE), (-0.12, 0.6, 0.15, 0.12, 0.95, 0.36, *_WHITE),
     (-0.11, 0.7, 0.35, 0.11, 0.8, 0.48, 226, 170, 60), (-0.05, 0.6, 0.35, 0.05, 0.71, 0.42, 206, 44, 36),
     (-0.12, 0, -0.04, -0.05, 0.32, 0.04, 226, 170, 60), (0.05, 0, -0.04, 0.12, 0.32, 0.04, 226, 170, 60)],
    [(-0.11, 0.0, -0.11, 0.11, 0.22, 0.11, 244, 250, 252)],
    [(-0.28, 0.0, -0.18, 0.28, 1.4, 0.18, 112, 80, 60), (-0.25, 1.4, -0.25, 0.25, 1.95, 0.25, 186, 138, 112),
     (-0.06, 1.42, 0.25, 0.06, 1.62, 0.36, 168, 120, 98), (-0.32, 0.85, 0.16, 0.32, 1.15, 0.36, 100, 70, 52)],
)  # fmt: skip
"""Boxes of each kind in its own frame (it looks along +z): corners and colour."""
BOXES: Final = np.array([box for model in _MODELS for box in model], np.float64)
SPAN: Final = np.cumsum([0] + [len(model) for model in _MODELS])
RADII: Final = np.array([1.25, 1.05, 1.15, 0.65, 0.25, 1.15])
MIDDLES: Final = np.array([0.8, 0.5, 0.7, 0.45, 0.11, 0.95])


def herd(kinds_and_places: list[tuple[int, float, float, float]], seed: int) -> np.ndarray:
    """Animals (n, ANIMAL_SIZE) of the given kinds at the given places (kind, x, y, z)."""
    rows = np.zeros((len(kinds_and_places), ANIMAL_SIZE))
    for i, (row, (kind, x, y, z)) in enumerate(zip(rows, kinds_and_places, strict=True)):
        row[[X, Y, Z, KIND_OF, LIFE]] = x, y, z, kind, HEALTH[kind]
        row[YAW] = 6.2831 * hash3(i, 0, 0, seed + 60)
    return rows


@njit(**JIT)
def _choose(animal, i, tick, seed, tempted, player):
    """Decides where to go; returns how hard to walk there, blocks per tick on one push (see STROLL)."""
    kind = int(animal[KIND_OF])
    dx, dz = player[X] - animal[X], player[Z] - animal[Z]
    away = math.sqrt(dx * dx + dz * dz)
    if animal[NERVES] > 0:
        animal[NERVES] -= 1
        animal[YAW] += 0.6 * (hash3(i, tick >> 3, 1, seed) - 0.5)
        return FLEE[kind]
    if tempted[kind] and away < FOLLOW and abs(player[Y] - animal[Y]) < 4:
        if away > 1e-6:
            animal[YAW] = _facing(dx, dz) + (animal[SIDE] if animal[DETOUR] > 0 else 0.0)
        return TEMPTED[kind] if away > NEAR_ENOUGH else 0.0
    animal[WANDER] -= 1
    if animal[WANDER] <= 0:
        animal[WANDER] = 30 + int(110 * hash3(i, tick, 2, seed))
        if hash3(i, tick, 3, seed) < 0.45:
            animal[YAW] += 4.0 * (hash3(i, tick, 4, seed) - 0.5)
            animal[STRIDE] = 1.0
        else:
            animal[STRIDE] = 0.0
    return STROLL[kind] * animal[STRIDE]


@njit(**JIT)
def _facing(dx, dz):
    """Yaw that looks along (dx, dz), by bisection: the library's arc tangent varies by machine."""
    low, high = -3.141592653589793, 3.141592653589793
    n = math.sqrt(dx * dx + dz * dz)
    c = dz / n  # cosine of the yaw; its sign is that of -dx
    low = 0.0
    for _ in range(24):
        middle = (low + high) / 2
        if cosine(middle) > c:
            low = middle
        else:
            high = middle
    return -low if dx > 0 else low


@njit(**JIT)
def _shun(blocks, animal):
    """Turns back before a drop, and before water."""
    s, c = -sine(animal[YAW]), cosine(animal[YAW])
    x, z = math.floor(animal[X] + 0.9 * s), math.floor(animal[Z] + 0.9 * c)
    if not (0 < x < blocks.shape[0] - 1 and 0 < z < blocks.shape[2] - 1):
        return True
    for y in range(int(animal[Y]), max(int(animal[Y]) - 4, 0), -1):
        block = blocks[x, y, z]
        if block:
            return 1 <= block <= 9  # the states of water are the first after air
    return True


@njit(**JIT)
def _room_ahead(blocks, animal, turn, rise, boxes):
    """Whether there is room a step ahead, at an angle to where it looks and so much higher up."""
    kind, yaw = int(animal[KIND_OF]), animal[YAW] + turn
    x, z = animal[X] - LOOK_AHEAD * sine(yaw), animal[Z] + LOOK_AHEAD * cosine(yaw)
    return fits(blocks, x, animal[Y] + rise, z, WIDTHS[kind], HEIGHTS[kind], boxes)


@njit(**JIT)
def _way_round(blocks, animal, boxes):
    """The least turn that leads past what it walked into, to the side it last took first; 0 if none."""
    side = 1.0 if animal[SIDE] >= 0 else -1.0
    for angle in (0.6, 1.2, 1.8):
        for turn in (side * angle, -side * angle):
            if _room_ahead(blocks, animal, turn, 0.0, boxes) or _room_ahead(blocks, animal, turn, 1.0, boxes):
                animal[SIDE] = turn
                return turn
    return 0.0


@njit(**JIT)
def _jumps(blocks, animal, boxes):
    """What a walking animal does about something in its way: jumps what is low enough, else goes round it.

    Returns whether it jumps. It keeps a turn for some ticks, or it would walk into the same thing again.
    """
    if animal[BUMPED] == 0 or animal[ON_GROUND] == 0:
        return False
    if _room_ahead(blocks, animal, 0.0, 1.0, boxes):
        return not _room_ahead(blocks, animal, 0.0, 0.0, boxes)
    if animal[DETOUR] <= 0 and abs(animal[VX]) + abs(animal[VZ]) < STUCK:
        animal[DETOUR] = DETOUR_TICKS
        animal[YAW] += _way_round(blocks, animal, boxes)
    return False


@njit(**JIT)
def tick_animals(blocks, animals, player, tempted, tick, seed, boxes, era):
    """One tick of every animal. `tempted` (kinds,) says who likes what the player holds."""
    for i in range(animals.shape[0]):
        _tick_animal(blocks, animals[i], i, player, tempted, tick, seed, boxes, era)


@njit(**JIT)
def _tick_animal(blocks, animal, i, player, tempted, tick, seed, boxes, era):
    kind = int(animal[KIND_OF])
    walk = _choose(animal, i, tick, seed, tempted, player)
    if animal[DETOUR] > 0:
        animal[DETOUR] -= 1
    if walk > 0 and animal[NERVES] <= 0 and animal[IN_WATER] == 0 and _shun(blocks, animal):
        if not tempted[kind]:
            animal[YAW] += 1.3
        walk = 0.0
    idle = walk == 0.0 and animal[ON_GROUND] > 0 and animal[VX] == 0.0 and animal[VZ] == 0.0
    if idle and (tick + i) % 8:
        return  # at rest nothing changes unless the ground does, which a look now and then finds
    jump = animal[IN_WATER] > 0 or (walk > 0 and _jumps(blocks, animal, boxes))
    if kind == CHICKEN and animal[VY] < 0:
        animal[VY] *= 0.6
    # an animal's speed is also how far its stick is pushed, so it counts twice
    tick_body(blocks, animal, walk, 0.0, jump, False, False, walk, WIDTHS[kind], HEIGHTS[kind], boxes, era)


@njit(**JIT)
def push_apart(animals, player):
    """Bodies that overlap push each other gently apart; the player pushes animals."""
    for i in range(animals.shape[0]):
        for j in range(i + 1, animals.shape[0] + 1):
            other = player if j == animals.shape[0] else animals[j]
            dx, dz = animals[i, X] - other[X], animals[i, Z] - other[Z]
            if abs(dx) > 0.9 or abs(dz) > 0.9 or abs(animals[i, Y] - other[Y]) > 1.5:
                continue
            d = math.sqrt(dx * dx + dz * dz)
            near = 0.5 * (WIDTHS[int(animals[i, KIND_OF])] + 0.6)
            if d < near and d > 1e-3:
                animals[i, VX] += 0.03 * dx / d
                animals[i, VZ] += 0.03 * dz / d


@njit(**JIT)
def struck(blocks, animals, px, py, pz, dx, dy, dz, reach):
    """Index of the animal that a blow along a ray would hit first, or -1."""
    best, found = reach, -1
    for i in range(animals.shape[0]):
        a, kind = animals[i], int(animals[i, KIND_OF])
        r = WIDTHS[kind] / 2
        t0, t1, _ = slab(px, py, pz, 1.0 / (dx + 1e-12), 1.0 / (dy + 1e-12), 1.0 / (dz + 1e-12),
                         a[X] - r, a[Y], a[Z] - r, a[X] + r, a[Y] + HEIGHTS[kind], a[Z] + r)  # fmt: skip
        if t0 < t1 and t1 > 0 and t0 < best:
            best, found = t0, i
    return found


class Sight(NamedTuple):
    """An eye as an animal sees it, in the animal's frame: where it is, and its axes ahead, left and up."""

    x: float
    y: float
    z: float
    ahead: tuple[float, float, float]
    left: tuple[float, float, float]
    up: tuple[float, float, float]


@njit(**INLINE)
def _sight(animal, eye, yaw, pitch):
    cy, sy, cp, sp = cosine(yaw), sine(yaw), cosine(pitch), sine(pitch)
    c, s = cosine(animal[YAW]), sine(animal[YAW])
    x, z = eye[0] - animal[X], eye[2] - animal[Z]
    ahead = (cp * (cy * s - sy * c), -sp, cp * (cy * c + sy * s))
    left = (cy * c + sy * s, 0.0, sy * c - cy * s)
    up = (sp * (cy * s - sy * c), cp, sp * (cy * c + sy * s))
    return Sight(x * c + z * s, eye[1] - animal[Y], z * c - x * s, ahead, left, up)


@njit(**INLINE)
def _along(axis, x, y, z):
    return axis[0] * x + axis[1] * y + axis[2] * z


@njit(**INLINE)
def _corner(q, corner, sight):
    """A corner of a box as the eye has it: how far ahead, to the left and up."""
    x, y, z = q[3 * (corner & 1)], q[1 + 3 * ((corner >> 1) & 1)], q[2 + 3 * (corner >> 2)]
    x, y, z = x - sight.x, y - sight.y, z - sight.z
    return _along(sight.ahead, x, y, z), _along(sight.left, x, y, z), _along(sight.up, x, y, z)


@njit(**BARE)
def _beside(q, sight, half, wide_half):
    """Whether a box lies wholly beyond one edge of the view."""
    left = right = up = down = 0
    for corner in range(8):
        ahead, a, b = _corner(q, corner, sight)
        left += a > wide_half * ahead
        right += a < -wide_half * ahead
        up += b > half * ahead
        down += b < -half * ahead
    return max(max(left, right), max(up, down)) == 8


@njit(**BARE)
def _frame_of(q, sight, half, high, wide):
    """The pixels that a box may cover: first and one-past-last row and column."""
    if _beside(q, sight, half, half * wide / high):
        return 0, 0, 0, 0
    top, left, bottom, right = high, wide, 0, 0
    for corner in range(8):
        ahead, a, b = _corner(q, corner, sight)
        if ahead < NEAREST:  # it reaches past the eye, to any edge
            return 0, high, 0, wide
        scale = 0.5 * high / (half * ahead)
        i, j = int(max(0.5 * wide - scale * a, 0.0)), int(max(0.5 * high - scale * b, 0.0))
        top, bottom = min(top, j), max(bottom, min(j + 1, high))
        left, right = min(left, i), max(right, min(i + 1, wide))
    return top, bottom, left, right


@njit(**BARE)
def _draw_box(out, depth, q, kind, bright, sight, half):
    """Draws one box of an animal where nothing nearer has been drawn."""
    high, wide = depth.shape
    top, bottom, left, right = _frame_of(q, sight, half, high, wide)
    ahead, up, side = sight.ahead, sight.up, sight.left
    for j in range(top, bottom):
        b = (1.0 - 2.0 * (j + 0.5) / high) * half
        for i in range(left, right):
            a = (1.0 - 2.0 * (i + 0.5) / wide) * half * wide / high
            dx = ahead[0] + a * side[0] + b * up[0] + 1e-9
            dy = ahead[1] + a * side[1] + b * up[1] + 1e-9
            dz = ahead[2] + a * side[2] + b * up[2] + 1e-9
            t, out_again, axis = slab(
                sight.x, sight.y, sight.z, 1.0 / dx, 1.0 / dy, 1.0 / dz, q[0], q[1], q[2], q[3], q[4], q[5]
            )
            if t < out_again and NEAREST < t < depth[j, i]:
                depth[j, i] = t
                u, v = int((sight.x + dx * t) * 9 + 50), int((sight.y + dy * t) * 9 + 50)
                grain = 0.88 + 0.24 * hash3(u, v, int((sight.z + dz * t) * 9 + 50), kind)
                shade = bright * grain * (1.0 if axis == 1 else (0.8 if axis == 2 else 0.65))
                for k in range(3):
                    out[j, i, k] = int(min(q[6 + k] * shade, 255.0))


@njit(**BARE)
def _in_view(kind, sight, far):
    """Whether an animal is neither behind the eye nor far away."""
    y = MIDDLES[kind] - sight.y
    if _along(sight.ahead, -sight.x, y, -sight.z) < -RADII[kind]:
        return False
    return sight.x * sight.x + y * y + sight.z * sight.z <= 0.6 * far * far


@njit(**BARE)
def draw_animals(out, depth, animals, light, eye, yaw, pitch, half, far):
    """Draws the animals over the land, box by box. Arguments as for draw_blocks."""
    for m in range(animals.shape[0]):
        e = animals[m]
        kind, sight = int(e[KIND_OF]), _sight(e, eye, yaw, pitch)
        if not _in_view(kind, sight, far):
            continue
        x, y, z = int(e[X]), int(e[Y] + 0.5), int(e[Z])
        glow = 240
        if 0 <= x < light.shape[0] and 0 <= y < light.shape[1] and 0 <= z < light.shape[2]:
            glow = int(light[x, y, z])
        for row in range(SPAN[kind], SPAN[kind + 1]):
            _draw_box(out, depth, BOXES[row], kind, BRIGHTNESS[glow], sight, half)


def place_free(blocks: np.ndarray, kind: int, x: float, y: float, z: float, boxes: np.ndarray) -> bool:
    """Whether an animal of a kind has room at a place."""
    return bool(fits(blocks, x, y, z, WIDTHS[kind], HEIGHTS[kind], boxes))

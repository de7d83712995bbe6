"""Who has done the task, from the state of the world. Never shown to the player."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from basalt_iq.world import animals, cavities, enclosures
from basalt_iq.world.blocks import BLOCKS, FALLING, WATER
from basalt_iq.world.state import Cell, World

MIN_FALL = 4
"""Blocks that the water must fall in one go."""
PEN_CELLS = 250
"""An animal with more room than this roams free."""
PEN_NEAR = 16
"""Blocks from the pen to the nearest house, at most."""
ROOM_CELLS, LARGEST_ROOM = 12, 1500
"""Air inside a house, in blocks: at least, at most."""
ROOM_FLOOR = 6
"""Floor inside a house, in blocks, at least."""
LAMPLIGHT = 8
"""Torch light somewhere inside, at least."""
HOUSE_NEAR = 32
"""Blocks from the new house to the nearest of the village, at most."""
STAND = np.array([0.0, 0.01, 0.0])
OWN_SHARE = 0.6
"""Share of walls and roof that the player built."""


@dataclass(frozen=True)
class Verdict:
    """success, a score in 0..1, and the reasons in words."""

    success: bool
    score: float
    reasons: tuple[str, ...]

    def info(self) -> dict:
        return {"success": self.success, "score": self.score, "reasons": list(self.reasons)}


def verdict(parts: Sequence[tuple[bool, str]]) -> Verdict:
    """Success if every part holds; the score is the share that does; reasons name each part."""
    met = [bool(ok) for ok, _ in parts]
    reasons = tuple(f"{'yes' if ok else 'no'}: {reason}" for ok, reason in parts)
    return Verdict(all(met), sum(met) / len(met), reasons)


def judge_cave(world: World, eye: tuple[float, float, float], ended_by_player: bool) -> Verdict:
    """FindCave: at the throw the head is in a natural cave, under its roof, out of the sky's light.

    A natural cave is what the land was made with: at least SMALLEST_CAVE connected cells of air below
    the ground with sky light of at most DARK. What the player digs or roofs over never counts.
    """
    x, y, z = (int(c // 1) for c in eye)
    inside = world.inside(x, y, z)
    natural = inside and bool(world.caves[x, y, z])
    dark = inside and int(world.light[x, y, z] >> 4) <= cavities.DARK
    roofed = inside and bool(world.blocks[x, y + 1 :, z].any())
    return verdict(
        [
            (ended_by_player, "the episode ended by the player's choice"),
            (natural, f"in a natural cave of at least {cavities.SMALLEST_CAVE} blocks"),
            (roofed, "under a roof"),
            (dark, "out of the sky's light"),
        ]
    )


# ---------------------------------------------------------------------- waterfall
def poured_water(world: World) -> list[Cell]:
    """Cells of the water that runs from what the player poured."""
    cells = np.zeros((20000, 3), np.int64)
    found: set[Cell] = set()
    for (x, y, z), item in world.placed.items():
        if item == "water_bucket" and world.at(x, y, z) == WATER and world.born[x, y, z] != WATER:
            n = enclosures.joined_water(world.blocks, x, y, z, len(cells), cells)
            found |= {(a, b, c) for a, b, c in cells[:n].tolist()}
    return sorted(found)


def falls(world: World, water: list[Cell]) -> list[list[Cell]]:
    """Runs of falling water, each a list of cells from the top down, longest first."""
    falling = {cell for cell in water if world.at(*cell) == FALLING and world.born[cell] != FALLING}
    runs = []
    for x, y, z in falling:
        if (x, y + 1, z) not in falling:
            run = [(x, y, z)]
            while (x, run[-1][1] - 1, z) in falling:
                run.append((x, run[-1][1] - 1, z))
            runs.append(run)
    return sorted(runs, key=lambda run: (-len(run), run))


def in_view(
    world: World, eye: np.ndarray, yaw: float, pitch: float, half: float, aspect: float, cell: Cell
) -> bool:
    """Whether the middle of a cell is in the picture and not hidden."""
    d = np.array(cell) + 0.5 - eye
    s, c, sp, cp = math.sin(yaw), math.cos(yaw), math.sin(pitch), math.cos(pitch)
    ahead = -d[0] * s * cp - d[1] * sp + d[2] * c * cp
    right = -d[0] * c - d[2] * s
    up = -d[0] * s * sp + d[1] * cp + d[2] * c * sp
    if ahead < 0.5 or abs(right) > half * aspect * ahead or abs(up) > half * ahead or ahead > 60:
        return False
    return bool(cavities.line_of_sight(world.blocks, *eye, *(np.array(cell) + 0.5)))


def judge_waterfall(
    world: World, eye: np.ndarray, yaw: float, pitch: float, half: float, aspect: float, ended_by_player: bool
) -> Verdict:
    """MakeWaterfall: water that the player poured falls far enough, and the fall is in the picture."""
    water = poured_water(world)
    tall = [run for run in falls(world, water) if len(run) >= MIN_FALL]
    seen = any(
        sum(in_view(world, eye, yaw, pitch, half, aspect, cell) for cell in run) >= MIN_FALL / 2
        for run in tall[:20]
    )
    return verdict(
        [
            (ended_by_player, "the episode ended by the player's choice"),
            (bool(water), "water was poured and still stands"),
            (bool(tall), f"it falls at least {MIN_FALL} blocks in one go"),
            (seen, "the fall is in view at the end"),
        ]
    )


# ---------------------------------------------------------------------- village
def village_intact(world: World) -> bool:
    """Whether every block of the village is as it was built; doors and gates may be opened or shut."""
    for cell in world.broken:
        if cell in world.village:
            return False
    return all(
        world.blocks[cell] == world.born[cell] or BLOCKS[world.born[cell]].group in ("door", "gate", "water")
        for cell in world.village
    )


def _held_by(world: World, x: int, y: int, z: int) -> np.ndarray | None:
    """Cells that the player's fences and gates alone keep an animal in, or None if it isn't kept."""
    cells = np.zeros((PEN_CELLS + 1, 3), np.int64)
    nothing = np.zeros(world.blocks.shape, np.bool_)
    count = enclosures.roaming(world.blocks, nothing, x, y, z, PEN_CELLS, cells)
    if count >= PEN_CELLS:
        return None
    for cell in world.placed:
        if BLOCKS[world.at(*cell)].group in ("fence", "gate"):
            nothing[cell] = True
    spare = np.zeros_like(cells)
    if enclosures.roaming(world.blocks, nothing, x, y, z, PEN_CELLS, spare) < PEN_CELLS:
        return None
    return cells[:count]


def pens(world: World) -> list[tuple[list[int], np.ndarray]]:
    """Each pen's kinds of animals (villagers too) and its cells (n, 3)."""
    found: dict[bytes, tuple[list[int], np.ndarray]] = {}
    if not any(BLOCKS[world.at(*cell)].group in ("fence", "gate") for cell in world.placed):
        return []
    for row in world.animals[:-1]:
        x, y, z = (int(c // 1) for c in row[:3] + STAND)
        if not world.inside(x, y, z) or row[animals.LIFE] <= 0:
            continue
        held = _held_by(world, x, y, z)
        if held is not None:
            key = np.unique(held, axis=0).tobytes()
            found.setdefault(key, ([], held))[0].append(int(row[animals.KIND_OF]))
    return list(found.values())


def judge_pen(world: World, harmed: int, ended_by_player: bool, needs_house: bool = True) -> Verdict:
    """The pens: two or more animals of one kind behind the player's fences, next to a house, no harm done."""
    held = pens(world)
    pure = [p for p in held if len(set(p[0])) == 1 and len(p[0]) >= 2 and p[0][0] < animals.SNOWBALL]
    near = [
        p for p in pure
        if any(h.distance(x + 0.5, z + 0.5) <= PEN_NEAR for h in world.houses for x, _, z in p[1])
    ]  # fmt: skip
    parts = [
        (ended_by_player, "the episode ended by the player's choice"),
        (any(len(p[0]) >= 2 for p in held), "two or more animals are penned in by the player's fences"),
        (bool(pure), "they are of exactly one kind"),
        (harmed == 0, "no animal or villager was hit"),
    ]
    if needs_house:
        parts += [
            (bool(near), f"the pen is within {PEN_NEAR} blocks of a house"),
            (village_intact(world), "the village is unharmed"),
        ]
    return verdict(parts)


# ---------------------------------------------------------------------- house
def _room_shell(world: World, room: np.ndarray) -> tuple[int, int, bool]:
    """Blocks of a room's walls and roof: all, and the player's; and whether it has a door or doorway."""
    inside = {tuple(cell) for cell in room.tolist()}
    total = own = 0
    door = False
    for x, y, z in inside:
        for dx, dy, dz in ((1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1), (0, 1, 0)):
            cell = (x + dx, y + dy, z + dz)
            if cell in inside:
                continue
            block = BLOCKS[world.at(*cell)]
            placed = cell in world.placed
            if block.group == "door":
                door |= placed
            if not block.solid:
                door = True  # a doorway: `interior` lets nothing else that is open bound a room
                continue
            total += 1
            own += placed
    return total, own, door


def _in_a_room(world: World, cell: Cell) -> bool:
    """Whether a search for a room may begin in a cell: open, within the land, in no doorway between two."""
    inner = all(3 <= v < n - 3 for v, n in zip(cell, world.blocks.shape, strict=True))
    return inner and not BLOCKS[world.at(*cell)].solid and not enclosures.doorway(world.blocks, *cell)


def player_room(world: World) -> np.ndarray | None:
    """The largest closed room (n, 3) with walls or roof that the player placed, or None."""
    cells = np.zeros((LARGEST_ROOM + 1, 3), np.int64)
    best: np.ndarray | None = None
    tried: set[Cell] = set()
    for x, y, z in list(world.placed):
        for cell in ((x, y - 1, z), (x + 1, y, z), (x - 1, y, z), (x, y, z + 1), (x, y, z - 1)):
            if cell in tried or not _in_a_room(world, cell):
                continue
            n = enclosures.interior(world.blocks, *cell, LARGEST_ROOM, cells)
            tried |= {(a, b, c) for a, b, c in cells[:n].tolist()}
            if n < LARGEST_ROOM and (best is None or n > len(best)):
                best = cells[:n].copy()
    return best


def judge_house(world: World, harmed: int, ended_by_player: bool) -> Verdict:
    """BuildVillageHouse: a closed, lit room of the player's own blocks with a door; the village unharmed."""
    room = player_room(world)
    if room is None:
        room = np.zeros((0, 3), np.int64)
    floor = len({(x, z) for x, _, z in room.tolist()})
    total, own, door = _room_shell(world, room)
    lit = len(room) > 0 and int((world.light[tuple(room.T)] & 15).max()) >= LAMPLIGHT
    near = len(room) > 0 and any(h.distance(*room[0, [0, 2]]) <= HOUSE_NEAR for h in world.houses)
    return verdict(
        [
            (ended_by_player, "the episode ended by the player's choice"),
            (
                len(room) >= ROOM_CELLS and floor >= ROOM_FLOOR,
                f"a closed room of at least {ROOM_CELLS} blocks",
            ),
            (total > 0 and own >= OWN_SHARE * total, "walls and roof are the player's own"),
            (door, "it has a door"),
            (lit, "it is lit inside"),
            (near, f"it stands within {HOUSE_NEAR} blocks of the village"),
            (village_intact(world) and harmed == 0, "the village is unharmed"),
        ]
    )

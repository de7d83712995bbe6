"""BuildVillageHouse: a room of the player's own that one can walk into, and how it suits the village."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basalt_iq.world.blocks import BLOCKS
from basalt_iq.world.judges import rooms
from basalt_iq.world.judges.verdict import Criterion, Ending, Verdict, verdict, village_intact
from basalt_iq.world.state import Cell, World
from basalt_iq.world.village import STYLES

ROOM_CELLS, LARGEST_ROOM = 12, 1500
"""Air inside a house, in blocks: at least, at most."""
ROOM_FLOOR = 6
"""Columns inside a house in which one can stand upright, at least."""
WALLED = 0.6
"""Share of a room's sides that is wall, door or window; the rest is open. A roof on posts is no house."""
OWN_SHARE = 0.6
"""Share of walls and roof that the player built."""
HOUSE_NEAR = 32
"""Blocks from the new house to the nearest of the village, at most."""
YARD = 200
"""Places in the open that the door must lead to: not a ledge."""
STYLE_SHARE = 0.5
"""Share of the player's walls and roof that is of what the village is built of."""
BESIDE = 10
"""Blocks from the house to a path or house of the village that make the place suitable."""
TOUR = 3
"""Places inside where one has stood since the last block."""
LAMPLIGHT, DAYLIGHT = 8, 4


@dataclass(frozen=True)
class Room:
    """A closed space (n, 3), the blocks of its walls and roof, and which share of its sides they close."""

    cells: np.ndarray
    shell: frozenset[Cell]
    walled: float

    @property
    def columns(self) -> set[tuple[int, int]]:
        """Those in which one can stand upright."""
        inside = {(x, y, z) for x, y, z in self.cells.tolist()}
        return {(x, z) for x, y, z in inside if (x, y + 1, z) in inside}

    def large(self) -> bool:
        return len(self.cells) >= ROOM_CELLS and len(self.columns) >= ROOM_FLOOR

    def covered(self, world: World) -> bool:
        """Whether most of it is under the ground or under a roof of the village: no house of its own."""
        top = int(self.cells[:, 1].max())
        roofs = {(x, z) for x, y, z in world.village if y > top}
        columns = self.columns
        return 2 * sum(c in roofs or world.surface[c] > top for c in columns) > len(columns)

    def own(self, world: World) -> list[Cell]:
        """The part of the shell that the player built."""
        return [cell for cell in self.shell if cell in world.placed]


def player_room(world: World) -> Room | None:
    """The best closed room with walls or roof that the player placed: by what a house needs, then by size."""
    cells = np.zeros((LARGEST_ROOM, 3), np.int64)
    spare = np.zeros((rooms.HOLE + 2, 3), np.int64)
    tried: set[Cell] = set()
    found: list[Room] = []
    for x, y, z in list(world.placed):
        for cell in ((x, y - 1, z), *((x + dx, y, z + dz) for dx, dz in rooms.SIDES)):
            if cell in tried or not _starts_a_room(world, cell, spare):
                continue
            n = rooms.interior(world.blocks, *cell, cells)
            tried |= {(a, b, c) for a, b, c in cells[: max(n, 1)].tolist()}
            if n:
                found.append(_room(world, cells[:n].copy()))

    def worth(room: Room) -> tuple[int, int]:
        return sum(ok for ok, _ in _house(world, room)), len(room.cells)

    return max(found, key=worth, default=None)


def _starts_a_room(world: World, cell: Cell, spare: np.ndarray) -> bool:
    """Whether a search for a room may begin in a cell: open, under a roof, not in a hole of a wall."""
    inner = all(8 <= v < n - 8 for v, n in zip(cell, world.blocks.shape, strict=True))
    return (
        inner
        and not rooms.closed(world.blocks, *cell)
        and rooms.roofed(world.blocks, *cell)
        and not rooms.hole(world.blocks, *cell, spare)
    )


def _room(world: World, cells: np.ndarray) -> Room:
    inside = {(x, y, z) for x, y, z in cells.tolist()}
    sides = [c for x, y, z in inside for dx, dz in rooms.SIDES if (c := (x + dx, y, z + dz)) not in inside]
    walls = [cell for cell in sides if rooms.closed(world.blocks, *cell)]
    roof = [c for x, y, z in inside if rooms.closed(world.blocks, *(c := (x, y + 1, z)))]
    return Room(cells, frozenset((*walls, *roof)), len(walls) / max(len(sides), 1))


def _house(world: World, room: Room | None) -> list[Criterion]:
    """What makes a room the player's house."""
    closed = room is not None and room.large() and room.walled >= WALLED
    own = room is not None and len(room.own(world)) >= OWN_SHARE * len(room.shell) and not room.covered(world)
    return [
        (closed, f"a closed room of at least {ROOM_CELLS} blocks, to stand in, between walls"),
        (own, "walls and roof are the player's own, in the open"),
        (
            room is not None and _walk_in(world, room),
            "one can walk in from the ground by a door or doorway",
        ),
    ]


def _walk_in(world: World, room: Room) -> bool:
    return bool(rooms.way_out(world.blocks, world.born, world.surface, room.cells, len(room.cells), YARD))


def judge_house(world: World, ending: Ending) -> Verdict:
    """A closed room of the player's own, entered from the ground by its door, by the unharmed village.

    Style, place, tour and light are in the score: a house may lack some of them.
    """
    room = player_room(world)
    near = room is not None and any(
        h.distance(*room.cells[:, ::2].mean(0).tolist()) <= HOUSE_NEAR for h in world.houses
    )
    parts = [
        *_house(world, room),
        (near, f"it stands within {HOUSE_NEAR} blocks of the village"),
        (ending.villagers_hit == 0 and village_intact(world), "villagers and village are unharmed"),
    ]
    return verdict(ending, parts, _wishes(world, room))


def _wishes(world: World, room: Room | None) -> list[Criterion]:
    """What else the task's text asks for, or welcomes."""
    if room is None:
        room = Room(np.zeros((0, 3), np.int64), frozenset(), 0.0)
    light = world.light[tuple(room.cells.T)]
    lit = light.size > 0 and bool((light & 15).max() >= LAMPLIGHT or (light >> 4).max() >= DAYLIGHT)
    return [
        (_in_style(world, room), "it is built of what the village is built of"),
        (_beside(world, room), f"it stands within {BESIDE} blocks of a path or house"),
        (_toured(world, room), "the player looked at it from inside once it was finished"),
        (lit, "it is not dark inside"),
    ]


def _in_style(world: World, room: Room) -> bool:
    own = [BLOCKS[world.at(*cell)] for cell in room.own(world)]
    style = STYLES.get(world.style)
    if style is None or not own:
        return False
    names = {style.wall, style.post, style.roof, style.floor}
    return sum(b.name in names or b.name.startswith(style.door) for b in own) >= STYLE_SHARE * len(own)


def _beside(world: World, room: Room) -> bool:
    if not len(room.cells) or not world.village:
        return False
    built = np.array(sorted({(x, z) for x, _, z in world.village}))
    x, _, z = room.cells.mean(0)
    return bool(np.abs(built - (x, z)).max(1).min() <= BESIDE)


def _toured(world: World, room: Room) -> bool:
    """Whether the player has stood in several places inside since its walls and roof were last changed."""
    inside = {(x, y, z) for x, y, z in room.cells.tolist()}
    stood: set[Cell] = set()
    for what, cell in world.history:
        if what == "at":
            stood |= {cell} & inside
        elif cell in room.shell:
            stood.clear()
    return len(stood) >= TOUR

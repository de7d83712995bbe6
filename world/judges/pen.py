"""The pens: who is held by the player's fences, and by what else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from basalt_iq.world import animals
from basalt_iq.world.blocks import BLOCKS, SOLID
from basalt_iq.world.judges.roaming import LAYERS, roam
from basalt_iq.world.judges.verdict import Criterion, Ending, Verdict, cell_of, verdict, village_intact
from basalt_iq.world.state import Cell, World

PEN_NEAR = 16
"""Blocks from the pen to the nearest house, at most."""
FENCED = 0.5
"""Share of a pen's sides that are the player's fences and gates, at least: the rest may be walls of houses
or of the land."""
MARGIN = 2
"""An animal this many blocks beyond the outermost fence roams free."""
FLIGHT = {animals.CHICKEN: 24}
"""Eighths of a block that a frightened animal flies off a step: 16 where nothing is said here."""
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))


@dataclass(frozen=True)
class Pen:
    """A place that holds animals: how many of each kind, its cells, how much of its sides is fenced."""

    kinds: Counter[int]
    cells: frozenset[Cell]
    fenced: float
    gate: bool

    @property
    def kind(self) -> int | None:
        """The one kind in it, if there is just one and it is an animal."""
        only = next(iter(self.kinds)) if len(self.kinds) == 1 else animals.VILLAGER
        return only if only < animals.SNOWBALL else None


def own_fences(world: World) -> dict[Cell, str]:
    """The player's fences and shut gates, by cell."""
    blocks = {cell: BLOCKS[world.at(*cell)] for cell in world.placed}
    return {cell: b.group for cell, b in blocks.items() if b.group in ("fence", "gate") and not b.is_open}


def pens(world: World) -> list[Pen]:
    """Every place in which the player's fences and what else is there hold an animal."""
    fences = own_fences(world)
    if not fences:
        return []
    rooms: list[tuple[set[Cell], list[int]]] = []
    known: list[tuple[int, set[Cell]]] = []
    for index, row in enumerate(world.animals[:-1]):
        cells = _reach(world, row, fences, known) if row[animals.LIFE] > 0 else None
        if cells is None:
            continue
        rows = [index]
        for other in [room for room in rooms if room[0] & cells]:
            rooms.remove(other)
            cells = cells | other[0]
            rows += other[1]
        rooms.append((cells, rows))
    return [_pen(world, cells, rows, fences) for cells, rows in rooms]


def _reach(
    world: World, row: np.ndarray, fences: dict[Cell, str], known: list[tuple[int, set[Cell]]]
) -> set[Cell] | None:
    """The cells, fences' own left out, that an animal can get to; None if it is free.

    `known` holds what was found for others, (kind, cells): one of the same kind in an open cell of theirs is
    held with them.
    """
    kind = int(row[animals.KIND_OF])
    here = cell_of((row[0], row[1] + 0.01, row[2]))
    for of, cells in known:
        if of == kind and here in cells and not SOLID[world.at(*here)]:
            return cells
    found = _flooded(world, row, kind, fences)
    if found is not None:
        known.append((kind, found))
    return found


def _flooded(world: World, row: np.ndarray, kind: int, fences: dict[Cell, str]) -> set[Cell] | None:
    x0, z0, x1, z1 = window = _window(world, fences)
    x, y, z = (float(v) for v in row[:3])
    if not (x0 <= x < x1 + 1 and z0 <= z < z1 + 1 and 1 < y < world.blocks.shape[1] - 4):
        return None
    reached = np.zeros((x1 - x0 + 1, z1 - z0 + 1, LAYERS), np.bool_)
    wide, high = float(animals.WIDTHS[kind]), float(animals.HEIGHTS[kind])
    if not roam(world.blocks, x, y, z, wide, high, FLIGHT.get(kind, 16), window, reached):
        return None
    low = int(y // 1) - LAYERS // 2
    cells = {(a + x0, b + low, c + z0) for a, c, b in np.argwhere(reached).tolist()}
    return {cell for cell in (*cells, cell_of((x, y + 0.01, z))) if cell not in fences}


def _window(world: World, fences: dict[Cell, str]) -> tuple[int, int, int, int]:
    """The columns about all fences, beyond which an animal is free."""
    x, z = [cell[0] for cell in fences], [cell[2] for cell in fences]
    last_x, _, last_z = world.blocks.shape
    low = max(min(x) - MARGIN, 1), max(min(z) - MARGIN, 1)
    return *low, min(max(x) + MARGIN, last_x - 2), min(max(z) + MARGIN, last_z - 2)


def _pen(world: World, room: set[Cell], held: list[int], fences: dict[Cell, str]) -> Pen:
    """The pen of some cells, of the animals held in it, and of who else is there now."""
    columns: dict[tuple[int, int], list[int]] = {}
    for x, y, z in room:
        columns.setdefault((x, z), []).append(y)
    sides = fenced = 0
    gate = False
    for (x, z), heights in columns.items():
        for dx, dz in SIDES:
            if (x + dx, z + dz) in columns:
                continue
            sides += 1
            found = {fences.get((x + dx, y + up, z + dz)) for y in heights for up in (-1, 0, 1)} - {None}
            fenced += bool(found)
            gate |= "gate" in found
    kinds: Counter[int] = Counter()
    for index, row in enumerate(world.animals[:-1]):
        x, y, z = cell_of((row[0], row[1] + 0.01, row[2]))
        there = row[animals.LIFE] > 0 and any(abs(y - b) <= 2 for b in columns.get((x, z), ()))
        if index in held or there:
            kinds[int(row[animals.KIND_OF])] += 1
    return Pen(kinds, frozenset(room), fenced / max(sides, 1), gate)


def judge_pen(world: World, ending: Ending) -> Verdict:
    """CreateVillageAnimalPen: two or more of one kind in a fenced pen beside a house, nobody harmed.

    Held means that the animal's own body cannot get out (see `roaming`). 2022 asks for a gate.
    """
    parts, good = _penned(world, ending)
    near = [
        pen for pen in good
        if any(h.distance(x + 0.5, z + 0.5) <= PEN_NEAR for h in world.houses for x, _, z in pen.cells)
    ]  # fmt: skip
    parts += [
        (bool(near), f"the pen is within {PEN_NEAR} blocks of a house"),
        (ending.villagers_hit == 0 and village_intact(world), "villagers and village are unharmed"),
    ]
    return verdict(ending, parts)


def judge_plains_pen(world: World, ending: Ending) -> Verdict:
    """CreatePlainsAnimalPen: the same where there is no village."""
    return verdict(ending, _penned(world, ending)[0])


def _penned(world: World, ending: Ending) -> tuple[list[Criterion], list[Pen]]:
    """What both tasks ask of the pen itself, and the pens that have it all."""
    found = [pen for pen in pens(world) if pen.fenced >= FENCED]
    full = [pen for pen in found if pen.kinds.total() >= 2]
    pure = [pen for pen in full if pen.kind is not None]
    parts = [
        (bool(full), "two or more animals cannot get out of the player's fences"),
        (bool(pure), "they are of exactly one kind"),
    ]
    if ending.era == 2022:
        pure = [pen for pen in pure if pen.gate]
        parts.append((bool(pure), "the pen has a gate"))
    return parts, pure

"""FindCave: inside a cave of the land, found on foot."""

from __future__ import annotations

from basalt_iq.world import cavities
from basalt_iq.world.judges.verdict import Ending, Verdict, cell_of, natural_ground, verdict, was_ground
from basalt_iq.world.state import Cell, World

DUG = 2
"""Cells of rock or soil that a player may have dug away on the way in: a lip at the mouth is no shaft."""


def judge_cave(world: World, ending: Ending) -> Verdict:
    """The head is in a natural cave, or in the shade of its entrance, under the rock's own roof.

    A natural cave is what the land was made with (`cavities.find_caves`). What the player digs or roofs over
    never counts, and in 2022 nobody may dig down to one from the surface.
    """
    x, y, z = cell_of(ending.eye)
    natural = world.inside(x, y, z) and bool(world.caves[x, y, z])
    roofed = natural and any(natural_ground(world, (x, b, z)) for b in range(y + 1, world.blocks.shape[1]))
    parts = [
        (natural, f"in a natural cave of at least {cavities.SMALLEST_CAVE} blocks, or its entrance"),
        (roofed, "under its roof"),
    ]
    if ending.era == 2022:
        parts.append((not dug_in(world), "not dug into from outside"))
    return verdict(ending, parts)


def dug_in(world: World) -> bool:
    """Whether the body came in by digging, between the open sky and the first of the cave.

    It did if it sank straight down through former rock or soil, or passed more than DUG cells of it.
    """
    dug: set[Cell] = set()
    sank = inside = False
    before: Cell | None = None
    for what, (x, y, z) in world.history:
        if what != "at" or not world.inside(x, y + 1, z):
            continue
        if world.light[x, y + 1, z] >> 4 == 15 and y > world.surface[x, z] - 1:
            dug, sank, inside = set(), False, False
        if not inside:
            dug |= {cell for cell in ((x, y, z), (x, y + 1, z)) if was_ground(world, cell)}
            sank |= before == (x, y + 1, z) and was_ground(world, (x, y + 1, z))
        inside |= bool(world.caves[x, y + 1, z])
        before = (x, y, z)
    return sank or len(dug) > DUG

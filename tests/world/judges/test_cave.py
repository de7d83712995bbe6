"""Caves: what fooled a judge once, what was refused once, and more of both kinds. The lists only grow."""

from collections.abc import Callable

import pytest
from fixtures.scenes import X, Y, Z, box, build, dig, plain, reborn, walk

from basalt_iq.world import cavities
from basalt_iq.world.blocks import ID
from basalt_iq.world.judges import Ending, judge_cave
from basalt_iq.world.state import Cell, World

HILL = 8


def hill() -> World:
    """A hill from x = X on with a tunnel into it, three high, that opens to the west."""
    world = plain("stone")
    world.blocks[X : X + 31, Y : Y + HILL, Z - 15 : Z + 16] = ID["stone"]
    for x, y, z in box(X, Y, Z - 1, X + 24, Y + 2, Z + 1):
        world.blocks[x, y, z] = ID["air"]
    reborn(world)
    world.caves = cavities.find_caves(world.blocks, world.light, world.surface)
    return world


def verdict(world: World, feet: Cell, era: int = 2021, chosen: bool = True) -> tuple[bool, tuple[str, ...]]:
    x, y, z = feet[0] + 0.5, float(feet[1]), feet[2] + 0.5
    found = judge_cave(world, Ending(chosen, era, (x, y, z), (x, y + 1.62, z)))
    return found.success, found.reasons


def way_in(end: int) -> list[Cell]:
    return [(x, Y, Z) for x in range(X - 6, end + 1)]


def shaft(world: World) -> Cell:
    """Straight down from the hill's top into the tunnel."""
    walk(world, [(X + 12, Y + HILL, Z)])
    for y in range(Y + HILL - 1, Y - 1, -1):
        if world.at(X + 12, y, Z):
            dig(world, [(X + 12, y, Z)])
        walk(world, [(X + 12, y, Z)])
    walk(world, [(X + 14, Y, Z)])
    return X + 14, Y, Z


def stair(world: World) -> Cell:
    """A stair dug down into the tunnel's side."""
    for i in range(HILL):
        x, y, z = X + 15, Y + HILL - i, Z + 9 - i
        dig(world, [c for c in box(x, y, z, x, y + 2, z) if world.at(*c)])
        walk(world, [(x, y, z)])
    walk(world, [(X + 15, Y, Z + 1), (X + 15, Y, Z)])
    return X + 15, Y, Z


def own_hole(world: World) -> Cell:
    dig(world, box(X + 8, Y - 14, Z + 8, X + 12, Y - 10, Z + 12))
    return X + 10, Y - 12, Z + 10


def own_roof(world: World) -> Cell:
    build(world, "dirt", box(X - 20, Y + 3, Z - 5, X - 10, Y + 3, Z + 5))
    return X - 15, Y, Z


def overhang(world: World) -> Cell:
    world.blocks[X - 6 : X, Y + 3, Z - 15 : Z - 9] = ID["stone"]
    reborn(world)
    world.caves = cavities.find_caves(world.blocks, world.light, world.surface)
    return X - 3, Y, Z - 12


def leaves(world: World) -> Cell:
    world.blocks[X - 24 : X - 10, Y + 4, Z - 7 : Z + 8] = ID["oak_leaves"]
    world.settle()
    world.caves = cavities.find_caves(world.blocks, world.light, world.surface)
    return X - 17, Y, Z


def no_roof(world: World) -> Cell:
    dig(world, box(X + 10, Y + 3, Z, X + 10, Y + HILL - 1, Z))
    return X + 10, Y, Z


EXPLOITS: dict[str, Callable[[World], Cell]] = {
    "before the mouth": lambda w: (X - 2, Y, Z),
    "in the mouth": lambda w: (X, Y, Z),
    "on top of it": lambda w: (X + 12, Y + HILL, Z),
    "in a hole of one's own": own_hole,
    "under a roof of one's own": own_roof,
    "under an overhang": overhang,
    "in the shade of trees": leaves,
    "where one has opened the roof": no_roof,
}


@pytest.mark.parametrize("name", EXPLOITS)
@pytest.mark.parametrize("era", [2021, 2022])
def test_refused(name: str, era: int) -> None:
    world = hill()
    success, reasons = verdict(world, EXPLOITS[name](world), era)
    assert not success, reasons


def thin_roof(thick: int) -> Callable[[World], Cell]:
    """Straight down where the roof is thin."""

    def enter(world: World) -> Cell:
        top = Y + 3 + thick
        world.blocks[X : X + 31, top : Y + HILL, Z - 15 : Z + 16] = ID["air"]
        reborn(world)
        world.caves = cavities.find_caves(world.blocks, world.light, world.surface)
        walk(world, [(X + 12, top, Z)])
        for y in range(top - 1, Y - 1, -1):
            if world.at(X + 12, y, Z):
                dig(world, [(X + 12, y, Z)])
            walk(world, [(X + 12, y, Z)])
        walk(world, [(X + 14, Y, Z)])
        return X + 14, Y, Z

    return enter


DUG = {
    "straight down": shaft,
    "by a stair": stair,
    "straight down through a roof of two": thin_roof(2),
    "straight down through a roof of one": thin_roof(1),
}


@pytest.mark.parametrize("name", DUG)
def test_digging_down_is_forbidden_in_2022_only(name: str) -> None:
    world = hill()
    feet = DUG[name](world)
    assert not verdict(world, feet, 2022)[0]
    assert verdict(world, feet, 2021)[0]


def lip(world: World) -> Cell:
    """A block in the way at the mouth is dug away."""
    build(world, "dirt", [(X + 1, Y, Z)])
    reborn(world)
    dig(world, [(X + 1, Y, Z)])
    walk(world, way_in(X + 6))
    return X + 6, Y, Z


def digs_inside(world: World) -> Cell:
    """Stone is mined once inside."""
    walk(world, way_in(X + 10))
    dig(world, box(X + 10, Y, Z + 2, X + 10, Y + 1, Z + 5))
    walk(world, [(X + 10, Y, Z + k) for k in range(6)] + [(X + 10, Y, Z)])
    return X + 10, Y, Z


def digs_elsewhere(world: World) -> Cell:
    """A hole dug in the plain, then the way in on foot."""
    dig(world, box(X - 20, Y - 6, Z, X - 20, Y - 1, Z))
    walk(world, [(X - 20, Y - k, Z) for k in range(7)] + way_in(X + 8))
    return X + 8, Y, Z


def walks(end: int) -> Callable[[World], Cell]:
    def enter(world: World) -> Cell:
        walk(world, way_in(end))
        return end, Y, Z

    return enter


RIGHT: dict[str, Callable[[World], Cell]] = {
    "at the far end": walks(X + 23),
    "well inside": walks(X + 12),
    "four blocks in": walks(X + 3),
    "past a block dug away at the mouth": lip,
    "mining inside": digs_inside,
    "a hole elsewhere before": digs_elsewhere,
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("era", [2021, 2022])
def test_accepted(name: str, era: int) -> None:
    world = hill()
    success, reasons = verdict(world, RIGHT[name](world), era)
    assert success, reasons


def test_only_the_players_choice_counts() -> None:
    world = hill()
    assert not verdict(world, walks(X + 12)(world), chosen=False)[0]

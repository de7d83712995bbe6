"""Waterfalls: what fooled a judge once, what was refused once, and more of both. The lists only grow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from fixtures.scenes import X, Y, Z, box, build, looks, plain, reborn, settle_water, walk

from basalt_iq.world.blocks import ID
from basalt_iq.world.judges import Ending, judge_waterfall
from basalt_iq.world.state import World

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Shot:
    """Where a picture is taken from and what is in its middle."""

    eye: Point
    at: Point
    half: float = 2.1445
    """Tangent of 65 degrees: the view of 2021."""


def cliff(high: int = 8, step: int = 0) -> World:
    """Rock that ends at z = Z: sheer, or down in steps of `step` blocks that are two deep."""
    world = plain("stone")
    for c in range(Z - 12, Z + 12):
        top = Y + high if c <= Z else Y + high - step * ((c - Z + 1) // 2) if step else Y
        if top > Y:
            world.blocks[X - 8 : X + 9, Y:top, c] = ID["stone"]
    reborn(world)
    return world


def pour(world: World, at: tuple[int, int, int], stand: tuple[int, int, int]) -> World:
    walk(world, [stand])
    build(world, "water", [at], "water_bucket")
    settle_water(world)
    return world


def fall(high: int = 8) -> World:
    """Water poured onto the brink of a cliff."""
    return pour(cliff(high), (X, Y + high, Z), (X, Y + high, Z - 2))


def judged(world: World, shot: Shot, era: int = 2021, chosen: bool = True) -> tuple[bool, tuple[str, ...]]:
    yaw, pitch = looks(shot.eye, shot.at)
    feet = (shot.eye[0], shot.eye[1] - 1.62, shot.eye[2])
    found = judge_waterfall(world, Ending(chosen, era, feet, shot.eye, yaw, pitch, shot.half, 1.0))
    return found.success, found.reasons


FRONT = Shot((X + 1.5, Y + 1.62, Z + 10.5), (X + 0.5, Y + 4.5, Z + 1.5))


def tower(high: int, base: int = Y) -> World:
    """A pillar of cobblestone on the plain with water on top."""
    world = plain("stone")
    build(world, "cobblestone", box(X, base, Z, X, base + high - 1, Z))
    return pour(world, (X, base + high, Z), (X - 1, base, Z))


def natural() -> World:
    """A fall that the land was made with."""
    world = fall()
    world.placed.clear()
    world.born[:] = world.blocks
    return world


def behind(block: str) -> World:
    """The fall behind a wall of something, in front of the eye."""
    world = fall()
    build(world, block, box(X - 4, Y, Z + 8, X + 4, Y + 10, Z + 8))
    return world


def behind_a_wall(world: World, high: int) -> World:
    """The fall with a wall of some height before its foot."""
    build(world, "cobblestone", box(X - 8, Y, Z + 9, X + 8, Y + high - 1, Z + 9))
    return world


def beside_a_cliff(high: int) -> World:
    """A pillar of one's own that stands against the land's own rock, which is only 3 high."""
    world = cliff(3)
    build(world, "cobblestone", box(X, Y, Z + 1, X, Y + high - 1, Z + 1))
    return pour(world, (X, Y + high, Z + 1), (X, Y + high, Z + 1))


def quarry() -> World:
    """A pit of 9 by 9, 8 deep, dug into the plain."""
    world = plain("stone")
    for cell in box(X - 4, Y - 8, Z + 1, X + 4, Y - 1, Z + 9):
        world.take(cell)
    return pour(world, (X, Y, Z), (X, Y, Z - 2))


EXPLOITS: dict[str, tuple[Callable[[], World], Shot]] = {
    "a pillar on the plain": (
        lambda: tower(12),
        Shot((X + 0.5, Y + 1.62, Z + 12.5), (X + 0.5, Y + 6, Z + 0.5)),
    ),
    "a pillar, from its foot": (
        lambda: tower(8),
        Shot((X + 0.5, Y + 1.62, Z + 3.5), (X + 0.5, Y + 3, Z + 0.5)),
    ),
    "the eye in the water": (fall, Shot((X + 0.5, Y + 0.5, Z + 1.5), (X + 0.5, Y + 4, Z - 1.5))),
    "from 56 blocks away": (fall, Shot((X + 0.5, Y + 1.62, Z + 57.5), (X + 0.5, Y + 4, Z + 1.5))),
    "at the very edge of the picture": (fall, replace(FRONT, at=(X + 12.5, Y + 3.5, Z + 1.5))),
    "just out of the picture": (fall, replace(FRONT, at=(X + 9.5, Y + 1.6, Z + 16.5))),
    "looking away": (fall, replace(FRONT, at=(X + 1.5, Y + 1.62, Z + 20.5))),
    "looking at the sky": (fall, replace(FRONT, at=(X + 1.5, Y + 30.0, Z + 10.0))),
    "behind a wall of stairs": (lambda: behind("stone_stairs_0"), FRONT),
    "behind a wall": (lambda: behind("cobblestone"), FRONT),
    "from above, where no fall is seen": (
        fall,
        Shot((X + 3.5, Y + 9.62, Z - 5.5), (X + 0.5, Y + 8, Z + 0.5)),
    ),
    "where it was poured": (fall, Shot((X + 0.5, Y + 9.62, Z - 1.5), (X + 0.5, Y + 8, Z + 2.5))),
    "three blocks high": (lambda: fall(3), Shot((X + 0.5, Y + 1.62, Z + 5.5), (X + 0.5, Y + 2, Z + 1.5))),
    "a puddle": (
        lambda: pour(plain(), (X, Y, Z), (X - 2, Y, Z)),
        Shot((X + 6.5, Y + 1.62, Z + 0.5), (X + 0.5, Y, Z + 0.5)),
    ),
    "the land's own fall": (natural, FRONT),
    "scooped up again": (lambda: _dry(fall()), FRONT),
    "blind: onto a wall as high as one reaches, backing off": (
        lambda: pour(cliff(9), (X, Y + 5, Z + 1), (X, Y, Z + 3)),
        FRONT,
    ),
    "blind: onto a wall, the water running down the slope behind": (
        lambda: pour(slope(), (X, Y + 7, Z), (X, Y + 5, Z + 1)),
        FRONT,
    ),
    "a trickle of 8 over steps of 2": (
        lambda: pour(cliff(8, 2), (X, Y + 8, Z), (X, Y + 8, Z - 2)),
        Shot((X + 1.5, Y + 1.62, Z + 16.5), (X + 0.5, Y + 4, Z + 4.5)),
    ),
    "a pillar of 12 before a low cliff": (lambda: beside_a_cliff(12), FRONT),
    "only the top of a high fall": (
        lambda: behind_a_wall(fall(20), 6),
        Shot((X + 1.5, Y + 1.62, Z + 13.5), (X + 0.5, Y + 14, Z + 1.5)),
    ),
    "poured anew from where the picture is taken": (lambda: again(), FRONT),
    "a fall into a quarry of one's own": (
        quarry,
        Shot((X + 0.5, Y - 6.4, Z + 7.5), (X + 0.5, Y - 4, Z + 1.5)),
    ),
    "a fall down a shaft of one's own": (
        lambda: _shaft(),
        Shot((X + 6.5, Y + 1.62, Z + 0.5), (X + 0.5, Y, Z + 0.5)),
    ),
}


def slope() -> World:
    """Ground that falls by a block in every two, and by three at once before its foot, from a wall on top."""
    world = plain("stone")
    for c in range(Z - 12, Z + 12):
        top = Y + 12 if c < Z else Y + 5 if c < Z + 2 else Y + 4 if c < Z + 4 else Y
        if top > Y:
            world.blocks[X - 8 : X + 9, Y:top, c] = ID["stone"]
    reborn(world)
    return world


def again() -> World:
    """Poured from the brink, scooped up, and poured once more from where the picture is taken."""
    world = fall()
    world.take((X, Y + 8, Z))
    settle_water(world)
    return pour(world, (X, Y + 8, Z), (X + 1, Y, Z + 10))


def _dry(world: World) -> World:
    world.take((X, Y + 8, Z))
    settle_water(world)
    return world


def _shaft() -> World:
    world = plain("stone")
    for cell in box(X + 1, Y - 12, Z, X + 1, Y - 1, Z):
        world.take(cell)
    return pour(world, (X, Y, Z), (X - 2, Y, Z))


@pytest.mark.parametrize("name", EXPLOITS)
def test_refused(name: str) -> None:
    make, shot = EXPLOITS[name]
    success, reasons = judged(make(), shot)
    assert not success, reasons


def bridge() -> World:
    """Poured from the end of a plank walk built out from the cliff."""
    world = cliff(10)
    build(world, "cobblestone", box(X, Y + 9, Z + 1, X, Y + 9, Z + 3))
    return pour(world, (X, Y + 10, Z + 3), (X, Y + 10, Z + 1))


def raised() -> World:
    """The water stands on two blocks of one's own at the brink."""
    world = cliff(8)
    build(world, "cobblestone", box(X, Y + 8, Z, X, Y + 9, Z))
    return pour(world, (X, Y + 10, Z), (X, Y + 8, Z - 2))


def rugged() -> World:
    """A fall of 7 from the brink that then runs down two steps of 2."""
    world = plain("stone")
    for c in range(Z - 12, Z + 12):
        top = Y + 11 if c <= Z else Y + 4 if c < Z + 3 else Y + 2 if c < Z + 5 else Y
        if top > Y:
            world.blocks[X - 8 : X + 9, Y:top, c] = ID["stone"]
    reborn(world)
    return pour(world, (X, Y + 11, Z), (X, Y + 11, Z - 2))


def channel() -> World:
    """Poured into a channel dug to the brink."""
    world = cliff(8)
    for cell in box(X, Y + 7, Z - 2, X, Y + 7, Z):
        world.take(cell)
    return pour(world, (X, Y + 7, Z - 2), (X, Y + 8, Z - 3))


RIGHT: dict[str, tuple[Callable[[], World], Shot]] = {
    "a fall of 8 from the front": (fall, FRONT),
    "through a channel dug to the brink": (channel, FRONT),
    "from a side": (fall, Shot((X + 7.5, Y + 3.62, Z + 5.5), (X + 0.5, Y + 4, Z + 1.5))),
    "from near": (fall, Shot((X + 0.5, Y + 1.62, Z + 6.5), (X + 0.5, Y + 4, Z + 1.5))),
    "somewhat beside the middle": (fall, replace(FRONT, at=(X + 5.5, Y + 3.5, Z + 1.5))),
    "of 5": (lambda: fall(5), Shot((X + 0.5, Y + 1.62, Z + 6.5), (X + 0.5, Y + 2, Z + 1.5))),
    "of 12, seen from 16 away": (
        lambda: fall(12),
        Shot((X + 0.5, Y + 1.62, Z + 17.5), (X + 0.5, Y + 6, Z + 1.5)),
    ),
    "with the narrow view of 2022": (fall, replace(FRONT, half=0.7002)),
    "behind glass": (lambda: behind("glass"), FRONT),
    "behind panes": (lambda: behind("glass_pane"), FRONT),
    "behind grass": (lambda: behind("tall_grass"), FRONT),
    "a cascade of 12 in steps of 1": (
        lambda: pour(cliff(12, 1), (X, Y + 12, Z), (X, Y + 12, Z - 2)),
        Shot((X + 1.5, Y + 1.62, Z + 30.5), (X + 0.5, Y + 5, Z + 15.5), 1.0),
    ),
    "a cascade of 12 in steps of 3": (
        lambda: pour(cliff(12, 3), (X, Y + 12, Z), (X, Y + 12, Z - 2)),
        Shot((X + 1.5, Y + 1.62, Z + 16.5), (X + 0.5, Y + 5, Z + 4.5)),
    ),
    "poured onto the cliff's face from below": (
        lambda: pour(cliff(9), (X, Y + 6, Z + 1), (X, Y + 2, Z + 3)),
        FRONT,
    ),
    "from the end of a bridge": (bridge, FRONT),
    "raised by two blocks": (raised, FRONT),
    "a fall of 7 and two steps": (rugged, Shot((X + 1.5, Y + 1.62, Z + 13.5), (X + 0.5, Y + 6, Z + 2.5))),
    "of 20, its lower third behind a wall": (
        lambda: behind_a_wall(fall(20), 3),
        Shot((X + 1.5, Y + 1.62, Z + 13.5), (X + 0.5, Y + 12, Z + 1.5)),
    ),
    "over steps, 9 below one's feet": (
        lambda: pour(cliff(9, 3), (X, Y + 9, Z), (X, Y + 9, Z - 2)),
        Shot((X + 1.5, Y + 1.62, Z + 12.5), (X + 0.5, Y + 4, Z + 4.5)),
    ),
    "from a pool opposite": (fall, Shot((X + 0.5, Y + 1.3, Z + 9.5), (X + 0.5, Y + 4.5, Z + 1.5))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_accepted(name: str) -> None:
    make, shot = RIGHT[name]
    success, reasons = judged(make(), shot)
    assert success, reasons


def test_only_the_players_choice_counts() -> None:
    assert not judged(fall(), FRONT, chosen=False)[0]

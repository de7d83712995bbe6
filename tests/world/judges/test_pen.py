"""Pens: what fooled a judge once, what was refused once, and more of both kinds. The lists only grow."""

from collections.abc import Callable

import pytest
from fixtures.scenes import X, Y, Z, box, build, dig, plain, release, ring

from basalt_iq.world import animals
from basalt_iq.world.animals import CHICKEN, COW, PIG, SHEEP, VILLAGER
from basalt_iq.world.blocks import ID
from basalt_iq.world.judges import Ending, judge_pen, judge_plains_pen
from basalt_iq.world.judges.pen import pens
from basalt_iq.world.state import World

KINDS = (COW, PIG, SHEEP, CHICKEN)


def end(era: int = 2021, chosen: bool = True, hit: int = 0) -> Ending:
    return Ending(chosen, era, (X + 9.5, Y, Z + 0.5), (X + 9.5, Y + 1.62, Z + 0.5), villagers_hit=hit)


def pen(kind: int = COW, half: int = 3, gate: bool = True) -> World:
    """Two animals of a kind in a closed pen."""
    world = plain()
    build(world, "fence", ring(half))
    if gate:
        build(world, "fence_gate_0", [(X, Y, Z - half)], "fence_gate")
    release(world, (kind, X + 0.5, Y, Z + 0.5), (kind, X - 0.5, Y, Z + 1.5))
    return world


def posts_in_a_diamond(world: World) -> None:
    dig(world, list(world.placed))
    cells = [(X + i, Y, Z + k) for i in range(-4, 5) for k in range(-4, 5) if abs(i) + abs(k) == 4]
    build(world, "fence", cells)


def trench(world: World) -> None:
    dig(world, list(world.placed))
    dig(world, box(X - 3, Y - 2, Z, X + 2, Y - 1, Z))
    dig(world, [(X + 3, Y - 1, Z)])  # the way out, a step up
    build(world, "fence", [(X + 3, Y - 1, Z)])
    release(world, (COW, X + 0.5, Y - 2, Z + 0.5), (COW, X - 1.5, Y - 2, Z + 0.5))


def pit(world: World) -> None:
    dig(world, box(X - 1, Y - 3, Z - 1, X + 1, Y - 1, Z + 1))
    release(world, (COW, X + 0.5, Y - 3, Z + 0.5), (COW, X - 0.5, Y - 3, Z + 0.5))


def open_gate(world: World) -> None:
    world.put(X, Y, Z - 3, ID["fence_gate_0_open"])


EXPLOITS: dict[str, tuple[int, Callable[[World], object]]] = {
    "posts in a diagonal ring let chickens out": (CHICKEN, posts_in_a_diamond),
    "a block beside the fence, inside": (SHEEP, lambda w: build(w, "dirt", [(X + 2, Y, Z)])),
    "a block one step from the fence, inside": (COW, lambda w: build(w, "dirt", [(X + 1, Y, Z)])),
    "a stair of blocks to the fence": (
        PIG,
        lambda w: build(w, "dirt", [(X + 1, Y, Z), (X + 2, Y, Z), (X + 2, Y + 1, Z)]),
    ),
    "a stair block beside the fence": (SHEEP, lambda w: build(w, "stone_stairs_0", [(X + 2, Y, Z)])),
    "a trench closed by one fence": (COW, trench),
    "a pit": (COW, pit),
    "an open gate": (COW, open_gate),
    "one fence missing": (COW, lambda w: dig(w, [(X + 3, Y, Z + 1)])),
    "a corner open to chickens": (CHICKEN, lambda w: dig(w, [(X + 3, Y, Z + 3)])),
    "a low wall in place of fences": (
        SHEEP,
        lambda w: (dig(w, ring(3)), build(w, "dirt", ring(3)), build(w, "fence", [(X + 9, Y, Z)])),
    ),
    "walls of dirt with two fences": (
        SHEEP,
        lambda w: (
            dig(w, ring(3)),
            build(w, "dirt", ring(3)),
            build(w, "dirt", ring(3, Y + 1)),
            build(w, "fence", ring(3)[:2]),
        ),
    ),
    "a tunnel under the fence": (
        CHICKEN,
        lambda w: dig(w, [(X + 2, Y - 1, Z), (X + 3, Y - 1, Z), (X + 4, Y - 1, Z)]),
    ),
    "only one animal": (COW, lambda w: release(w, (COW, X + 0.5, Y, Z + 0.5))),
    "one inside, one outside": (
        COW,
        lambda w: release(w, (COW, X + 0.5, Y, Z + 0.5), (COW, X + 6.5, Y, Z + 0.5)),
    ),
    "two kinds": (
        COW,
        lambda w: release(w, (COW, X + 0.5, Y, Z), (COW, X - 0.5, Y, Z), (PIG, X, Y, Z + 2.0)),
    ),
    "a chicken walked in between the posts": (
        COW,
        lambda w: (
            dig(w, ring(3)[:1]),
            release(w, (COW, X + 0.5, Y, Z), (COW, X - 0.5, Y, Z), (CHICKEN, X, Y, Z + 2.0)),
        ),
    ),
    "two dead ones": (COW, lambda w: w.animals.__setitem__((slice(0, 2), animals.LIFE), 0)),
    "two villagers": (VILLAGER, lambda w: None),
    "an animal on top of the fence": (
        COW,
        lambda w: release(w, (COW, X + 0.5, Y, Z), (COW, X + 3.5, Y + 1.5, Z + 0.5)),
    ),
    "a wall of the village broken for it": (COW, lambda w: dig(w, [(X - 14, Y, Z)])),
    "far from every house": (COW, lambda w: w.houses.clear()),
    "around the village's pen, nothing of one's own": (COW, lambda w: w.placed.clear()),
}


@pytest.mark.parametrize("name", EXPLOITS)
def test_refused(name: str) -> None:
    kind, spoil = EXPLOITS[name]
    world = pen(kind)
    spoil(world)
    found = judge_pen(world, end())
    assert not found.success, found.reasons


def village_wall(world: World) -> None:
    """One side of the pen is a wall of a house."""
    dig(world, list(world.placed))
    build(
        world,
        "fence",
        [c for c in box(X - 13, Y, Z - 3, X - 9, Y, Z + 3) if c[0] == X - 9 or abs(c[2] - Z) == 3],
    )
    release(world, (PIG, X - 11.5, Y, Z + 0.5), (PIG, X - 12.5, Y, Z + 1.5))


def on_a_slope(world: World) -> None:
    """The fences follow the ground, a block up."""
    dig(world, ring(3))
    build(world, "dirt", box(X + 1, Y, Z - 4, X + 5, Y, Z + 4))
    build(world, "fence", [(a, Y + (a > X), c) for a, _, c in ring(3)])
    build(world, "fence", [(X - i, Y + 1, Z + k) for i in range(3) for k in (-3, 3)])  # higher at the step


def deep_pen(world: World) -> None:
    """A pen whose floor is dug out, with fences around it."""
    dig(world, box(X - 2, Y - 1, Z - 2, X + 2, Y - 1, Z + 2))
    release(world, (COW, X + 0.5, Y - 1, Z + 0.5), (COW, X - 0.5, Y - 1, Z + 1.5))


RIGHT: dict[str, tuple[int, Callable[[World], object]]] = {
    **{f"two of kind {kind}": (kind, lambda w: None) for kind in KINDS},
    "no gate, which 2021 does not ask for": (COW, lambda w: build(w, "fence", [(X, Y, Z - 3)])),
    "mid-hop over the fence's own cell": (
        CHICKEN,
        lambda w: release(w, (CHICKEN, X + 3.1, Y + 0.9, Z + 0.5), (CHICKEN, X, Y, Z)),
    ),
    "mid-hop, a cow": (COW, lambda w: release(w, (COW, X, Y + 1.1, Z), (COW, X + 2.9, Y + 1.2, Z))),
    "in a corner": (
        CHICKEN,
        lambda w: release(w, (CHICKEN, X + 3.17, Y, Z + 3.17), (CHICKEN, X - 1.83, Y, Z - 1.83)),
    ),
    "others roam about outside": (
        COW,
        lambda w: release(
            w, (COW, X + 0.5, Y, Z), (COW, X, Y, Z + 1), (PIG, X + 4.5, Y, Z), (CHICKEN, X - 4, Y, Z)
        ),
    ),
    "a block in the middle of a large pen": (
        COW,
        lambda w: (
            dig(w, ring(3)),
            build(w, "fence", ring(6)),
            build(w, "dirt", [(X, Y, Z)]),
            release(w, (COW, X + 2.5, Y, Z + 2.5), (COW, X - 2.5, Y, Z)),
        ),
    ),
    "a house's wall as one side": (PIG, village_wall),
    "on a slope": (SHEEP, on_a_slope),
    "a floor one block down": (COW, deep_pen),
    "a second row of fences": (COW, lambda w: build(w, "fence", ring(3, Y + 1))),
    "posts in a diagonal ring hold cows": (COW, posts_in_a_diamond),
    "a torch and grass inside": (SHEEP, lambda w: build(w, "tall_grass", [(X + 2, Y, Z)])),
    "a lost fence inside": (COW, lambda w: build(w, "fence", [(X + 1, Y, Z + 1)])),
    "a block of the village broken and put back": (
        COW,
        lambda w: (dig(w, [(X - 14, Y, Z)]), build(w, "planks", [(X - 14, Y, Z)])),
    ),
    "a small pen": (
        CHICKEN,
        lambda w: (
            dig(w, ring(3)),
            build(w, "fence", ring(2)),
            release(w, (CHICKEN, X, Y, Z), (CHICKEN, X + 1, Y, Z)),
        ),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_accepted(name: str) -> None:
    kind, change = RIGHT[name]
    world = pen(kind)
    change(world)
    found = judge_pen(world, end())
    assert found.success, found.reasons


def test_each_era_has_its_text() -> None:
    assert judge_pen(pen(), end(2022)).success
    assert not judge_pen(pen(gate=False), end(2022)).success
    assert judge_pen(pen(gate=False), end(2021)).success
    assert not judge_pen(pen(), end(chosen=False)).success
    assert not judge_pen(pen(), end(hit=1)).success  # a villager


def test_a_gate_far_from_the_pen_is_no_gate_of_it() -> None:
    world = pen(gate=False)
    build(world, "fence_gate_0", [(X + 6, Y, Z)], "fence_gate")
    assert not judge_pen(world, end(2022)).success


def test_on_a_plain_no_house_is_needed() -> None:
    world = pen()
    world.houses.clear()
    assert judge_plains_pen(world, end()).success


def test_two_pens_are_told_apart() -> None:
    world = plain()
    build(world, "fence", ring(3))
    build(world, "fence", [(X, Y, Z + k) for k in range(-2, 3)])
    release(world, *[(COW, X + 2.0, Y, Z + k) for k in (-1.0, 1.0)], (PIG, X - 1.5, Y, Z))
    found = sorted(pens(world), key=lambda pen: pen.kinds.total())
    assert [dict(pen.kinds) for pen in found] == [{PIG: 1}, {COW: 2}]
    assert judge_pen(world, end()).success

"""Houses: what fooled a judge once, what was refused once, and more of both kinds. The lists only grow."""

from collections.abc import Callable

import pytest
from fixtures.scenes import X, Y, Z, box, build, dig, plain, reborn, ring, walk

from basalt_iq.world.blocks import ID
from basalt_iq.world.judges import Ending, judge_house
from basalt_iq.world.state import Cell, World


def end(chosen: bool = True, hit: int = 0) -> Ending:
    return Ending(chosen, 2021, (X + 0.5, Y, Z - 7.5), (X + 0.5, Y + 1.62, Z - 7.5), villagers_hit=hit)


def walls(half: int = 3, y: int = Y, high: int = 3, z: int = Z) -> list[Cell]:
    cells = box(X - half, y, z - half, X + half, y + high - 1, z + half)
    return [cell for cell in cells if max(abs(cell[0] - X), abs(cell[2] - z)) == half]


def roof(half: int = 3, y: int = Y + 3, z: int = Z) -> list[Cell]:
    return box(X - half, y, z - half, X + half, y, z + half)


def door(world: World, x: int = X, y: int = Y, z: int = Z - 3) -> None:
    """A shut door in place of what is there."""
    dig(world, [cell for cell in ((x, y, z), (x, y + 1, z)) if world.at(*cell)])
    build(world, "wooden_door_lower_0", [(x, y, z)], "wooden_door")
    build(world, "wooden_door_upper_0", [(x, y + 1, z)], "wooden_door")


def house(block: str = "planks", half: int = 3, y: int = Y) -> World:
    world = plain()
    build(world, block, walls(half, y))
    build(world, block, roof(half, y + 3))
    door(world, X, y, Z - half)
    return world


def anew(block: str, floor: str = "", y: int = Y) -> Callable[[World], None]:
    """The same house, of another block or at another height."""

    def change(world: World) -> None:
        dig(world, list(world.placed))
        build(world, block, walls(3, y))
        build(world, block, roof(3, y + 3))
        if floor:
            build(world, floor, roof(3, y - 1))
        door(world, X, y, Z - 3)

    return change


def cellar(world: World) -> None:
    """A room dug out below the ground, lined with planks and closed over."""
    dig(world, list(world.placed))
    dig(world, box(X - 3, Y - 6, Z - 3, X + 3, Y - 3, Z + 3))
    build(world, "planks", walls(3, Y - 6, 3))
    build(world, "planks", roof(3, Y - 3))
    door(world, X, Y - 6, Z - 3)


def cellar_with_a_stair(world: World) -> None:
    """A lined room below the ground that one can walk into."""
    cellar(world)
    for i in range(6):
        x, y, z = X, Y - 6 + i, Z - 4 - i
        dig(world, [c for c in box(x, y, z, x, Y - 1, z) if world.at(*c)])


def door_onto_stone(world: World) -> None:
    build(world, "cobblestone", box(X - 1, Y, Z - 4, X + 1, Y + 2, Z - 4))


def ceiling_door(world: World) -> None:
    build(world, "planks", [(X, Y, Z - 3), (X, Y + 1, Z - 3)])
    dig(world, [(X, Y + 3, Z)])
    build(world, "wooden_door_lower_0", [(X, Y + 3, Z)], "wooden_door")


def crawl_space(world: World) -> None:
    """A hall one block high; one stands up only behind the door."""
    dig(world, roof(2))
    build(
        world, "planks", [c for c in box(X - 2, Y + 1, Z - 2, X + 2, Y + 1, Z + 2) if c != (X, Y + 1, Z - 2)]
    )
    build(world, "planks", [(X, Y + 2, Z - 2)])


def pavilion(world: World) -> None:
    """A roof on posts with gaps two wide and three high all round."""
    dig(world, walls())
    posts = (-3, 0, 3)
    build(world, "planks", [c for c in walls() if c[0] - X in posts and c[2] - Z in posts])


def lattice(world: World) -> None:
    """Walls with a hole in every second place."""
    dig(world, [c for c in walls() if sum(c) % 2 and max(abs(c[0] - X), abs(c[2] - Z)) == 3])
    dig(world, [c for c in box(X, Y, Z - 3, X, Y + 1, Z - 3) if world.at(*c)])


def closet(world: World) -> None:
    """A room of one's own inside a house of the village, which has a doorway of its own."""
    dig(world, list(world.placed))
    for y in (Y, Y + 1):
        world.blocks[X - 17, y, Z - 3] = ID["air"]
        world.village.discard((X - 17, y, Z - 3))
    world.settle()
    inner = box(X - 19, Y, Z - 2, X - 15, Y + 1, Z + 2)
    build(world, "planks", [c for c in inner if c[0] in (X - 19, X - 15) or c[2] == Z + 2])
    build(world, "planks", box(X - 18, Y + 2, Z - 1, X - 16, Y + 2, Z + 1))
    build(world, "planks", [c for c in box(X - 18, Y, Z - 2, X - 16, Y + 2, Z - 2) if c[0] != X - 17])
    door(world, X - 17, Y, Z - 2)


EXPLOITS: dict[str, Callable[[World], object]] = {
    "a cage of fence posts": anew("fence"),
    "of cactus": anew("cactus"),
    "of cobweb": anew("cobweb"),
    "of ladders": anew("ladder_0"),
    "sand that would fall": anew("sand"),
    "a roof of sand": lambda w: (dig(w, roof()), build(w, "sand", roof())),
    "gravel that would fall": anew("gravel"),
    "a hut in the air": anew("planks", "planks", Y + 6),
    "a hut two blocks up with no step": anew("planks", "planks", Y + 2),
    "a door that opens onto stone": door_onto_stone,
    "a sealed cellar": cellar,
    "a lined cellar with a stair down to it": cellar_with_a_stair,
    "a door in the ceiling": ceiling_door,
    "no door at all": lambda w: build(w, "planks", [(X, Y, Z - 3), (X, Y + 1, Z - 3)]),
    "no roof": lambda w: dig(w, roof()),
    "a hole in the roof": lambda w: dig(w, [(X, Y + 3, Z)]),
    "one wall missing": lambda w: dig(w, box(X + 3, Y, Z - 2, X + 3, Y + 2, Z + 2)),
    "a doorway one block high": lambda w: (
        dig(w, [(X, Y, Z - 3), (X, Y + 1, Z - 3)]),
        build(w, "planks", [(X, Y + 1, Z - 3)]),
    ),
    "a doorway a window's height up": lambda w: (
        dig(w, [(X, Y, Z - 3), (X, Y + 1, Z - 3)]),
        build(w, "planks", [(X, Y, Z - 3)]),
        dig(w, [(X, Y + 1, Z + 3)]),
    ),
    "two cells large": lambda w: (
        dig(w, list(w.placed)),
        build(w, "planks", walls(1)),
        build(w, "planks", roof(1)),
        door(w, X, Y, Z - 1),
    ),
    "a shut fence all around": lambda w: build(w, "fence", ring(6)),
    "a house of the village's own": lambda w: dig(w, list(w.placed)),
    "a wall of the village taken": lambda w: dig(w, [(X - 14, Y, Z)]),
    "far from the village": lambda w: w.houses.clear(),
    "a crawl space": crawl_space,
    "a pavilion": pavilion,
    "a lattice": lattice,
    "a closet in a house of the village": closet,
}


@pytest.mark.parametrize("name", EXPLOITS)
def test_refused(name: str) -> None:
    world = house()
    EXPLOITS[name](world)
    found = judge_house(world, end())
    assert not found.success, found.reasons


def on_stilts(world: World) -> None:
    """Two blocks up, with steps to the door."""
    anew("planks", "planks", Y + 2)(world)
    build(world, "planks", [(X, Y, Z - 5), (X, Y, Z - 4), (X, Y + 1, Z - 4)])


def in_a_bank(world: World) -> None:
    """The back of the house is dug into a bank."""
    dig(world, list(world.placed))
    world.blocks[X - 12 : X + 13, Y : Y + 5, Z + 1 : Z + 15] = ID["dirt"]
    reborn(world)
    dig(world, [c for c in box(X - 3, Y, Z - 3, X + 3, Y + 3, Z + 3) if world.at(*c)])
    build(world, "planks", walls())
    build(world, "planks", roof())
    door(world)


def by_ladder(world: World) -> None:
    """Four blocks up, with a ladder to a landing before the door."""
    anew("planks", "planks", Y + 4)(world)
    build(world, "planks", box(X - 1, Y + 3, Z - 5, X + 1, Y + 3, Z - 4))
    build(world, "planks", box(X, Y, Z - 4, X, Y + 2, Z - 4))
    dig(world, [(X, Y + 3, Z - 5)])
    build(world, "ladder_2", box(X, Y, Z - 5, X, Y + 3, Z - 5), "ladder")


def dug_in(world: World) -> None:
    """The floor is one block below the ground."""
    dig(world, box(X - 2, Y - 1, Z - 2, X + 2, Y - 1, Z + 2))


def two_rooms(world: World) -> None:
    build(world, "planks", [c for c in box(X - 2, Y, Z, X + 2, Y + 2, Z) if not (c[0] == X and c[1] < Y + 2)])


def eaves(world: World) -> None:
    build(world, "planks", [c for c in roof(4) if c not in world.placed])


def gable(world: World) -> None:
    """A roof that rises to a ridge."""
    dig(world, roof(2))
    for layer in (1, 2, 3):
        half = 3 - layer
        sides = (-half, half) if half else (0,)
        build(world, "planks", [(x, Y + 3 + layer, Z + c) for x in range(X - 3, X + 4) for c in sides])
    for x in (X - 3, X + 3):
        build(world, "planks", [(x, Y + 4, c) for c in range(Z - 1, Z + 2)] + [(x, Y + 5, Z)])


def floor_laid(world: World) -> None:
    """Planks in place of the grass."""
    cells = box(X - 2, Y - 1, Z - 2, X + 2, Y - 1, Z + 2)
    dig(world, cells)
    build(world, "planks", cells)


def small(world: World) -> None:
    """Two by three cells inside."""
    dig(world, list(world.placed))
    cells = box(X - 2, Y, Z - 2, X + 1, Y + 2, Z + 2)
    build(world, "planks", [c for c in cells if c[0] in (X - 2, X + 1) or abs(c[2] - Z) == 2])
    build(world, "planks", box(X - 2, Y + 3, Z - 2, X + 1, Y + 3, Z + 2))
    door(world, X, Y, Z - 2)


def two_storeys(world: World) -> None:
    """A floor above with a ladder to it."""
    build(world, "planks", walls(3, Y + 4))
    build(world, "planks", roof(3, Y + 7))
    dig(world, [(X + 2, Y + 3, Z)])
    build(world, "ladder_1", box(X + 2, Y, Z, X + 2, Y + 3, Z), "ladder")


def half_glass(world: World) -> None:
    """Two walls are all windows, between posts."""
    for x in (X - 3, X + 3):
        cells = box(x, Y, Z - 2, x, Y + 2, Z + 2)
        dig(world, cells)
        build(world, "glass_pane", cells)


def angled(world: World) -> None:
    """An L of two wings."""
    wing = box(X + 3, Y, Z - 3, X + 8, Y + 2, Z + 1)
    dig(world, box(X + 3, Y, Z - 2, X + 3, Y + 2, Z))
    build(world, "planks", [c for c in wing if c[0] == X + 8 or (c[2] in (Z - 3, Z + 1) and c[0] > X + 3)])
    build(world, "planks", box(X + 4, Y + 3, Z - 3, X + 8, Y + 3, Z + 1))


def against_a_house(world: World) -> None:
    """An annex whose one wall is a house of the village."""
    dig(world, list(world.placed))
    cells = box(X - 13, Y, Z - 2, X - 9, Y + 2, Z + 2)
    build(world, "planks", [c for c in cells if c[0] == X - 9 or abs(c[2] - Z) == 2])
    build(world, "planks", box(X - 13, Y + 3, Z - 2, X - 9, Y + 3, Z + 2))
    door(world, X - 11, Y, Z - 2)


def low(world: World) -> None:
    """Two blocks high inside."""
    dig(world, [*roof(), *walls(3, Y + 2, 1)])
    build(world, "planks", roof(3, Y + 2))


def open_hall(world: World) -> None:
    """A doorway two wide in each of two walls and a window in the others."""
    dig(world, box(X, Y, Z - 3, X + 1, Y + 1, Z - 3))
    dig(world, box(X, Y, Z + 3, X + 1, Y + 1, Z + 3))
    dig(world, [(X - 3, Y + 1, Z), (X - 3, Y + 1, Z + 1), (X + 3, Y + 1, Z), (X + 3, Y + 1, Z + 1)])


RIGHT: dict[str, Callable[[World], object]] = {
    "two storeys": two_storeys,
    "two walls of panes": half_glass,
    "of two wings": angled,
    "against a house of the village": against_a_house,
    "a roof of stairs": lambda w: (dig(w, roof()), build(w, "stone_stairs_0", roof())),
    "two wide doorways and two wide windows": open_hall,
    "two blocks high": low,
    "a pressure plate before the door": lambda w: build(w, "wooden_pressure_plate", [(X, Y, Z - 4)]),
    "a box with a door": lambda w: None,
    "a torch inside": lambda w: build(w, "torch", [(X + 1, Y, Z)]),
    "windows of glass and no torch": lambda w: (
        dig(w, [(X + 3, Y + 1, Z), (X - 3, Y + 1, Z)]),
        build(w, "glass", [(X + 3, Y + 1, Z)]),
        build(w, "glass_pane", [(X - 3, Y + 1, Z)]),
    ),
    "one open window": lambda w: dig(w, [(X + 3, Y + 1, Z)]),
    "an open window two wide": lambda w: dig(w, [(X + 3, Y + 1, Z), (X + 3, Y + 1, Z + 1)]),
    "four open windows": lambda w: dig(
        w, [(X + 3, Y + 1, Z + 1), (X + 3, Y + 1, Z - 1), (X - 3, Y + 1, Z), (X, Y + 1, Z + 3)]
    ),
    "a doorway without a door": lambda w: dig(w, [(X, Y, Z - 3), (X, Y + 1, Z - 3)]),
    "a doorway two wide": lambda w: dig(w, box(X, Y, Z - 3, X + 1, Y + 1, Z - 3)),
    "a doorway three high": lambda w: dig(w, box(X, Y, Z - 3, X, Y + 2, Z - 3)),
    "a doorway two wide and three high": lambda w: dig(w, box(X, Y, Z - 3, X + 1, Y + 2, Z - 3)),
    "an open door": lambda w: (
        w.put(X, Y, Z - 3, ID["wooden_door_lower_0_open"]),
        w.put(X, Y + 1, Z - 3, ID["wooden_door_upper_0_open"]),
    ),
    "a double door": lambda w: door(w, X + 1),
    "on stilts with steps": on_stilts,
    "by a ladder": by_ladder,
    "a sunken floor": dug_in,
    "dug into a bank": in_a_bank,
    "two rooms": two_rooms,
    "eaves around it": eaves,
    "a gable": gable,
    "of sandstone": anew("sandstone"),
    "of logs": anew("oak_log"),
    "of packed ice": anew("packed_ice"),
    "of glass": anew("glass"),
    "with a floor": floor_laid,
    "walls of sand that stand on the ground, a roof of planks": lambda w: (
        dig(w, walls()),
        build(w, "sand", walls()),
        door(w),
    ),
    "a fence as the window's bars": lambda w: (
        dig(w, [(X + 3, Y + 1, Z)]),
        build(w, "fence", [(X + 3, Y + 1, Z)]),
    ),
    "furniture": lambda w: (
        build(w, "stone_stairs_0", [(X + 2, Y, Z + 2)]),
        build(w, "flower_pot", [(X - 2, Y, Z + 2)]),
        build(w, "wooden_pressure_plate", [(X, Y, Z - 2)]),
    ),
    "a fence around it with a gate": lambda w: (
        build(w, "fence", ring(6)),
        build(w, "fence_gate_0", [(X, Y, Z - 6)], "fence_gate"),
    ),
    "a porch": lambda w: (
        build(w, "planks", box(X - 1, Y + 3, Z - 6, X + 1, Y + 3, Z - 4)),
        build(w, "fence", [(X - 1, b, Z - 6) for b in range(Y, Y + 3)]),
        build(w, "fence", [(X + 1, b, Z - 6) for b in range(Y, Y + 3)]),
    ),
    "a block of the village broken and put back": lambda w: (
        dig(w, [(X - 14, Y, Z)]),
        build(w, "planks", [(X - 14, Y, Z)]),
    ),
    "a half-finished shed beside it": lambda w: build(w, "planks", box(X + 6, Y, Z - 2, X + 6, Y + 2, Z + 2)),
    "small: two by three": small,
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_accepted(name: str) -> None:
    world = house()
    RIGHT[name](world)
    found = judge_house(world, end())
    assert found.success, found.reasons


def test_choice_and_harm() -> None:
    assert not judge_house(house(), end(chosen=False)).success
    assert not judge_house(house(), end(hit=1)).success


def test_style_tour_and_light_are_in_the_score_only() -> None:
    world = house()
    plain_box = judge_house(world, end())
    build(world, "torch", [(X + 1, Y, Z)])
    walk(world, [(X, Y, Z - 5), (X, Y, Z - 2), (X, Y, Z - 1), (X, Y, Z), (X, Y, Z - 5)])
    toured = judge_house(world, end())
    assert plain_box.success
    assert toured.success
    assert toured.score > plain_box.score
    foreign = judge_house(house("terracotta"), end())
    assert foreign.success
    assert foreign.score < plain_box.score

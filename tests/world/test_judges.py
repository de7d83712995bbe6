"""The judges: what is done counts, what only looks done does not."""

import numpy as np
import pytest

from basalt_iq.world import judges, make
from basalt_iq.world.animals import COW, KIND_OF, LIFE, SHEEP
from basalt_iq.world.blocks import ID
from basalt_iq.world.physics import YAW


@pytest.fixture(scope="module")
def pen():
    return make("CreateVillageAnimalPen")


def _free_plot(env, size: int) -> tuple[int, int, int]:
    """A place near a house with nothing of the village on it."""
    built = np.array(sorted(env.world.village))[:, [0, 2]]
    for house in env.world.houses:
        for dx in range(-16, 17):
            for dz in range(-16, 17):
                x, z = house.x0 + dx, house.z0 + dz
                near = house.distance(x, z) <= 10
                if near and np.abs(built - (x, z)).max(1).min() > size // 2:
                    return x, house.floor + 1, z
    raise AssertionError("no free plot")


def plot(env, seed: int = 3, size: int = 9):
    """Levels a plot near a house of the village; returns its middle and the height to stand at."""
    env.reset(seed=seed)
    middle = _free_plot(env, size)
    x, y, z = middle
    for a in range(x - size // 2, x + size // 2 + 1):
        for c in range(z - size // 2, z + size // 2 + 1):
            env.world.put(a, y - 1, c, ID["dirt"])
            for b in range(y, y + 8):
                env.world.put(a, b, c, ID["air"])
    env.world.animals[:-1, 1] = -100.0
    return x, y, z


def fence_in(env, x: int, y: int, z: int, half: int = 3) -> None:
    for i in range(-half, half + 1):
        for cell in ((x + i, y, z - half), (x + i, y, z + half), (x - half, y, z + i), (x + half, y, z + i)):
            if env.world.at(*cell) == ID["air"]:
                env.world.place(cell, ID["fence"], "fence")


def put_animal(env, row: int, kind: int, x: float, y: float, z: float) -> None:
    env.world.animals[row, :3] = x, y, z
    env.world.animals[row, KIND_OF], env.world.animals[row, LIFE] = kind, 5


def test_pen_of_two_cows_succeeds_and_mixing_or_opening_it_fails(pen) -> None:
    x, y, z = plot(pen)
    fence_in(pen, x, y, z)
    put_animal(pen, 0, COW, x + 0.5, y, z + 0.5)
    put_animal(pen, 1, COW, x - 0.5, y, z + 0.5)
    good = judges.judge_pen(pen.world, 0, True)
    assert good.success, good.reasons
    assert not judges.judge_pen(pen.world, 1, True).success  # somebody was hit
    assert not judges.judge_pen(pen.world, 0, False).success  # time ran out
    put_animal(pen, 2, SHEEP, x + 1.5, y, z + 0.5)
    assert not judges.judge_pen(pen.world, 0, True).success
    pen.world.animals[2, 1] = -100.0
    gate = (x, y, z - 3)
    pen.world.take(gate)
    assert not judges.judge_pen(pen.world, 0, True).success
    pen.world.place(gate, ID["fence_gate_0"], "fence_gate")
    assert judges.judge_pen(pen.world, 0, True).success
    pen.world.put(*gate, ID["fence_gate_0_open"])
    assert not judges.judge_pen(pen.world, 0, True).success


def test_pit_is_no_pen_and_harm_to_the_village_counts(pen) -> None:
    x, y, z = plot(pen)
    for a in (x, x + 1):
        for b in (y - 1, y - 2, y - 3):
            pen.world.take((a, b, z))
    put_animal(pen, 0, COW, x + 0.5, y - 3, z + 0.5)
    put_animal(pen, 1, COW, x + 1.5, y - 3, z + 0.5)
    assert not judges.judge_pen(pen.world, 0, True).success
    fence_in(pen, x, y, z)
    assert judges.village_intact(pen.world)
    pen.world.take(next(c for c in sorted(pen.world.village) if pen.world.at(*c) == ID["cobblestone"]))
    assert not judges.village_intact(pen.world)


def build_house(
    env, x: int, y: int, z: int, door: bool = True, torch: bool = True, roof: bool = True
) -> None:
    world = env.world
    for a in range(x - 3, x + 4):
        for c in range(z - 3, z + 4):
            edge = abs(a - x) == 3 or abs(c - z) == 3
            for b in range(y, y + 3):
                if edge:
                    world.place((a, b, c), ID["planks"], "planks#0")
            if roof:
                world.place((a, y + 3, c), ID["planks"], "planks#0")
    if door:
        world.take((x, y, z - 3))
        world.take((x, y + 1, z - 3))
        world.place((x, y, z - 3), ID["wooden_door_lower_0"], "wooden_door")
        world.place((x, y + 1, z - 3), ID["wooden_door_upper_0"], "wooden_door")
    if torch:
        world.place((x, y, z), ID["torch"], "torch")


@pytest.mark.parametrize(
    ("missing", "success"), [(None, True), ("door", False), ("torch", False), ("roof", False)]
)
def test_house_needs_door_light_and_roof(missing: str | None, success: bool) -> None:
    env = make("BuildVillageHouse")
    x, y, z = plot(env)
    parts = {"door": True, "torch": True, "roof": True}
    if missing:
        parts[missing] = False
    build_house(env, x, y, z, **parts)
    found = judges.judge_house(env.world, 0, True)
    assert found.success is success, found.reasons


def test_a_doorway_is_as_good_as_a_door_wherever_the_building_began() -> None:
    env = make("BuildVillageHouse")
    x, y, z = plot(env)
    build_house(env, x, y, z)
    env.world.take((x, y, z - 3))
    env.world.take((x, y + 1, z - 3))
    placed = sorted(
        env.world.placed.items(), key=lambda entry: np.abs(np.subtract(entry[0], (x, y, z - 3))).sum()
    )
    for order in (placed, placed[::-1]):
        env.world.placed = dict(order)
        found = judges.judge_house(env.world, 0, True)
        assert found.success, found.reasons


def test_the_villages_own_house_is_not_the_players() -> None:
    env = make("BuildVillageHouse")
    env.reset(seed=3)
    house = env.world.houses[0]
    env.world.place((house.x0 + 2, house.floor + 1, house.z0 + 2), ID["torch"], "torch")
    assert not judges.judge_house(env.world, 0, True).success


def waterfall(high: int):
    env = make("MakeWaterfall")
    env.reset(seed=2)
    x, y, z = 88, 55, 88
    for a in range(x - 8, x + 9):
        for c in range(z - 8, z + 9):
            env.world.put(a, y - 1, c, ID["stone"])
            for b in range(y, 70):
                env.world.put(a, b, c, ID["air"])
    for b in range(high):
        env.world.put(x, y + b, z + 5, ID["stone"])
    env.world.place((x, y + high, z + 5), ID["water"], "water_bucket")
    env.world.animals[:-1, 1] = -100.0
    env.body[:] = 0.0
    env.body[:3] = x + 0.5, y, z - 3.5
    for _ in range(90):
        env.step({})
    return env


def test_waterfall_counts_only_tall_poured_and_in_view() -> None:
    env = waterfall(6)
    env.step({"equip": "snowball"})
    assert env._rules.judge(env.simulation, True).reasons[2].startswith("yes")
    env.step({"use": 1})
    assert env.verdict is not None
    assert env.verdict.success, env.verdict.reasons
    env = waterfall(6)
    env.body[YAW] += np.pi
    env.step({"equip": "snowball", "use": 1})
    assert not env.verdict.success
    assert "view" in env.verdict.reasons[3]
    env = waterfall(2)
    env.step({"equip": "snowball", "use": 1})
    assert not env.verdict.success


def test_cave_dug_by_the_player_does_not_count() -> None:
    env = make("FindCave")
    env.reset(seed=4)
    x, z = (int(c) for c in env.body[[0, 2]])
    y = int(env.world.surface[x, z]) - 12
    while env.world.caves[x - 3 : x + 4, y - 3 : y + 4, z - 3 : z + 4].any():
        y -= 1
    for a in range(x - 2, x + 3):
        for b in range(y - 2, y + 3):
            for c in range(z - 2, z + 3):
                env.world.take((a, b, c))
    dug = judges.judge_cave(env.world, (x + 0.5, y + 0.5, z + 0.5), True)
    assert not dug.success
    assert dug.reasons[1].startswith("no")

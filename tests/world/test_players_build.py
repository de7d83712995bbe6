"""Where the builders stand, look and press."""

import numpy as np
import pytest

from basalt_iq.world import make
from basalt_iq.world.blocks import BLOCKS, FACINGS, ID
from basalt_iq.world.players import aiming, make_player
from basalt_iq.world.players.base import EYE
from basalt_iq.world.players.create_pen import PenPlan
from basalt_iq.world.players.house_plan import HIGH, MATERIALS, HousePlan
from basalt_iq.world.players.motor import MIDDLE
from basalt_iq.world.players.sites import Plot, levels, plots, ring

PLOT = Plot(10, 20, 15, 25, 30)


@pytest.fixture
def builder():
    """A player on a level lawn of 21 x 21, in a world of its own."""
    env, player = make("BuildVillageHouse"), make_player("BuildVillageHouse", 0)
    env.reset(seed=0)
    x, y, z = 88, 40, 88
    env.world.animals[:-1, 1] = -100.0
    for a in range(x - 10, x + 11):
        for c in range(z - 10, z + 11):
            env.world.blocks[a, y:, c] = ID["air"]
            env.world.blocks[a, y - 1, c] = ID["grass"]
    env.body[:] = 0.0
    env.body[:3] = x + 0.5, y, z + 0.5
    player.reset(env)
    player.play = env.step
    return player


def run(player, script):
    """Plays a script; returns what it returns."""
    try:
        while True:
            player.play(next(script))
    except StopIteration as end:
        return end.value


def test_a_view_fills_a_cell_of_the_ground_or_touches_a_block():
    blocks = np.zeros((12, 12, 12), np.uint8)
    blocks[:, 3] = ID["stone"]
    eye = np.array([[6, 4, 2]]) + MIDDLE + EYE
    yaw, pitch, steady = aiming.grips(blocks, eye, (6, 4, 4))[0]
    assert steady == 5
    assert abs(yaw) < 12  # straight ahead, to +z
    assert pitch == pytest.approx(np.degrees(np.arctan2(1.62, 2.0)), abs=8)
    assert aiming.grips(blocks, eye, (6, 6, 5))[0, 2] == 0  # nothing beside it to build on
    assert aiming.grips(blocks, eye, (6, 4, 4), touch=True)[0, 2] == 0  # air
    assert aiming.grips(blocks, eye, (6, 3, 4), touch=True)[0, 2] == 5
    assert aiming.grips(blocks, eye, (6, 4, 4), look=180.0)[0, 2] == 0  # it is the other way


def test_nothing_is_placed_against_a_door():
    blocks = np.zeros((12, 12, 12), np.uint8)
    blocks[6, 5, 6] = ID["wooden_door_lower_0"]
    eye = np.array([[6, 4, 3]]) + MIDDLE + EYE
    assert aiming.grips(blocks, eye, (6, 5, 5))[0, 2] == 0
    blocks[6, 5, 6] = ID["stone"]
    assert aiming.grips(blocks, eye, (6, 5, 5))[0, 2] > 0


def test_it_puts_a_block_and_takes_it_away(builder):
    x, y, z = 92, 40, 91
    assert run(builder, builder.put((x, y, z), "cobblestone"))
    assert builder.env.world.at(x, y, z) == ID["cobblestone"]
    assert run(builder, builder.dig((x, y, z)))
    assert builder.env.world.at(x, y, z) == ID["air"]


@pytest.mark.parametrize("look", [0.0, 90.0, 180.0, 270.0])
def test_a_door_gets_the_front_it_should(builder, look):
    cell = (91, 40, 85)
    assert run(builder, builder.put(cell, "wooden_door", look=look))
    assert BLOCKS[builder.env.world.at(*cell)].facing == round(look / 90) % 4


def test_it_does_not_strike_somebody_in_front_of_the_block(builder):
    cell = (88, 40, 91)
    builder.env.world.place(cell, ID["dirt"], "dirt")
    builder.reopen_eyes()
    animal = builder.env.world.animals[0]
    animal[:3] = 88.5, 40.0, 90.2
    for action in builder.dig(cell, longest=30):
        builder.play(action)
        animal[:3] = 88.5, 40.0, 90.2
    assert not builder.env.hands.harmed


@pytest.mark.parametrize("side", range(4))
def test_a_pen_is_a_ring_with_two_gates(side):
    pen = PenPlan(PLOT, side)
    cells = [*pen.fences, *pen.gates]
    assert sorted((x, z) for x, _, z in cells) == sorted(ring(PLOT))
    assert len(set(cells)) == 20
    x, _, z = pen.before(-1)
    assert pen.holds(x + 0.5, z + 0.5)
    x, _, z = pen.before(1)
    assert not pen.holds(x + 0.5, z + 0.5, -1.0)
    assert (pen.out[0], pen.out[1]) == FACINGS[side]


@pytest.mark.parametrize("side", range(4))
def test_a_house_has_walls_a_roof_and_a_way_in(side):
    plan = HousePlan(PLOT, side, MATERIALS["taiga"])
    walls = {cell for height in range(HIGH) for cell in plan.layer(height)}
    x, y, z = plan.door
    assert len(walls) == 3 * 20 - 2
    assert not walls & {(x, y, z), (x, y + 1, z)}
    assert len(plan.roof) == 36
    assert not walls & set(plan.stair)
    assert "glass" in plan.layer(1).values()
    assert max(np.bincount(np.unique([*plan.layer(1).values()], return_inverse=True)[1])) < 64


def test_plots_are_level_and_apart_from_houses():
    env, player = make("CreateVillageAnimalPen"), make_player("CreateVillageAnimalPen", 0)
    env.reset(seed=1)
    player.reset(env)
    level = levels(env.world, player.kind, player.screen)
    found = [
        plot
        for _, plot in zip(range(20), plots(player.rng, env.world.houses, level, (5, 7), 1), strict=False)
    ]
    assert found
    for x0, z0, x1, z1, y in found:
        assert (env.world.surface[x0 - 1 : x1 + 2, z0 - 1 : z1 + 2] == y - 1).all()
        assert all(house.distance(x0, z0) >= 3 for house in env.world.houses)

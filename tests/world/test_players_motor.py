"""The hand on its own: turning, and walking over arrays made by hand."""

import math

import numpy as np
import pytest

from basalt_iq.world.players import paths
from basalt_iq.world.players.motor import MOUSE_STEP, Feet, Habits, Wrist, heading
from basalt_iq.world.players.sight import bearing, cast, direction, look, meet, turn


def wrist(seed):
    rng = np.random.default_rng(seed)
    return Wrist(Habits.draw(rng), rng)


@pytest.mark.parametrize("seed", range(8))
def test_a_turn_arrives_within_two_seconds_in_human_steps(seed):
    hand, yaw, pitch, turns = wrist(seed), 0.0, 0.0, []
    for _ in range(40):
        camera = hand.towards(120.0 - yaw, 20.0 - pitch)
        turns.append(camera)
        pitch, yaw = pitch + camera[0], yaw + camera[1]
    assert abs(120.0 - yaw) < 3
    assert abs(20.0 - pitch) < 3
    assert 8 < np.abs(turns).max() < 60  # a flick, not a crawl and not a jump
    assert np.allclose(np.array(turns) / MOUSE_STEP, np.round(np.array(turns) / MOUSE_STEP), atol=1e-3)


def test_players_differ_and_a_seed_repeats():
    draw = [Habits.draw(np.random.default_rng(seed)) for seed in range(20)]
    assert len(set(draw)) == 20
    assert Habits.draw(np.random.default_rng(3)) == draw[3]
    assert {habits.sprints for habits in draw} == {True, False}


def test_angles_follow_minecraft():
    assert np.allclose(direction(0, 0), (0, 0, 1))
    assert np.allclose(direction(90, 0), (-1, 0, 0))
    assert direction(0, 30)[1] == pytest.approx(-0.5)
    assert bearing(np.zeros(3), np.array([-1.0, -1.0, 0.0])) == pytest.approx((90.0, 45.0))
    assert turn(190) == -170
    assert heading(np.zeros(3), np.array([1.0, 0.0, 0.0]), 0.0) == pytest.approx(-90.0)


def test_rays_stop_in_front_of_a_wall():
    screen = np.zeros((20, 10, 20), np.bool_)
    screen[:, :, 12] = True
    met, cell, distance = meet(screen, 5.5, 4.5, 5.5, 0.0, 0.0, 1.0, 30.0)
    assert (met, cell) == ((5, 4, 12), (5, 4, 11))
    assert distance == cast(screen, 5.5, 4.5, 5.5, 0.0, 0.0, 1.0, 30.0) == pytest.approx(6.5)
    assert cast(screen, 5.5, 4.5, 5.5, 0.0, 0.0, -1.0, 30.0) == -1
    cells, distances = look(screen, np.array([5.5, 4.5, 5.5]), 0.0, 0.0, 16, 30.0, 70.0)
    assert (cells[:, 2] == 11).all()
    assert distances.min() == pytest.approx(6.5, abs=0.05)
    widest = 6.5 * math.tan(math.radians(35))
    assert cells[:, 0].min() >= 5.5 - widest - 1


def test_feet_follow_a_route_over_a_step_to_its_end():
    kind = np.zeros((16, 10, 16), np.uint8)
    kind[:, :2] = paths.SOLID
    kind[8:, 2] = paths.SOLID
    goal = np.zeros(kind.shape, np.bool_)
    goal[12, 3, 12] = True
    feet = Feet(paths.route(kind, (2, 2, 2), goal))
    position, yaw, jumps = np.array([2.5, 2.0, 2.5]), 0.0, []
    for _ in range(300):
        feet.advance(position)
        if feet.arrived:
            break
        error = heading(position, feet.target(kind, position), yaw)
        keys = feet.keys(kind, position, yaw, error, hurry=True)
        yaw += float(np.clip(error, -8, 8))
        if keys.get("jump"):
            jumps.append(position[0])
        step = np.array(direction(yaw, 0.0)) * 0.2 * keys.get("forward", 0)
        position = position + step
        position[1] = 3.0 if position[0] >= 8 else 2.0
    assert feet.arrived
    assert all(6.9 < x < 8 for x in jumps)
    assert jumps

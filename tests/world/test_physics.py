"""Bodies move at Minecraft's speeds and heights."""

import math

import numpy as np
import pytest

from basalt_iq.world import physics as ph
from basalt_iq.world.blocks import ID

BOXES = np.zeros((ph.MAX_BOXES, 6))


@pytest.fixture
def field() -> np.ndarray:
    blocks = np.zeros((80, 30, 80), np.uint8)
    blocks[:, :10, :] = ID["stone"]
    return blocks


def body_at(x: float, y: float, z: float) -> np.ndarray:
    body = np.zeros(ph.BODY_SIZE)
    body[:3] = x, y, z
    return body


def run(
    blocks: np.ndarray,
    body: np.ndarray,
    ticks: int,
    forward=0.0,
    left=0.0,
    jump=False,
    sneak=False,
    sprint=False,
):
    track = []
    for _ in range(ticks):
        ph.tick_body(blocks, body, forward, left, jump, sneak, sprint, 0.1, ph.WIDTH, ph.HEIGHT, BOXES)
        track.append(body[:3].copy())
    return np.array(track)


@pytest.mark.parametrize(
    ("keys", "speed"), [({}, 4.317), ({"sprint": True}, 5.612), ({"sneak": True}, 1.295)]
)
def test_speeds_on_foot(field: np.ndarray, keys: dict, speed: float) -> None:
    track = run(field, body_at(40, 10, 10), 60, forward=1.0, **keys)
    assert (track[-1, 2] - track[-21, 2]) == pytest.approx(speed, rel=0.01)  # blocks in 20 ticks
    assert abs(track[-1, 0] - 40) < 1e-9


def test_yaw_turns_right(field: np.ndarray) -> None:
    body = body_at(40, 10, 40)
    body[ph.YAW] = math.pi / 2
    run(field, body, 20, forward=1.0)
    assert body[0] < 38
    assert body[2] == pytest.approx(40, abs=1e-6)


def test_jump_is_a_block_and_a_quarter_high(field: np.ndarray) -> None:
    body = body_at(40.5, 10, 40.5)
    run(field, body, 3)
    track = run(field, body, 12, jump=True)
    assert track[:, 1].max() - 10 == pytest.approx(1.2522, abs=0.002)
    run(field, body, 12)
    assert body[1] == 10.0  # comes to rest exactly on the floor
    assert body[ph.ON_GROUND]


def test_walls_stop_and_slabs_do_not(field: np.ndarray) -> None:
    field[:, 10, 44] = ID["stone"]
    body = body_at(40.5, 10, 40.5)
    run(field, body, 40, forward=1.0)
    assert body[2] == pytest.approx(43.7)
    field[:, 10, 44] = ID["stone_stairs_0"]
    run(field, body, 30, forward=1.0)
    assert body[2] > 45


def test_fence_can_not_be_jumped_and_gate_lets_through(field: np.ndarray) -> None:
    field[:, 10, 44] = ID["fence"]
    body = body_at(40.5, 10, 40.5)
    run(field, body, 60, forward=1.0, jump=True)
    assert body[2] < 44.4
    field[40, 10, 44] = ID["fence_gate_0_open"]
    run(field, body, 40, forward=1.0)
    assert body[2] > 45


def test_sneaking_holds_at_an_edge(field: np.ndarray) -> None:
    field[:, 5:10, 44:] = 0
    body = body_at(40.5, 10, 40.5)
    run(field, body, 200, forward=1.0, sneak=True)
    assert body[1] == 10.0
    run(field, body, 40, forward=1.0)
    assert body[1] == 5.0


def test_water_carries_a_swimmer_up(field: np.ndarray) -> None:
    field[30:50, 4:10, 30:50] = ID["water"]
    body = body_at(40.5, 5, 40.5)
    run(field, body, 120, jump=True)
    assert body[1] > 8.8
    sinking = body_at(40.5, 8, 40.5)
    run(field, sinking, 60)
    assert sinking[1] == 4.0


def test_ladder_is_climbed(field: np.ndarray) -> None:
    field[40, 10:18, 44] = ID["stone"]
    field[40, 10:18, 43] = ID["ladder_2"]
    body = body_at(40.5, 10, 42.5)
    run(field, body, 60, forward=1.0)
    assert body[1] > 14


def test_aim_names_block_and_face(field: np.ndarray) -> None:
    out = np.zeros(6, np.int64)
    assert ph.aim(field, 40.5, 11.6, 40.5, 0.0, math.pi / 2 - 0.01, ph.REACH, False, BOXES, out)
    assert out.tolist() == [40, 9, 40, 0, 1, 0]
    assert not ph.aim(field, 40.5, 11.6, 40.5, 0.0, -1.0, ph.REACH, False, BOXES, out)

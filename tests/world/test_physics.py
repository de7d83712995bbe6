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
    era=2021,
):
    track = []
    for _ in range(ticks):
        ph.tick_body(blocks, body, forward, left, jump, sneak, sprint, 0.1, ph.WIDTH, ph.HEIGHT, BOXES, era)
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


def test_a_held_jump_waits_ten_ticks_and_one_let_go_does_not(field: np.ndarray) -> None:
    field[:, 12] = ID["stone"]  # a ceiling that ends each jump after 5 ticks
    body = body_at(40.5, 10, 40.5)
    run(field, body, 3)
    held = run(field, body, 40, jump=True)
    assert (np.diff(held[:, 1], prepend=10.0) > 0.15).sum() == 4  # ticks 0, 10, 20, 30
    run(field, body, 12)
    taps = [run(field, body, 1, jump=tick % 6 == 0)[0, 1] for tick in range(36)]
    assert (np.diff(taps, prepend=10.0) > 0.15).sum() == 6


def test_a_wall_under_water_is_not_climbed(field: np.ndarray) -> None:
    field[30:50, 4:20, 30:50] = ID["water"]
    field[30:50, 4:19, 45:] = ID["stone"]
    track = run(field, body_at(40.5, 4, 44.4), 40, forward=1.0)
    assert track[:, 1].max() < 4.5


def test_a_bank_is_hopped_onto(field: np.ndarray) -> None:
    field[30:50, 8:10, 30:45] = ID["water"]
    body = body_at(40.5, 9, 44)
    run(field, body, 60, forward=1.0, jump=True)
    assert body[1] >= 10.0
    assert body[2] > 45


def test_cobweb_slows_to_a_quarter_and_a_twentieth(field: np.ndarray) -> None:
    field[40, 10:16, 40] = ID["cobweb"]
    body = body_at(40.5, 13, 40.5)
    track = run(field, body, 20)
    assert track[-1, 1] - track[-2, 1] == pytest.approx(-0.05 * 0.98 * 0.08, abs=1e-6)


@pytest.mark.parametrize(("ground", "least", "most"), [("stone", 0.0, 0.3), ("packed_ice", 1.0, 3.0)])
def test_ice_carries_on(field: np.ndarray, ground: str, least: float, most: float) -> None:
    field[:, 9] = ID[ground]
    body = body_at(40.5, 10, 20.5)
    run(field, body, 40, forward=1.0)
    let_go = body[2]
    run(field, body, 60)
    assert least < body[2] - let_go < most


def test_flowing_water_carries_downstream_and_still_water_does_not(field: np.ndarray) -> None:
    for step, level in enumerate((8, 7, 6, 5, 4, 3)):
        field[38:43, 10, 40 + step] = ID["water" if level == 8 else f"flow_{level}"]
    body = body_at(40.5, 10, 40.5)
    run(field, body, 40)
    assert body[2] > 42
    field[30:50, 10, 30:50] = ID["water"]
    still = body_at(40.5, 10, 40.5)
    run(field, still, 40)
    assert still[2] == pytest.approx(40.5)


def test_2022_sinks_slowly(field: np.ndarray) -> None:
    field[30:50, 0:30, 30:50] = ID["water"]
    speeds = [np.diff(run(field, body_at(40.5, 25, 40.5), 60, era=era)[-2:, 1])[0] for era in (2021, 2022)]
    assert speeds == pytest.approx([-0.1, -0.025], abs=1e-3)  # a fifth of it lost each tick


def test_2022_swims_fast_where_it_looks(field: np.ndarray) -> None:
    field[:, 1:30] = ID["water"]
    body = body_at(40.5, 20, 10.5)
    track = run(field, body, 60, forward=1.0, sprint=True, era=2022)
    assert body[ph.SWIMMING]
    assert track[-1, 2] - track[-2, 2] == pytest.approx(0.0196 / 0.1, rel=0.01)  # a tenth lost each tick
    assert track[-1, 1] == pytest.approx(track[20, 1], abs=0.2)  # does not sink
    assert ph.eye_height(body, 2022) == pytest.approx(0.4)
    body[ph.PITCH] = 0.6
    assert run(field, body, 20, forward=1.0, sprint=True, era=2022)[-1, 1] < track[-1, 1] - 1.0
    run(field, body, 3, era=2022)
    assert not body[ph.SWIMMING]


@pytest.fixture
def low(field: np.ndarray) -> np.ndarray:
    """A fence to walk on at x = 40.5, and from z = 42 on a ceiling one and a half blocks above it."""
    field[40, 9], field[:, 12, 42:] = ID["fence"], ID["stone"]
    return field


@pytest.mark.parametrize(("era", "eye", "through"), [(2021, 1.54, False), (2022, 1.27, True)])
def test_sneaking_is_lower_in_2022(low: np.ndarray, era: int, eye: float, through: bool) -> None:
    body = body_at(40.5, 10.5, 38.5)
    run(low, body, 100, forward=1.0, sneak=True, era=era)
    assert ph.eye_height(body, era) == pytest.approx(eye)
    assert bool(body[2] > 43) is through


def test_2022_can_not_stand_up_under_a_low_ceiling(low: np.ndarray) -> None:
    body = body_at(40.5, 10.5, 38.5)
    run(low, body, 100, forward=1.0, sneak=True, era=2022)
    crept = run(low, body, 20, forward=1.0, era=2022)
    assert ph.eye_height(body, 2022) == pytest.approx(1.27)
    assert crept[-1, 2] - crept[-2, 2] == pytest.approx(0.3 * 4.317 / 20, rel=0.01)
    low[:, 12] = 0
    run(low, body, 2, era=2022)
    assert ph.eye_height(body, 2022) == pytest.approx(1.62)


def test_the_edge_of_the_world_is_a_wall(field: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    body = body_at(2.5, 10, 2.5)
    for _ in range(400):
        body[ph.YAW] = rng.uniform(math.pi / 2, math.pi)  # towards low x and low z
        run(field, body, 5, forward=1.0, jump=rng.random() < 0.5, sneak=rng.random() < 0.2, sprint=True)
        assert body[0] >= 0.3 - 1e-6
        assert body[2] >= 0.3 - 1e-6
        assert body[1] >= 10.0


@pytest.mark.parametrize("wall", [0.0, 13.0, 2.0, 101.0])
def test_a_wall_holds_a_body_whose_place_is_rounded_into_it(wall: float) -> None:
    blocks = np.zeros((120, 16, 20), np.uint8)
    blocks[:, :10] = ID["stone"]
    if wall:
        blocks[int(wall) - 1, :14] = ID["stone"]
    body = body_at(wall + 0.3 - 2e-15, 10, 10.5)
    body[ph.YAW] = math.pi / 2
    run(blocks, body, 40, forward=1.0)
    assert body[0] == pytest.approx(wall + 0.3)

"""Animals walk at Minecraft's speeds, go round what is in their way, and do not hop at fences."""

import numpy as np
import pytest

from basalt_iq.world import animals as an
from basalt_iq.world import physics as ph
from basalt_iq.world.blocks import ID

BOXES = np.zeros((ph.MAX_BOXES, 6))
NOBODY = np.zeros(len(an.KINDS), np.bool_)


@pytest.fixture
def field() -> np.ndarray:
    blocks = np.zeros((80, 30, 80), np.uint8)
    blocks[:, :10, :] = ID["stone"]
    return blocks


def live(
    blocks: np.ndarray, herd: np.ndarray, ticks: int, tempted: np.ndarray = NOBODY, player: tuple = (5, 10, 5)
) -> np.ndarray:
    """(ticks, animals, 3) where the animals are; the player stands still."""
    body, track = np.zeros(ph.BODY_SIZE), []
    body[:3] = player
    for tick in range(ticks):
        an.tick_animals(blocks, herd, body, tempted, tick, 7, BOXES, 2021)
        track.append(herd[:, :3].copy())
    return np.array(track)


@pytest.mark.parametrize(
    ("kind", "speed"), [(an.COW, 2.70), (an.PIG, 3.89), (an.SHEEP, 2.76), (an.CHICKEN, 2.70)]
)
def test_following_speeds(field: np.ndarray, kind: int, speed: float) -> None:
    herd = an.herd([(kind, 40.5, 10.0, 40.5)], 1)
    track = live(field, herd, 30, ~NOBODY, (40.5, 10, 49.5))[:, 0, 2]
    assert (track[-1] - track[-11]) * 2 == pytest.approx(speed, rel=0.01)  # ten ticks are half a second


def test_animals_in_a_pen_stay_on_the_ground_and_inside(field: np.ndarray) -> None:
    for side in (37, 43):
        field[side, 10, 37:44] = field[37:44, 10, side] = ID["fence"]
    kinds = (an.COW, an.PIG, an.SHEEP, an.CHICKEN)
    herd = an.herd([(kind, 39.5 + i % 2 * 2, 10.0, 39.5 + i // 2 * 2) for i, kind in enumerate(kinds)], 1)
    track = live(field, herd, 2000)
    assert ((track[:, :, [0, 2]] > 37.4) & (track[:, :, [0, 2]] < 43.6)).all()
    assert (track[:, :, 1] > 10.01).mean() < 0.01
    assert np.ptp(track[:, :, 0], axis=0).min() > 1  # and yet they stroll


def test_animals_hop_up_a_block_and_go_round_a_fence(field: np.ndarray) -> None:
    field[30:50, 10, 44:] = ID["stone"]
    herd = an.herd([(an.COW, 40.5, 10.0, 41.5)], 1)
    assert live(field, herd, 100, ~NOBODY, (40.5, 11, 49.5))[-1, 0, 1] == 11.0
    field[:, 10] = 0
    field[38:43, 10, 44] = ID["fence"]
    herd = an.herd([(an.SHEEP, 40.2, 10.0, 42.5)], 1)
    assert live(field, herd, 400, ~NOBODY, (40.5, 10, 49.5))[-1, 0, 2] > 45

"""Routes on small arrays made by hand: y is up, the floor is at y=1, feet stand at y=2."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basalt_iq.world.players import paths
from basalt_iq.world.players.paths import FREE, SOLID, TALL, WATER


def flat(size=12):
    kind = np.full((size, 10, size), FREE, np.uint8)
    kind[:, :2] = SOLID
    return kind


def goal(kind, *cells):
    mask = np.zeros(kind.shape, np.bool_)
    for cell in cells:
        mask[cell] = True
    return mask


def test_a_straight_route_over_flat_ground():
    kind = flat()
    way = paths.route(kind, (2, 2, 2), goal(kind, (2, 2, 7)))
    assert way.tolist() == [[2, 2, z] for z in range(2, 8)]
    reach = paths.spread(kind, (2, 2, 2), limit=3.0)
    index = reach.cells.tolist().index([4, 2, 3])
    assert reach.cost[index] == pytest.approx(2.4142)
    assert reach.cost.max() <= 3.0


def test_a_wall_is_walked_around_and_a_step_is_jumped():
    kind = flat()
    kind[6, 2:5, 1:9] = SOLID  # too high to jump, open at z >= 9
    way = paths.route(kind, (4, 2, 2), goal(kind, (8, 2, 2)))
    assert (way[:, 2] >= 9).any()
    kind[6, 3:5] = FREE  # one block high now
    way = paths.route(kind, (4, 2, 2), goal(kind, (8, 2, 2)))
    assert [6, 3, 2] in way.tolist()


def test_no_jump_under_a_low_roof_and_none_over_a_fence():
    kind = flat()
    kind[6, 2] = SOLID
    kind[5, 4] = SOLID  # over the head of whoever jumps from x=5
    assert paths.route(kind, (4, 2, 2), goal(kind, (8, 2, 2))) is None
    kind = flat()
    kind[6, 2] = TALL
    assert paths.route(kind, (4, 2, 2), goal(kind, (8, 2, 2))) is None


def test_drops_up_to_the_limit_only():
    kind = np.full((12, 12, 12), FREE, np.uint8)
    kind[:6, :7] = SOLID
    kind[6:, :2] = SOLID
    target = goal(kind, (8, 2, 5))
    assert paths.route(kind, (4, 7, 5), target, drop=4) is None
    assert paths.route(kind, (4, 7, 5), target, drop=5)[-1].tolist() == [8, 2, 5]
    assert paths.route(kind, (8, 2, 5), goal(kind, (4, 7, 5)), drop=5) is None


def test_water_is_swum_only_if_the_way_round_is_longer():
    kind = flat()
    kind[6, 1, :4] = WATER
    kind[6, 0] = SOLID
    dry = paths.route(kind, (5, 2, 3), goal(kind, (7, 2, 3)))
    assert not any(kind[tuple(cell)] == WATER for cell in dry)
    kind[6, 1] = WATER
    wet = paths.route(kind, (5, 2, 3), goal(kind, (7, 2, 3)))
    assert any(kind[tuple(cell)] == WATER for cell in wet)


def test_straight_lines_need_room_for_the_body():
    kind = flat()
    assert paths.straight(kind, 2.5, 2, 2.5, 9.5, 2, 7.5, 3)
    kind[6, 2:4, 5] = SOLID
    assert not paths.straight(kind, 2.5, 2, 2.5, 9.5, 2, 7.5, 3)
    assert paths.straight(kind, 2.5, 2, 2.5, 9.5, 2, 2.5, 3)
    kind[4, 1, 2] = WATER
    assert not paths.straight(kind, 2.5, 2, 2.5, 9.5, 2, 2.5, 3)


def test_a_straight_line_ends_at_the_height_meant():
    kind = flat()
    kind[6:, 4] = SOLID  # a roof over the floor, reached by steps
    kind[5, 2:4] = kind[4, 2] = SOLID
    assert paths.straight(kind, 2.5, 2, 5.5, 8.5, 5, 5.5, 3)
    assert not paths.straight(kind, 2.5, 2, 5.5, 8.5, 2, 5.5, 3)


def test_standing_finds_the_floor_below():
    kind = flat()
    assert paths.standing(kind, 3.5, 2.0, 3.5) == 2
    assert paths.standing(kind, 3.5, 6.3, 3.5) == 2
    assert paths.standing(kind, 3.5, 1.9375, 3.5) == 2


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_routes_step_only_between_standing_cells_and_cost_what_they_say(seed):
    rng = np.random.default_rng(seed)
    kind = flat()
    height = rng.integers(2, 5, kind.shape[::2])
    for x, z in np.ndindex(*height.shape):
        kind[x, : height[x, z], z] = SOLID
    start = (5, int(height[5, 5]), 5)
    reach = paths.spread(kind, start, limit=50.0)
    assert reach.cells[0].tolist() == list(start)
    for index in rng.integers(0, len(reach.cells), 5):
        way = reach.route(index)
        assert all(paths.stands(kind, *cell) for cell in way)
        assert np.abs(np.diff(way[:, [0, 2]], axis=0)).max(initial=0) <= 1
        assert np.diff(way[:, 1]).max(initial=0) <= 1
        assert np.diff(reach.cost[[*map(reach.cells.tolist().index, way.tolist())]]).min(initial=1) > 0

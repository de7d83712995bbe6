import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from basalt_iq.agent.actions import Ticks
from basalt_iq.contract import BUTTONS
from basalt_iq.data.actions2022 import read_actions
from basalt_iq.train import hindsight
from basalt_iq.train.hindsight import (
    BINS,
    KINDS,
    OUTPUTS,
    TARGETS,
    UNKNOWN,
    WALKING,
    dead_reckoning,
    look_back,
)

NAMES = BUTTONS[2021]
REAL = Path(__file__).parents[3] / "shared/real_demos/basalt2022_actions/buildhouse.jsonl"
END = TARGETS.index("end")
NEXT = TARGETS.index("next decisive action")


def play(*parts, equip=()):
    """Ticks of (count, keys, yaw per tick) parts; `equip`: tick -> item."""
    rows, yaw = [], []
    for count, keys, turn in parts:
        rows += [[name in keys for name in NAMES]] * count
        yaw += [turn] * count
    items = np.array(["none"] * len(rows), dtype="<U16")
    for tick, item in dict(equip).items():
        items[tick] = item
    camera = np.stack([np.zeros(len(rows)), np.array(yaw, float)], 1).astype(np.float32)
    return Ticks(NAMES, np.array(rows, np.uint8).reshape(-1, len(NAMES)), camera, items)


def test_walking_a_square_comes_back_to_where_it_began():
    side = (25, ("forward",), 0.0)
    corner = (1, (), 90.0)
    places, headings = dead_reckoning(play(side, corner, side, corner, side, corner, side, corner))
    assert places[25] == pytest.approx([0, 25 * WALKING])  # straight on
    assert places[51] == pytest.approx([25 * WALKING, 25 * WALKING])  # then to the right
    assert places[-1] == pytest.approx([0, 0], abs=1e-9)
    assert headings[-1] == pytest.approx(360)


def test_opposite_keys_cancel_diagonals_are_no_faster_and_sprinting_is():
    places, _ = dead_reckoning(play((10, ("forward", "back", "right"), 0.0)))
    assert places[-1] == pytest.approx([10 * WALKING, 0])
    places, _ = dead_reckoning(play((10, ("forward", "left"), 0.0)))
    assert np.hypot(*places[-1]) == pytest.approx(10 * WALKING)
    assert places[-1][0] < 0 < places[-1][1]
    places, _ = dead_reckoning(play((10, ("forward", "sprint"), 0.0)))
    assert places[-1][1] == pytest.approx(10 * hindsight.SPRINTING)


def test_the_end_to_the_right_lies_to_the_right_until_the_player_faces_it():
    # It stands for 10 ticks, turns 45 degrees right in 5, and walks 40 ticks to the end.
    labels = look_back(play((10, (), 0.0), (5, (), 9.0), (40, ("forward",), 0.0)), ended=True)
    assert labels.bearing[0, END] == 4  # 36 to 60 degrees to the right
    assert labels.bearing[12, END] == 3  # 18 degrees have been turned, 27 are left
    assert labels.bearing[15, END] == 2  # ahead
    assert labels.distance[0, END] == pytest.approx(math.log1p(40 * WALKING), rel=1e-5)
    assert labels.time[0, END] == pytest.approx(math.log1p(55), rel=1e-5)
    assert labels.bearing[-1, END] == UNKNOWN  # nearer than a block


def test_what_the_demo_does_not_show_is_unknown():
    labels = look_back(play((30, ("forward",), 0.0)), ended=False)
    assert (labels.bearing[:, END] == UNKNOWN).all()
    assert np.isnan(labels.time[:, END]).all()
    assert labels.bearing[0, 0] == 2  # in 20 ticks: straight on
    assert labels.bearing[11, 0] == UNKNOWN  # past the last state
    assert (labels.kind == UNKNOWN).all()


def test_a_decisive_action_is_a_press_not_a_held_key():
    ticks = play((5, (), 0.0), (3, ("use",), 0.0), (5, (), 0.0), (2, ("use",), 0.0), equip={9: "snowball"})
    assert [i for i, kind in enumerate(hindsight.decisive(ticks)) if kind >= 0] == [5, 9, 13]
    labels = look_back(ticks, ended=True)
    named = [KINDS[kind] for kind in labels.kind]
    assert named == ["use"] * 6 + ["take an item"] * 4 + ["use"] * 4 + ["end"]
    assert labels.time[0, NEXT] == pytest.approx(math.log1p(5), rel=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_a_mirrored_demo_has_mirrored_labels(seed):
    random = np.random.default_rng(seed)
    buttons = random.integers(0, 2, (40, len(NAMES))).astype(np.uint8)
    camera = random.normal(scale=15, size=(40, 2)).astype(np.float32)
    swapped = buttons.copy()
    left, right = NAMES.index("left"), NAMES.index("right")
    swapped[:, [left, right]] = buttons[:, [right, left]]
    still = np.array(["none"] * 40)
    one = look_back(Ticks(NAMES, buttons, camera, still), True).mirrored()
    other = look_back(Ticks(NAMES, swapped, camera * [1, -1], still), True)
    assert np.array_equal(one.distance, other.distance, equal_nan=True)
    assert (one.bearing != other.bearing).mean() < 0.01  # on an edge, rounding decides
    assert (one.kind == other.kind).all()


def tensors(labels):
    return {name: torch.from_numpy(getattr(labels, name)) for name in ("bearing", "distance", "time", "kind")}


def test_the_loss_by_hand():
    labels = {
        "bearing": torch.full((1, len(TARGETS)), UNKNOWN), "kind": torch.tensor([1]),
        "distance": torch.full((1, len(TARGETS)), math.nan), "time": torch.full((1, len(TARGETS)), math.nan),
    }  # fmt: skip
    labels["bearing"][0, END], labels["distance"][0, END] = 4, 2.0
    told = torch.zeros(1, OUTPUTS, requires_grad=True)
    loss, metrics = hindsight.loss(told, labels)
    # Even chances of 6 bins and 3 kinds; a distance told as 0 that is 2.
    assert metrics["bearing"] == pytest.approx(math.log(BINS))
    assert metrics["range"] == pytest.approx(4.0)
    assert metrics["kind"] == pytest.approx(math.log(3))
    assert loss.item() == pytest.approx((math.log(6) + 4 + math.log(3)) / 3)
    loss.backward()
    assert told.grad.isfinite().all()


def test_perfect_outputs_cost_nothing_and_an_empty_batch_is_no_nan():
    labels = tensors(look_back(play((10, (), 0.0), (5, (), 9.0), (40, ("forward",), 0.0)), ended=True))
    bins = torch.nn.functional.one_hot(labels["bearing"].long().clamp(min=0), BINS).float() * 100
    ranges = torch.stack([labels["distance"], labels["time"]], -2).nan_to_num()
    kinds = torch.nn.functional.one_hot(labels["kind"].long().clamp(min=0), len(KINDS)).float() * 100
    told = torch.cat([bins.flatten(1), ranges.flatten(1), kinds], 1)
    loss, metrics = hindsight.loss(told, labels)
    assert float(loss) == pytest.approx(0, abs=1e-6)
    assert metrics["side"] == 1
    blank = {"bearing": labels["bearing"] * 0 - 1, "distance": labels["distance"] * math.nan,
             "time": labels["time"] * math.nan, "kind": labels["kind"] * 0 - 1}  # fmt: skip
    assert float(hindsight.loss(told, blank)[0]) == 0


@pytest.mark.skipif(not REAL.exists(), reason="the real action file lies in ../shared, which is not here")
def test_labels_of_a_real_recording():
    """6,000 ticks of a person building a house, cut off before the end (../shared/real_demos)."""
    actions = read_actions(REAL)
    ticks = Ticks(BUTTONS[2022], actions.buttons, actions.camera, np.array(["none"] * len(actions)))
    labels = look_back(ticks, ended=False, reach=300)
    assert (labels.bearing[:, END] == UNKNOWN).all()
    assert np.isfinite(labels.distance[:, 0]).mean() > 0.99
    known = (labels.bearing[:, NEXT] >= 0).mean()
    assert 0.3 < known < 0.5  # most decisive actions follow within a block of each other
    sides = [np.isin(labels.bearing[:, 2], bins).mean() for bins in ((0, 1), (3, 4))]
    assert min(sides) > 0.1
    assert {KINDS[kind] for kind in set(labels.kind.tolist()) - {UNKNOWN}} == {"use", "take an item"}

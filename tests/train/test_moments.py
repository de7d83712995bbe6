"""What held-out demos say of the moments of decision, by hand."""

import math

import pytest
import torch

from basalt_iq.agent.actions import Action, ActionSet
from basalt_iq.train.changes import change_weights, changes, manners
from basalt_iq.train.moments import Moments, calibration_error, summary

WALK, LITTLE, FAR, LEFT, THROW = 1, 2, 3, 4, 5
ACTIONS = ActionSet(
    "FindCave",
    2021,
    [
        Action(),
        Action(("forward",)),
        Action(("forward",), (0.0, 1.5)),
        Action(("forward",), (0.0, 9.0)),
        Action(("forward",), (0.0, -4.0)),
        Action(("use",)),
    ],
    "test",
)
#: Walk, begin to turn right, turn on, change sides, throw.
TAKEN = torch.tensor([WALK, LITTLE, FAR, LEFT, THROW])
BEFORE = torch.tensor([-1, WALK, LITTLE, FAR, LEFT])


def measured(pi):
    may_end = torch.zeros(5, 6, dtype=torch.bool)
    may_end[:, THROW] = True
    return Moments(ACTIONS).measure(torch.tensor(pi), TAKEN, BEFORE, may_end)


def test_a_change_is_of_keys_item_or_side_not_of_how_far():
    manner = torch.from_numpy(manners(ACTIONS))
    assert manner.tolist() == [0, 1, 2, 2, 3, 4]
    assert changes(manner, TAKEN, BEFORE).tolist() == [False, True, False, True, True]
    assert change_weights(manner, TAKEN, BEFORE, 3.0).tolist() == [1, 3, 1, 3, 3]


def test_going_on_as_before_is_right_of_nothing_that_is_decided():
    inert = [[0.1] * 6 for _ in range(5)]
    for row, before in zip(inert, [WALK, WALK, LITTLE, FAR, LEFT], strict=True):
        row[before] = 0.5
    values = summary([measured(inert)])
    assert values["as_before"] == pytest.approx(1 / 5)
    assert values["same_manner"] == pytest.approx(2 / 5)  # the first step counts here, and as before has none
    assert values["turn_onsets"] == pytest.approx(0.5)  # at the first onset 0.2 right against 0.1 left
    assert values["key_onsets"] == 0
    assert values["nll_changes"] == pytest.approx(-math.log(0.1))
    assert values["end_loss"] == pytest.approx(-4 * math.log(0.9) - math.log(0.1), rel=1e-5)
    assert values["decisions"] == pytest.approx(values["nll_changes"] + values["end_loss"])
    assert values["decisive_brier"] == pytest.approx((4 * 0.01 + 0.81) / 5)


def test_one_that_knows_is_right_of_all():
    sure = torch.full((5, 6), 1e-9).scatter(1, TAKEN[:, None], 1.0).tolist()
    values = summary([measured(sure)])
    assert [values[n] for n in ("turn_onsets", "key_onsets", "same_manner")] == [1, 1, 1]
    assert values["decisions"] == pytest.approx(0, abs=1e-6)
    assert values["decisive_ece"] == pytest.approx(0, abs=1e-6)


def test_what_does_not_occur_is_left_out_and_no_nan():
    still = torch.zeros(3, dtype=torch.int64)
    row = Moments(ACTIONS).measure(torch.full((3, 6), 1 / 6), still, torch.tensor([-1, 0, 0]),
                                   torch.zeros(3, 6, dtype=torch.bool))  # fmt: skip
    values = summary([row])
    assert "turn_onsets" not in values
    assert values["decisions"] == pytest.approx(0, abs=1e-6)


def test_the_calibration_error_by_hand():
    # Told 0.25 four times, so it once: 0. Told 0.95 twice, so it never: 0.95 for a third of all.
    told = torch.tensor([0.25] * 4 + [0.95] * 2)
    was = torch.tensor([1.0, 0, 0, 0, 0, 0])
    assert calibration_error(told, was) == pytest.approx(0.95 / 3, rel=1e-5)

"""Nobody leaves the world."""

import sys
from pathlib import Path

import numpy as np
import pytest

from basalt_iq.contract import TASKS

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from wanderers import Wandered, wander


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_wanderer_never_leaves_the_world(task: str) -> None:
    told = Wandered(first=3).after(wander(task, 3))
    assert told.ticks > 1000
    assert told.outside == 0  # above the bedrock, within the walls


def test_who_is_outside_at_any_tick_is_counted() -> None:
    inside = [100.0, 20.0, 100.0]
    for outside in ([100.0, 0.5, 100.0], [0.2, 20.0, 100.0], [100.0, 20.0, 1e4]):
        assert Wandered(first=0).after(np.array([inside, outside, inside])).outside == 1
    assert Wandered(first=0).after(np.array([inside, inside])).outside == 0

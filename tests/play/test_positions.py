"""Where a player is stands in the record of its episode."""

import math

import numpy as np

from basalt_iq.play.rollout import play_scripted


def test_positions_are_those_of_the_body(tmp_path):
    (episode,) = play_scripted("FindCave", [3], out=tmp_path, max_steps=200, workers=1)
    found = episode.arrays["position"]
    assert found.shape == (201, 4)
    steps = np.hypot(*np.diff(found[:, [0, 2]], axis=0).T)
    assert 0 < steps.max() < 0.6  # no faster than a sprint with its jump
    turned = np.diff(found[:, 3]) - [math.radians(float(yaw)) for _, yaw in episode.arrays["camera"]]
    assert abs(turned).max() < 1e-3

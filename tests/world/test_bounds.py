"""Nobody leaves the world."""

import numpy as np
import pytest

from basalt_iq.contract import TASKS
from basalt_iq.world import make
from basalt_iq.world.terrain import SIZE


def wander(task: str, seed: int) -> np.ndarray:
    """(steps, 3) positions of a player that holds random keys for a second or so, to the episode's end."""
    env, rng = make(task), np.random.default_rng(seed)
    env.draws = False
    env.reset(seed=seed)
    path, done, keys = [], False, {}
    while not done:
        if rng.random() < 0.05:
            keys = {key: int(rng.random() < 0.3) for key in ("left", "right", "back", "sneak", "attack")}
            keys |= {key: int(rng.random() < 0.8) for key in ("forward", "sprint", "jump")}
        _, _, terminated, truncated, _ = env.step(keys | {"camera": rng.normal(0, 3, 2)})
        path.append(env.body[:3].copy())
        done = terminated or truncated
    return np.array(path)


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_wanderer_never_leaves_the_world(task: str) -> None:
    path = wander(task, 3)
    assert (path >= [0.3 - 1e-6, 1.0, 0.3 - 1e-6]).all()  # bedrock at the bottom, walls at the sides
    assert (path[:, [0, 2]] <= np.array([SIZE[0], SIZE[2]]) - 0.3 + 1e-6).all()

import numpy as np

from basalt_iq.play.gym_api import GymEnv
from basalt_iq.world import make


def test_four_tuples_and_done_at_the_limit():
    env = GymEnv(make("FindCave", max_steps=3))
    env.seed(5)
    assert env.observation_space.contains(env.reset())
    results = [env.step(env.action_space.sample() | {"use": 0}) for _ in range(3)]
    assert [done for _, _, done, _ in results] == [False, False, True]
    assert all(reward == 0.0 for _, reward, _, _ in results)
    assert "success" in results[-1][3]
    env.close()


def test_a_seed_lasts_for_one_reset():
    env = GymEnv(make("FindCave", max_steps=3))
    assert env.seed(5) == [5]
    first = env.reset()["pov"]
    assert not np.array_equal(env.reset()["pov"], first)
    env.seed(5)
    assert np.array_equal(env.reset()["pov"], first)
    env.close()

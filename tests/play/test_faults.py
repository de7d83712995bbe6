import time

import pytest

from basalt_iq.play.faults import Fault, FaultyEnv
from basalt_iq.world import make


def faulty(*faults, max_steps=6):
    env = FaultyEnv(make("FindCave", max_steps=max_steps), faults)
    env.observation_space.seed(0)
    return env


def test_without_faults_only_a_step_after_done_is_refused():
    env = faulty(max_steps=2)
    with pytest.raises(RuntimeError, match="done=True"):
        env.step({})
    env.reset(seed=1)
    assert not env.step({})[3]
    assert env.step({})[3]
    with pytest.raises(RuntimeError, match="done=True"):
        env.step({})
    env.reset(seed=1)
    env.step({})


def test_a_socket_fault_is_noise_with_an_error_and_done():
    env = faulty(Fault("random_observation", step=2))
    env.reset(seed=1)
    true_frame = env.step({})[0]["pov"]
    observation, _, terminated, truncated, info = env.step({})
    assert info["error"]
    assert (terminated, truncated) == (True, False)
    assert env.observation_space.contains(observation)
    assert abs(observation["pov"].astype(int) - true_frame).mean() > 30
    with pytest.raises(RuntimeError, match="done=True"):
        env.step({})


def test_an_early_death_ends_without_an_error_in_the_named_episode_only():
    env = faulty(Fault("early_death", step=1, episode=2))
    env.reset(seed=1)
    assert not env.step({})[2]
    env.reset(seed=1)
    _, _, terminated, _, info = env.step({})
    assert terminated
    assert "error" not in info


@pytest.mark.parametrize("step", [0, 3])
def test_after_a_crash_only_a_reset_helps(step):
    env = faulty(Fault("crash", step=step))
    for _ in range(step):
        if env.steps == 0:
            env.reset(seed=1)
        if env.steps < step - 1:
            env.step({})
    with pytest.raises(ConnectionError):
        env.step({}) if step else env.reset(seed=1)
    with pytest.raises(ConnectionError, match="reset"):
        env.step({})
    env.reset(seed=1)
    env.step({})


def test_a_hang_takes_its_time():
    env = faulty(Fault("hang", step=1, seconds=0.3))
    env.reset(seed=1)
    started = time.monotonic()
    env.step({})
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("bad", [{"kind": "flood", "step": 1}, {"kind": "early_death", "step": 0}])
def test_impossible_faults_are_refused(bad):
    with pytest.raises(ValueError):
        Fault(**bad)

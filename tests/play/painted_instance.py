"""Environments of the 2022 interface whose frames tell seed and step; they end by ESC or after some steps.

usage: painted_instance.py EPISODE_STEPS ENV_ID DESCRIPTOR
"""

import sys

import gymnasium
import numpy as np

from basalt_iq.contract import find_task
from basalt_iq.play.gym_api import GymEnv
from basalt_iq.play.instances.instance import run
from basalt_iq.spaces import action_space, observation_space


class Painted(gymnasium.Env):
    """Upper half grey by the seed, lower half by the step."""

    def __init__(self, env_id, length):
        task = find_task(env_id)
        self.observation_space, self.action_space = observation_space(task, 2022), action_space(task, 2022)
        self.length = length

    def reset(self, *, seed=None, options=None):
        self.seed_of_episode, self.steps = seed or 0, 0
        return self._see(), {}

    def step(self, action):
        assert self.action_space.contains({**action, "camera": np.asarray(action["camera"], np.float32)}), (
            action
        )
        self.steps += 1
        return self._see(), 0.0, bool(action["ESC"]) or self.steps >= self.length, False, {}

    def _see(self):
        pov = np.empty((360, 640, 3), np.uint8)
        pov[:180], pov[180:] = 3 * (self.seed_of_episode % 80), 20 * self.steps
        return {"pov": pov}


if __name__ == "__main__":
    run(lambda: GymEnv(Painted(sys.argv[-2], int(sys.argv[1]))))

"""A process like MineRL's that fails on request: the fault of an episode is named by its seed.

Every frame tells its episode's seed and its step, so that a stale or foreign frame can be recognised.
usage: faulty_instance.py EPISODE_STEPS HANG_SECONDS ENV_ID DESCRIPTOR
"""

import os
import subprocess
import sys
from types import SimpleNamespace

import gymnasium
import numpy as np

from basalt_iq.contract import find_task
from basalt_iq.play.faults import Fault, FaultyEnv
from basalt_iq.play.gym_api import GymEnv
from basalt_iq.play.instances.instance import run
from basalt_iq.spaces import action_space, observation_space

TASK = find_task("FindCave")
#: seed % 10 -> what happens, and at which step.
FAULTS = {
    1: ("hang", 3), 2: ("crash", 5), 3: ("random_observation", 4), 4: ("early_death", 2), 5: ("crash", 0),
    6: ("hang", 0),
}  # fmt: skip


class Painted(gymnasium.Env):
    """Step k of seed s is a frame with rows of grey s and columns of grey k; it ends after `length` steps."""

    observation_space = observation_space(TASK, 2021)
    action_space = action_space(TASK, 2021)

    def __init__(self, length):
        self.length = length

    def reset(self, *, seed=None, options=None):
        self.seed_of_episode, self.steps = seed, 0
        return self._see(), {}

    def step(self, action):
        self.steps += 1
        return self._see(), 0.0, self.steps >= self.length, False, {}

    def _see(self):
        pov = np.empty((64, 64, 3), np.uint8)
        pov[:32], pov[32:] = 3 * (self.seed_of_episode % 80), 10 * self.steps
        mainhand = {"type": "snowball", "damage": 0, "maxDamage": 0}
        inventory = dict.fromkeys(TASK.items, np.array(0, np.int32)) | {"snowball": np.array(1)}
        return {"pov": pov[::-1], "inventory": inventory, "equipped_items": {"mainhand": mainhand}}


class Faulty(GymEnv):
    """As GymEnv, with the fault that the seed names; a crash takes the process down."""

    def reset(self):
        kind, step = FAULTS.get(self._seed % 10, (None, 0))
        once = f"{os.environ['FAULTS_SEEN']}/{self._seed}"
        self.env.faults = {}
        if kind and not (step == 0 and os.path.exists(once)):  # a start fails once, then the retry succeeds
            open(once, "w").close()
            fault = Fault(kind, step, self.env.episode + 1, float(sys.argv[2]))
            self.env.faults = {(fault.episode, step): fault}
        return self._or_die(super().reset)

    def step(self, action):
        return self._or_die(super().step, action)

    def _or_die(self, call, *arguments):
        try:
            return call(*arguments)
        except ConnectionError:
            print("java.lang.OutOfMemoryError", flush=True)
            os._exit(3)


def make():
    # MineRL's Minecraft is a process of its own session: ending the instance must end it too.
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    env = Faulty(FaultyEnv(Painted(int(sys.argv[1]))))
    return SimpleNamespace(seed=env.seed, reset=env.reset, step=env.step, close=env.close)


if __name__ == "__main__":
    run(make)

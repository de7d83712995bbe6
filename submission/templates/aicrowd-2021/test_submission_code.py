"""The agent that the evaluator plays, and the episode that it is given.

test_framework.py, the organisers' or the one here, imports Episode, EpisodeDone and MineRLAgent from here.
"""

import abc
import json
from pathlib import Path

import gym

from basalt_iq.submission.entries import EpisodePlayer

HERE = Path(__file__).resolve().parent


class EpisodeDone(Exception):
    """The episode has ended; the environment takes no further step."""


class Episode(gym.Env):
    """One episode of an environment: `step` raises EpisodeDone instead of returning done."""

    def __init__(self, env):
        self.env = env
        self.action_space = env.action_space
        self.observation_space = env.observation_space
        self.done = False

    def reset(self):
        self._refuse_the_end()
        return self.env.reset()

    def step(self, action):
        self._refuse_the_end()
        observation, reward, self.done, info = self.env.step(action)
        self._refuse_the_end()
        return observation, reward, self.done, info

    def _refuse_the_end(self):
        if self.done:
            raise EpisodeDone


class MineRLAgentBase(abc.ABC):
    """What test_framework.py calls."""

    @abc.abstractmethod
    def load_agent(self):
        """Read the weights. Called once, before the first episode."""

    @abc.abstractmethod
    def run_agent_on_episode(self, single_episode_env):
        """Play an Episode to its end."""


class MineRLAgent(MineRLAgentBase):
    """The agent of this package."""

    def load_agent(self):
        tasks = json.loads((HERE / "submission.json").read_text())["tasks"]
        ((task, folder),) = tasks.items()
        self.player = EpisodePlayer(HERE / folder, task, 2021)

    def run_agent_on_episode(self, single_episode_env):
        self.player.play(single_episode_env)

"""Calls the agent as the 2021 evaluator does; the organisers' own test_framework.py goes in its place."""

import contextlib
import json
import logging
import os
from pathlib import Path

import coloredlogs
import cv2
import gym
import minerl  # noqa: F401  registers the environments
from test_submission_code import Episode, EpisodeDone, MineRLAgent

coloredlogs.install(logging.INFO)

TASK = json.loads(Path("aicrowd.json").read_text())["tags"]
MINERL_GYM_ENV = os.getenv("MINERL_GYM_ENV", f"MineRLBasalt{TASK}HighRes-v0")
MINERL_MAX_EVALUATION_EPISODES = int(os.getenv("MINERL_MAX_EVALUATION_EPISODES", "5"))
FULL_SIZE, AGENT_SIZE = 1024, 64


class DownscaleWrapper(gym.Wrapper):
    """Frames of 1024 by 1024, area-averaged to what the agents see."""

    def __init__(self, env):
        super().__init__(env)
        if env.observation_space.spaces["pov"].shape[:2] != (FULL_SIZE, FULL_SIZE):
            raise ValueError(f"{MINERL_GYM_ENV}: the evaluation needs frames of {FULL_SIZE} by {FULL_SIZE}")

    def reset(self):
        return self._downscale(self.env.reset())

    def step(self, action):
        observation, reward, done, info = self.env.step(action)
        return self._downscale(observation), reward, done, info

    def _downscale(self, observation):
        size = (AGENT_SIZE, AGENT_SIZE)
        return {**observation, "pov": cv2.resize(observation["pov"], size, interpolation=cv2.INTER_AREA)}


def main():
    agent = MineRLAgent()
    agent.load_agent()
    env = DownscaleWrapper(gym.make(MINERL_GYM_ENV))
    for _ in range(MINERL_MAX_EVALUATION_EPISODES):
        with contextlib.suppress(EpisodeDone):
            agent.run_agent_on_episode(Episode(env))
    env.close()


if __name__ == "__main__":
    main()

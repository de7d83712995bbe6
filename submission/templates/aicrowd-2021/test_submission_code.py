"""The agent that the evaluator plays: loaded once, then given one episode after the other."""

import json
from pathlib import Path

from basalt_iq.submission.entries import EpisodePlayer

HERE = Path(__file__).resolve().parent


class MineRLAgent:
    """What test_framework.py calls."""

    def load_agent(self):
        """Read the weights. Called once, before the first episode."""
        tasks = json.loads((HERE / "submission.json").read_text())["tasks"]
        ((task, folder),) = tasks.items()
        self.player = EpisodePlayer(HERE / folder, task, 2021)

    def run_agent_on_episode(self, single_episode_env):
        """Play one episode to its end. The environment raises EpisodeDone instead of returning done."""
        self.player.play(single_episode_env)

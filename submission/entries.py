"""What a package's entry files call: load an agent, then play the episodes of the evaluator's environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from basalt_iq.contract import find_task
from basalt_iq.errors import UserError
from basalt_iq.play.minerl import observation
from basalt_iq.play.player import Actor, Player
from basalt_iq.play.ticks import Seen
from basalt_iq.play.translation import fitted
from basalt_iq.spaces import observation_space


def load_actor(folder: Path, task: str, era: int, *, seed: int = 0, device: str = "cpu") -> Actor:
    """The agent in ``folder`` as a player of ``task`` in the interface of ``era``. Raises UserError."""
    try:
        return fitted(Player.load(folder, seed=seed, device=device), task, era)
    except UserError as error:
        raise UserError(f"{folder}: {error}") from None


class EpisodePlayer:
    """An agent for an evaluator that owns the environment and calls it with the old gym API."""

    def __init__(self, folder: Path, task: str, era: int):
        import torch

        torch.set_num_threads(1)  # one frame at a time: more threads only wait for each other
        self.actor = load_actor(folder, task, era)
        self.space = observation_space(find_task(task), era)
        self.episodes = 0

    def play(self, env: Any, max_steps: int | None = None) -> int:
        """One episode of ``env`` from its reset to its end; returns the steps taken.

        The end is ``done``, the evaluator's EpisodeDone exception, or ``max_steps``.
        """
        self.actor.start([0], [self.episodes])
        self.episodes += 1
        raw, done, steps = env.reset(), False, 0
        while not done and (max_steps is None or steps < max_steps):
            decision = self.actor.act([observation(self.space, raw)], [0])[0]
            try:
                raw, _, done, info = env.step(decision.action)
            except Exception as error:
                if is_episode_done(error):
                    return steps + 1
                raise
            steps += 1
            done = done or Seen(raw, info=info).error is not None
        return steps


def is_episode_done(error: BaseException) -> bool:
    """Whether this is the evaluator's EpisodeDone, known by name: the file that defines it is theirs."""
    return any(kind.__name__ == "EpisodeDone" for kind in type(error).__mro__)


def play_2022(root: Path, task: str, make: Callable[[str], Any], config: Any) -> None:
    """The evaluation episodes of one task, as a package's ``test_<task>.py`` plays them.

    ``make`` is the evaluator's; ``config`` has EVAL_EPISODES and may have EVAL_MAX_STEPS.
    """
    folder = json.loads((root / "submission.json").read_text())["tasks"][task]
    player = EpisodePlayer(root / folder, task, 2022)
    env = make(find_task(task).env_id)
    try:
        for _ in range(config.EVAL_EPISODES):
            player.play(env, getattr(config, "EVAL_MAX_STEPS", None))
    finally:
        env.close()

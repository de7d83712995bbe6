"""Collects one episode as it is played and puts it on record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.agent.reward import episode_rewards
from basalt_iq.agent.thoughts import OPINION, of_actions, thoughts
from basalt_iq.contract import BUTTONS, find_task
from basalt_iq.play.episode import Episode, Facts, save
from basalt_iq.play.player import Decision
from basalt_iq.video import VideoWriter


class Recorder:
    """One episode from reset to end: frames go straight to the video, the rest is small.

    Call :meth:`begin`, then :meth:`step` for every step, then :meth:`finish` once.
    """

    def __init__(self, folder: Path, facts: Facts):
        """``facts`` says what is known before the episode: task, era, seed, player, names."""
        task = find_task(facts.task)
        self.facts = replace(facts, button_names=list(BUTTONS[facts.era]), equip_values=list(task.equip))
        self.folder = folder
        self._equip_index = {value: index for index, value in enumerate(task.equip)}
        self._columns: dict[str, list[Any]] = defaultdict(list)
        self._opinions: dict[str, list[Any]] = defaultdict(list)
        self._ended = False
        self._video = VideoWriter(folder / f"seed_{facts.seed}.mp4")

    @property
    def steps(self) -> int:
        return len(self._columns["buttons"])

    def begin(self, observation: Mapping[str, Any], progress: float | None, position: Any = None) -> None:
        """The reset's observation, and the world's ground truth and where the player is, if it tells them."""
        self._see(observation, progress, position)

    def step(
        self,
        action: Mapping[str, Any],
        observation: Mapping[str, Any],
        progress: float | None = None,
        decision: Decision | None = None,
        act_ms: float = 0.0,
        position: Any = None,
    ) -> None:
        """The action taken, what the player thought of it, and the observation that followed."""
        self._do(action)
        if decision is not None:
            self._think(decision, act_ms)
        self._see(observation, progress, position)

    def finish(self, info: Mapping[str, Any], truncated: bool = False) -> Episode:
        """The world's last words (``success``, ``score``, ``reasons`` where it has a judge).

        ``truncated``: time ran out, so the state that followed has a value, which nobody computed.
        """
        self._ended = not truncated
        judged = {name: info.get(name) for name in ("success", "score")}
        return self._save(**judged, reasons=[str(reason) for reason in info.get("reasons", [])])

    def fail(self, error: str) -> Episode:
        """The world broke: the steps so far are kept, and the episode counts as not succeeded."""
        return self._save(success=False, score=0.0, reasons=["the world failed"], error=error)

    def discard(self) -> None:
        """Forget the episode; nothing of it remains on disk."""
        self._video.discard()

    def _save(self, **outcome: Any) -> Episode:
        self._video.close()
        facts = replace(self.facts, steps=self.steps, **outcome)
        return save(self.folder, facts, self._arrays())

    def _see(self, observation: Mapping[str, Any], progress: float | None, position: Any) -> None:
        self._video.append(observation["pov"])
        if progress is not None:
            self._columns["progress"].append(progress)
        if position is not None:
            self._columns["position"].append(position)

    def _do(self, action: Mapping[str, Any]) -> None:
        """A key that an action leaves out is not pressed (the world's rule for partial actions)."""
        add = self._columns
        add["buttons"].append([int(action.get(name, 0)) for name in self.facts.button_names])
        add["camera"].append(np.asarray(action.get("camera", (0.0, 0.0)), np.float32))
        add["equip"].append(self._equip_index[str(action.get("equip", "none"))])

    def _think(self, decision: Decision, act_ms: float) -> None:
        self._columns["action"].append(decision.index)
        self._columns["act_ms"].append(act_ms)
        if self.facts.reward is None:  # a player without Q: its policy is no thought
            return
        self._columns["memory_norm"].append(decision.memory_norm)
        for name in OPINION:
            self._opinions[name].append(getattr(decision, name))

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = {name: np.array(column) for name, column in self._columns.items() if column}
        if self.facts.reward is not None and self._opinions:
            opinion = {name: np.array(column) for name, column in self._opinions.items()}
            arrays |= thoughts(opinion, arrays["action"], self._rewards(opinion, arrays["action"]))
        return arrays

    def _rewards(self, opinion: Mapping[str, np.ndarray], action: np.ndarray) -> np.ndarray:
        """One for each decision, said at every tick that it was held for. What time cut short is NaN."""
        assert self.facts.reward is not None
        decisions, q_a = slice(None, None, self.facts.repeat), of_actions(opinion["q"], action)
        rewards = episode_rewards(
            self.facts.reward, q_a[decisions], opinion["v"][decisions], ended=self._ended, expert=False
        )
        return np.repeat(rewards, self.facts.repeat)[: len(action)]

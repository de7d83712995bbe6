"""Collects one episode as it is played and puts it on record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.agent.reward import episode_rewards
from basalt_iq.agent.thoughts import OPINION, thoughts
from basalt_iq.contract import BUTTONS, find_task
from basalt_iq.play.episode import Episode, Facts, save
from basalt_iq.play.player import Decision
from basalt_iq.play.ticks import PHASES, POSITION, PROGRESS, Seen, Tick
from basalt_iq.video import VideoWriter


class Recorder:
    """One episode from reset to end: frames go straight to the video, the rest is small.

    Call :meth:`tick` for the reset and every step, then :meth:`end` once.
    """

    def __init__(self, folder: Path, facts: Facts):
        """``facts`` says what is known before the episode: task, era, seed, player, names."""
        task = find_task(facts.task)
        self.facts = replace(facts, button_names=list(BUTTONS[facts.era]), equip_values=list(task.equip))
        self.folder = folder
        self._equip_index = {value: index for index, value in enumerate(task.equip)}
        self._columns: dict[str, list[Any]] = defaultdict(list)
        self._q_taken: list[np.floating] = []
        self._ended = False
        self._video = VideoWriter(folder / f"seed_{facts.seed}.mp4")

    @property
    def steps(self) -> int:
        return len(self._columns["buttons"])

    def tick(self, tick: Tick, decision: Decision | None = None, act_ms: float = 0.0) -> None:
        """The reset or a step, with what the player thought of its action. A broken world's is left out."""
        if tick.seen.error is not None:
            return
        if tick.action is not None:
            self._do(tick.action)
        if decision is not None:
            self._think(decision, act_ms)
        self._see(tick.seen)

    def end(self, seen: Seen) -> Episode:
        """The last words of the world, of which a judge says ``success``, ``score`` and ``reasons``."""
        if seen.error is not None:
            return self.fail(seen.error)
        self._ended = not seen.timed_out
        info = seen.info
        success, score = info.get("success"), info.get("score")
        return self._save(
            success=None if success is None else bool(success),
            score=None if score is None else float(score),
            reasons=[str(reason) for reason in info.get("reasons", [])],
            phases=info.get(PHASES),
        )

    def fail(self, error: str) -> Episode:
        """The world broke: the steps so far are kept, and nothing is said of the player."""
        return self._save(success=None, score=None, reasons=["the world failed"], error=error)

    def discard(self) -> None:
        """Forget the episode; nothing of it remains on disk."""
        self._video.discard()

    def _save(self, **outcome: Any) -> Episode:
        self._video.close()
        facts = replace(self.facts, steps=self.steps, **outcome)
        return save(self.folder, facts, self._arrays())

    def _see(self, seen: Seen) -> None:
        self._video.append(seen.observation["pov"])
        for name in (PROGRESS, POSITION):
            if name in seen.info:
                self._columns[name].append(seen.info[name])

    def _do(self, action: Mapping[str, Any]) -> None:
        """A key that an action leaves out is not pressed (the world's rule for partial actions)."""
        add = self._columns
        add["buttons"].append([int(action.get(name, 0)) for name in self.facts.button_names])
        add["camera"].append(np.asarray(action.get("camera", (0.0, 0.0)), np.float32))
        add["equip"].append(self._equip_index[str(action.get("equip", "none"))])

    def _think(self, decision: Decision, act_ms: float) -> None:
        self._columns["act_ms"].append(act_ms)
        if self.facts.reward is None:  # a player without Q: its policy is no thought
            self._columns["action"].append(decision.index)
            return
        self._columns["memory_norm"].append(decision.memory_norm)
        self._q_taken.append(decision.q[decision.index])
        opinion = {name: np.asarray(getattr(decision, name))[None] for name in OPINION}
        for name, values in thoughts(
            opinion, np.array([decision.index])
        ).items():  # of many actions, the best
            self._columns[name].append(values[0])

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = {name: np.array(column) for name, column in self._columns.items() if column}
        if self._q_taken:
            arrays["reward"] = self._rewards(arrays["v"])
        return arrays

    def _rewards(self, v: np.ndarray) -> np.ndarray:
        """One for each decision, said at every tick that it was held for. What time cut short is NaN."""
        assert self.facts.reward is not None
        decisions, q_a = slice(None, None, self.facts.repeat), np.array(self._q_taken)
        rewards = episode_rewards(
            self.facts.reward, q_a[decisions], v[decisions], ended=self._ended, expert=False
        )
        return np.repeat(rewards, self.facts.repeat)[: len(v)]

"""The policy at play while it learns: many worlds side by side, whose finished episodes go to the replay."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.data.sampler import SampledEpisode
from basalt_iq.play.player import Player
from basalt_iq.play.ticks import Seen
from basalt_iq.play.vector import VectorWorld, WorkerError
from basalt_iq.play.worlds import STAND_IN, Build, Maker, at_once
from basalt_iq.train.config import OnlineConfig


@dataclass
class _Played:
    """An episode under way: how to play it again, and what was seen at each decision."""

    seed: int
    observation: Mapping[str, Any] = field(default_factory=dict)
    actions: list[int] = field(default_factory=list)
    """One for each decision."""
    frames: list[np.ndarray] = field(default_factory=list)
    vectors: list[np.ndarray] = field(default_factory=list)


class Actors:
    """Plays all worlds at once with a copy of the network, taken by `sync`, so learning may go on beside.

    An episode that a fault ends (`info["error"]`, a dead or hung worker) is dropped whole and counted.
    """

    def __init__(
        self, spec: AgentSpec, network: SoftQNetwork, config: OnlineConfig, *, seed: int,
        build: Build | None = None,
    ):  # fmt: skip
        self.spec, self.config, self.build = spec, config, build or Maker(config.world)
        self.worlds = at_once(config.world, config.worlds, config.workers)
        # Exploration is the policy's own: the guard against early endings belongs to evaluation.
        self.player = Player(spec, copy.deepcopy(network), seed=seed, end_guard=0.0)
        self.next_seed, self.faults, self.finished, self.successes = config.first_seed, 0, 0, 0
        self._live: dict[int, _Played] = {}
        self._worlds: VectorWorld | None = None

    def sync(self, network: SoftQNetwork) -> None:
        """Act with these weights from now on."""
        self.player.network.load_state_dict(network.state_dict())

    def decide(self) -> list[SampledEpisode]:
        """One decision in every world, held for the agent's ticks; the episodes that ended within it."""
        try:
            self._fill()
            slots = sorted(self._live)
            chosen = self.player.decide([self._live[slot].observation for slot in slots], slots)
            held = {slot: (first, then) for slot, (_, first, then) in zip(slots, chosen, strict=True)}
            answers = self._open().hold(held, self.spec.repeat)
        except WorkerError:
            self._lose_all()
            return []
        for slot, (index, *_) in zip(slots, chosen, strict=True):
            self._live[slot].actions.append(index)
        return [e for slot in slots if (e := self._step(slot, Seen(*answers[slot]))) is not None]

    def close(self) -> None:
        if self._worlds is not None:
            self._worlds.close()
            self._worlds = None

    def state_dict(self) -> dict[str, Any]:
        """Episodes under way are seed and decisions: the stand-in is deterministic, so they play again."""
        live = {slot: [episode.seed, list(episode.actions)] for slot, episode in self._live.items()}
        counts = [self.next_seed, self.faults, self.finished, self.successes]
        return {"decisions": live, "counts": counts, "player": self.player.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.next_seed, self.faults, self.finished, self.successes = state["counts"]
        self._live, under_way = {}, self._under_way(state)
        if self.config.world != STAND_IN:  # no other world would play them again
            self.faults += len(under_way)
            under_way = {}
        decode, repeat = self.spec.actions.decode, self.spec.repeat
        for slot, (seed, decisions) in under_way.items():
            self._start({slot: seed})
            for index in decisions:
                answer = self._open().hold({slot: (decode(index), decode(index, held=True))}, repeat)[slot]
                self._live[slot].actions.append(index)
                self._see(self._live[slot], answer[0])
        self.player.load_state_dict(state["player"])

    def _under_way(self, state: dict[str, Any]) -> dict[int, tuple[int, list[int]]]:
        """{slot: (seed, decisions)}; up to version 0.2 the action of every tick was kept."""
        if "decisions" in state:
            return state["decisions"]
        return {slot: (seed, ticks[:: self.spec.repeat]) for slot, (seed, ticks) in state["live"].items()}

    def _fill(self) -> None:
        """Start an episode in every free slot."""
        seeds = {}
        for slot in range(self.worlds):
            if slot not in self._live:
                seeds[slot] = self.next_seed
                self.next_seed += 1
        if seeds:
            self._start(seeds)

    def _start(self, seeds: dict[int, int]) -> None:
        answers = self._open().reset(seeds)
        self.player.start(list(seeds), list(seeds.values()))
        for slot, seed in seeds.items():
            self._live[slot] = _Played(seed)
            self._see(self._live[slot], answers[slot][0])

    def _see(self, episode: _Played, observation: Mapping[str, Any]) -> None:
        episode.observation = observation
        episode.frames.append(self.spec.observation.frame(observation))
        episode.vectors.append(self.spec.observation.vector(observation))

    def _step(self, slot: int, seen: Seen) -> SampledEpisode | None:
        episode = self._live[slot]
        if seen.error is not None:
            del self._live[slot]
            self.faults += 1
            return None
        self._see(episode, seen.observation)
        if not seen.over:
            return None
        del self._live[slot]
        self.finished += 1
        self.successes += bool(seen.info.get("success"))
        return self._sequence(episode, seen.terminated)

    def _sequence(self, episode: _Played, terminated: bool) -> SampledEpisode:
        """The episode's decisions and what was seen at each; the last one may have been cut short."""
        actions = np.array(episode.actions, np.int64)
        seen = np.stack(episode.vectors)
        steps = {"action": actions, "vector": self.spec.vectors(seen, np.concatenate([[-1], actions]))}
        return SampledEpisode(np.stack(episode.frames), steps, terminal=terminated)

    def _lose_all(self) -> None:
        self.close()
        self.faults += len(self._live)
        self._live = {}

    def _open(self) -> VectorWorld:
        if self._worlds is None:
            c, spec = self.config, self.spec
            self._worlds = VectorWorld(
                spec.task, self.worlds, c.workers, spec.era, c.online_steps, build=self.build
            )
        return self._worlds

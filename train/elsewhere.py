"""The same learner in any gymnasium environment with discrete actions: pictures, numbers, or both.

    make = functools.partial(gymnasium.make, "CartPole-v1")
    interface = Interface(make(), size=64)
    demos = [play(make(), interface, expert, seed).episode for seed in range(10)]
    imitation = Imitation(make, interface, demos, Setting())
    for _ in range(2000):
        imitation.update()
    print(mean(played.total for played in imitation.play(range(100))))

Network, objectives, stored states and sampling are those of the Minecraft agent; its environments' rewards
are counted and never learned from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import gymnasium
import numpy as np
import torch
from gymnasium import spaces

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.network import Carry, SoftQNetwork
from basalt_iq.agent.policy import policy
from basalt_iq.data.sampler import SampledEpisode, SequenceSampler
from basalt_iq.errors import UserError
from basalt_iq.train.config import LearnerConfig, ObjectiveConfig
from basalt_iq.train.learner import Learner
from basalt_iq.train.stored_states import StoredStates

Make = Callable[[], gymnasium.Env]


@dataclass(frozen=True)
class Setting:
    """What is learned, by what, from how much."""

    network: NetworkConfig = field(default_factory=lambda: NetworkConfig(encoder="none", stack=1))
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    batch: int = 8
    """Sequences per update, and as many of the policy's."""
    length: int = 16
    """Steps of a sequence."""
    burn_in: int = 0
    worlds: int = 0
    """Environments played in beside learning; 0 learns from demonstrations alone."""
    every: int = 1
    """Updates for each step in all of them."""
    start_after: int = 500
    """Updates on demonstrations alone before playing begins."""
    replay: int = 100_000
    """Newest steps kept."""
    seed: int = 0


@dataclass(frozen=True)
class PlayedEpisode:
    """An episode and the sum of its true rewards."""

    episode: SampledEpisode
    total: float
    rewards: np.ndarray
    """(T,)"""


class Interface:
    """How an environment's observations and actions look to the network."""

    def __init__(self, env: gymnasium.Env, size: int):
        """Raises UserError for actions that are not discrete."""
        if not isinstance(env.action_space, spaces.Discrete):
            raise UserError(f"{env.action_space}: only discrete actions can be learned")
        self.actions, self.first = int(env.action_space.n), int(env.action_space.start)
        self.size = size
        self.parts = _parts(env.observation_space)
        self.pictures = [name for name, space in self.parts.items() if _is_picture(space)]
        if len(self.pictures) > 1:
            raise UserError(f"{', '.join(self.pictures)}: only one picture can be seen")
        others = (space for name, space in self.parts.items() if name not in self.pictures)
        self.vector_size = sum(spaces.flatdim(space) for space in others)

    def frame(self, observation: Any) -> np.ndarray:
        """(3, size, size) uint8; a single black pixel where there is no picture."""
        if not self.pictures:
            return np.zeros((3, 1, 1), np.uint8)
        picture = self._part(observation, self.pictures[0])
        picture = cv2.resize(picture, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.broadcast_to(np.atleast_3d(picture), (self.size, self.size, 3)).transpose(2, 0, 1)

    def vector(self, observation: Any) -> np.ndarray:
        """(V,) float32: everything but the picture, flattened."""
        told = [
            np.asarray(spaces.flatten(space, self._part(observation, name)), np.float32)
            for name, space in self.parts.items()
            if name not in self.pictures
        ]
        return np.concatenate([np.zeros(0, np.float32), *told])

    def _part(self, observation: Any, name: str) -> Any:
        return observation[name] if name else observation


def _parts(space: gymnasium.Space) -> dict[str, gymnasium.Space]:
    return dict(space.spaces) if isinstance(space, spaces.Dict) else {"": space}


def _is_picture(space: gymnasium.Space) -> bool:
    if not isinstance(space, spaces.Box) or space.dtype != np.uint8:
        return False
    return len(space.shape) == 2 or (len(space.shape) == 3 and space.shape[-1] in (1, 3))


class EpisodeUnderWay:
    """What is seen and done in an episode under way."""

    def __init__(self, interface: Interface, observation: Any):
        self.interface = interface
        self.frames, self.vectors = [interface.frame(observation)], [interface.vector(observation)]
        self.actions: list[int] = []
        self.rewards: list[float] = []

    def step(self, action: int, observation: Any, reward: float) -> None:
        self.actions.append(action)
        self.rewards.append(float(reward))
        self.frames.append(self.interface.frame(observation))
        self.vectors.append(self.interface.vector(observation))

    def end(self, terminal: bool) -> PlayedEpisode:
        steps = {"action": np.array(self.actions, np.int64), "vector": np.stack(self.vectors)}
        rewards = np.array(self.rewards)
        return PlayedEpisode(
            SampledEpisode(np.stack(self.frames), steps, terminal), float(rewards.sum()), rewards
        )


def play(env: gymnasium.Env, interface: Interface, expert: Callable[[Any], int], seed: int) -> PlayedEpisode:
    """An episode of anybody who gives the environment's own action for an observation."""
    observation, _ = env.reset(seed=seed)
    recording, over, terminated = EpisodeUnderWay(interface, observation), False, False
    while not over:
        action = int(expert(observation))
        observation, reward, terminated, truncated, _ = env.step(action)
        recording.step(action - interface.first, observation, float(reward))
        over = terminated or truncated
    return recording.end(terminated)


class Worlds:
    """Environments of one kind side by side, played in by a network."""

    def __init__(self, make: Make, interface: Interface, count: int, history: int, seed: int):
        self.interface, self.history = interface, history
        self.rng = np.random.default_rng(seed)
        self._envs = [make() for _ in range(count)]
        self._now: list[EpisodeUnderWay | None] = [None] * count
        self._views = [deque[np.ndarray](maxlen=history) for _ in range(count)]
        self._carry: Carry | None = None

    @torch.inference_mode()
    def step(
        self, network: SoftQNetwork, temperature: float, seeds: Callable[[], int | None], best: bool = False
    ) -> list[PlayedEpisode]:
        """One step in all that have an episode or get a seed for a new one; the episodes that ended."""
        live = [i for i in range(len(self._envs)) if self._now[i] or self._begin(network, i, seeds())]
        if not live:
            return []
        chosen = self._choose(network, temperature, live, best)
        return [played for i, action in zip(live, chosen, strict=True) if (played := self._do(i, action))]

    @property
    def under_way(self) -> int:
        return sum(now is not None for now in self._now)

    def close(self) -> None:
        for env in self._envs:
            env.close()

    def _begin(self, network: SoftQNetwork, i: int, seed: int | None) -> bool:
        if seed is None:
            return False
        observation, _ = self._envs[i].reset(seed=seed)
        now = EpisodeUnderWay(self.interface, observation)
        self._now[i] = now
        self._views[i].extend([now.frames[0]] * self.history)
        if self._carry is None:
            self._carry = network.initial_carry(len(self._envs))
        for part in self._carry:
            part[i] = 0.0
        return True

    def _choose(self, network: SoftQNetwork, temperature: float, live: list[int], best: bool) -> list[int]:
        assert self._carry is not None
        frames = torch.from_numpy(np.stack([np.stack(self._views[i]) for i in live]))
        vector = torch.from_numpy(np.stack([now.vectors[-1] for i in live if (now := self._now[i])]))
        h, c = self._carry
        q, after = network(frames, vector[:, None], (h[live], c[live]))
        h[live], c[live] = after
        likely = policy(q[:, 0], temperature).double().numpy().cumsum(-1)
        if best:
            return q[:, 0].argmax(-1).tolist()
        drawn = self.rng.random((len(live), 1)) * likely[:, -1:]
        return np.minimum((likely < drawn).sum(-1), self.interface.actions - 1).tolist()

    def _do(self, i: int, action: int) -> PlayedEpisode | None:
        now = self._now[i]
        assert now is not None
        observation, reward, terminated, truncated, _ = self._envs[i].step(action + self.interface.first)
        now.step(action, observation, float(reward))
        self._views[i].append(now.frames[-1])
        if not (terminated or truncated):
            return None
        self._now[i] = None
        return now.end(terminated)


class Imitation:
    """Learns from demonstrations and, with `worlds`, from its own play beside."""

    def __init__(self, make: Make, interface: Interface, demos: Sequence[SampledEpisode], setting: Setting):
        torch.manual_seed(setting.seed)
        self.make, self.interface, self.setting = make, interface, setting
        network = SoftQNetwork(setting.network, interface.vector_size, interface.actions)
        self._experts = self._sampler(demos)
        states = [self._states(demos), self._states([])]
        self.learner = Learner(network, setting.learner, setting.objective, seed=setting.seed, sources=states)
        self.steps, self.episodes = 0, 0
        """Played beside learning."""
        self._replay: list[SampledEpisode] = []
        self._policy: SequenceSampler | None = None
        self._worlds = Worlds(make, interface, setting.worlds, setting.network.history, setting.seed)

    @property
    def network(self) -> SoftQNetwork:
        """What is evaluated: the average of the weights."""
        return self.learner.averaged

    def update(self) -> dict[str, float]:
        """One update, after the steps that are due."""
        done, setting = self.learner.updates, self.setting
        if setting.worlds and done >= setting.start_after and done % setting.every == 0:
            self._play_on()
        batches = [self._experts.sample()]
        if self._policy is not None:
            batches.append(self._policy.sample())
        return self.learner.update(batches)

    def play(self, seeds: Iterable[int], best: bool = False, side_by_side: int = 32) -> list[PlayedEpisode]:
        """Whole episodes of the agent from those seeds, in the order in which they end."""
        left = list(seeds)[::-1]
        worlds = Worlds(
            self.make,
            self.interface,
            min(side_by_side, len(left)),
            self.setting.network.history,
            self.setting.seed,
        )
        played: list[PlayedEpisode] = []
        try:
            while left or worlds.under_way:
                played += worlds.step(
                    self.network, self._temperature, lambda: left.pop() if left else None, best
                )
        finally:
            worlds.close()
        return played

    @torch.inference_mode()
    def recovered(self, episode: SampledEpisode) -> np.ndarray:
        """(T,) the recovered reward r(s_t, a_t) = Q(s_t, a_t) - y_t along an episode."""
        frames, steps = torch.from_numpy(np.ascontiguousarray(episode.frames)), episode.steps
        before = frames[:1].expand(self.setting.network.history - 1, -1, -1, -1)
        vector = torch.from_numpy(steps["vector"])[None]
        q, _ = self.network(torch.cat([before, frames])[None], vector, self.network.initial_carry(1))
        v = self.network.soft.value(q[0], self._temperature)
        done = torch.zeros(episode.length, dtype=torch.bool)
        done[-1] = episode.terminal
        y_t = self.setting.objective.reward.target(v[1:], done, torch.ones_like(done))
        taken = q[0, :-1].gather(1, torch.from_numpy(steps["action"])[:, None])[:, 0]
        return (taken - y_t).numpy()

    def close(self) -> None:
        self._worlds.close()

    @property
    def _temperature(self) -> float:
        return self.setting.objective.temperature

    def _play_on(self) -> None:
        seeds = (self.setting.seed + 1) * 1_000_000 + self.episodes

        def next_seed() -> int:
            nonlocal seeds
            seeds, self.episodes = seeds + 1, self.episodes + 1
            return seeds

        for played in self._worlds.step(self.learner.network, self._temperature, next_seed):
            self._keep(played.episode)
        self.steps += self.setting.worlds

    def _keep(self, episode: SampledEpisode) -> None:
        states = self.learner.sources[1]
        self._replay.append(episode)
        states.append(episode.length)
        while len(self._replay) > 1 and sum(e.length for e in self._replay) > self.setting.replay:
            del self._replay[0]
            states.drop_first(1)
        if self._policy is None:
            self._policy = self._sampler(self._replay)
        self._policy.use(self._replay)

    def _sampler(self, episodes: Sequence[SampledEpisode]) -> SequenceSampler:
        s = self.setting
        return SequenceSampler(
            episodes, batch=s.batch, length=s.length, stack=s.network.history, seed=s.seed, grid=s.length,
            burn_in=s.burn_in,
        )  # fmt: skip

    def _states(self, episodes: Sequence[SampledEpisode]) -> StoredStates:
        return StoredStates([e.length for e in episodes], self.setting.network.hidden, self.setting.length)

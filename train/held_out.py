"""How well the network predicts demos it was not trained on: the only measure there is without a reward."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.policy import entropy, log_policy, policy, soft_value
from basalt_iq.data.store import Trajectory
from basalt_iq.train.demos import DemoEpisode, decisions, held_items
from basalt_iq.train.moments import Moments, summary
from basalt_iq.train.objectives import chosen

CHUNK = 128  # decisions encoded at once, to bound memory
#: Decisions measured at most. Fewer are measured whole; of more, windows, always the same ones.
MOST = 20_000
WINDOW = 128
#: Decisions before a window that fill the memory.
WARM_UP = 32


@dataclass(frozen=True)
class HeldOutPart:
    """Decisions `first` to before `stop` of a held-out demo."""

    episode: DemoEpisode
    first: int
    stop: int

    @property
    def at_end(self) -> bool:
        return self.stop == self.episode.length

    @property
    def ended(self) -> bool:
        """Does its last decision end the episode?"""
        return self.at_end and self.episode.terminal


class HeldOut:
    """Demos set apart from training, whole where they are few, else a fixed sample of windows."""

    def __init__(self, trajectories: Sequence[Trajectory], spec: AgentSpec):
        self.spec, self.moments = spec, Moments(spec.actions)
        episodes = [decisions(t, spec) for t in trajectories if t.length >= spec.repeat]
        self.all = [HeldOutPart(episode, 0, episode.length) for episode in episodes]
        self.sampled = sum(part.stop for part in self.all) > MOST
        self.sample = windows(self.all) if self.sampled else self.all

    @torch.inference_mode()
    def evaluate(self, network: SoftQNetwork, whole: bool = False) -> dict[str, float]:
        """Means over the sample, or the `whole`: nll and entropy in nats, agreement of the best action, V,
        recovered reward; and how well the moments of decision are known, see `moments.summary`.

        `end_confidence` is the median probability of ending at the ticks where people did end the episode;
        absent where none of these demos shows an ending.
        """
        network.eval()
        rows, moments, endings = [], [], []
        for part in self.all if whole else self.sample:
            q, a_t = q_values(network, part.episode, part.first, part.stop), _actions(part)
            rows.append(measure(self.spec, q, a_t, part.ended))
            pi, may_end = policy(q[:-1], self.spec.temperature), _may_end(self.spec, part)
            moments.append(self.moments.measure(pi, a_t, _before(part, a_t), may_end))
            if part.at_end:
                endings += self._endings(q, a_t, part)
        network.train()
        joined = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
        means = {name: float(value.mean()) for name, value in joined.items()}
        reward = joined["reward"]
        means |= {"reward_min": float(reward.min()), "reward_max": float(reward.max())}
        means |= summary(moments)
        return means | ({"end_confidence": float(np.median(endings))} if endings else {})

    def _endings(self, q: Tensor, a_t: Tensor, part: HeldOutPart) -> list[float]:
        """Probability of all ending actions together at the last tick where a person took one."""
        may_end = _may_end(self.spec, part)
        taken = may_end.gather(1, a_t[:, None])[:, 0].nonzero()
        if not len(taken):
            return []
        last = int(taken[-1])
        return [float(policy(q[last], self.spec.temperature)[may_end[last]].sum())]


def windows(whole: Sequence[HeldOutPart]) -> list[HeldOutPart]:
    """Of demos spread by their names, two windows each: the end, and one anywhere; `MOST` decisions in all.

    The same for the same demos, so that what is measured changes with the network alone.
    """
    found: list[HeldOutPart] = []
    for part in sorted(whole, key=lambda part: _digest(part.episode.trajectory)):
        length, rng = part.stop, np.random.default_rng(_digest(part.episode.trajectory))
        tail = max(0, length - WINDOW)
        found.append(HeldOutPart(part.episode, tail, length))
        if tail:
            first = int(rng.integers(0, tail))
            found.append(HeldOutPart(part.episode, first, min(first + WINDOW, tail)))
        if sum(p.stop - p.first for p in found) >= MOST:
            break
    return found


def measure(spec: AgentSpec, q: Tensor, a_t: Tensor, ended: bool) -> dict[str, Tensor]:
    """What Q (T + 1, A) along a demo says of its decisions a_t (T,): (T,) each."""
    tau = spec.temperature
    v = soft_value(q, tau)
    done = torch.zeros(len(a_t), dtype=torch.bool)
    done[-1] = ended
    y_t = spec.reward.target(v[1:], done, torch.ones_like(done))
    return {
        "nll": -chosen(log_policy(q[:-1], tau), a_t),
        "agreement": (q[:-1].argmax(-1) == a_t).float(),
        "entropy": entropy(q[:-1], tau),
        "v": v[:-1],
        "reward": chosen(q[:-1], a_t) - y_t,
    }


def q_values(network: SoftQNetwork, episode: DemoEpisode, first: int = 0, stop: int | None = None) -> Tensor:
    """Q of the states `first` to `stop` (the end), inclusive, in order, the memory carried through: (n, A).

    Away from the start of the episode some decisions before fill the memory.
    """
    stop, begin, history = (
        episode.length if stop is None else stop,
        max(0, first - WARM_UP),
        network.config.history,
    )
    device, carry, parts = network.head.weight.device, network.initial_carry(1), []
    for at in range(begin, stop + 1, CHUNK):
        end = min(at + CHUNK, stop + 1)
        vector = torch.from_numpy(np.ascontiguousarray(episode.window(at, end)["vector"]))[None]
        frames = _frames(episode, at - history + 1, end)
        q, carry = network(frames.to(device), vector.to(device), carry)
        parts.append(q[0].cpu())
    return torch.cat(parts)[first - begin :]


def _frames(episode: DemoEpisode, first: int, stop: int) -> Tensor:
    """Frames `first` to before `stop`, (1, n, 3, H, W); before the episode its first is repeated."""
    frames = episode.frames[max(0, first) : stop]
    return torch.from_numpy(np.concatenate([np.repeat(frames[:1], max(0, -first), 0), frames]))[None]


def _actions(part: HeldOutPart) -> Tensor:
    return torch.from_numpy(part.episode.actions[part.first : part.stop].astype(np.int64))


def _before(part: HeldOutPart, a_t: Tensor) -> Tensor:
    """The decision before each, -1 where there is none."""
    earlier = int(part.episode.actions[part.first - 1]) if part.first else -1
    return torch.cat([torch.tensor([earlier]), a_t[:-1]])


def _may_end(spec: AgentSpec, part: HeldOutPart) -> Tensor:
    """Which actions may end the episode at each decision, given the item in hand: (n, A) bool."""
    held = held_items(part.episode.trajectory)[
        part.first * spec.repeat : part.stop * spec.repeat : spec.repeat
    ]
    table = {item: spec.actions.ends_episode(item) for item in set(held.tolist())}
    return torch.from_numpy(np.stack([table[item] for item in held.tolist()]))


def _digest(trajectory: Trajectory) -> int:
    """A number that follows from the content alone."""
    return int.from_bytes(hashlib.sha256(trajectory.digest.encode()).digest()[:8], "big")

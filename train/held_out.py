"""How well the network foretells demos it was not trained on: the only measure there is without a reward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.policy import entropy, log_policy, policy, soft_value
from basalt_iq.data.store import Trajectory
from basalt_iq.train.demos import DemoEpisode, decisions, held_items
from basalt_iq.train.objectives import chosen

CHUNK = 128  # steps encoded at once, to bound memory


class HeldOut:
    """Demos set apart from training, looked at whole and in order."""

    def __init__(self, trajectories: Sequence[Trajectory], spec: AgentSpec):
        self.spec = spec
        whole = [t for t in trajectories if t.length >= spec.repeat]
        self.episodes = [decisions(trajectory, spec) for trajectory in whole]
        self._may_end = [_may_end(spec, trajectory) for trajectory in whole]

    @torch.inference_mode()
    def look(self, network: SoftQNetwork) -> dict[str, float]:
        """Means over all steps: nll and entropy in nats, agreement of the best action, V, recovered reward.

        `end_confidence` is the median probability of ending at the ticks where people did end the episode;
        absent where none of these demos shows an ending.
        """
        network.eval()
        rows, endings = [], []
        for episode, may_end in zip(self.episodes, self._may_end, strict=True):
            q = q_values(network, episode)
            rows.append(measure(self.spec, q, episode))
            endings += self._endings(q, episode, may_end)
        network.train()
        joined = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
        means = {name: float(value.mean()) for name, value in joined.items()}
        reward = joined["reward"]
        means |= {"reward_min": float(reward.min()), "reward_max": float(reward.max())}
        return means | ({"end_confidence": float(np.median(endings))} if endings else {})

    def _endings(self, q: Tensor, episode: DemoEpisode, may_end: Tensor) -> list[float]:
        """Probability of all ending actions together at the last tick where a person took one."""
        taken = may_end.gather(1, _actions(episode)[:, None])[:, 0].nonzero()
        if not len(taken):
            return []
        last = int(taken[-1])
        return [float(policy(q[last], self.spec.temperature)[may_end[last]].sum())]


def measure(spec: AgentSpec, q: Tensor, episode: DemoEpisode) -> dict[str, Tensor]:
    """What Q (T + 1, A) along a demo says of its T decisions, (T,) each."""
    tau, a_t = spec.temperature, _actions(episode)
    v = soft_value(q, tau)
    done = torch.zeros(len(a_t), dtype=torch.bool)
    done[-1] = episode.terminal
    y_t = spec.reward.target(v[1:], done, torch.ones_like(done))
    return {
        "nll": -chosen(log_policy(q[:-1], tau), a_t),
        "agreement": (q[:-1].argmax(-1) == a_t).float(),
        "entropy": entropy(q[:-1], tau),
        "v": v[:-1],
        "reward": chosen(q[:-1], a_t) - y_t,
    }


def q_values(network: SoftQNetwork, episode: DemoEpisode) -> Tensor:
    """Q of every state of an episode, in order, with the memory carried through it: (T + 1, A)."""
    stack = network.config.stack
    vector = torch.from_numpy(np.ascontiguousarray(episode.steps["vector"]))
    device, carry, parts = network.head.weight.device, network.initial_carry(1), []
    for at in range(0, len(vector), CHUNK):
        seen = _frames(episode, at - stack + 1, min(at + CHUNK, len(vector)))
        told = vector[None, at : at + CHUNK]
        q, carry = network(seen.to(device), told.to(device), carry)
        parts.append(q[0].cpu())
    return torch.cat(parts)


def _frames(episode: DemoEpisode, first: int, stop: int) -> Tensor:
    """Frames `first` to before `stop`, (1, n, 3, H, W); before the episode its first is repeated."""
    frames = episode.frames[max(0, first) : stop]
    return torch.from_numpy(np.concatenate([np.repeat(frames[:1], max(0, -first), 0), frames]))[None]


def _actions(episode: DemoEpisode) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(episode.steps["action"]))


def _may_end(spec: AgentSpec, trajectory: Trajectory) -> Tensor:
    """Which actions may end the episode at each tick, given the item in hand: (T, A) bool."""
    held = held_items(trajectory)[: trajectory.length // spec.repeat * spec.repeat : spec.repeat]
    table = {item: spec.actions.ends_episode(item) for item in set(held.tolist())}
    return torch.from_numpy(np.stack([table[item] for item in held.tolist()]))

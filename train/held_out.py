"""How well the network foretells demos it was not trained on: the only measure there is without a reward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.policy import entropy, log_policy, soft_value
from basalt_iq.data.sampler import Episode
from basalt_iq.train.objectives import chosen

CHUNK = 128  # steps encoded at once, to bound memory


@torch.inference_mode()
def held_out_metrics(
    network: SoftQNetwork, episodes: Sequence[Episode], temperature: float, discount: float
) -> dict[str, float]:
    """Means over all steps: nll and entropy in nats, agreement of the best action, V, recovered reward."""
    network.eval()
    rows = [_episode(network, episode, temperature, discount) for episode in episodes]
    network.train()
    joined = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
    means = {name: float(value.mean()) for name, value in joined.items()}
    reward = joined["reward"]
    return means | {"reward_min": float(reward.min()), "reward_max": float(reward.max())}


def q_values(network: SoftQNetwork, episode: Episode) -> Tensor:
    """Q of every state of an episode, in order, with the memory carried through it: (T + 1, A)."""
    stack = network.config.stack
    frames = np.concatenate([np.repeat(episode.frames[:1], stack - 1, 0), episode.frames])
    windows = torch.from_numpy(frames).unfold(0, stack, 1).movedim(-1, 1)
    vector = torch.from_numpy(np.ascontiguousarray(episode.steps["vector"]))
    device, carry, parts = network.head.weight.device, network.initial_carry(1), []
    for at in range(0, len(windows), CHUNK):
        chunk = slice(at, at + CHUNK)
        q, carry = network(windows[None, chunk].to(device), vector[None, chunk].to(device), carry)
        parts.append(q[0].cpu())
    return torch.cat(parts)


def _episode(
    network: SoftQNetwork, episode: Episode, temperature: float, discount: float
) -> dict[str, Tensor]:
    q = q_values(network, episode)
    a_t = torch.from_numpy(np.ascontiguousarray(episode.steps["action"]))
    v = soft_value(q, temperature)
    v_tp1 = torch.cat([v[1:-1], torch.zeros(1)])  # after the ending there is nothing
    return {
        "nll": -chosen(log_policy(q[:-1], temperature), a_t),
        "agreement": (q[:-1].argmax(-1) == a_t).float(),
        "entropy": entropy(q[:-1], temperature),
        "v": v[:-1],
        "reward": chosen(q[:-1], a_t) - discount * v_tp1,
    }

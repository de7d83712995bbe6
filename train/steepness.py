"""The gradient penalty on a recurrent network: how steeply V changes between experts' and policy's states."""

from __future__ import annotations

import torch
from torch import Tensor

from basalt_iq.agent.network import Carry, SoftQNetwork
from basalt_iq.agent.policy import soft_value
from basalt_iq.train.objectives import Transitions, gradient_penalty


def steepness(
    network: SoftQNetwork, temperature: float, batch: Transitions, seen: Tensor, start: Carry, share: Tensor
) -> Tensor:
    """Mean penalty over steps that count on both sides.

    seen (B, T, F): what the encoder made of the frames; start: the carry before, (B, hidden) twice; share
    (experts,): of the expert in each mix. Experts' sequences meet the policy's, as many; without any, each
    meets the next expert's of this process.
    """

    def sides(x: Tensor) -> tuple[Tensor, Tensor]:
        expert, policy = x.detach()[batch.expert], x.detach()[~batch.expert]
        return expert, policy if len(policy) else expert.roll(1, 0)

    h, c = (torch.lerp(policy, expert, share[:, None]) for expert, policy in map(sides, start))

    def value(x: Tensor) -> Tensor:
        remembered, _ = network.remember(x, (h, c), twice=True)
        return soft_value(network.values(remembered), temperature)

    expert, policy = sides(batch.weight)
    weight = expert * policy
    total = (gradient_penalty(value, *sides(seen), share) * weight).sum()
    return total / batch.everywhere(weight.sum()).clamp(min=1e-8)

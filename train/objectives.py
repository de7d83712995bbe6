"""What is learned, as pure functions: tensors in, (loss, metrics) out.

Equations: Garg et al. 2021 (IQ-Learn, arXiv 2106.12142), Al-Hafez et al. 2023 (LS-IQ, arXiv 2303.00599),
Watson et al. 2023 (CSIL, arXiv 2305.16498), Reddy et al. 2020 (SQIL, arXiv 1905.11108), Gulrajani et al. 2017
(gradient penalty, arXiv 1704.00028). Time-indexed names: q_t is Q(s_t, .), v_tp1 is V(s_{t+1}).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from basalt_iq import plugins
from basalt_iq.agent.network import Carry
from basalt_iq.agent.soft_head import JointHead, SoftHead
from basalt_iq.train.config import ObjectiveConfig

Loss = tuple[Tensor, dict[str, Tensor]]


@dataclass(frozen=True)
class Transitions:
    """A batch of sequences as an objective sees it. B sequences of T transitions, A actions."""

    q_t: Tensor
    """(B, T, A); of a factored `head` its outputs, which stand for it."""
    v_tp1: Tensor
    """(B, T), V of the next state; from the target network where there is one."""
    a_t: Tensor
    """(B, T) int64"""
    done_t: Tensor
    """(B, T) bool: the transition ends the episode."""
    weight: Tensor
    """(B, T) float: how often a step counts; 0 is padding."""
    expert: Tensor
    """(B,) bool: demonstrated, else played by the policy."""
    first: Tensor
    """(B, T) bool: s_t is the first state of an episode."""
    everywhere: Callable[[Tensor], Tensor] = lambda count: count
    """Sums a count over the processes that share a batch; a mean is then this one's share of the whole's."""
    head: SoftHead | None = None
    """What `q_t` means; None: Q of each action."""

    def __post_init__(self) -> None:
        batch, steps, _ = self.q_t.shape
        for name in ("v_tp1", "a_t", "done_t", "weight", "first"):
            if getattr(self, name).shape != (batch, steps):
                raise ValueError(f"{name} has shape {tuple(getattr(self, name).shape)}, not {(batch, steps)}")
        if self.expert.shape != (batch,):
            raise ValueError(f"expert has shape {tuple(self.expert.shape)}, not {(batch,)}")

    @property
    def soft(self) -> SoftHead:
        return self.head or JointHead(self.q_t.shape[-1])

    def q_taken(self) -> Tensor:
        """Q(s_t, a_t): (B, T)."""
        return self.soft.chosen(self.q_t, self.a_t)

    def v_t(self, temperature: float) -> Tensor:
        """V(s_t): (B, T)."""
        return self.soft.value(self.q_t, temperature)

    def mean(self, x: Tensor, rows: Tensor | None = None, where: Tensor | None = None) -> Tensor:
        """Mean of x (B, T) over the counted steps of these rows (B,) bool; 0 where there are none."""
        weight = self.weight if rows is None else self.weight * rows[:, None]
        weight = weight if where is None else weight * where
        return (x * weight).sum() / self.everywhere(weight.sum()).clamp(min=1e-8)

    def mixture(self, x: Tensor) -> Tensor:
        """Half the experts' mean and half the policy's; the experts' alone without policy data."""
        if bool(self.expert.all()):
            return self.mean(x)
        return (self.mean(x, self.expert) + self.mean(x, ~self.expert)) / 2


def objective(batch: Transitions, config: ObjectiveConfig) -> Loss:
    """The loss that the configuration names; of a plugin's the likelihood of the demos is told as well."""
    wanted = "a function of Transitions and ObjectiveConfig"
    loss, metrics = plugins.find("objective", config.name, OBJECTIVES, callable, wanted)(batch, config)
    if "nll" not in metrics:
        metrics = {"nll": behaviour_cloning(batch, config)[0].detach(), **metrics}
    return loss, metrics


def behaviour_cloning(batch: Transitions, config: ObjectiveConfig) -> Loss:
    """Negative log-likelihood of the experts' actions under softmax(Q / tau), in nats."""
    nll = -batch.soft.log_pi(batch.q_t, batch.a_t, config.temperature)
    loss = batch.mean(nll, batch.expert)
    return loss, {"nll": loss.detach()}


def iq_learn(batch: Transitions, config: ObjectiveConfig) -> Loss:
    """L = -E_expert[phi(r)] + value term + chi2 regulariser (Garg et al., equations 9 and 10).

    With value_expert and chi2 on expert data the targets cancel, and L = tau NLL + E[r^2] / (4 alpha).
    """
    v_t = batch.v_t(config.temperature)
    y_t = target(batch, config)
    r_t = batch.q_taken() - y_t
    expert_term = -batch.mean(reward_weight(r_t, config.divergence) * r_t, batch.expert)
    value_term = VALUE_TERMS[config.value_term](batch, v_t, y_t, config.discount)
    squares = batch.mixture(r_t**2) if config.regularise == "mixture" else batch.mean(r_t**2, batch.expert)
    penalty = squares / (4 * config.alpha) if config.divergence == "chi2" else torch.zeros_like(squares)
    metrics = {
        "expert_term": expert_term, "value_term": value_term, "regulariser": penalty,
        **_diagnostics(batch, config, v_t, r_t),
    }  # fmt: skip
    return expert_term + value_term + penalty, {name: value.detach() for name, value in metrics.items()}


def sqil(batch: Transitions, config: ObjectiveConfig) -> Loss:
    """Soft Bellman error with reward 1 on the experts' transitions and 0 on the policy's."""
    recovered = batch.q_taken() - target(batch, config).detach()
    error = recovered - batch.expert[:, None].to(batch.q_t.dtype)
    loss = batch.mixture(error**2)
    metrics = {
        "bellman_expert": batch.mean(error**2, batch.expert),
        "bellman_policy": batch.mean(error**2, ~batch.expert),
        **_diagnostics(batch, config, batch.v_t(config.temperature), recovered),
    }
    return loss, {name: value.detach() for name, value in metrics.items()}


def _diagnostics(batch: Transitions, config: ObjectiveConfig, v_t: Tensor, r_t: Tensor) -> dict[str, Tensor]:
    """What tells without a reward how it goes: both sides' recovered rewards and values."""
    return {
        "nll": behaviour_cloning(batch, config)[0],
        "reward_expert": batch.mean(r_t, batch.expert), "reward_policy": batch.mean(r_t, ~batch.expert),
        "v_expert": batch.mean(v_t, batch.expert), "v_policy": batch.mean(v_t, ~batch.expert),
    }  # fmt: skip


def target(batch: Transitions, config: ObjectiveConfig) -> Tensor:
    """y = gamma ((1 - done) V(s') + done V_absorbing), (B, T); V_absorbing as in LS-IQ, section 4.3."""
    return config.reward.target(batch.v_tp1, batch.done_t, batch.expert[:, None])


def reward_weight(r_t: Tensor, divergence: str) -> Tensor:
    """phi'(r), held constant: how much the expert term counts each transition under an f-divergence.

    hellinger and js have a pole at r = -1 and r = -log 2: below, as for kl, the weight stays at MAX_WEIGHT.
    """
    r_t = r_t.detach()
    if divergence not in WEIGHTS:
        return torch.ones_like(r_t)
    weight, lowest = WEIGHTS[divergence]
    return weight(r_t.clamp(min=lowest))


def gradient_penalty(
    value: Callable[[Tensor], Tensor], expert: Tensor, policy: Tensor, share: Tensor, norm: float = 1.0
) -> Tensor:
    """(|dQ/dx| - norm)^2 at points x between the two sides' inputs (Gulrajani et al., equation 3).

    expert, policy (N, ..., F) inputs; share (N,) of the expert in each mix; value: x to Q of one action or V,
    (N, ...). Recurrent nets take what the encoder makes of the frames as x. Returns (N, ...), differentiable.
    """
    if expert.shape != policy.shape or share.shape != expert.shape[:1]:
        shapes = [tuple(x.shape) for x in (expert, policy, share)]
        raise ValueError(f"expert, policy and share have shapes {shapes}")
    share = share.reshape(-1, *[1] * (expert.ndim - 1))
    x = (share * expert + (1 - share) * policy).detach().requires_grad_()
    (slope,) = torch.autograd.grad(value(x).sum(), x, create_graph=True)
    return (slope.norm(dim=-1) - norm) ** 2


def recurrent_gradient_penalty(
    value: Callable[[Tensor, Carry], Tensor], batch: Transitions, seen: Tensor, start: Carry, share: Tensor
) -> Tensor:
    """Mean gradient penalty on V between experts' and policy's sequences, where steps count on both sides.

    value: V (N, T) along encoded steps (N, T, F) from a carry. seen (B, T, F): what the encoder made of the
    frames; start: the carry before, (B, hidden) twice; share (experts,): of the expert in each mix. Experts'
    sequences meet the policy's, as many; without any, each meets the next expert's of this process.
    """

    def sides(x: Tensor) -> tuple[Tensor, Tensor]:
        expert, policy = x.detach()[batch.expert], x.detach()[~batch.expert]
        return expert, policy if len(policy) else expert.roll(1, 0)

    h, c = (torch.lerp(policy, expert, share[:, None]) for expert, policy in map(sides, start))
    expert, policy = sides(batch.weight)
    weight = expert * policy
    total = (gradient_penalty(lambda x: value(x, (h, c)), *sides(seen), share) * weight).sum()
    return total / batch.everywhere(weight.sum()).clamp(min=1e-8)


def chosen(x: Tensor, a_t: Tensor) -> Tensor:
    """x(s_t, a_t) of x (B, T, A): (B, T)."""
    return x.gather(-1, a_t[..., None])[..., 0]


def _value_expert(batch: Transitions, v_t: Tensor, y_t: Tensor, discount: float) -> Tensor:
    return batch.mean(v_t - y_t, batch.expert)


def _value(batch: Transitions, v_t: Tensor, y_t: Tensor, discount: float) -> Tensor:
    return batch.mixture(v_t - y_t)


def _v0(batch: Transitions, v_t: Tensor, y_t: Tensor, discount: float) -> Tensor:
    return (1 - discount) * batch.mean(v_t, where=batch.first)


#: Largest phi'(r), so that one badly predicted transition cannot outweigh a batch.
MAX_WEIGHT = 100.0
#: phi'(r) of each divergence, and the r where it reaches MAX_WEIGHT.
WEIGHTS: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "hellinger": (lambda r: 1 / (1 + r) ** 2, MAX_WEIGHT**-0.5 - 1),
    "kl": (lambda r: torch.exp(-r), -math.log(MAX_WEIGHT)),
    "js": (lambda r: torch.exp(-r) / (2 - torch.exp(-r)), -math.log(2 * MAX_WEIGHT / (1 + MAX_WEIGHT))),
}
ValueTerm = Callable[[Transitions, Tensor, Tensor, float], Tensor]
VALUE_TERMS: dict[str, ValueTerm] = {"value_expert": _value_expert, "value": _value, "v0": _v0}
OBJECTIVES: dict[str, Callable[[Transitions, ObjectiveConfig], Loss]] = {
    "iq": iq_learn,
    "bc": behaviour_cloning,
    "sqil": sqil,
}

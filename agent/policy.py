"""Soft values and policies over the last axis of Q (Garg et al. 2021, section 3)."""

from __future__ import annotations

import torch
from torch import Tensor


def soft_value(q: Tensor, temperature: float) -> Tensor:
    """V(s) = tau logsumexp_a(Q(s,a) / tau): q (..., A) to (...)."""
    return temperature * torch.logsumexp(q / temperature, -1)


def log_policy(q: Tensor, temperature: float) -> Tensor:
    """log pi(a|s) of pi = softmax(Q / tau): (..., A)."""
    return torch.log_softmax(q / temperature, -1)


def policy(q: Tensor, temperature: float) -> Tensor:
    """pi(a|s) = softmax(Q / tau): (..., A)."""
    return torch.softmax(q / temperature, -1)


def entropy(q: Tensor, temperature: float) -> Tensor:
    """Entropy of the policy in nats: (...)."""
    log_pi = log_policy(q, temperature)
    return -(log_pi.exp() * log_pi).sum(-1)

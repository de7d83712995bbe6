"""What an agent thinks at each step, as arrays: one definition for its own play and for demonstrations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from basalt_iq.agent.policy import entropy, policy, soft_value

#: How many of the best actions are kept with their Q and probability at every step.
TOP = 5
#: The parts of an opinion, in this order.
OPINION = ("q", "policy", "v", "entropy")


def opinion(q: Tensor, temperature: float) -> dict[str, np.ndarray]:
    """What follows from Q (T, A) alone: q and policy (T, A), v and entropy (T,)."""
    parts = (q, policy(q, temperature), soft_value(q, temperature), entropy(q, temperature))
    return {name: part.numpy() for name, part in zip(OPINION, parts, strict=True)}


def thoughts(thought: Mapping[str, np.ndarray], action: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays that an episode's record has of T opinions and the actions taken (T,), its rewards apart."""
    best = np.argsort(-thought["policy"], axis=1, kind="stable")[:, :TOP]
    return {
        "action": action,
        "top_action": best,
        "top_q": np.take_along_axis(thought["q"], best, 1),
        "top_policy": np.take_along_axis(thought["policy"], best, 1),
        "v": thought["v"],
        "entropy": thought["entropy"],
    }


def of_actions(q: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Q(s_t, a_t) (T,) of Q (T, A)."""
    return np.take_along_axis(q, action[:, None], 1)[:, 0]

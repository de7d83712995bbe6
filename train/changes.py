"""Which decisions change something: the moments in which a demonstrator decides, rather than goes on."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from basalt_iq.agent.actions import ActionSet


def manners(actions: ActionSet) -> np.ndarray:
    """(A,) int64: actions of one number have the same keys and item and turn to the same sides."""
    known: dict[tuple[object, ...], int] = {}
    ways = [(a.buttons, a.equip, *np.sign(a.camera).tolist()) for a in actions.actions]
    return np.array([known.setdefault(way, len(known)) for way in ways], np.int64)


def changes(manner: Tensor, a_t: Tensor, a_tm1: Tensor) -> Tensor:
    """Whether decisions a_t differ in `manner` (A,) from those before, bool; -1 is none before, no change."""
    return (manner[a_t] != manner[a_tm1.clamp(min=0)]) & (a_tm1 >= 0)


def change_weights(manner: Tensor, a_t: Tensor, a_tm1: Tensor, weight: float) -> Tensor:
    """How often each decision counts: `weight` times where it changes something, once elsewhere.

    A mean over demonstrated decisions becomes sum(w x) / sum(w). As it is in all of an objective's means
    over the experts, this is the objective on demos in which each change comes `weight` times: of IQ-Learn
    L = tau NLL + E[r^2] / (4 alpha) stays true, both expectations being weighted.
    """
    return 1.0 + (weight - 1.0) * changes(manner, a_t, a_tm1)

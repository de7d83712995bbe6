"""The recovered reward, one definition for the loss, the held-out demos and the report.

IQ-Learn reads a reward out of Q by the inverse soft Bellman operator (Garg et al. 2021, section 3):
r(s, a) = Q(s, a) - y with y = gamma ((1 - d) V(s') + d V_absorbing), the next state standing for its
expectation and the absorbing value as in LS-IQ (Al-Hafez et al. 2023, section 4.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
import torch

Array = TypeVar("Array", np.ndarray, torch.Tensor)


@dataclass(frozen=True)
class RewardSpec:
    """What an agent's objective says of rewards; a checkpoint carries it."""

    discount: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """gamma, per decision."""
    absorbing: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)] = 0.0
    """Reward per step for ever after an expert's ending, minus it after the policy's."""
    value_bound: Annotated[float, msgspec.Meta(gt=0, le=1e12)] | None = None
    """Bootstrapped values are clipped to this much either way; None: they are not."""

    def target(self, v_tp1: Array, done_t: Array, expert: Array) -> Array:
        """y of each transition: V(s') (...), whether it ends the episode, whether an expert made it."""
        xp: Any = np if isinstance(v_tp1, np.ndarray) else torch
        side = xp.where(expert, 1.0, -1.0)
        absorbing = (side if xp is np else side.to(v_tp1.dtype)) * self.absorbing / self._horizon
        if self.value_bound is not None:
            v_tp1 = v_tp1.clip(-self.value_bound, self.value_bound)
        return self.discount * xp.where(done_t, absorbing, v_tp1)

    @property
    def _horizon(self) -> float:
        """1 - gamma; at gamma = 1 nothing that is paid for ever has a value."""
        return 1 - self.discount if self.discount < 1 else math.inf


def episode_rewards(
    spec: RewardSpec, q_a: np.ndarray, v: np.ndarray, *, ended: bool, expert: bool, last: float = math.nan
) -> np.ndarray:
    """r_t (T,) along an episode from Q(s_t, a_t) (T,) and V(s_t) (T,), one row a decision.

    `ended`: the last decision ended the episode. Where time ran out or the recording stopped, its reward
    follows from the state after it, whose value is `last`; nobody may have computed that: NaN.
    """
    v_tp1 = np.append(v[1:], np.float32(last))
    done = np.zeros(len(q_a), bool)
    done[-1:] = ended
    return q_a - spec.target(v_tp1, done, np.full(len(q_a), expert))

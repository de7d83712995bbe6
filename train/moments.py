"""How well a policy knows the moments in which a demonstrator decides, beside how things go on anyway.

Most decisions repeat the one before, so that a mean over all of them says how well inertia was learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from basalt_iq.agent.actions import ActionSet
from basalt_iq.train.changes import manners

#: Of the expected calibration error (Guo et al. 2017, arXiv 1706.04599, equation 3).
BINS = 10
#: Keeps the logarithm of a probability that was rounded to nothing finite.
LEAST = 1e-8


class Moments:
    """What an action set's indices mean, as tables (A,)."""

    def __init__(self, actions: ActionSet):
        every = actions.actions
        keys: dict[tuple[object, ...], int] = {}
        held = [keys.setdefault((a.buttons, a.equip), len(keys)) for a in every]
        decisive = [a.decisive for a in every]
        self.manner, self.keys = torch.from_numpy(manners(actions)), torch.tensor(held)
        self.side = torch.tensor(np.sign([a.camera[1] for a in every]).astype(np.int64))
        self.decisive = torch.tensor(decisive)

    def measure(self, pi: Tensor, a_t: Tensor, a_tm1: Tensor, may_end: Tensor) -> dict[str, Tensor]:
        """What policies pi (T, A) say of decisions a_t (T,) after a_tm1 (-1: none): (T,) each, NaN where a
        decision is none of that kind. may_end (T, A): which actions may end the episode."""
        before, known = a_tm1.clamp(min=0), a_tm1 >= 0
        changed = known & (self.manner[a_t] != self.manner[before])
        side, key_change = self.side[a_t], known & (self.keys[a_t] != self.keys[before])
        turned = known & (side != 0) & (side != self.side[before])
        sides = _summed(pi, self.side + 1)
        own, other = (sides.gather(1, 1 + s[:, None])[:, 0] for s in (side, -side))
        ending = may_end.gather(1, a_t[:, None])[:, 0]
        end = (pi * may_end).sum(1).clamp(LEAST, 1 - LEAST)
        return {
            "nll_changes": _only(changed, -pi.gather(1, a_t[:, None])[:, 0].clamp(min=LEAST).log()),
            "turn_onsets": _only(turned, (own > other).float()),
            "key_onsets": _only(key_change, _right(pi, self.keys, a_t)),
            "same_manner": _right(pi, self.manner, a_t),
            "as_before": (known & ~changed).float(),
            "decisive": (pi * self.decisive).sum(1),
            "was_decisive": self.decisive[a_t].float(),
            "end_loss": -torch.where(ending, end, 1 - end).log(),
            "ending": ending.float(),
        }


def summary(rows: Sequence[dict[str, Tensor]]) -> dict[str, float]:
    """Of what was measured along demos: what `held_out/` reports. What there was no case of is left out.

    `end_loss` is in nats per ending. `decisions`, by which an agent is chosen, adds it to the mean NLL of
    the decisions that changed something: both say how unlikely the agent finds what was decided.
    """
    joined = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
    means = ("nll_changes", "turn_onsets", "key_onsets", "same_manner", "as_before")
    found = {name: float(joined[name].nanmean()) for name in means}
    told, was = joined["decisive"], joined["was_decisive"]
    found["decisive_brier"] = float(((told - was) ** 2).mean())
    found["decisive_ece"] = calibration_error(told, was)
    found["end_loss"] = float(joined["end_loss"].sum() / joined["ending"].sum().clamp(min=1))
    parts = [found[name] for name in ("nll_changes", "end_loss")]
    found["decisions"] = sum(part for part in parts if not math.isnan(part))
    return {name: value for name, value in found.items() if not math.isnan(value)}


def calibration_error(told: Tensor, was: Tensor) -> float:
    """Mean gap between what was told (N,) and how often it was so (N,), over `BINS` equal bins by count."""
    bins = (told * BINS).long().clamp(max=BINS - 1)
    gaps = torch.zeros(BINS).index_add(0, bins, told - was)
    return float(gaps.abs().sum() / max(1, len(told)))


def _only(where: Tensor, values: Tensor) -> Tensor:
    return torch.where(where, values, math.nan)


def _summed(pi: Tensor, group: Tensor) -> Tensor:
    """Probabilities (T, G) of groups of actions, given each one's group (A,)."""
    count = max(int(group.max()) + 1, 3)
    return torch.zeros(len(pi), count).index_add(1, group, pi)


def _right(pi: Tensor, group: Tensor, a_t: Tensor) -> Tensor:
    """1 where the most likely group is that of a_t, else 0."""
    return (_summed(pi, group).argmax(1) == group[a_t]).float()

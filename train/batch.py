"""The sequences of all sources as one batch on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from basalt_iq.agent.network import Carry
from basalt_iq.agent.soft_head import SoftHead
from basalt_iq.data.sampler import Sequences
from basalt_iq.train.hindsight import LABELS, unknown_outside
from basalt_iq.train.objectives import Transitions


@dataclass(frozen=True)
class Batch:
    """B sequences of `burn_in + length` transitions; column j is time `start - burn_in + j`."""

    frames: Tensor
    """(B, stack - 1 + burn_in + length + 1, 3, H, W) uint8"""
    vector: Tensor
    """(B, burn_in + length + 1, V)"""
    carry: Carry
    """The stored memory before the burn-in, (B, hidden) twice."""
    fresh: Tensor
    """(B,) bool: the sequence starts its episode."""
    a_t: Tensor
    """(B, length) int64, as all that follow from here on without the burn-in."""
    done_t: Tensor
    mask: Tensor
    expert: Tensor
    """(B,) bool: of the first source, the demos."""
    burn_in: int
    a_tm1: Tensor
    """(B, length) int64: the decision before, -1 where there is none."""
    labels: dict[str, Tensor]
    """Hindsight's of the experts' decisions, (experts, length, ...) each; empty where nobody wants them."""

    @classmethod
    def of(cls, batches: Sequence[Sequences], carries: Sequence[Carry], device: torch.device) -> Batch:
        """Join what the sources drew, with the memories stored for it."""
        burn_in = batches[0].burn_in
        h, c = (torch.cat(parts).to(device) for parts in zip(*carries, strict=True))

        def joined(arrays: list[np.ndarray]) -> Tensor:
            return torch.cat([torch.from_numpy(array) for array in arrays])

        return cls(
            frames=torch.cat([torch.from_numpy(b.frames).to(device) for b in batches]),
            vector=joined([b.arrays["vector"] for b in batches]).to(device),
            carry=(h, c),
            fresh=joined([b.start == 0 for b in batches]).to(device),
            a_t=joined([b.arrays["action"][:, burn_in:-1] for b in batches]).to(device),
            done_t=joined([b.done[:, burn_in:] for b in batches]).to(device),
            mask=joined([b.mask[:, burn_in:] for b in batches]).to(device),
            expert=joined([np.full(len(b.start), i == 0) for i, b in enumerate(batches)]).to(device),
            burn_in=burn_in,
            a_tm1=joined([_before(b) for b in batches]).to(device),
            labels={name: x.to(device) for name, x in _labels(batches[0]).items()},
        )

    def transitions(
        self, q_t: Tensor, v_tp1: Tensor, everywhere: Callable[[Tensor], Tensor], weight: Tensor,
        head: SoftHead,
    ) -> Transitions:  # fmt: skip
        """As an objective sees it, given outputs of the head (B, length, A), the next values and the
        decisions' weights (B, length)."""
        first = torch.zeros_like(self.mask)
        first[:, 0] = self.fresh
        return Transitions(
            q_t=q_t, v_tp1=v_tp1, a_t=self.a_t, done_t=self.done_t, weight=self.mask * weight,
            expert=self.expert, first=first, everywhere=everywhere,
            head=head,
        )  # fmt: skip


def _before(batch: Sequences) -> np.ndarray:
    """(B, length) the decisions before those learned from; -1 where none is, or none was drawn."""
    actions = batch.arrays["action"][:, :-1]
    before = np.where(batch.mask, actions, -1)[:, :-1]
    return np.pad(before, [(0, 0), (1, 0)], constant_values=-1)[:, batch.burn_in :]


def _labels(batch: Sequences) -> dict[str, Tensor]:
    drawn = {name: batch.arrays[name][:, batch.burn_in : -1] for name in LABELS if name in batch.arrays}
    mask = torch.from_numpy(batch.mask[:, batch.burn_in :])
    return unknown_outside({name: torch.from_numpy(x) for name, x in drawn.items()}, mask)

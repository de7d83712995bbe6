"""What predicts from the encoder's features. It belongs to training: an agent is kept without it."""

from __future__ import annotations

from torch import Tensor, nn

from basalt_iq.train.hindsight import OUTPUTS

#: Share of the features left out at each frame while learning.
DROPOUT = 0.3


class HindsightHead(nn.Module):
    """Features (..., F) to outputs (..., OUTPUTS). Linear, so that what it needs is in the features."""

    def __init__(self, features: int):
        super().__init__()
        self.told = nn.Linear(features, OUTPUTS)

    def forward(self, seen: Tensor, drawn: Tensor | None = None) -> Tensor:
        """`drawn`: uniform random numbers of `seen`'s shape, to leave features out by; None: all stay."""
        if drawn is not None:
            seen = seen * (drawn.to(seen.device) >= DROPOUT) / (1 - DROPOUT)
        return self.told(seen)

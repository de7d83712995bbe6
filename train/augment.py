"""Random shifts of whole sequences (DrQ, Kostrikov et al. 2021): one shift for all its frames."""

from __future__ import annotations

import torch
from torch import Tensor


def random_shift(frames: Tensor, pixels: int, generator: torch.Generator) -> Tensor:
    """Shift each sequence of frames (B, F, C, H, W) by up to `pixels` each way, repeating the border."""
    if pixels == 0:
        return frames
    offsets = torch.randint(-pixels, pixels + 1, (len(frames), 2), generator=generator).tolist()
    shifted = torch.empty_like(frames)
    height, width = frames.shape[-2:]
    for row, (down, right) in enumerate(offsets):
        ys = (torch.arange(height) + down).clamp_(0, height - 1)
        xs = (torch.arange(width) + right).clamp_(0, width - 1)
        shifted[row] = frames[row].index_select(-2, ys).index_select(-1, xs)
    return shifted

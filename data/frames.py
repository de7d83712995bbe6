"""The one way frames are made smaller, for preparing demos and for acting alike.

Resizers differ by 26 dB of signal to noise, so an agent that acts on another filter's frames
sees a game it never trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numba
import numpy as np

from basalt_iq.world.jit import JIT

#: What consumes frames (3, size, size) uint8 as they are decoded.
Sink = Callable[[np.ndarray], None]


def shrink(frame: np.ndarray, size: int) -> np.ndarray:
    """Area-average a frame (H, W, C) uint8 to (size, size, C) uint8; itself when it has that size already.

    Equals OpenCV's INTER_AREA to one grey level at half its cost (`benchmarks/data.py`), which is
    what keeps the preparation of 640x360 demos near the speed of their decoder.
    """
    if frame.shape[:2] == (size, size):
        return frame
    return np.ascontiguousarray(round_to_bytes(average(frame, size)).transpose(1, 2, 0))


def average(frame: np.ndarray, size: int) -> np.ndarray:
    """Area averages of a frame (H, W, C) uint8: (C, size, size) float32, not yet rounded."""
    height, width, channels = frame.shape
    means = np.empty((channels, size, size), np.float32)
    rows = np.ascontiguousarray(frame).reshape(height, width * channels)
    _average(rows, *_shares(height, size), *_shares(width, size), means)
    return means


def round_to_bytes(values: np.ndarray) -> np.ndarray:
    """Nearest uint8."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def planar(frame: np.ndarray) -> np.ndarray:
    """View a frame (H, W, 3) as (3, H, W), the order of the store and of convolutions."""
    return frame.transpose(2, 0, 1)


@cache
def _shares(pixels: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels each of `size` equal intervals covers, and how much of it each fills.

    Both (n, size), the k-th pixel of every interval side by side; pixels beyond an interval count 0.
    """
    edges = np.linspace(0, pixels, size + 1)
    starts, ends = edges[:-1], edges[1:]
    first = np.floor(starts).astype(int)
    most = int((np.ceil(ends - 1e-9).astype(int) - first).max())
    covered = first + np.arange(most)[:, None]
    overlap = np.minimum(covered + 1, ends) - np.maximum(covered, starts)
    shares = np.maximum(overlap, 0) / (ends - starts)
    return np.minimum(covered, pixels - 1).astype(np.int32), shares.astype(np.float32)


@numba.njit(**JIT)
def _average(rows, tall, row_shares, wide, column_shares, means):
    """Average down the rows, then along: neither inner loop waits for its own last sum."""
    channels, size = means.shape[0], means.shape[2]
    line = np.empty(rows.shape[1], np.float32)
    for i in range(size):
        line[:] = 0
        for k in range(len(tall)):
            share, row = row_shares[k, i], rows[tall[k, i]]
            if share > 0:
                for x in range(row.size):
                    line[x] += share * np.float32(row[x])
        for c in range(channels):
            total = means[c, i]
            total[:] = 0
            for k in range(len(wide)):
                for j in range(size):
                    total[j] += column_shares[k, j] * line[wide[k, j] * channels + c]

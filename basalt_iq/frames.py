"""The one way frames are made smaller, for preparing demos and for acting alike.

Resizers differ by 26 dB of signal to noise, so an agent that acts on another filter's frames
sees a game it never trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numba
import numpy as np

from basalt_iq.jit import JIT

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
    lines = np.empty((size, width * channels), np.float32)
    _down(np.ascontiguousarray(frame).reshape(height, width * channels), *_shares(height, size), lines)
    means = np.empty((channels, size, size), np.float32)
    _along(lines.T.copy(), *_shares(width, size), means)  # turned, so that neighbours in memory add up alike
    return means.transpose(0, 2, 1)


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
def _down(rows, tall, shares, lines):
    """Average rows (H, N) down to lines (size, N): no inner loop waits for its own last sum."""
    for i in range(len(lines)):
        line = lines[i]
        line[:] = 0
        for k in range(len(tall)):
            share, row = shares[k, i], rows[tall[k, i]]
            if share > 0:
                for x in range(row.size):
                    line[x] += share * np.float32(row[x])


@numba.njit(**JIT)
def _along(columns, wide, shares, means):
    """Average columns (W * C, size) along to means (C, size, size), the picture's columns first."""
    channels = len(means)
    for c in range(channels):
        for j in range(means.shape[1]):
            total = means[c, j]
            total[:] = 0
            for k in range(len(wide)):
                share, column = shares[k, j], columns[wide[k, j] * channels + c]
                for i in range(total.size):
                    total[i] += share * column[i]

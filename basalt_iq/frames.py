"""The one way frames are made smaller, for preparing demos and for acting alike.

Resizers differ by 26 dB of signal to noise, so an agent that acts on another filter's frames
sees a game it never trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

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
    down_to, along_to = _ways()
    lines = np.empty((size, width * channels), np.float32)
    down_to(np.ascontiguousarray(frame).reshape(height, width * channels), *_shares(height, size), lines)
    means = np.empty((channels, size, size), np.float32)
    along_to(
        lines.T.copy(), *_shares(width, size), means
    )  # turned, so that neighbours in memory add up alike
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


Down = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


@cache
def _ways() -> tuple[Down, Down]:
    """`down` and `along`, compiled where numba is there; without it slower, and the same to the last bit."""
    try:
        from basalt_iq import compiled_frames
    except ModuleNotFoundError:
        return down, along
    return compiled_frames.down, compiled_frames.along


def down(rows: np.ndarray, tall: np.ndarray, shares: np.ndarray, lines: np.ndarray) -> None:
    """Average rows (H, N) uint8 down to lines (size, N) float32, see `_shares`."""
    lines[:] = 0
    for which, share in zip(tall, shares, strict=True):
        lines += share[:, None] * rows[which].astype(np.float32)


def along(columns: np.ndarray, wide: np.ndarray, shares: np.ndarray, means: np.ndarray) -> None:
    """Average columns (W * C, size) along to means (C, size, size) float32, the picture's columns first."""
    channels = len(means)
    by_channel = columns.reshape(-1, channels, columns.shape[1]).transpose(1, 0, 2)
    means[:] = 0
    for which, share in zip(wide, shares, strict=True):
        means += share[:, None] * by_channel[:, which]

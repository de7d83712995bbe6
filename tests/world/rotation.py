"""The field of view of a video, from nothing but its frames.

Between two frames of somebody who only turns the head, the picture changes by a rotation about the eye, which
the field of view ties to pixels: for each one tried, the rotation that maps one frame best onto the next is
sought, and what fits best is the answer. Walking adds noise, the median over many pairs takes it away.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np

ANGLES = np.arange(80.0, 161.0, 10.0)
"""Fields of view tried, degrees."""
LEAST_TURN, MOST_TURN = 3.0, 16.0
"""Pixels by which the middle of the picture moves in a pair that is looked at."""
STEPS = 8


def _rays(size: int, angle: float) -> np.ndarray:
    """(size, size, 3): what each pixel looks at, x right, y down, z ahead."""
    half = np.tan(np.radians(angle) / 2)
    across = (np.arange(size) + 0.5 - size / 2) * 2 * half / size
    x, y = np.meshgrid(across, across)
    return np.stack([x, y, np.ones_like(x)], -1)


def _warped(
    frame: np.ndarray, rays: np.ndarray, turn: np.ndarray, angle: float
) -> tuple[np.ndarray, np.ndarray]:
    """The frame as seen after a turn (3,), a rotation vector; and which pixels it shows."""
    x, y, z = np.moveaxis(rays @ cv2.Rodrigues(turn)[0].T, -1, 0)
    size, scale = len(frame), len(frame) / (2 * np.tan(np.radians(angle) / 2))
    safe = np.maximum(z, 1e-3)
    u, v = x / safe * scale + size / 2 - 0.5, y / safe * scale + size / 2 - 0.5
    inside = (z > 0.05) & (u > 0) & (v > 0) & (u < size - 1) & (v < size - 1)
    return cv2.remap(frame, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR), inside


def _misfit(before: np.ndarray, after: np.ndarray, angle: float, start: np.ndarray) -> float:
    """The mean difference that the best rotation leaves, by Gauss-Newton from `start`."""
    rays, turn, best = _rays(len(before), angle), start.copy(), np.inf
    for _ in range(STEPS):
        seen, inside = _warped(before, rays, turn, angle)
        if inside.mean() < 0.3:
            break
        error = (after - seen)[inside]
        best = min(best, float(np.abs(error).mean()))
        steps = np.eye(3) * 1e-3
        slope = np.stack(
            [(_warped(before, rays, turn + d, angle)[0] - seen)[inside] / 1e-3 for d in steps], -1
        )
        turn = turn + np.linalg.lstsq(slope, error, rcond=None)[0]
    return best


def _pairs(frames: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[float, float]]]:
    """Consecutive frames, grey and a little blurred, that differ by a turn; and how many pixels it moved."""
    smooth = [cv2.GaussianBlur(f.mean(-1).astype(np.float32), (0, 0), 1.0) for f in frames]
    window = cv2.createHanningWindow(smooth[0].shape[::-1], cv2.CV_32F)
    for before, after in itertools.pairwise(smooth):
        (right, down), fits = cv2.phaseCorrelate(before.copy(), after.copy(), window)  # it works in place
        if fits > 0.05 and LEAST_TURN < np.hypot(right, down) < MOST_TURN:
            yield before, after, (right, down)


def field_of_view(frames: np.ndarray) -> tuple[float, int]:
    """Degrees, the median over the pairs of frames (n, size, size, 3) that tell; and how many these were."""
    found = []
    for before, after, (right, down) in _pairs(frames):
        left = []
        for angle in ANGLES:
            pixel = 2 * np.tan(np.radians(angle) / 2) / len(before)
            left.append(_misfit(before, after, angle, np.array([down, -right, 0.0]) * pixel))
        least = int(np.argmin(left))
        if 0 < least < len(ANGLES) - 1 and left[least] < 0.85 * min(left[0], left[-1]) < np.inf:
            a, b, c = np.minimum(left[least - 1 : least + 2], 1e3)
            found.append(ANGLES[least] + (ANGLES[1] - ANGLES[0]) * 0.5 * (a - c) / (a - 2 * b + c))
    return float(np.median(found)), len(found)

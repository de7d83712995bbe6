"""The mouse cursor of an open 2022 menu, which the recordings leave out (contract, quirk 4).

Drawn by us: an arrow of 16x16 pixels on a frame 360 pixels high, white with a dark edge. It is
blended into the planes of the video frame, where grey has no chroma.
"""

from __future__ import annotations

import numpy as np

#: "#" dark edge, "o" white, "." nothing.
_SHAPE = """
#...............
##..............
#o#.............
#oo#............
#ooo#...........
#oooo#..........
#ooooo#.........
#oooooo#........
#ooooooo#.......
#oooooooo#......
#ooooo####......
#oo#oo#.........
#o#.#oo#........
##..#oo#........
.....#oo#.......
.....####.......
"""
_ROWS = np.array([list(line) for line in _SHAPE.split()])
ALPHA = (_ROWS != ".").astype(np.float32)
LUMA = np.where(_ROWS == "o", 235, 16).astype(np.float32)
_NEUTRAL = np.full((8, 8), 128, np.float32)
#: The recorder's window, in whose pixels the mouse is reported.
_WINDOW_HEIGHT = 720


def draw_cursor(planes: list[np.ndarray], x: float, y: float) -> list[np.ndarray]:
    """Copies of the planes of a frame with the cursor's tip at mouse position (x, y) of the window."""
    scale = len(planes[0]) / _WINDOW_HEIGHT
    left, top = int(x * scale), int(y * scale)
    # Both halves of a chroma pixel are averaged, from the even pixel at or before the tip.
    padded = np.pad(ALPHA, ((top % 2, 2 - top % 2), (left % 2, 2 - left % 2)))[:16, :16]
    chroma_alpha = padded.reshape(8, 2, 8, 2).mean(axis=(1, 3))
    luma, *chroma = planes
    return [
        _blend(luma, LUMA, ALPHA, left, top),
        *(_blend(plane, _NEUTRAL, chroma_alpha, left // 2, top // 2) for plane in chroma),
    ]


def _blend(plane: np.ndarray, colour: np.ndarray, alpha: np.ndarray, left: int, top: int) -> np.ndarray:
    height, width = plane.shape
    rows = slice(max(0, -top), max(0, min(len(alpha), height - top)))
    columns = slice(max(0, -left), max(0, min(alpha.shape[1], width - left)))
    share, drawn = alpha[rows, columns], plane.copy()
    if share.size:
        place = np.s_[top + rows.start : top + rows.stop, left + columns.start : left + columns.stop]
        mixed = plane[place] * (1 - share) + colour[rows, columns] * share
        drawn[place] = np.rint(mixed)
    return drawn

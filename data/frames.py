"""The one way frames are made smaller, for preparing demos and for acting alike.

Resizers differ by 26 dB of signal to noise, so an agent that acts on another filter's frames
sees a game it never trained on.
"""

from __future__ import annotations

import cv2
import numpy as np


def shrink(frame: np.ndarray, size: int) -> np.ndarray:
    """Area-average a frame (H, W, 3) uint8 to (size, size, 3) uint8; itself when it has that size already."""
    if frame.shape[:2] == (size, size):
        return frame
    return cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA)


def planar(frame: np.ndarray) -> np.ndarray:
    """View a frame (H, W, 3) as (3, H, W), the order of the store and of convolutions."""
    return frame.transpose(2, 0, 1)

"""The frames of a demonstration's video, however its container holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from basalt_iq.data.defects import DemoError, blaming

if TYPE_CHECKING:
    import av

    from basalt_iq.video import Draw

#: What consumes frames (3, size, size) uint8 as they are decoded.
Sink = Callable[[np.ndarray], None]
#: Containers that are read; .mp4 is the data sets' own.
SUFFIXES = (".mp4", ".mkv", ".mov", ".m4v", ".avi", ".webm", ".ts")
#: Makes (3, size, size) uint8 of a frame, with something drawn on its planes first.
Shrunk = Callable[["Draw | None"], np.ndarray]


def container_frames(file: Path) -> int:
    """How many frames the container claims (0: it does not say)."""
    from basalt_iq import video

    return video.container_frames(file)


def frames_of(file: Path, size: int, remarks: list[str]) -> Iterator[Shrunk]:
    """Every frame, turned upright as players show it; only those asked for are converted.

    What is unusual goes to `remarks`. Raises DemoError where the video breaks off or is smaller than `size`.
    """
    from basalt_iq.video import decode

    with blaming(file):
        for number, frame in enumerate(decode(file)):
            turns = frame.rotation // 90 % 4
            if number == 0:
                remarks += _unusual(file, frame.width, frame.height, turns)
            if min(frame.width, frame.height) < size:
                what = f"frames of {frame.width}x{frame.height}"
                raise DemoError(file, what, f"read it with --size {min(frame.width, frame.height)} or less")
            yield partial(_upright, frame, size, turns)


def _upright(frame: av.VideoFrame, size: int, turns: int, draw: Draw | None) -> np.ndarray:
    from basalt_iq.video import to_rgb

    return np.ascontiguousarray(np.rot90(to_rgb(frame, size, draw), turns, (1, 2)))


def _unusual(file: Path, width: int, height: int, turns: int) -> Iterator[str]:
    if file.suffix.lower() != ".mp4":
        yield "is in another container than .mp4; read all the same"
    if turns:
        yield f"is to be turned by {-turns * 90 % 360} degrees clockwise, as its container says; turned"
        width, height = (height, width) if turns % 2 else (width, height)
    if height > width:
        yield f"is upright ({width}x{height}): squeezed to a square, unlike what an agent will see"

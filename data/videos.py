"""The frames of a demonstration's video, however its container holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from basalt_iq.contract import TICK_SECONDS, TICKS_A_SECOND
from basalt_iq.data.defects import DemoError, blaming
from basalt_iq.data.posture import Posture

if TYPE_CHECKING:
    import av

    from basalt_iq.video import Draw

#: What consumes frames (3, size, size) uint8 as they are decoded.
Sink = Callable[[np.ndarray], None]
#: Containers that are read; .mp4 is the data sets' own.
SUFFIXES = (".mp4", ".mkv", ".mov", ".m4v", ".avi", ".webm", ".ts")
#: Part of its rate by which a video may be off without a word.
_OTHER_PACE = 0.02
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

    times: list[float] = []
    posture: Posture | None = None
    with blaming(file):
        for frame in decode(file):
            if posture is None:
                posture = Posture.of(frame, remarks)
                remarks += _unusual(file, *posture.shown(frame.width, frame.height))
            if min(frame.width, frame.height) < size:
                what = f"frames of {frame.width}x{frame.height}"
                raise DemoError(file, what, f"read it with --size {min(frame.width, frame.height)} or less")
            times += [] if frame.time is None else [frame.time]
            yield partial(_upright, frame, size, posture)
    remarks += _pace(times)


def _upright(frame: av.VideoFrame, size: int, posture: Posture, draw: Draw | None) -> np.ndarray:
    from basalt_iq.video import to_rgb

    return posture.applied(to_rgb(frame, size, draw))


def _unusual(file: Path, width: int, height: int) -> Iterator[str]:
    if file.suffix.lower() != ".mp4":
        yield "is in another container than .mp4; read all the same"
    elif file.suffix != ".mp4":
        yield f"has its suffix as {file.suffix}; read all the same"
    if height > width:
        yield f"is upright ({width}x{height}): squeezed to a square, unlike what an agent will see"


def _pace(times: Sequence[float]) -> Iterator[str]:
    """A word where the container shows frames at other times than a frame each tick."""
    gaps = np.diff(times)
    if not len(gaps):
        return
    rate = len(gaps) / max(times[-1] - times[0], 1e-9)
    uneven = int((np.abs(gaps - np.median(gaps)) > TICK_SECONDS / 2).sum())
    still = "each is taken for a tick all the same"
    if abs(rate / TICKS_A_SECOND - 1) > _OTHER_PACE:
        yield f"shows {rate:.3g} frames a second by its container, not {TICKS_A_SECOND}; {still}"
    if uneven:
        yield f"shows {uneven} frames at uneven times by its container; {still}"

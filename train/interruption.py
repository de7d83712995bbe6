"""Ctrl-C and SIGTERM (a cluster's time limit, `docker stop`) end a training between two updates."""

from __future__ import annotations

import signal
import threading
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While the block runs a first signal is only noted; a second one acts as ever."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self.release()

    def release(self) -> None:
        """Let signals act as before the block."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before = {}

"""Hindsight labels of stored demos, for whoever draws frames or sequences from them."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np

from basalt_iq.data.store import Trajectory
from basalt_iq.train.demos import ticks
from basalt_iq.train.hindsight import HORIZONS, Hindsight, look_back

#: Bytes of labels that stay in memory: a tick takes 46. Those of other demos are made again when needed.
MOST_BYTES = 256 << 20


class LookBacks:
    """The labels of a demo, made when it is first asked for them; those used last stay. For any thread."""

    def __init__(self, reach: int, most_bytes: int = MOST_BYTES):
        self.reach, self.most_bytes, self.bytes = reach, most_bytes, 0
        self._kept: OrderedDict[Trajectory, Hindsight] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, trajectory: Trajectory) -> Hindsight:
        """Of every tick of the demo. Raises UserError where it cannot be read."""
        with self._lock:
            if (labels := self._kept.get(trajectory)) is not None:
                self._kept.move_to_end(trajectory)
                return labels
        labels = look_back(ticks(trajectory), trajectory.about.ended, self.reach)
        with self._lock:
            self._keep(trajectory, labels)
        return labels

    def _keep(self, trajectory: Trajectory, labels: Hindsight) -> None:
        if trajectory not in self._kept:
            self._kept[trajectory] = labels
            self.bytes += labels.nbytes
        while self.bytes > self.most_bytes and len(self._kept) > 1:
            self.bytes -= self._kept.popitem(last=False)[1].nbytes


def telling(labels: Hindsight) -> np.ndarray:
    """The ticks of a demo from which the place of a decisive action or of the end is predicted; where there
    are none all that something is predicted of, or simply all."""
    known = labels.bearing >= 0
    for some in (known[:, len(HORIZONS) :].any(1), known.any(1)):
        if some.any():
            return np.flatnonzero(some)
    return np.arange(len(known))

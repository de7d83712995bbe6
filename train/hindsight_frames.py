"""Single frames with their hindsight labels, drawn from stored demos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from basalt_iq.data.store import Trajectory
from basalt_iq.train.hindsight import Hindsight
from basalt_iq.train.look_backs import LookBacks, telling

#: Held-out frames that are measured.
FIXED = 1024


@dataclass(frozen=True)
class Frames:
    """N frames and what is predicted from them."""

    pixels: Tensor
    """(N, 3, H, W) uint8"""
    labels: dict[str, Tensor]
    """A Hindsight's arrays."""

    @classmethod
    def of(cls, frames: Sequence[np.ndarray], labels: Sequence[Hindsight]) -> Frames:
        rows = [one.arrays() for one in labels]
        joined = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}
        return cls(torch.from_numpy(np.stack(frames)), joined)


class FrameSampler:
    """Draws a demo, one of the ticks that tell something, a side and a shift, for each frame of a batch.

    `mirror`: every second frame or so is seen as in a mirror, its labels too. `shift`: by up to so many
    pixels each way, the border repeated. `part` (i, n): all n processes of a job draw the same batch, and
    the i-th reads the i-th n-th of its rows.
    """

    def __init__(
        self, trajectories: Sequence[Trajectory], look_backs: LookBacks, *, batch: int, seed: int,
        shift: int = 0, mirror: bool = False, part: tuple[int, int] = (0, 1),
    ):  # fmt: skip
        if not trajectories:
            raise ValueError("no demos to draw frames from")
        self.trajectories, self.look_backs = list(trajectories), look_backs
        self.batch, self.shift, self.mirror = batch, shift, mirror
        index, parts = part
        self.rows = slice(index * batch // parts, (index + 1) * batch // parts)
        self._random = np.random.Generator(np.random.PCG64(seed))

    def sample(self) -> Frames:
        """The next random batch."""
        demos = self._random.integers(len(self.trajectories), size=self.batch)
        places = self._random.random(self.batch)
        mirrored = self._random.random(self.batch) < (0.5 if self.mirror else 0.0)
        shifts = self._random.integers(-self.shift, self.shift + 1, (self.batch, 2))
        drawn = list(zip(demos, places, mirrored, shifts, strict=True))[self.rows]
        frames, labels = zip(*(self._draw(*one) for one in drawn), strict=True)
        return Frames.of(frames, labels)

    def state_dict(self) -> dict[str, Any]:
        """Where the random stream stands, JSON-ready."""
        return {"random": self._random.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._random.bit_generator.state = state["random"]

    def _draw(
        self, demo: int, place: float, mirrored: bool, shift: np.ndarray
    ) -> tuple[np.ndarray, Hindsight]:
        trajectory = self.trajectories[demo]
        labels = self.look_backs(trajectory)
        ticks = telling(labels)
        tick = int(ticks[int(place * len(ticks))])
        frame, known = trajectory.frames[tick], labels.at(np.array(tick))
        if mirrored:
            frame, known = frame[..., ::-1], known.mirrored()
        return shifted(frame, *shift.tolist()), known


def shifted(frame: np.ndarray, down: int, right: int) -> np.ndarray:
    """The view of a frame (C, H, W) moved by so many pixels, the border repeated."""
    rows, columns = (
        np.clip(np.arange(size) + by, 0, size - 1)
        for size, by in zip(frame.shape[1:], (down, right), strict=True)
    )
    return frame[:, rows[:, None], columns]


def fixed_frames(trajectories: Sequence[Trajectory], look_backs: LookBacks, count: int = FIXED) -> Frames:
    """Frames that tell something, as many of each demo, spread evenly over it: always the same ones."""
    some = list(trajectories)[:count]
    frames, labels = [], []
    for trajectory in some:
        known = look_backs(trajectory)
        ticks = telling(known)
        chosen = np.unique(np.linspace(0, len(ticks) - 1, max(1, count // len(some))).astype(int))
        for tick in ticks[chosen].tolist():
            frames.append(trajectory.frames[tick])
            labels.append(known.at(np.array(tick)))
    return Frames.of(frames, labels)

"""Random sequences of frames and steps that never cross an episode.

Frames are read by slice from memory or disk into one reused buffer: allocating a batch costs twenty
times its copy. A window of length + 1 + (stack - 1) frames holds the observations, the next
observations and every frame stack as strided views.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Protocol

import cv2
import numpy as np

from basalt_iq.data.stored_frames import StoredFrames


class Windowed(Protocol):
    """T steps to draw sequences from, wherever they lie."""

    @property
    def frames(self) -> np.ndarray | StoredFrames:
        """(T+1, 3, H, W) uint8"""
        ...

    @property
    def terminal(self) -> bool:
        """Whether the last step ended the episode, rather than a time limit or the end of a recording."""
        ...

    @property
    def length(self) -> int:
        """T"""
        ...

    def window(self, first: int, stop: int) -> Mapping[str, np.ndarray]:
        """The rows from `first` to before `stop` of arrays whose first axis is T (of actions, where there
        are no more) or T+1 (of states)."""
        ...


@dataclass(frozen=True)
class SampledEpisode:
    """T steps in memory, or with frames on disk (see `Windowed`)."""

    frames: np.ndarray | StoredFrames
    """(T+1, 3, H, W) uint8"""
    steps: Mapping[str, np.ndarray]
    """Arrays whose first axis is T (of actions) or T+1 (of states)."""
    terminal: bool = True
    """Whether the last step ended the episode, rather than a time limit or the end of a recording."""

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ValueError("an episode needs at least one step")
        for name, array in self.steps.items():
            if len(array) not in (self.length, self.length + 1):
                raise ValueError(f"{name} has {len(array)} rows in an episode of {self.length} steps")

    @property
    def length(self) -> int:
        return len(self.frames) - 1

    def window(self, first: int, stop: int) -> Mapping[str, np.ndarray]:
        return {name: array[first:stop] for name, array in self.steps.items()}


@dataclass(frozen=True)
class Sequences:
    """A batch of B windows of `burn_in + length` transitions. Column j is time `start - burn_in + j`.

    Arrays are the sampler's own buffers: as many samples as it has buffers stay whole side by side.
    """

    frames: np.ndarray
    """(B, burn_in + length + stack, 3, H, W) uint8. The frame of column j is at j + stack - 1; frames
    before the episode repeat its first, frames after it its last."""
    arrays: dict[str, np.ndarray]
    """name -> (B, burn_in + length + 1, ...), zero outside the episode."""
    mask: np.ndarray
    """(B, burn_in + length) bool: a real transition."""
    done: np.ndarray
    """(B, burn_in + length) bool: the transition that ends the episode."""
    episode: np.ndarray
    """(B,) int64"""
    start: np.ndarray
    """(B,) int64"""
    stack: int
    burn_in: int

    def stacked(self) -> np.ndarray:
        """(B, burn_in + length + 1, stack, 3, H, W): each column's last frames, oldest first. No copy."""
        windows = np.lib.stride_tricks.sliding_window_view(self.frames, self.stack, axis=1)
        return np.moveaxis(windows, -1, 2)


class SequenceSampler:
    """Draws windows of `length` transitions, every transition of the data about equally often.

    A window starts at max(0, u), u uniform over the multiples of `grid` in [-(length-1), T-1] and
    episodes weighted by how many of them they have; it may run past the end of its episode. `burn_in`
    further columns before the start let a recurrent network refresh its memory; at the start of an episode
    they hold nothing real.

    `shift` moves each window's picture by up to so many pixels each way, the border repeated: one shift for
    all its frames (DrQ, Kostrikov et al. 2021). `part` (i, n) draws the same batch of `batch` windows as all
    n processes of a job do, and gives the i-th n-th of its rows.
    """

    def __init__(
        self,
        episodes: Sequence[Windowed],
        *,
        batch: int,
        length: int,
        stack: int,
        seed: int,
        grid: int = 1,
        burn_in: int = 0,
        shift: int = 0,
        part: tuple[int, int] = (0, 1),
        buffers: int = 1,
    ):
        if min(batch, length, stack, grid) < 1:
            raise ValueError("batch, length, stack and grid must be at least 1")
        index, parts = part
        if batch % parts:
            raise ValueError(f"a batch of {batch} does not split into {parts} equal parts")
        self.batch, self.length, self.stack, self.grid, self.burn_in = batch, length, stack, grid, burn_in
        self.shift, self._rows = shift, slice(index * batch // parts, (index + 1) * batch // parts)
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._before = (length - 1) // grid
        self.use(episodes)
        self._buffers = cycle([self._allocate() for _ in range(buffers)])

    def use(self, episodes: Sequence[Windowed]) -> None:
        """Draw from these episodes from now on; their arrays must be of the same kinds."""
        if not episodes:
            raise ValueError("no episodes to sample from")
        self.episodes = list(episodes)
        self._lengths = np.array([episode.length for episode in self.episodes])
        self._terminal = np.array([episode.terminal for episode in self.episodes])
        self._ends = np.cumsum(self._before + 1 + (self._lengths - 1) // self.grid)

    def sample(self) -> Sequences:
        """The next random batch."""
        draws = self._random.integers(self._ends[-1], size=self.batch)
        which = np.searchsorted(self._ends, draws, side="right")
        first = np.where(which > 0, self._ends[which - 1], 0)
        start = np.maximum(0, (draws - first - self._before) * self.grid)
        shifts = np.zeros((self.batch, 2), int)
        if self.shift:
            shifts = self._random.integers(-self.shift, self.shift + 1, shifts.shape)
        return self.gather(which[self._rows], start[self._rows], shifts[self._rows])

    def gather(self, which: np.ndarray, start: np.ndarray, shifts: np.ndarray | None = None) -> Sequences:
        """The windows of episodes `which` (B,) from times `start` (B,), seen from `shifts` (B, 2) pixels
        further down and right."""
        batch = next(self._buffers)
        batch.episode[:], batch.start[:] = which, start
        ends, terminal = self._lengths[which, None], self._terminal[which, None]
        times = start[:, None] + np.arange(-self.burn_in, self.length)
        np.logical_and(times >= 0, times < ends, out=batch.mask)
        np.logical_and(times == ends - 1, terminal, out=batch.done)
        for row, (index, time) in enumerate(zip(which.tolist(), start.tolist(), strict=True)):
            self._copy(batch, row, self.episodes[index], time)
        if shifts is not None:
            for row, (down, right) in enumerate(shifts.tolist()):
                _shift(batch.frames[row], down, right)
        return batch

    def _copy(self, batch: Sequences, row: int, episode: Windowed, start: int) -> None:
        first, stop = start - self.burn_in, min(start + self.length, episode.length) + 1
        _place_frames(batch.frames[row], episode.frames, first - self.stack + 1, stop)
        for name, values in episode.window(max(0, first), stop).items():
            _place(batch.arrays[name][row], values, max(0, -first))

    def _allocate(self) -> Sequences:
        example = self.episodes[0]
        rows, columns = self._rows.stop - self._rows.start, self.burn_in + self.length + 1
        return Sequences(
            frames=np.zeros((rows, columns + self.stack - 1, *example.frames.shape[1:]), np.uint8),
            arrays={
                name: np.zeros((rows, columns, *array.shape[1:]), array.dtype)
                for name, array in example.window(0, 1).items()
            },
            mask=np.zeros((rows, columns - 1), bool),
            done=np.zeros((rows, columns - 1), bool),
            episode=np.zeros(rows, np.int64),
            start=np.zeros(rows, np.int64),
            stack=self.stack,
            burn_in=self.burn_in,
        )

    def state_dict(self) -> dict[str, Any]:
        """Where the random stream stands, JSON-ready."""
        return {"random": self._random.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue exactly where `state_dict` was taken, over the same episodes."""
        self._random.bit_generator.state = state["random"]


def _place(target: np.ndarray, values: np.ndarray, at: int) -> None:
    end = at + len(values)
    target[at:end] = values
    if at:  # an empty slice takes as long as a full one, and nearly all are empty
        target[:at] = 0
    if end < len(target):
        target[end:] = 0


def _place_frames(target: np.ndarray, frames: np.ndarray | StoredFrames, first: int, stop: int) -> None:
    """Frames `first` to before `stop`; the first is repeated before the episode, the last after it."""
    at, start = max(0, -first), max(0, first)
    end = at + stop - start
    if isinstance(frames, StoredFrames):
        frames.read(start, stop, target[at:end])
    else:
        target[at:end] = frames[start:stop]
    if at:
        target[:at] = target[at]
    if end < len(target):
        target[end:] = target[end - 1]


def _shift(frames: np.ndarray, down: int, right: int) -> None:
    """Move the view of contiguous frames (F, C, H, W) in place, repeating the border."""
    _slide(np.moveaxis(frames, -2, 0), down)
    if right:
        lines = frames.reshape(-1, frames.shape[-1])
        seen = lines[:, max(0, right) : min(0, right) or None].copy()
        cv2.copyMakeBorder(seen, 0, 0, max(0, -right), max(0, right), cv2.BORDER_REPLICATE, dst=lines)


def _slide(rows: np.ndarray, down: int) -> None:
    if down > 0:
        rows[:-down] = rows[down:]
        rows[-down:] = rows[-down - 1]
    elif down < 0:
        rows[-down:] = rows[:down]
        rows[:-down] = rows[-down]

"""Frames on disk, read where they are asked for: no memory-maps, and few files open at once.

A map keeps a descriptor and an entry in the kernel's table for every demonstration, and both run out. Reading
into a buffer that is used again costs the same (`benchmarks/data.py`), and a file that was cut short is an
error rather than a signal.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import FileIO
from typing import Any

import cv2
import numpy as np

from basalt_iq.errors import UserError

#: Bytes of the .npy header of a file of frames.
HEADER = 128
REMEDY = "restore it, or move its folder out of the store and ingest again"
_MOST_OPEN = 64


class OpenFiles:
    """The files read last, held open for all threads; older ones are closed."""

    def __init__(self, most: int = _MOST_OPEN):
        self._most = most
        self._open: OrderedDict[str, FileIO] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, path: str) -> FileIO:
        """The file, open for reading for as long as the caller holds on to it. Raises OSError."""
        with self._lock:
            file = self._open.get(path)
            if file is None:
                file = self._open[path] = FileIO(path, "r")
                if len(self._open) > self._most:
                    self._open.popitem(last=False)  # closed once nobody reads from it
            else:
                self._open.move_to_end(path)
            return file


class FrameFile:
    """N frames (3, size, size) uint8 in a .npy file.

    `sums` gives their CRC-32s, (N,) uint32: each frame is held to its own when first read. None: not known.
    """

    def __init__(
        self, path: str, count: int, size: int, files: OpenFiles, sums: Callable[[], np.ndarray] | None
    ):
        self.path, self.count, self.size = path, count, size
        self.bytes_each = 3 * size * size
        self._files, self._sums = files, sums
        self._seen: np.ndarray | None = None
        self._unseen = count

    def read(self, first: int, out: np.ndarray, every: int = 1) -> None:
        """Fill `out` (n, 3, size, size), C-contiguous, with every so many frames from `first` on.

        Raises UserError.
        """
        try:
            file = self._files(self.path)
            if self._seen is None:
                self._refuse_other_size(file)
            got = self._read(file.fileno(), first, out, every)
        except OSError as error:
            raise UserError(f"{self.path}: cannot be read ({error.strerror or error})") from error
        if got != out.nbytes:
            raise UserError(f"{self.path}: was cut short; {REMEDY}")
        if self._sums is not None and self._unseen:
            self._check(np.s_[first : first + len(out) * every : every], out, self._sums)

    def _read(self, handle: int, first: int, out: np.ndarray, every: int) -> int:
        """How many bytes were read."""
        raw, each, at = out.data.cast("B"), self.bytes_each, HEADER + first * self.bytes_each
        if every == 1:
            return os.preadv(handle, [raw], at)
        return sum(
            os.preadv(handle, [raw[k * each : (k + 1) * each]], at + k * every * each)
            for k in range(len(out))
        )

    def _refuse_other_size(self, file: FileIO) -> None:
        size = os.fstat(file.fileno()).st_size
        wanted = HEADER + self.count * self.bytes_each
        if size != wanted:
            raise UserError(f"{self.path}: {size} bytes, not the {wanted} of {self.count} frames; {REMEDY}")
        self._seen = np.zeros(self.count, bool)

    def _check(self, which: slice, frames: np.ndarray, sums: Callable[[], np.ndarray]) -> None:
        seen = self._seen[which] if self._seen is not None else np.zeros(0, bool)
        if seen.all():
            return
        wanted = sums()[which].tolist()
        for i in np.flatnonzero(~seen).tolist():
            if zlib.crc32(frames[i].data) != wanted[i]:
                raise UserError(f"{self.path}: frame {which.start + i * which.step} is damaged; {REMEDY}")
        self._unseen -= int((~seen).sum())
        seen[:] = True


@dataclass(frozen=True)
class StoredFrames:
    """Some frames of a file as a sequence (n, 3, size, size) uint8 RGB; what is sliced is read.

    Frame k is the file's frame `first + k * every`. Errors as of :class:`FrameFile`.
    """

    file: FrameFile
    first: int
    every: int
    count: int
    mirrored: bool = False
    """Left and right exchanged."""

    dtype = np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.count

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.count, 3, self.file.size, self.file.size

    @property
    def nbytes(self) -> int:
        return self.count * self.file.bytes_each

    def part(self, first: int, every: int, count: int) -> StoredFrames:
        """`count` frames from `first` on, `every` so many."""
        return replace(self, first=self.first + first * self.every, every=self.every * every, count=count)

    def mirror(self) -> StoredFrames:
        return replace(self, mirrored=not self.mirrored)

    def read(self, start: int, stop: int, out: np.ndarray) -> None:
        """Fill `out` (stop - start, 3, size, size) uint8 with the frames from `start` to before `stop`."""
        self.file.read(self.first + start * self.every, out, self.every)
        if self.mirrored:
            lines = out.reshape(-1, self.file.size)
            cv2.flip(lines, 1, dst=lines)  # numpy takes eight times as long

    def __getitem__(self, key: Any) -> np.ndarray:
        """As an array's; only the first axis saves reading."""
        if key is Ellipsis or (isinstance(key, tuple) and key[0] is Ellipsis):
            return self[:][key]
        if isinstance(key, tuple):
            inner = key[1:] if isinstance(key[0], int | np.integer) else (slice(None), *key[1:])
            return self[key[0]][inner]
        wanted = range(self.count)[key]
        if isinstance(wanted, int):
            return self[wanted : wanted + 1][0]
        low, high = (min(wanted), max(wanted) + 1) if wanted else (0, 0)
        out = np.empty((high - low, *self.shape[1:]), np.uint8)
        if len(out):
            self.read(low, high, out)
        return out[:: wanted.step] if wanted.step > 0 else out[::-1][:: -wanted.step]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[k] for k in range(self.count))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

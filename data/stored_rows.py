"""Everything of a stored demonstration but its pixels, a window at a time."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from basalt_iq.data.steps import ACTION_COLUMNS
from basalt_iq.data.stored_frames import HEADER, REMEDY, FrameFile, OpenFiles
from basalt_iq.errors import UserError

#: Frames that tell two demonstrations apart where no sums of them are kept.
_SAMPLED = 8


class StoredRows(Protocol):
    """The rows (see `row_type`) of one demonstration."""

    def read(self, first: int, stop: int) -> np.ndarray:
        """Rows from `first` to before `stop`. Raises UserError naming the file."""
        ...


class PackedRows:
    """All in one file, `steps.npy`, held to its SHA-256 when it is first read."""

    def __init__(self, path: str, count: int, kind: np.dtype, digest: str, header: Any, files: OpenFiles):
        self.path, self._count, self._kind, self._files = path, count, kind, files
        self._digest, self._header = digest, header
        self._offset: int | None = None

    def read(self, first: int, stop: int) -> np.ndarray:
        try:
            file = self._files(self.path)
            if self._offset is None:
                self._offset = self._verified(file.fileno())
            wanted = (stop - first) * self._kind.itemsize
            raw = os.pread(file.fileno(), wanted, self._offset + first * self._kind.itemsize)
        except OSError as error:
            raise UserError(f"{self.path}: cannot be read ({error.strerror or error})") from error
        if len(raw) != wanted:
            raise UserError(f"{self.path}: was cut short; {REMEDY}")
        return np.frombuffer(raw, self._kind)

    def _verified(self, handle: int) -> int:
        """Where the rows begin in a file that is as it was written."""
        size, rows = os.fstat(handle).st_size, self._count * self._kind.itemsize
        if not HEADER <= size - rows <= 1 << 16:
            raise UserError(f"{self.path}: {size} bytes, which are not {self._count} steps; {REMEDY}")
        raw = os.pread(handle, size, 0)
        if content_digest(self._header, raw[size - rows :]) != self._digest:
            raise UserError(f"{self.path}: damaged (its digest differs from trajectory.json's); {REMEDY}")
        return size - rows


class OldColumns:
    """A file for each column, as stores of format 1 have them; they carry no digests."""

    def __init__(self, folder: Path, count: int, kind: np.dtype, files: OpenFiles):
        self._folder, self._count, self._kind, self._files = folder, count, kind, files

    def read(self, first: int, stop: int) -> np.ndarray:
        rows = np.zeros(stop - first, self._kind)
        for name in self._kind.names or ():
            if name != "frame_sum":
                last = min(stop, self._count - (name in ACTION_COLUMNS))
                rows[name][: last - first] = self._column(name, first, last)
        return rows

    def _column(self, name: str, first: int, stop: int) -> np.ndarray:
        path, kind = f"{self._folder}/{name}.npy", self._kind[name]
        count = self._count - (name in ACTION_COLUMNS)
        try:
            file = self._files(path)
            size = os.fstat(file.fileno()).st_size
            raw = os.pread(file.fileno(), (stop - first) * kind.itemsize, HEADER + first * kind.itemsize)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
        if size != HEADER + count * kind.itemsize or len(raw) != (stop - first) * kind.itemsize:
            raise UserError(f"{path}: not ({', '.join(map(str, (count, *kind.shape)))}); {REMEDY}")
        return np.frombuffer(raw, kind.base).reshape(stop - first, *kind.shape)


def content_digest(header: Any, rows: bytes) -> str:
    """SHA-256 of what a demonstration holds: `header` describes the `rows`, and these sum up the frames."""
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode() + b"\n" + rows).hexdigest()


def digest_of_old(header: Any, rows: StoredRows, frames: FrameFile) -> str:
    """The like for a demonstration that carries no sums: of its rows and some of its frames."""
    sha = hashlib.sha256(json.dumps(header, sort_keys=True).encode() + b"\n")
    for first in range(0, frames.count, 4096):
        sha.update(rows.read(first, min(frames.count, first + 4096)).tobytes())
    picture = np.empty((1, 3, frames.size, frames.size), np.uint8)
    for at in np.unique(np.linspace(0, frames.count - 1, _SAMPLED).astype(int)).tolist():
        frames.read(at, picture)
        sha.update(picture.data)
    return sha.hexdigest()

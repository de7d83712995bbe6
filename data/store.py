"""Decoded demonstrations on disk: uint8 frames, and a row for each step.

    STORE/manifest.json                    what all trajectories share: format version, frame size
    STORE/<task>/<name>/trajectory.json    what is known of one demonstration, with a digest of its content
    STORE/<task>/<name>/steps.npy          (T+1,) rows, see `row_type`
    STORE/<task>/<name>/frames.npy         (T+1, 3, size, size) uint8

A trajectory is written beside the others and renamed into place, so it is whole or absent whenever
a writer is killed; there is no central list that could disagree, and machines may share a store.
What is read is held to the digests: steps when a trajectory is first used, each frame when it is first read.
Format 1 had a file for each column and no digests; such stores are read as they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.data.about import About, Segment, StoreManifest, read_about
from basalt_iq.data.statistics import Counts
from basalt_iq.data.steps import Steps, row_type, to_rows
from basalt_iq.data.stored_frames import HEADER, REMEDY, FrameFile, OpenFiles, StoredFrames
from basalt_iq.data.stored_rows import OldColumns, PackedRows, StoredRows, content_digest, digest_of_old
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, put
from basalt_iq.records import read_json, write_json
from basalt_iq.scratch import scratch

VERSION = 2
_READABLE = (1, VERSION)
#: Rows of a trajectory that are looked at together where all of them are.
_BLOCK = 1 << 16


class Trajectory:
    """One stored demonstration of T steps. Nothing of it is held in memory: every attribute reads the disk.

    Action t was taken in state t, and frame t is what was seen in it.
    """

    def __init__(self, folder: Path, about: About, size: int, files: OpenFiles):
        self.folder, self.about, self.size = folder, about, size
        count, kind = about.length + 1, row_type(len(about.button_names), len(about.items))
        self.rows: StoredRows
        sums = None
        if about.digest:
            path = f"{folder}/steps.npy"
            self.rows = PackedRows(path, count, kind, about.digest, about.header(size), files)
            sums = self._frame_sums
        else:
            self.rows = OldColumns(folder, count, kind, files)
        self._frame_file = FrameFile(f"{folder}/frames.npy", count, size, files, sums)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def task(self) -> str:
        return self.about.task

    @property
    def era(self) -> int:
        return self.about.era

    @property
    def length(self) -> int:
        """T, the number of steps (20 a second)."""
        return self.about.length

    @property
    def button_names(self) -> tuple[str, ...]:
        return self.about.button_names

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the columns of `inventory`."""
        return self.about.items

    @property
    def equip_values(self) -> tuple[str, ...]:
        """What `equip` and `equipped` index."""
        return self.about.equip_values

    @property
    def meta(self) -> dict[str, Any]:
        """Where it came from and how it went: source, and success, score, seed where they are known."""
        return self.about.meta

    @property
    def success(self) -> bool | None:
        """Whether the task was done, None where nobody knows."""
        told = self.meta.get("success")
        return told if isinstance(told, bool) else None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its steps and frames, wherever it lies and whatever it is called."""
        return self.about.digest or digest_of_old(self.about.header(self.size), self.rows, self._frame_file)

    @property
    def frames(self) -> StoredFrames:
        """(T+1, 3, size, size) uint8 RGB."""
        return StoredFrames(self._frame_file, 0, 1, self.length + 1)

    @property
    def buttons(self) -> np.ndarray:
        """(T, B) uint8, 0 or 1, columns as in `button_names`."""
        return self._column("buttons", self.length)

    @property
    def camera(self) -> np.ndarray:
        """(T, 2) float32: change of pitch and yaw in degrees."""
        return self._column("camera", self.length)

    @property
    def equip(self) -> np.ndarray:
        """(T,) int16: the item asked for, an index into `equip_values` ("none": keep)."""
        return self._column("equip", self.length)

    @property
    def inventory(self) -> np.ndarray:
        """(T+1, I) int32 counts, columns as in `items`."""
        return self._column("inventory", self.length + 1)

    @property
    def equipped(self) -> np.ndarray:
        """(T+1,) int16: the item in hand, an index into `equip_values`."""
        return self._column("equipped", self.length + 1)

    def counts(self) -> Counts:
        """Its actions counted, read from its record where that has them."""
        if self.about.counts is not None:
            return self.about.counts
        total = Counts()
        for first in range(0, self.length, _BLOCK):
            rows = self.rows.read(first, min(self.length, first + _BLOCK))
            equips = [self.equip_values[i] for i in rows["equip"].tolist()]
            total += Counts.of(self.button_names, rows["buttons"], rows["camera"], equips)
        return total

    def verify(self) -> None:
        """Read all of it. Raises UserError where it is damaged (format 1: where it is cut short)."""
        self.rows.read(0, self.length + 1)
        for first in range(0, self.length + 1, 256):
            _ = self.frames[first : first + 256]

    def _column(self, name: str, count: int) -> np.ndarray:
        return np.ascontiguousarray(self.rows.read(0, count)[name])

    def _frame_sums(self) -> np.ndarray:
        return self._column("frame_sum", self.length + 1)


class Store:
    """A folder of decoded demonstrations, all of one frame size."""

    def __init__(self, path: Path, manifest: StoreManifest):
        self.path, self.manifest = path, manifest
        self._files = OpenFiles()

    @property
    def size(self) -> int:
        """Height and width of the frames, in pixels."""
        return self.manifest.size

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Open an existing store. Raises UserError where there is none."""
        path = Path(path)
        file = path / "manifest.json"
        try:
            manifest = read_json(file, StoreManifest, remedy="restore it or ingest into a new store")
        except FileNotFoundError:
            raise UserError(f"{path}: no demo store here; make one with `basalt-iq data ingest`") from None
        if manifest.version not in _READABLE:
            raise UserError(
                f"{file}: format {manifest.version}, this version reads up to {VERSION}; "
                "use a newer basalt-iq, or ingest into a new store"
            )
        return cls(path, manifest)

    @classmethod
    def create(cls, path: str | Path, size: int = 64) -> Store:
        """Open the store at `path` for writing, or make one. UserError if its frames have another size."""
        path = Path(path)
        wanted = StoreManifest(VERSION, size)
        if not (path / "manifest.json").exists():
            write_json(make_folder(path) / "manifest.json", wanted)
        store = cls.open(path)
        if store.size != size:
            raise UserError(f"{path}: this store has size {store.size}, not {size}; use another --store")
        if store.manifest != wanted:  # format 1: what is added to it has digests
            write_json(path / "manifest.json", wanted)
        return cls(path, wanted)

    def select(self, task: str | None = None) -> list[Trajectory]:
        """The trajectories of a task (all without one), sorted by name. Only their records are read."""
        folders = [self.path / task] if task else self._tasks()
        places = (
            Path(entry.path)
            for parent in folders
            if parent.is_dir()
            for entry in os.scandir(parent)
            if entry.name[0] != "." and entry.is_dir()
        )
        found = [
            Trajectory(place, about, self.size, self._files)
            for place in places
            if (about := _about(place)) is not None
        ]
        return sorted(found, key=lambda trajectory: (trajectory.name, trajectory.task))

    def tasks(self) -> Counter[str]:
        """How many trajectories there are of each task."""
        found = {
            folder.name: sum(entry.name[0] != "." for entry in os.scandir(folder)) for folder in self._tasks()
        }
        return Counter({task: count for task, count in found.items() if count})

    def fingerprint(self, task: str | None = None) -> str:
        """SHA-256 of the content of a task's trajectories (of all): what a training on them depends on.

        Names, places and what else is known of the demonstrations do not count.
        """
        return fingerprint(self.select(task))

    def note(self, task: str, name: str, parts: tuple[Segment, ...]) -> None:
        """Put on record what a trajectory was read from."""
        folder = self.path / task / name
        write_json(folder / "trajectory.json", replace(read_about(folder, REMEDY), parts=parts))

    def _tasks(self) -> list[Path]:
        return [entry for entry in self.path.iterdir() if entry.is_dir() and entry.name[0] != "."]

    @contextlib.contextmanager
    def writer(self, name: str) -> Iterator[TrajectoryWriter]:
        """Write one trajectory: append frames, then `commit`. Without a commit nothing is left behind."""
        with scratch(self.path, "trajectory") as folder:
            writer = TrajectoryWriter(self, folder, name)
            try:
                yield writer
            finally:
                writer.close()


def _about(folder: Path) -> About | None:
    """The record of a trajectory; None of a folder that holds nothing of one, as file servers make them."""
    try:
        return read_about(folder, REMEDY)
    except UserError:
        if any(os.path.lexists(folder / name) for name in ("trajectory.json", "steps.npy", "frames.npy")):
            raise
        return None


@dataclass(frozen=True)
class Committed:
    """Where a demonstration is in a store."""

    name: str
    steps: int
    new: bool
    """It was not there before."""


def fingerprint(trajectories: Sequence[Trajectory]) -> str:
    """SHA-256 of the digests of some trajectories, whatever their order."""
    return hashlib.sha256("\n".join(sorted(one.digest for one in trajectories)).encode()).hexdigest()


class TrajectoryWriter:
    """Frames as they are decoded, then everything else at once, under `name`."""

    def __init__(self, store: Store, folder: Path, name: str):
        self._store, self._folder, self.name = store, folder, name
        self._sums: list[int] = []
        self._file = open(folder / "frames.npy", "wb")  # noqa: SIM115 - closed by `close`
        self._file.write(bytes(HEADER))

    @property
    def frames(self) -> int:
        return len(self._sums)

    def append(self, frame: np.ndarray) -> None:
        """Add a frame (3, size, size) uint8."""
        size = self._store.size
        if frame.shape != (3, size, size) or frame.dtype != np.uint8:
            raise ValueError(f"frame of {frame.dtype}{frame.shape} in a store of (3, {size}, {size})")
        raw = frame.tobytes()
        self._file.write(raw)
        self._sums.append(zlib.crc32(raw))

    def commit(self, steps: Steps) -> Committed:
        """Put the trajectory in its place, unless the same is there already.

        Where another demonstration has its name, the name is made distinct by the digest of its content.
        """
        if self.frames != steps.length + 1:
            raise ValueError(f"{self.frames} frames for {steps.length} steps")
        self._write_header()
        self.close()
        about = self._write_steps(steps)
        write_json(self._folder / "trajectory.json", about)
        for name in (self.name, f"{self.name}~{about.digest[:12]}"):
            target = self._store.path / steps.task / name
            target.parent.mkdir(exist_ok=True)
            if _moved(self._folder, target):
                return Committed(name, steps.length, new=True)
            if read_about(target, REMEDY).digest == about.digest:
                break
        return Committed(name, steps.length, new=False)

    def close(self) -> None:
        self._file.close()

    def _write_steps(self, steps: Steps) -> About:
        rows = to_rows(steps, np.array(self._sums, np.uint32))
        np.save(self._folder / "steps.npy", rows)
        about = About(
            steps.task, steps.era, steps.length, steps.button_names, steps.equip_values, steps.items,
            steps.meta, counts=Counts.of_steps(steps),
        )  # fmt: skip
        return replace(about, digest=content_digest(about.header(self._store.size), rows.tobytes()))

    def _write_header(self) -> None:
        shape = (self.frames, 3, self._store.size, self._store.size)
        self._file.seek(0)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        assert self._file.tell() == HEADER, "numpy pads this header to 128 bytes"


def _moved(folder: Path, target: Path) -> bool:
    """Give `folder` its name; False where another has it."""
    try:
        put(folder, target)
    except OSError:
        if target.is_dir():
            return False
        raise
    return True

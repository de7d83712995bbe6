"""Decoded demonstrations on disk: uint8 frames and step arrays, all memory-mapped.

    STORE/manifest.json                    what all trajectories share: format version, frame size, options
    STORE/<task>/<name>/trajectory.json    what is known of one demonstration
    STORE/<task>/<name>/frames.npy         (T+1, 3, size, size) uint8, and a file for each array of `Steps`

A trajectory is written beside the others and renamed into place, so it is whole or absent whenever
a writer is killed; there is no central list that could disagree, and machines may share a store.
"""

from __future__ import annotations

import contextlib
import json
import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.data.steps import Steps
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, scratch
from basalt_iq.records import write_json

VERSION = 1
_ARRAYS = ("buttons", "camera", "equip", "inventory", "equipped")
_NPY_HEADER = 128


@dataclass(frozen=True)
class Trajectory:
    """One stored demonstration of T steps; arrays are memory-mapped on first use.

    Action t was taken in state t, and frame t is what was seen in it.
    """

    folder: Path
    about: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def task(self) -> str:
        return self.about["task"]

    @property
    def era(self) -> int:
        return self.about["era"]

    @property
    def length(self) -> int:
        """T, the number of steps (20 a second)."""
        return self.about["length"]

    @property
    def button_names(self) -> tuple[str, ...]:
        return tuple(self.about["button_names"])

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the columns of `inventory`."""
        return tuple(self.about["items"])

    @property
    def equip_values(self) -> tuple[str, ...]:
        """What `equip` and `equipped` index."""
        return tuple(self.about["equip_values"])

    @property
    def meta(self) -> dict[str, Any]:
        """Where it came from and how it went: source, and success, score, seed where they are known."""
        return self.about["meta"]

    @cached_property
    def frames(self) -> np.ndarray:
        """(T+1, 3, size, size) uint8 RGB."""
        return self._map("frames")

    @cached_property
    def buttons(self) -> np.ndarray:
        """(T, B) uint8, 0 or 1, columns as in `button_names`."""
        return self._map("buttons")

    @cached_property
    def camera(self) -> np.ndarray:
        """(T, 2) float32: change of pitch and yaw in degrees."""
        return self._map("camera")

    @cached_property
    def equip(self) -> np.ndarray:
        """(T,) int16: the item asked for, an index into `equip_values` ("none": keep)."""
        return self._map("equip")

    @cached_property
    def inventory(self) -> np.ndarray:
        """(T+1, I) int32 counts, columns as in `items`."""
        return self._map("inventory")

    @cached_property
    def equipped(self) -> np.ndarray:
        """(T+1,) int16: the item in hand, an index into `equip_values`."""
        return self._map("equipped")

    def _map(self, name: str) -> np.ndarray:
        """Map an array without parsing its header, which costs ten times as much; its size must be exact."""
        path, size = self.folder / f"{name}.npy", self.about["size"]
        dtype, tail = {
            "frames": (np.uint8, (3, size, size)),
            "buttons": (np.uint8, (len(self.button_names),)),
            "camera": (np.float32, (2,)),
            "equip": (np.int16, ()),
            "inventory": (np.int32, (len(self.items),)),
            "equipped": (np.int16, ()),
        }[name]
        shape = (self.length + (name in ("frames", "inventory", "equipped")), *tail)
        count = math.prod(shape)
        try:
            with open(path, "rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: {error}; delete {self.folder} and ingest again") from error
        if len(data) != _NPY_HEADER + count * np.dtype(dtype).itemsize:
            raise UserError(f"{path}: not {shape}; delete {self.folder} and ingest again")
        return (
            np.frombuffer(data, dtype, count, _NPY_HEADER).reshape(shape) if count else np.zeros(shape, dtype)
        )


class Store:
    """A folder of decoded demonstrations, all of one frame size."""

    def __init__(self, path: Path, manifest: dict[str, Any]):
        self.path = path
        self.manifest = manifest

    @property
    def size(self) -> int:
        """Height and width of the frames, in pixels."""
        return self.manifest["size"]

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Open an existing store. Raises UserError where there is none."""
        path = Path(path)
        file = path / "manifest.json"
        try:
            manifest = json.loads(file.read_text())
            version = manifest["version"]
        except FileNotFoundError:
            raise UserError(f"{path}: no demo store here; make one with `basalt-iq data ingest`") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{file}: unreadable ({error}); restore it or ingest into a new store") from None
        if version != VERSION:
            raise UserError(f"{file}: format {version}, not {VERSION}; ingest into a new store")
        return cls(path, manifest)

    @classmethod
    def create(cls, path: str | Path, size: int = 64, **options: Any) -> Store:
        """Open the store at `path`, or make one. UserError if it has another size or other options."""
        path = Path(path)
        wanted = {"version": VERSION, "size": size, **options}
        if not (path / "manifest.json").exists():
            write_json(make_folder(path) / "manifest.json", wanted)
        store = cls.open(path)
        for key, value in wanted.items():
            held = store.manifest.get(key)
            if held != value:
                raise UserError(f"{path}: this store has {key} {held}, not {value}; use another --store")
        return store

    def select(self, task: str | None = None) -> list[Trajectory]:
        """The trajectories of a task (all without one), sorted by name."""
        folders = [self.path / task] if task else self._tasks()
        found = [
            Trajectory(folder, self._about(folder) | {"size": self.size})
            for parent in folders
            if parent.is_dir()
            for folder in parent.iterdir()
        ]
        return sorted(found, key=lambda trajectory: (trajectory.name, trajectory.task))

    def _tasks(self) -> list[Path]:
        return [entry for entry in self.path.iterdir() if entry.is_dir() and entry.name[0] != "."]

    @staticmethod
    def _about(folder: Path) -> dict[str, Any]:
        file = folder / "trajectory.json"
        try:
            return json.loads(file.read_text())
        except (OSError, ValueError) as error:
            raise UserError(f"{file}: unreadable ({error}); delete {folder} and ingest again") from None

    @contextlib.contextmanager
    def writer(self, name: str) -> Iterator[TrajectoryWriter]:
        """Write one trajectory: append frames, then `commit`. Without a commit nothing is left behind."""
        with scratch(self.path, name) as folder:
            writer = TrajectoryWriter(self, folder, name)
            try:
                yield writer
            finally:
                writer.close()


class TrajectoryWriter:
    """Frames as they are decoded, then everything else at once."""

    def __init__(self, store: Store, folder: Path, name: str):
        self.frames = 0
        self._store, self._folder, self._name = store, folder, name
        self._file = open(folder / "frames.npy", "wb")  # noqa: SIM115 - closed by `close`
        self._file.write(bytes(_NPY_HEADER))

    def append(self, frame: np.ndarray) -> None:
        """Add a frame (3, size, size) uint8."""
        size = self._store.size
        if frame.shape != (3, size, size) or frame.dtype != np.uint8:
            raise ValueError(f"frame of {frame.dtype}{frame.shape} in a store of (3, {size}, {size})")
        self._file.write(frame.tobytes())
        self.frames += 1

    def commit(self, steps: Steps) -> bool:
        """Put the trajectory in its place; False if another process did so first."""
        if self.frames != steps.length + 1:
            raise ValueError(f"{self.frames} frames for {steps.length} steps")
        self._write_header()
        self.close()
        for array in _ARRAYS:
            np.save(self._folder / f"{array}.npy", getattr(steps, array))
        about = {**steps.about(), "meta": steps.meta}
        (self._folder / "trajectory.json").write_text(json.dumps(about, indent=1))
        target = self._store.path / steps.task / self._name
        target.parent.mkdir(exist_ok=True)
        try:
            self._folder.rename(target)
        except OSError:
            if target.is_dir():
                return False
            raise
        return True

    def close(self) -> None:
        self._file.close()

    def _write_header(self) -> None:
        shape = (self.frames, 3, self._store.size, self._store.size)
        self._file.seek(0)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        assert self._file.tell() == _NPY_HEADER, "numpy pads this header to 128 bytes"

"""The 2021 layout: <EnvId>/<stream>/{recording.mp4, rendered.npz, metadata.json} (contract, section 2).

State k is video frame true_video_frame_count - (T+1) + k; action t was taken in state t.
"""

from __future__ import annotations

import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.contract import BUTTONS, MAX_STACK_SUM, TICK_SECONDS, Task
from basalt_iq.data.about import path_text
from basalt_iq.data.actions2022 import MAX_DEGREES, MOST_DEGREES, TURNED, within_half_turn
from basalt_iq.data.checksums import verify, write_sums
from basalt_iq.data.defects import DemoError, absence, blaming
from basalt_iq.data.foreign_json import read_meta
from basalt_iq.data.steps import Steps
from basalt_iq.data.videos import Sink, container_frames, frames_of

VIDEO, ARRAYS, META, SUMS = "recording.mp4", "rendered.npz", "metadata.json", "SHA256SUMS"
_HAND = "observation$equipped_items$mainhand$"
_COUNT = "observation$inventory$"
_MAX_MEMBER = 1 << 28
_SHOWN = 5
_UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, RuntimeError, SyntaxError),
    *(struct.error, zlib.error, zipfile.BadZipFile, NotImplementedError, OverflowError, tokenize.TokenError),
)


@dataclass(frozen=True)
class Stream2021:
    """One recorded demonstration: a folder of three files."""

    folder: Path
    task: Task | None
    names: tuple[str, str, str] = (VIDEO, ARRAYS, META)
    """Of its video, arrays and metadata."""
    era: int = 2021

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.names)

    @property
    def parts(self) -> tuple[str, ...]:
        """What a store knows it by."""
        return (self.name,)

    def files_of(self, part: str) -> tuple[Path, ...]:
        """The files of its one part."""
        return self.files

    def beyond(self, known: Collection[str]) -> list[Stream2021]:
        """What is left of it when the parts `known` are left out."""
        return [] if self.name in known else [self]

    def read(self, size: int, sink: Sink) -> Steps:
        """Send the T+1 frames to `sink` and return the steps. Raises DemoError."""
        for file in self.files:
            if absent := absence(file):
                raise DemoError(file, absent)
        if self.task is None:
            raise DemoError(self.folder, "no folder above it names its task", "give --task")
        verify(self.folder / SUMS)
        meta = self._read_meta()
        columns, remarks = Columns(self.files[1], _load(self.files[1])), list[str]()
        steps = columns.steps(self.task, remarks)
        self._hold_to(meta, steps)
        counts, seen = self._send(steps, meta["true_video_frame_count"], size, sink)
        told = [[str(self.files[1]), what] for what in remarks] + [[str(self.files[0]), w] for w in seen]
        steps.meta.update(meta, source=path_text(self.folder), video=counts, remarks=told)
        return steps

    def _read_meta(self) -> dict[str, Any]:
        file = self.files[2]
        meta = read_meta(file, "fetch it again or leave it out")
        frames = meta.get("true_video_frame_count")
        if not isinstance(frames, int) or isinstance(frames, bool) or not 2 <= frames < 1 << 40:
            raise DemoError(file, f"true_video_frame_count is {frames!r}, not a count of frames")
        return meta

    def _hold_to(self, meta: Mapping[str, Any], steps: Steps) -> None:
        claimed = meta.get("duration_steps", steps.length)
        if claimed != steps.length:
            raise DemoError(self.files[1], f"{steps.length} steps, but {META} says {claimed!r}")
        if meta["true_video_frame_count"] < steps.length + 1:
            wanted = meta["true_video_frame_count"]
            raise DemoError(self.files[2], f"{wanted} video frames cannot show {steps.length + 1} states")

    def _send(self, steps: Steps, wanted: int, size: int, sink: Sink) -> tuple[dict[str, int], list[str]]:
        file, lead_in = self.files[0], wanted - steps.length - 1
        decoded, last, remarks = 0, np.empty(0, np.uint8), list[str]()
        for decoded, frame in enumerate(frames_of(file, size, remarks), 1):
            if lead_in < decoded <= wanted:
                last = frame(None)
                sink(last)
        if decoded == wanted - 1 and decoded > lead_in:
            # MineRL's own reader repeats the last frame but one too; no action depends on it.
            sink(last)
        elif decoded < wanted:
            raise DemoError(file, f"breaks off: {decoded} frames decode of {wanted}")
        with blaming(file):
            claimed = container_frames(file)
        counts = {"decoded_frames": decoded, "container_frames": claimed, "lead_in_frames": lead_in}
        return counts | {"missing_frames": max(0, wanted - decoded)}, remarks


@dataclass(frozen=True)
class Columns:
    """The arrays of a rendered.npz, checked one by one as they are taken."""

    file: Path
    arrays: dict[str, np.ndarray]

    def steps(self, task: Task, remarks: list[str]) -> Steps:
        """All of them; what was read over goes to `remarks`."""
        length = len(self.take("action$camera", "fiu", (2,)))
        self.reward(length, remarks)
        remarks += self.unknown(task)
        buttons = [self.integers(f"action${button}", length, 1) for button in BUTTONS[2021]]
        counts = [self.integers(f"{_COUNT}{item}", length + 1, MAX_STACK_SUM) for item in task.items]
        return Steps(
            task=task.name,
            era=2021,
            button_names=BUTTONS[2021],
            buttons=np.stack(buttons, axis=1).astype(np.uint8),
            camera=self.camera(length, remarks),
            equip_values=task.equip,
            equip=self.names("action$equip", length, task.equip),
            equipped=self.names(f"{_HAND}type", length + 1, task.equip),
            items=task.items,
            inventory=np.stack(counts, axis=1).astype(np.int32),
            meta={"ended": bool(counts[task.items.index("snowball")][-1] == 0)},
        )

    def reward(self, rows: int, remarks: list[str]) -> None:
        """Nothing is learned from rewards: where they are odd, that is said and no more."""
        if "reward" not in self.arrays:
            remarks.append("no reward; none is needed")
            return
        array = self.take("reward", "fiu", (), rows, finite=False)
        odd = int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else 0
        remarks += [f"reward is not finite on {odd} ticks; it is not used"] * bool(odd)

    def unknown(self, task: Task) -> list[str]:
        """A word on what was done or held and means nothing here."""
        known = {f"action${name}" for name in (*BUTTONS[2021], "camera", "equip")}
        known |= {f"{_COUNT}{item}" for item in task.items}
        odd = {k: v for k, v in self.arrays.items() if k.startswith(("action$", _COUNT)) and k not in known}
        counts = {k: int(v.astype(bool).sum()) for k, v in odd.items() if v.dtype.kind in "biuf"}
        return [f"{key} means nothing here; not 0 on {n} ticks" for key, n in counts.items() if n][:_SHOWN]

    def take(
        self, key: str, kinds: str, tail: tuple[int, ...], rows: int | None = None, finite: bool = True
    ) -> np.ndarray:
        """The array of a key, of a dtype kind in `kinds`, shaped (rows, *tail)."""
        if key not in self.arrays:
            raise DemoError(
                self.file, f"no {key}", "it is not a demonstration of this task, or not all of it"
            )
        array = self.arrays[key]
        if array.dtype.kind not in kinds or array.ndim != 1 + len(tail) or array.shape[1:] != tail:
            raise DemoError(self.file, f"{key} is {array.dtype}{array.shape}")
        if rows is None and len(array) < 1:
            raise DemoError(self.file, f"{key} is empty")
        if rows is not None and len(array) != rows:
            raise DemoError(self.file, f"{key} has {len(array)} rows, not {rows}")
        if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array))[0, 0])
            raise DemoError(self.file, f"{key} is not finite at row {row}")
        return array

    def integers(self, key: str, rows: int, high: int) -> np.ndarray:
        array = self.take(key, "biuf" if high == 1 else "iuf", (), rows)
        wrong = (array < 0) | (array > high) | (array != np.rint(array))
        if wrong.any():
            at = int(np.argmax(wrong))
            raise DemoError(self.file, f"{key} is {array[at]} at row {at}, not a whole number of 0 to {high}")
        return array

    def camera(self, rows: int, remarks: list[str]) -> np.ndarray:
        array = self.take("action$camera", "fiu", (2,), rows).astype(np.float64)
        wrong = np.abs(array).max(axis=1) > MOST_DEGREES
        if wrong.any():
            at = int(np.argmax(wrong))
            raise DemoError(
                self.file, f"action$camera is {array[at].tolist()} degrees at row {at}, beyond {MOST_DEGREES}"
            )
        camera, turned = within_half_turn(array)
        if turned:
            remarks.append(f"turns by more than {MAX_DEGREES} degrees on {turned} ticks; {TURNED}")
        return camera.astype(np.float32)

    def names(self, key: str, rows: int, values: tuple[str, ...]) -> np.ndarray:
        array = self.take(key, "U", (), rows)
        index = {value: i for i, value in enumerate(values)}
        # An empty hand is "air", which the house task has no value for.
        index.setdefault("air", index["none"])
        unknown = sorted(set(array.tolist()) - set(index))
        if unknown:
            raise DemoError(self.file, f"{key} holds unknown items: {', '.join(map(repr, unknown[:5]))}")
        return np.array([index[value] for value in array.tolist()], np.int16)


def _load(file: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(file) as archive:
            large = [info.filename for info in archive.infolist() if info.file_size > _MAX_MEMBER]
            if large:
                raise DemoError(file, f"{large[0]} claims more than {_MAX_MEMBER >> 20} MiB")
        # Pickled arrays could run code: they are refused.
        with np.load(file, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except _UNREADABLE as error:
        raise DemoError(
            file, f"is no readable npz ({str(error).splitlines()[0] if str(error) else error!r})"
        ) from error


def write_stream(
    folder: Path, steps: Steps, wear: np.ndarray, video_frames: int, about: Mapping[str, Any]
) -> None:
    """Write rendered.npz, metadata.json and the checksums beside a recording.mp4 in `folder`.

    `wear` (T+1, 2) int64 is damage and maxDamage of the item in hand; `about` adds to the metadata.
    """
    hand = {
        "type": _strings(steps.equip_values, steps.equipped),
        "damage": wear[:, 0],
        "maxDamage": wear[:, 1],
    }
    arrays = {
        "reward": np.zeros(steps.length, np.float32),
        **{f"{_COUNT}{item}": steps.inventory[:, i] for i, item in enumerate(steps.items)},
        **{f"{_HAND}{key}": array for key, array in hand.items()},
        **{f"action${name}": steps.buttons[:, i] for i, name in enumerate(steps.button_names)},
        "action$camera": steps.camera,
        "action$equip": _strings(steps.equip_values, steps.equip),
    }
    np.savez_compressed(folder / ARRAYS, **arrays)  # type: ignore[arg-type]
    meta = {
        "success": True,
        "duration_ms": round(steps.length * TICK_SECONDS * 1000),
        "duration_steps": steps.length,
        "total_reward": 0.0,
        "stream_name": folder.name,
        "true_video_frame_count": video_frames,
        **about,
    }
    (folder / META).write_text(json.dumps(meta, indent=1))
    write_sums(folder / SUMS, [folder / name for name in (VIDEO, ARRAYS, META)])


def _strings(values: tuple[str, ...], indices: np.ndarray) -> np.ndarray:
    return np.array(values)[indices]

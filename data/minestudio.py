"""What MineStudio's recorder writes: `episode_<N>.mp4` and beside it `episode_<N>_action.json`.

The video has the frame of the reset and one after every step. The list of actions has an empty object for the
reset, then those of MineRL 1.0's action space: the one at place k was taken between frames k - 1 and k. A
recording that was begun in the midst of an episode has no empty object, and one that was stopped in the midst
has no frame after its last action.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.contract import BUTTONS, Task
from basalt_iq.data.about import path_text
from basalt_iq.data.actions2022 import ATTACK, ESC, MOST_DEGREES, NAMES, TURNED, within_half_turn
from basalt_iq.data.defects import DemoError, absence, blaming
from basalt_iq.data.steps import Steps
from basalt_iq.data.videos import Sink, container_frames, frames_of
from basalt_iq.records import read_bytes

#: Ends the name of an action file, where a video's ends with its suffix.
ACTIONS = "_action.json"
#: How the recorder names its videos, with actions or without.
VIDEO_NAME = re.compile(r"episode_\d+")
_MOST_BYTES = 256 << 20
_CAMERA = "camera"
#: Its space has these besides, which mean nothing to ours.
_BESIDES = {"chat", "voxels", "mobs", "prev_action", _CAMERA}


@dataclass(frozen=True)
class MinestudioDemo:
    """One episode of the recorder: its video and its actions."""

    video: Path
    actions: Path
    task: Task | None
    era: int = 2022

    @property
    def name(self) -> str:
        return self.video.stem

    @property
    def files(self) -> tuple[Path, ...]:
        return self.video, self.actions

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.name,)

    def files_of(self, part: str) -> tuple[Path, ...]:
        return self.files

    def beyond(self, known: Collection[str]) -> list[MinestudioDemo]:
        """What is left of it when the parts `known` are left out."""
        return [] if self.name in known else [self]

    def read(self, size: int, sink: Sink) -> Steps:
        """Send the T+1 frames to `sink` and return the steps. Raises DemoError."""
        for file, other in ((self.video, self.actions), (self.actions, self.video)):
            if absent := absence(file):
                raise DemoError(file, absent, f"restore it; {other.name} alone teaches nothing")
        if self.task is None:
            raise DemoError(self.video, "no folder above it names its task", "give --task")
        buttons, camera, remarks = read_actions(self.actions)
        seen, odd, last = list[str](), 0, np.empty(0, np.uint8)
        for decoded, frame in enumerate(frames_of(self.video, size, seen), 1):
            if decoded <= len(buttons) + 1:
                last = frame(None)
                sink(last)
            odd = decoded - len(buttons) - 1
        if odd not in (0, -1):
            raise DemoError(
                self.video, f"{odd + len(buttons) + 1} frames, but {len(buttons)} actions in its file"
            )
        if odd == -1:
            sink(last)  # nothing was seen after the last action; no action depends on what this repeats
        told = [[str(self.actions), what] for what in remarks] + [[str(self.video), what] for what in seen]
        return self._steps(self.task, buttons, camera, odd, told)

    def _steps(
        self, task: Task, buttons: np.ndarray, camera: np.ndarray, odd: int, remarks: list[list[str]]
    ) -> Steps:
        length = len(buttons)
        ended = bool(buttons[-1, ESC])
        buttons[:-1, ESC] = 0  # as in the reader of 2022: only the last one ends an episode
        with blaming(self.video):
            claimed = container_frames(self.video)
        video = {"decoded_frames": length + 1 + odd, "container_frames": claimed, "missing_frames": -odd}
        recorded = {
            "ticks": length,
            "attack_recorded": int(buttons[:, ATTACK].sum()),
            "camera_ticks": int(camera.any(axis=1).sum()),
            "null_ticks": int((~buttons.any(axis=1) & ~camera.any(axis=1)).sum()),
        }
        return Steps(
            task=task.name,
            era=self.era,
            button_names=BUTTONS[self.era],
            buttons=buttons,
            camera=camera,
            equip_values=("none",),
            equip=np.zeros(length, np.int16),
            equipped=np.zeros(length + 1, np.int16),
            items=(),
            inventory=np.zeros((length + 1, 0), np.int32),
            meta={
                "recorder": "minestudio", "source": path_text(self.video.with_suffix("")), "ended": ended,
                "video": video, "recorded_actions": recorded, "remarks": remarks,
            },
        )  # fmt: skip


def read_actions(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Buttons (T, 23) uint8, camera (T, 2) float32 degrees, and what was read over. Raises DemoError."""
    rows = _rows(path)
    rows = rows[1:] if rows and not rows[0] else rows
    if not rows:
        raise DemoError(path, "holds no action")
    buttons, camera = np.zeros((len(rows), len(NAMES)), np.uint8), np.zeros((len(rows), 2))
    unknown: Counter[str] = Counter()
    i = 0
    try:
        for i, row in enumerate(rows):
            buttons[i] = [_pressed(row, name) for name in NAMES]
            camera[i] = _degrees(row)
            unknown.update(name for name in row if name not in NAMES and name not in _BESIDES and row[name])
    except (ValueError, TypeError) as error:
        raise DemoError(path, f"action {i + 1}: {error}") from None
    degrees, turned = within_half_turn(camera)
    remarks = [f"turns by more than 180 degrees on {turned} ticks; {TURNED}"] if turned else []
    remarks += [f"{name} means nothing here; {n} times" for name, n in unknown.most_common(5)]
    return buttons, degrees.astype(np.float32), remarks


def _rows(path: Path) -> Sequence[dict[str, Any]]:
    try:
        rows = json.loads(read_bytes(path, _MOST_BYTES).decode("utf-8-sig"))
    except OSError as error:
        raise DemoError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    except (ValueError, RecursionError) as error:
        raise DemoError(path, f"is no JSON ({str(error)[:200]})") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DemoError(path, "is no list of actions")
    if any(not row for row in rows[1:]):
        raise DemoError(path, f"action {next(i for i, row in enumerate(rows) if i and not row)} is empty")
    return rows


def _pressed(row: dict[str, Any], name: str) -> int:
    """Whether a key is down: a number, alone or in a list, as arrays become."""
    value = row.get(name, 0)
    while isinstance(value, list) and len(value) == 1:
        (value,) = value
    if value not in (0, 1):
        raise ValueError(f"{name} is {str(value)[:60]!r}, not 0 or 1")
    return int(value)


def _degrees(row: dict[str, Any]) -> np.ndarray:
    camera = np.asarray(row.get(_CAMERA, (0.0, 0.0)), np.float64).reshape(-1)
    if camera.shape != (2,) or not (np.abs(camera) <= MOST_DEGREES).all():
        raise ValueError(f"camera is {str(row[_CAMERA])[:60]}, not two numbers of degrees")
    return camera

"""The 2022 layout: pairs <alias>-<session>-<YYYYMMDD>-<HHMMSS>.{mp4,jsonl} of at most 5 minutes.

A demo is the pairs of one alias and session in order of time. Line t of an action file belongs to
video frame t. See the contract, section 2, for the quirks that are numbered here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.contract import BUTTONS, Task
from basalt_iq.data.actions2022 import ESC, Actions, ending, read_actions, write_actions
from basalt_iq.data.checksums import verify, write_sums
from basalt_iq.data.cursor import draw_cursor
from basalt_iq.data.defects import DemoError, blaming
from basalt_iq.data.steps import Steps
from basalt_iq.frames import Sink
from basalt_iq.video import container_frames, decode, to_rgb

CHUNK_TICKS = 6000
_NAME = re.compile(r"(?P<demo>.+)-(?P<time>\d{8}-\d{6})")
_TIME = "%Y%m%d-%H%M%S"
#: A chunk is 5 minutes: one that starts later than this after the one before follows on a gap.
_NEXT_CHUNK = timedelta(minutes=5, seconds=30)


@dataclass(frozen=True)
class Pair:
    """One chunk: a path without its suffix."""

    stem: Path

    @property
    def video(self) -> Path:
        return self.stem.with_name(self.stem.name + ".mp4")

    @property
    def actions(self) -> Path:
        return self.stem.with_name(self.stem.name + ".jsonl")

    @property
    def sums(self) -> Path:
        return self.stem.with_name(self.stem.name + ".sha256")

    @property
    def about(self) -> Path:
        """What our recorder knows of the demo that begins here."""
        return self.stem.with_name(self.stem.name + ".json")

    @property
    def demo(self) -> str:
        """What all chunks of a demo share: alias and session."""
        match = _NAME.fullmatch(self.stem.name)
        return match["demo"] if match else self.stem.name

    @property
    def time(self) -> datetime | None:
        match = _NAME.fullmatch(self.stem.name)
        try:
            return datetime.strptime(match["time"], _TIME) if match else None
        except ValueError:
            return None


@dataclass(frozen=True)
class Demo2022:
    """Consecutive chunks of one demonstration."""

    pairs: tuple[Pair, ...]
    task: Task | None
    first: bool = True
    """Begins the recording: slot 1 is held."""
    last: bool = True
    """Ends it."""
    era: int = 2022

    @property
    def name(self) -> str:
        return self.pairs[0].stem.name

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(file for pair in self.pairs for file in (pair.video, pair.actions))

    @property
    def parts(self) -> tuple[str, ...]:
        """What a store knows its chunks by."""
        return tuple(pair.stem.name for pair in self.pairs)

    def beyond(self, known: Collection[str]) -> list[Demo2022]:
        """The runs of chunks that are left when the parts `known` are left out."""
        runs: list[Demo2022] = []
        for i, pair in enumerate(self.pairs):
            if pair.stem.name in known:
                continue
            first, last = self.first and i == 0, self.last and i == len(self.pairs) - 1
            if runs and runs[-1].pairs[-1] == self.pairs[i - 1]:
                runs[-1] = replace(runs[-1], pairs=(*runs[-1].pairs, pair), last=last)
            else:
                runs.append(replace(self, pairs=(pair,), first=first, last=last))
        return runs

    def read(self, size: int, sink: Sink) -> Steps:
        """Send the T+1 frames to `sink` and return the steps. Raises DemoError naming the bad chunk."""
        chunks = self.read_actions()
        if self.task is None:
            raise DemoError(self.pairs[0].stem, "no folder above it names its task", "give --task")
        end = ending(chunks[-1]) if self.last else None
        used, counts = [], []
        for pair, actions in zip(self.pairs, chunks, strict=True):
            final = pair is self.pairs[-1]
            keep = len(actions) if not final or end is None else end + 1
            video = _Video(pair, actions, size, final)
            video.send(sink, keep + final)
            used.append(_take(actions, min(keep, video.decoded)))
            counts.append(video.counts)
        if video.sent == len(used[-1]):
            # Nothing was seen after the last action; no action depends on what this repeats.
            sink(video.pixels)
        return self._steps(self.task, used, ended=end is not None, video=counts)

    def read_actions(self) -> list[Actions]:
        """The actions of every chunk. Raises DemoError."""
        chunks: list[Actions] = []
        hotbar = 0 if self.first else None
        for pair in self.pairs:
            for file, other in ((pair.actions, pair.video), (pair.video, pair.actions)):
                if not file.is_file():
                    raise DemoError(file, "missing", f"fetch it, or delete {other}")
            verify(pair.sums)
            chunks.append(read_actions(pair.actions, hotbar))
            hotbar = chunks[-1].last_hotbar
        return chunks

    def _steps(self, task: Task, chunks: Sequence[Actions], **meta: Any) -> Steps:
        buttons = np.concatenate([chunk.buttons for chunk in chunks])
        # Any ESC but the ending closed a menu in the recording, and would end an episode in play (quirk 6).
        buttons[:-1, ESC] = 0
        if not meta["ended"]:
            buttons[-1, ESC] = 0
        length = len(buttons)
        return Steps(
            task=task.name,
            era=2022,
            button_names=BUTTONS[2022],
            buttons=buttons,
            camera=np.concatenate([chunk.camera for chunk in chunks]),
            equip_values=("none",),
            equip=np.zeros(length, np.int16),
            equipped=np.zeros(length + 1, np.int16),
            items=(),
            inventory=np.zeros((length + 1, 0), np.int32),
            meta=self._meta(chunks) | meta,
        )

    def _meta(self, chunks: Sequence[Actions]) -> dict[str, Any]:
        recorded = _read_about(self.pairs[0].about)
        totals = {key: sum(chunk.counts[key] for chunk in chunks) for key in chunks[0].counts}
        return {**recorded, "source": str(self.pairs[0].stem), "recorded_actions": totals}


class _Video:
    """Decodes one chunk beside its actions."""

    def __init__(self, pair: Pair, actions: Actions, size: int, final: bool):
        self.decoded = self.sent = 0
        self.pixels = np.zeros(0, np.uint8)
        self._pair, self._actions, self._size, self._final = pair, actions, size, final

    @property
    def counts(self) -> dict[str, int]:
        return {
            "decoded_frames": self.decoded,
            "container_frames": container_frames(self._pair.video),
            "missing_frames": max(0, len(self._actions) - self.decoded),
            "frames_left_out": max(0, self.decoded - len(self._actions) - self._final),
        }

    def send(self, sink: Sink, keep: int) -> None:
        """Send the first `keep` frames, and hold the length of the video against the actions."""
        file, lines = self._pair.video, len(self._actions)
        with blaming(file):
            for self.decoded, frame in enumerate(decode(file), 1):
                if min(frame.width, frame.height) < self._size:
                    size = f"{frame.width}x{frame.height}"
                    raise DemoError(file, f"frames of {size}", f"ingest with --size below {self._size}")
                if self.decoded <= keep:
                    self.pixels = to_rgb(frame, self._size, self._draw(self.decoded - 1))
                    sink(self.pixels)
                    self.sent += 1
        if abs(self.decoded - lines) > 1 or not self.decoded:
            raise DemoError(file, f"{self.decoded} frames, but {self._pair.actions.name} has {lines} ticks")

    def _draw(self, tick: int) -> Any:
        if tick >= len(self._actions) or not self._actions.gui[tick]:
            return None
        x, y = self._actions.cursor[tick].tolist()
        return lambda planes: draw_cursor(planes, x, y)


def _take(actions: Actions, count: int) -> Actions:
    parts = {name: getattr(actions, name)[:count] for name in ("buttons", "camera", "cursor")}
    return replace(actions, **parts)


def _read_about(file: Path) -> dict[str, Any]:
    try:
        about = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise DemoError(file, f"is no JSON ({error})", "delete it to read on without") from error
    if not isinstance(about, dict):
        raise DemoError(file, "is no JSON object", "delete it to read on without")
    return about


def group(stems: Collection[Path]) -> Iterator[tuple[Pair, ...]]:
    """The chunks of each demo in order of time, split where time leaves a gap."""
    demos: dict[tuple[Path, str], list[Pair]] = {}
    for stem in sorted(stems):
        pair = Pair(stem)
        demos.setdefault((stem.parent, pair.demo if pair.time else stem.name), []).append(pair)
    for pairs in demos.values():
        run: list[Pair] = []
        for pair in sorted(pairs, key=lambda pair: pair.time or datetime.min):
            if run and pair.time and run[-1].time and pair.time - run[-1].time > _NEXT_CHUNK:
                yield tuple(run)
                run = []
            run.append(pair)
        yield tuple(run)


def write_actions_of(
    pairs: Sequence[Pair], steps: Steps, about: Mapping[str, Any], sizes: Sequence[int] | None = None
) -> None:
    """Write action files, what is known `about` the demo, and checksums beside the videos of its chunks.

    `sizes` are the ticks of each chunk, full chunks unless told.
    """
    full = range(CHUNK_TICKS, steps.length, CHUNK_TICKS)
    cuts = np.cumsum(sizes)[:-1] if sizes else list(full)
    parts = zip(pairs, np.split(steps.buttons, cuts), np.split(steps.camera, cuts), strict=True)
    hotbar, held = 0, np.zeros(len(BUTTONS[2022]), np.uint8)
    for i, (pair, buttons, camera) in enumerate(parts):
        hotbar = write_actions(pair.actions, buttons, camera, held, hotbar)
        held = buttons[-1]
        files = [pair.video, pair.actions]
        if i == 0:
            pair.about.write_text(json.dumps(dict(about), indent=1))
            files.append(pair.about)
        write_sums(pair.sums, files)


def chunk_stems(folder: Path, demo: str, start: datetime, steps: int) -> list[Pair]:
    """The pairs a demo of `steps` ticks is written to, 5 minutes apart."""
    count = -(-steps // CHUNK_TICKS)
    times = [start + timedelta(minutes=5 * i) for i in range(count)]
    return [Pair(folder / f"{demo}-{time.strftime(_TIME)}") for time in times]

"""The 2022 layout: pairs <alias>-<session>-<YYYYMMDD>-<HHMMSS>.{mp4,jsonl} of at most 5 minutes.

A demo is the pairs of one alias and session in order of time. Line t of an action file belongs to
video frame t. See the contract, section 2, for the quirks that are numbered here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.contract import BUTTONS, Task
from basalt_iq.data.about import path_text
from basalt_iq.data.actions2022 import ESC, KEYS, OTHER_BUTTON, Actions, ending, read_actions, write_actions
from basalt_iq.data.checksums import verify, write_sums
from basalt_iq.data.cursor import draw_cursor
from basalt_iq.data.defects import DemoError, Finding, Parted, absence, blaming
from basalt_iq.data.foreign_json import read_meta
from basalt_iq.data.steps import Steps
from basalt_iq.data.videos import Sink, container_frames, frames_of

CHUNK_TICKS = 6000
_NAME = re.compile(r"(?P<demo>.+)-(?P<time>\d{8}-\d{6})")
_TIME = "%Y%m%d-%H%M%S"
#: A chunk is 5 minutes: one that starts later than this after the one before follows on a gap.
_NEXT_CHUNK = timedelta(minutes=5, seconds=30)
#: Where ticks are missing more often, nothing of use is left in between.
MOST_CUTS = 20
#: Share of ticks on which unknown keys are held that is no accident.
_MANY_UNKNOWN = 0.05


@dataclass(frozen=True)
class Pair:
    """One chunk: a path without its suffix, and the suffixes of its files."""

    stem: Path
    video_suffix: str = ".mp4"
    actions_suffix: str = ".jsonl"

    @property
    def video(self) -> Path:
        return self.stem.with_name(self.stem.name + self.video_suffix)

    @property
    def actions(self) -> Path:
        return self.stem.with_name(self.stem.name + self.actions_suffix)

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
    rows: tuple[tuple[int, int], ...] = ()
    """Of a run between missing ticks: which rows of each chunk's actions it takes."""
    era: int = 2022

    @property
    def name(self) -> str:
        name = self.pairs[0].stem.name
        return f"{name}+{self.rows[0][0]}" if self.rows and self.rows[0][0] else name

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(file for pair in self.pairs for file in (pair.video, pair.actions))

    @property
    def parts(self) -> tuple[str, ...]:
        """What a store knows its chunks by."""
        return tuple(pair.stem.name for pair in self.pairs)

    def files_of(self, part: str) -> tuple[Path, ...]:
        """The files of one of the parts."""
        (pair,) = (pair for pair in self.pairs if pair.stem.name == part)
        return pair.video, pair.actions

    def beyond(self, known: Collection[str]) -> list[Demo2022]:
        """The runs of chunks that are left when the parts `known` are left out."""
        runs: list[Demo2022] = []
        for i, pair in enumerate(self.pairs):
            if pair.stem.name in known or self.rows:
                continue
            first, last = self.first and i == 0, self.last and i == len(self.pairs) - 1
            if runs and runs[-1].pairs[-1] == self.pairs[i - 1]:
                runs[-1] = replace(runs[-1], pairs=(*runs[-1].pairs, pair), last=last)
            else:
                runs.append(replace(self, pairs=(pair,), first=first, last=last))
        return runs

    def read(self, size: int, sink: Sink) -> Steps:
        """Send the T+1 frames to `sink` and return the steps.

        Raises DemoError naming the bad chunk, or Parted where ticks are missing.
        """
        chunks = self.read_actions()
        if self.task is None:
            raise DemoError(self.pairs[0].stem, "no folder above it names its task", "give --task")
        self._refuse_unknown_keys(chunks)
        if not self.rows:
            self._part(chunks)
        rows = self.rows or [(0, len(actions)) for actions in chunks]
        ends = self.last and rows[-1][1] == len(chunks[-1])
        end = ending(chunks[-1]) if ends else None
        used, counts, remarks = [], [], self._remarks(chunks)
        videos = [
            Chunk(pair, actions, size, pair is self.pairs[-1])
            for pair, actions in zip(self.pairs, chunks, strict=True)
        ]
        last = videos[-1]
        for pair, video, actions, (first, stop) in zip(self.pairs, videos, chunks, rows, strict=True):
            final = video is last
            keep = stop if not final or end is None else end + 1
            video.send(sink, first, keep, one_more=final and stop == len(actions))
            used.append(actions.piece(first, first + min(keep - first, video.shown)))
            counts.append(video.counts)
            remarks += [[str(pair.video), what] for what in video.remarks]
        if last.sent == len(used[-1]):
            # Nothing was seen after the last action; no action depends on what this repeats.
            sink(last.pixels)
        return self._steps(self.task, used, ended=end is not None, video=counts, remarks=remarks)

    def read_actions(self) -> list[Actions]:
        """The actions of every chunk. Raises DemoError."""
        chunks: list[Actions] = []
        hotbar = 0 if self.first else None
        for pair in self.pairs:
            for file, other in ((pair.actions, pair.video), (pair.video, pair.actions)):
                if absent := absence(file):
                    raise DemoError(file, absent, f"fetch it; {other.name} alone teaches nothing")
            verify(pair.sums)
            chunks.append(read_actions(pair.actions, hotbar))
            hotbar = chunks[-1].last_hotbar
        return chunks

    def _part(self, chunks: Sequence[Actions]) -> None:
        """Raise Parted where ticks are missing within a chunk: a run ends there, and another begins."""
        pieces = [(i, piece) for i, actions in enumerate(chunks) for piece in actions.pieces]
        if len(pieces) == len(chunks):
            return
        if len(pieces) > len(chunks) + MOST_CUTS:
            raise DemoError(self._worst(chunks).actions, f"ticks are missing in more than {MOST_CUTS} places")
        findings, runs = [], [[pieces[0]]]
        for i, (first, stop) in pieces[1:]:
            if first == 0:
                runs[-1].append((i, (first, stop)))
                continue
            runs.append([(i, (first, stop))])
            lost = int(chunks[i].tick[first] - chunks[i].tick[first - 1] - 1)
            what = f"{lost} ticks are missing before line {chunks[i].line[first] + 1}; parted there"
            findings.append(Finding(str(self.pairs[i].actions), what, fault=False))
        raise Parted([self._run(run, run is runs[0], run is runs[-1]) for run in runs], findings)

    def _run(self, run: list[tuple[int, tuple[int, int]]], first: bool, last: bool) -> Demo2022:
        pairs = tuple(self.pairs[i] for i, _ in run)
        begins = self.first and first
        return replace(
            self, pairs=pairs, first=begins, last=self.last and last, rows=tuple(rows for _, rows in run)
        )

    def _worst(self, chunks: Sequence[Actions]) -> Pair:
        return max(zip(self.pairs, chunks, strict=True), key=lambda both: len(both[1].pieces))[0]

    def _refuse_unknown_keys(self, chunks: Sequence[Actions]) -> None:
        """Raise DemoError where keys were held and none of them is known: it would teach to stand still."""
        strange = [
            {key: n for key, n in chunk.unknown_keys.items() if not key.startswith(OTHER_BUTTON)}
            for chunk in chunks
        ]
        held = sum(max(keys.values(), default=0) for keys in strange)
        names = {name for name in KEYS.values() if not name.startswith("hotbar")}
        keys = [i for i, name in enumerate(BUTTONS[2022]) if name in names]
        known = any(chunk.buttons[:-1, keys].any() for chunk in chunks)
        if not known and held > _MANY_UNKNOWN * sum(map(len, chunks)):
            unknown = ", ".join(sorted({key for keys in strange for key in keys})[:5])
            what = f"none of the keys held is known ({unknown})"
            raise DemoError(self.pairs[0].actions, what, "name them as in key.keyboard.w (docs/data.md)")

    def _remarks(self, chunks: Sequence[Actions]) -> list[list[str]]:
        """[file, what was read over] of the action files."""
        found = []
        for pair, actions in zip(self.pairs, chunks, strict=True):
            texts = list(actions.remarks)
            for key, count in Counter(actions.unknown_keys).most_common(5):
                texts.append(f"{key} means nothing here; held on {count / len(actions):.1%} of ticks")
            found += [[str(pair.actions), text] for text in texts]
        return found

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
        recorded = read_meta(self.pairs[0].about) if self.pairs[0].about.exists() else {}
        totals: Counter[str] = Counter()
        for chunk, (first, _) in zip(chunks, self.rows or [(0, 0)] * len(chunks), strict=True):
            totals.update(chunk.counts if first == 0 else {})
        return {**recorded, "source": path_text(self.pairs[0].stem), "recorded_actions": dict(totals)}


class Chunk:
    """Decodes one chunk's video beside its actions."""

    def __init__(self, pair: Pair, actions: Actions, size: int, final: bool):
        self.decoded = self.sent = 0
        self.pixels = np.zeros(0, np.uint8)
        self.remarks: list[str] = []
        self._pair, self._actions, self._size, self._final = pair, actions, size, final
        self._first = 0
        self._lines = int(actions.line[-1]) + 1

    @property
    def shown(self) -> int:
        """Actions, from the first taken on, that have a frame."""
        return max(0, self.decoded - self._first)

    @property
    def counts(self) -> dict[str, int]:
        with blaming(self._pair.video):
            claimed = container_frames(self._pair.video)
        return {
            "decoded_frames": self.decoded,
            "container_frames": claimed,
            "missing_frames": max(0, self._lines - self.decoded),
            "frames_left_out": max(0, self.decoded - self._lines - self._final),
        }

    def send(self, sink: Sink, first: int, stop: int, one_more: bool) -> None:
        """Send the frames of the actions' rows `first` to before `stop`, and with `one_more` the next.

        Raises DemoError where the length of the video does not fit the actions.
        """
        index = self._frame_of_row()
        self._first = int(index[first])
        until = self._first + stop - first + one_more
        for at, frame in enumerate(frames_of(self._pair.video, self._size, self.remarks)):
            self.decoded = at + 1
            if self._first <= at < until:
                self.pixels = frame(self._draw(int(np.searchsorted(index, at)), at, index))
                sink(self.pixels)
                self.sent += 1
        if abs(self.decoded - self._lines) > 1 or not self.decoded:
            what = f"{self.decoded} frames, but {self._pair.actions.name} has {self._lines} ticks"
            raise DemoError(self._pair.video, what)

    def _frame_of_row(self) -> np.ndarray:
        """The video's frame of each row. Where ticks are missing the video may have them or not."""
        line, tick = self._actions.line, self._actions.tick
        if np.array_equal(tick, line):
            return line
        decoded = sum(1 for _ in frames_of(self._pair.video, self._size, []))
        by_line, by_tick = (abs(decoded - int(index[-1]) - 1) for index in (line, tick))
        if min(by_line, by_tick) > 1 or by_line == by_tick:
            what = f"{decoded} frames, but {self._pair.actions.name} has {self._lines} ticks"
            raise DemoError(self._pair.video, f"{what}, some of them missing")
        self._lines = int((line if by_line < by_tick else tick)[-1]) + 1
        return line if by_line < by_tick else tick

    def _draw(self, row: int, at: int, index: np.ndarray) -> Any:
        if row >= len(index) or index[row] != at or not self._actions.gui[row]:
            return None
        x, y = self._actions.cursor[row].tolist()
        return lambda planes: draw_cursor(planes, x, y)


def group(found: Collection[Pair]) -> Iterator[tuple[Pair, ...]]:
    """The chunks of each demo in order of time, split where time leaves a gap."""
    demos: dict[tuple[Path, str], list[Pair]] = {}
    for pair in sorted(found, key=lambda pair: pair.stem):
        demos.setdefault((pair.stem.parent, pair.demo if pair.time else pair.stem.name), []).append(pair)
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

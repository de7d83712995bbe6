"""The browser for demonstrations: thousands of them, filtered, sorted, watched, noted and excluded."""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from basalt_iq.data.marks import Marks, Note, mark, read_marks
from basalt_iq.data.store import Store, Trajectory
from basalt_iq.errors import UserError
from basalt_iq.pages import render
from basalt_iq.server import as_json, as_page, read_body, refusal
from basalt_iq.video import VideoWriter
from basalt_iq.watch.packing import pack_arrays
from basalt_iq.watch.report import TEMPLATES

#: Videos kept drawn at once.
_VIDEOS = 24
#: Moments of a demonstration that are looked at for standing against an obstacle.
_LOOKS = 32
#: Mean difference of two frames, in grey levels, below which nothing moved.
_STILL = 0.5


@dataclass(frozen=True)
class DemoRow:
    """A demonstration as the list shows it."""

    id: int
    name: str
    task: str
    era: int
    steps: int
    success: bool | None
    idle: float
    """Share of ticks on which nothing is done."""
    stuck: float | None
    """Share of looked-at ticks with forward held and nothing moving; None where it is not known yet."""
    outlier: list[str] = field(default_factory=list)
    """What is odd about it, in words."""
    excluded: bool = False
    note: str = ""


@dataclass(frozen=True)
class Page:
    """Some rows of those that were asked for."""

    rows: list[DemoRow]
    total: int
    all: int
    looked: int
    """Demonstrations whose frames were looked at by now."""
    tasks: list[str]
    excluded: int


@dataclass(frozen=True)
class MarkMessage:
    """What the page says of a demonstration."""

    id: int
    excluded: bool
    note: Note = ""


class Browser:
    """A store's demonstrations. A context manager: it looks at frames in the background meanwhile."""

    def __init__(self, store: Path, task: str | None = None):
        self.path = store
        self.demos: list[Trajectory] = Store.open(store).select(task)
        if not self.demos:
            raise UserError(f"{store}: no demonstrations; fill it with `basalt-iq data ingest`")
        self.marks: Marks = read_marks(store)
        self._twins = _twins(self.demos)
        self._rows = [self._row(i, one) for i, one in enumerate(self.demos)]
        self._lengths = _medians(self._rows)
        self._lock, self._over = threading.Lock(), threading.Event()
        self._looking = threading.Thread(target=self._look, name="look", daemon=True)

    def __enter__(self) -> Browser:
        self._folder = tempfile.TemporaryDirectory(prefix="basalt-iq-browse-")
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()
        self._folder.cleanup()

    @property
    def routes(self) -> list[BaseRoute]:
        title = f"Demonstrations · {self.path.name}"
        return [
            Route("/", lambda _: as_page(render(TEMPLATES, "browse.html", title=title))),
            Route("/demos", lambda request: as_json(self.page(dict(request.query_params)))),
            Route("/demo/{id:int}", self._one),
            Route("/video/{id:int}.mp4", self._video),
            Route("/mark", self._mark, methods=["POST"]),
        ]

    def page(self, asked: dict[str, str]) -> Page:
        """Rows `offset` to `offset + limit` of those that are asked for, and how many there are.

        ``search`` in name and note; ``show`` all, odd, excluded, noted, succeeded or failed; ``task``;
        ``sort`` name, steps, idle or stuck, ``order`` down for the largest first.
        """
        words, show, task = asked.get("search", "").lower(), asked.get("show", "all"), asked.get("task", "")
        rows = [row for row in map(self.told, range(len(self.demos))) if _fits(row, words, show, task)]
        key = asked.get("sort", "name")
        if key in ("steps", "idle", "stuck"):
            rows.sort(key=lambda row: (getattr(row, key) or 0, row.name))
        if asked.get("order") == "down":
            rows.reverse()
        first, count = _number(asked.get("offset"), 0), min(500, _number(asked.get("limit"), 100))
        looked = sum(row.stuck is not None for row in self._rows)
        shown = rows[first : first + count]
        return Page(
            shown, len(rows), len(self._rows), looked, sorted(self._lengths), len(self.marks.excluded)
        )

    def told(self, index: int) -> DemoRow:
        """A row with all that is known of it by now."""
        row, mark_ = self._rows[index], self.marks.demos.get(self.demos[index].digest)
        odd = list(_odd(row, self._lengths[row.task]))
        if (twin := self._twins.get(index)) is not None:
            odd.append(f"the same actions as {self.demos[twin].name}")
        row = replace(row, outlier=odd)
        return replace(row, excluded=mark_.excluded, note=mark_.note) if mark_ else row

    def _row(self, index: int, one: Trajectory) -> DemoRow:
        counts = one.counts()
        idle = counts.noops / counts.ticks if counts.ticks else 0.0
        return DemoRow(index, one.name, one.task, one.era, one.length, one.success, round(idle, 4), None)

    def _look(self) -> None:
        """Read a few frames of every demonstration: is forward held without anything moving?"""
        for index, one in enumerate(self.demos):
            if self._over.is_set():
                return
            try:
                stuck = _stuck(one)
            except UserError:
                stuck = 0.0
            self._rows[index] = replace(self._rows[index], stuck=stuck)

    def _one(self, request: Request) -> Response:
        """All that the page draws of one demonstration."""
        found = self._found(request)
        if found is None:
            return refusal("not found", HTTPStatus.NOT_FOUND)
        index, one = found
        arrays = {"buttons": one.buttons, "camera": one.camera, "equip": one.equip}
        facts = {"steps": one.length, "button_names": one.button_names, "equip_values": one.equip_values}
        meta = {key: value for key, value in one.meta.items() if isinstance(value, str | int | float | bool)}
        reasons = [str(reason) for reason in one.meta.get("reasons", [])]
        body = {"row": self.told(index), "facts": facts, "meta": meta, "reasons": reasons}
        return as_json(body | {"arrays": pack_arrays(one.length, arrays), "digest": one.digest})

    def _video(self, request: Request) -> Response:
        found = self._found(request)
        if found is None:
            return refusal("not found", HTTPStatus.NOT_FOUND)
        index, one = found
        path = Path(self._folder.name) / f"{index}.mp4"
        with self._lock:
            if not path.exists():
                _draw(one, path)
                for old in sorted(path.parent.glob("*.mp4"), key=lambda p: p.stat().st_mtime)[:-_VIDEOS]:
                    old.unlink()
        return FileResponse(path, media_type="video/mp4")

    async def _mark(self, request: Request) -> Response:
        word = await read_body(request, MarkMessage)
        if not 0 <= word.id < len(self.demos):
            return refusal("no such demonstration")
        mark(self.path, self.demos[word.id], excluded=word.excluded, note=word.note.strip())
        self.marks = read_marks(self.path)
        return as_json({"row": self.told(word.id), "excluded": len(self.marks.excluded)})

    def _found(self, request: Request) -> tuple[int, Trajectory] | None:
        index = request.path_params["id"]
        return (index, self.demos[index]) if 0 <= index < len(self.demos) else None


def _fits(row: DemoRow, words: str, show: str, task: str) -> bool:
    asked = {"odd": bool(row.outlier), "excluded": row.excluded, "noted": bool(row.note),
             "succeeded": row.success is True, "failed": row.success is False}  # fmt: skip
    return asked.get(show, True) and words in f"{row.name} {row.note}".lower() and task in ("", row.task)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else default


def _twins(demos: Sequence[Trajectory]) -> dict[int, int]:
    """Demonstrations with the very same actions as an earlier one, by that one.

    Actions are read only of those whose length and counts agree.
    """
    same: dict[bytes, list[int]] = defaultdict(list)
    for index, one in enumerate(demos):
        same[msgspec.json.encode((one.task, one.length, one.counts()), order="sorted")].append(index)
    twins: dict[int, int] = {}
    for group in (group for group in same.values() if len(group) > 1):
        first: dict[bytes, int] = {}
        for index in group:
            actions = demos[index].buttons.tobytes() + demos[index].camera.tobytes()
            earlier = first.setdefault(hashlib.sha256(actions).digest(), index)
            if earlier != index:
                twins[index] = earlier
    return twins


def _medians(rows: Sequence[DemoRow]) -> dict[str, float]:
    lengths: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        lengths[row.task].append(row.steps)
    return {task: statistics.median(found) for task, found in lengths.items()}


def _odd(row: DemoRow, median: float) -> list[str]:
    odd = []
    if row.steps < median / 4 or row.steps > 4 * median:
        odd.append(f"{row.steps} ticks where {median:.0f} are usual")
    if row.idle > 0.5:
        odd.append(f"idle on {row.idle:.0%} of ticks")
    if row.stuck is not None and row.stuck > 0.1:
        odd.append(f"stuck on {row.stuck:.0%} of ticks looked at")
    return odd


def _stuck(one: Trajectory) -> float:
    """Share of evenly spread ticks with forward held in which the picture stands still."""
    if "forward" not in one.button_names or not one.length:
        return 0.0
    ticks = np.unique(np.linspace(0, one.length - 1, _LOOKS).astype(int))
    held = one.buttons[ticks, one.button_names.index("forward")] > 0
    still = 0
    for tick in ticks[held].tolist():
        before, after = one.frames[tick : tick + 2].astype(np.int16)
        still += bool(np.abs(after - before).mean() < _STILL)
    return still / len(ticks)


def _draw(one: Trajectory, path: Path) -> None:
    with VideoWriter(path) as video:
        for tick in range(0, one.length + 1, 256):
            for frame in one.frames[tick : tick + 256]:
                video.append(np.moveaxis(frame, 0, -1))

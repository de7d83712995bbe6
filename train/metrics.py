"""The metrics of a run as JSON lines, `metrics.jsonl`: always written, mended when a run continues."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from basalt_iq.files import write_text

METRICS = "metrics.jsonl"
Record = dict[str, int | float]


class Metrics:
    """Appends records to a run's `metrics.jsonl`, and remembers those since the last checkpoint."""

    def __init__(self, folder: Path, *, step: int, kept: Sequence[Record] = ()):
        """Drop what was written after `step`: it comes again. `kept` are the records up to it that the
        checkpoint carries, in case the file lost them."""
        self.path = folder / METRICS
        mend(self.path, step, kept)
        self._file = self.path.open("a", encoding="utf-8")
        self.since_checkpoint: list[Record] = []

    def record(self, step: int, seconds: float, values: Mapping[str, float]) -> Record:
        """Note a record for the next checkpoint. Names are `group/name`; seconds are of training, over all
        sittings. A value that is not finite is left out: JSON has no number for it."""
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        record = {"step": step, "seconds": round(seconds, 3), **finite}
        self.since_checkpoint.append(record)
        return record

    def write(self, record: Record) -> None:
        """Append a noted record to the file."""
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def sync(self) -> None:
        """Wait until all is on the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def mend(path: Path, step: int, kept: Sequence[Record] = ()) -> None:
    """Leave the records up to `step`, none twice, with those `kept` in their places."""
    carried = {json.dumps(record): record for record in kept}
    earliest = min((record["step"] for record in kept), default=math.inf)
    before = [line for line, record in _lines(path) if record["step"] < min(earliest, step + 1)]
    text = "".join(f"{line}\n" for line in (*before, *carried))
    if text or path.exists():
        write_text(path, text)


def holds_evaluations(path: Path) -> bool:
    """Does a `metrics.jsonl` say that a checkpoint was once written beside it?"""
    return any(name.startswith("held_out/") for _, record in _lines(path) for name in record)


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every whole line with its record; what a kill left half-written is passed over."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                record = json.loads(line)
                int(record["step"])
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
                continue
            yield line.rstrip("\n"), record

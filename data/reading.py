"""The one way a demonstration is read to its end, for `data check` and `data ingest` alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from basalt_iq.data.defects import DemoError, Finding, Parted
from basalt_iq.data.sources import Source
from basalt_iq.data.steps import Steps

Result = TypeVar("Result")


def read_around(source: Source, read: Callable[[Source], Result]) -> Iterator[Result | Finding]:
    """What `read` makes of a source: of all of it, or around what is bad of the runs that are left.

    Each defect is a Finding in its place, and so is each stretch of ticks that is missing.
    """
    runs = [source]
    while runs:
        run = runs.pop(0)
        try:
            yield read(run)
        except Parted as parted:
            yield from parted.findings
            runs = [*parted.runs, *runs]
        except DemoError as error:
            yield error.finding
            bad = Path(error.finding.file).stem
            runs = [*(rest for rest in run.beyond({bad}) if rest != run), *runs]


def remarks_on(steps: Steps) -> list[Finding]:
    """What a reader read over."""
    return [Finding(file, what, fault=False) for file, what in steps.meta.get("remarks", [])]

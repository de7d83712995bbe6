"""Which demos a run learns from and which are held out, by content: recorded once, held to ever after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec

from basalt_iq.data.marks import read_marks
from basalt_iq.data.store import Trajectory
from basalt_iq.errors import UserError
from basalt_iq.train.demos import Demos

_NAMED = 3


@dataclass(frozen=True)
class DemoRecord:
    """A demo as a run remembers it."""

    name: str
    digest: Annotated[str, msgspec.Meta(max_length=128)]
    """SHA-256 of its content, see `Trajectory.digest`."""
    length: Annotated[int, msgspec.Meta(ge=1)]
    """Ticks."""
    held_out: bool


def records_of(demos: Demos) -> tuple[DemoRecord, ...]:
    """The demos of a new run, in the order in which it will draw from them."""
    sides = ((demos.train, False), (demos.held_out, True))
    return tuple(DemoRecord(t.name, t.digest, t.length, held_out) for side, held_out in sides for t in side)


def as_recorded(demos: Demos, records: Sequence[DemoRecord], store: Path) -> Demos:
    """The same demos, split and in order as the run had them from its start, whatever they are called now.

    Raises UserError that says what changed: with other demos it would be another training, and one that was
    held out could be learned from.
    """
    found = {t.digest: t for t in (*demos.train, *demos.held_out)}
    if changes := _changes(found, records, read_marks(store).excluded):
        raise UserError(
            f"{store}: not the demos that this run learns from ({changes}); "
            "restore them to continue, or choose another --run folder"
        )
    sides = [[found[r.digest] for r in records if r.held_out is held_out] for held_out in (False, True)]
    return replace(demos, train=sides[0], held_out=sides[1])


def _changes(found: dict[str, Trajectory], records: Sequence[DemoRecord], excluded: set[str]) -> str:
    known = {record.digest for record in records}
    new = {t.name for digest, t in found.items() if digest not in known}
    lost = [record for record in records if record.digest not in found]
    out = {record.name for record in lost if record.digest in excluded}
    gone = {record.name for record in lost} - out
    parts = (("changed", new & gone), ("added", new - gone), ("missing", gone - new), ("excluded", out))
    return ", ".join(f"{len(names)} {what}: {_list(names)}" for what, names in parts if names)


def _list(names: set[str]) -> str:
    some = ", ".join(sorted(names)[:_NAMED])
    return some if len(names) <= _NAMED else f"{some}, ..."

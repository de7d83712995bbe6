"""What people say of a store's demonstrations: notes, and which to leave out of training.

    STORE/marks.json    content digest of a demonstration -> its name, whether it is excluded, a note

By content, so that a demonstration stays excluded when it is renamed, copied or ingested again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from basalt_iq.data.store import Trajectory
from basalt_iq.locks import owned
from basalt_iq.records import read_json, write_json

FILE = "marks.json"
Note = Annotated[str, Meta(max_length=2000)]


@dataclass(frozen=True)
class Mark:
    """Somebody's word on a demonstration."""

    name: str
    """TASK/NAME, for people: what counts is the digest."""
    excluded: bool = False
    note: Note = ""


@dataclass(frozen=True)
class Marks:
    """All of a store's."""

    demos: dict[str, Mark] = field(default_factory=dict)

    @property
    def excluded(self) -> set[str]:
        """Digests of those that training leaves out."""
        return {digest for digest, mark in self.demos.items() if mark.excluded}


def read_marks(store: Path) -> Marks:
    """The marks of a store; none where nobody made any. Raises UserError naming a file that is damaged."""
    try:
        return read_json(store / FILE, Marks, remedy="mend it by hand or restore it", limit=64 << 20)
    except FileNotFoundError:
        return Marks()


def mark(store: Path, one: Trajectory, *, excluded: bool, note: str) -> None:
    """Put a mark on record; one that says nothing goes."""
    with owned(store, "marking"):
        demos = dict(read_marks(store).demos)
        demos.pop(one.digest, None)
        if excluded or note:
            demos[one.digest] = Mark(f"{one.task}/{one.name}", excluded, note)
        write_json(store / FILE, Marks(demos))


def included(store: Path, found: Sequence[Trajectory]) -> list[Trajectory]:
    """Those that nobody excluded."""
    excluded = read_marks(store).excluded
    return [one for one in found if one.digest not in excluded] if excluded else list(found)

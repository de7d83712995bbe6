"""What `basalt-iq data ... --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from basalt_iq.command import Result

if TYPE_CHECKING:
    from basalt_iq.data.check import DiagnosisFacts
    from basalt_iq.data.defects import Finding
    from basalt_iq.data.statistics import ActionFacts
    from basalt_iq.data.work_list import Entry


@dataclass(frozen=True, kw_only=True)
class Ingested(Result):
    """`data ingest`."""

    store: str
    added: list[str]
    """Names of the new trajectories."""
    steps: int
    known: int
    same_as_another: int
    files_seen: int
    files_used: int
    problems: list[Finding]
    remarks: list[Finding]


@dataclass(frozen=True, kw_only=True)
class Checked(Result):
    """`data check` of demonstrations."""

    demos: list[DiagnosisFacts]
    actions: ActionFacts
    action_set_coverage: float | None
    files_seen: int
    files_used: int
    findings: list[Finding]


@dataclass(frozen=True, kw_only=True)
class StoreChecked(Result):
    """`data check` of a store."""

    trajectories: int
    problems: list[str]


@dataclass(frozen=True)
class ShownTrajectory:
    """A trajectory, as `data show` has it."""

    name: str
    task: str
    era: int
    steps: int
    digest: str
    meta: dict[str, Any]
    """What its files said of themselves."""


@dataclass(frozen=True, kw_only=True)
class ShownStore(Result):
    """`data show`."""

    fingerprint: str | None
    """None in stores of format 1."""
    trajectories: list[ShownTrajectory]
    actions: ActionFacts
    action_set_coverage: float | None


@dataclass(frozen=True, kw_only=True)
class Listed(Result):
    """`data index`."""

    base: str
    demos: tuple[Entry, ...]
    files: int
    bytes: int | None
    """None where the size of a file is not known."""


@dataclass(frozen=True, kw_only=True)
class Fetched(Listed):
    """`data index --out`."""

    fetched: list[str]
    problems: list[Finding]


@dataclass(frozen=True, kw_only=True)
class ExportWritten(Result):
    """`data export`."""

    out: str
    demos: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class Imported(Result):
    """`data import`."""

    store: str
    added: list[str]
    """Names of the new trajectories."""
    known: int

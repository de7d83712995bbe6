"""What there is to read: which demonstrations are new, which known, and which share a name or a content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from basalt_iq.data.about import Segment
from basalt_iq.data.defects import Finding
from basalt_iq.data.identity import Known
from basalt_iq.data.sources import Source
from basalt_iq.data.store import Store


@dataclass(frozen=True)
class Held:
    """What a store holds, by the parts of demonstrations."""

    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    """(task, digest) -> the trajectory that holds it"""
    names: dict[tuple[str, str], tuple[Segment, str]] = field(default_factory=dict)
    """(task, part's name) -> the part, and the trajectory"""

    @classmethod
    def of(cls, store: Store) -> Held:
        held = cls()
        for trajectory in store.select():
            for part in trajectory.about.origins():
                held.names.setdefault((trajectory.task, part.name), (part, str(trajectory.folder)))
                if part.digest:
                    held.digests[trajectory.task, part.digest] = str(trajectory.folder)
        return held

    def known(self) -> Known:
        """For `identify`."""
        parts = (part for part, _ in self.names.values() if part.digest)
        return {path: (stamp, part.digest) for part in parts for path, stamp in part.files.items()}


@dataclass
class IngestPlan:
    """What is to be read, and what was noticed before reading."""

    todo: list[tuple[Source, tuple[Segment, ...]]] = field(default_factory=list)
    """Runs of sources, with what they are read from."""
    known: int = 0
    """Sources that the store holds already."""
    twins: int = 0
    """Sources of the same content as another."""
    findings: list[Finding] = field(default_factory=list)


def plan(identified: Sequence[tuple[Source, tuple[Segment, ...]]], held: Held) -> IngestPlan:
    """Look at all sources together, without reading them."""
    result, seen = IngestPlan(), _Seen()
    for source, parts in identified:
        skipped = {part.name for part in parts if _skips(source, part, held, seen, result)}
        rest = source.beyond(skipped)
        if not rest and not seen.twin:
            result.known += 1
        result.twins += seen.twin
        for run in rest:
            result.todo.append((run, tuple(part for part in parts if part.name in run.parts)))
    return result


@dataclass
class _Seen:
    """Parts of this time's sources: by (task, digest) and (task, name), the file they were first seen in."""

    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    twin: bool = False
    """The source that is being looked at holds a part that another holds too."""
    source: Source | None = None


def _skips(source: Source, part: Segment, held: Held, seen: _Seen, result: IngestPlan) -> bool:
    """Whether a part need not be read; notes why."""
    if seen.source is not source:
        seen.source, seen.twin = source, False
    task, file = task_name(source), source.files_of(part.name)[0]
    if part.digest and (task, part.digest) in held.digests:
        return True
    first = seen.digests.setdefault((task, part.digest), str(file)) if part.digest else str(file)
    if first != str(file):
        seen.twin = True
        result.findings.append(Finding(str(file), f"is the same as {first}; taken once", fault=False))
        return True
    if (task, part.name) in held.names:
        return _differs(file, part, *held.names[task, part.name], result)
    namesake = seen.names.setdefault((task, part.name), str(file))
    if namesake != str(file):
        what = f"has the name of {namesake} but other content; both are kept, under names of their own"
        result.findings.append(Finding(str(file), what, fault=False))
    return False


def _differs(file: object, part: Segment, old: Segment, folder: str, result: IngestPlan) -> bool:
    """A part whose name the store holds with other content (format 1: perhaps the same); True to skip it."""
    changed = {path for path, stamp in part.files.items() if old.files.get(path, stamp)[0] != stamp[0]}
    same_place = any(path in old.files for path in part.files)
    if not old.digest and not changed:  # format 1 knows places and sizes alone
        return same_place or sorted(s[0] for s in part.files.values()) == sorted(
            s[0] for s in old.files.values()
        )
    if same_place:
        what = "changed since it was ingested; the store keeps what it read then"
        remedy = f"to read it anew move {folder} out of the store and ingest again"
        result.findings.append(Finding(str(file), what, remedy))
        return True
    what = f"has the name of {folder} but other content; both are kept, under names of their own"
    result.findings.append(Finding(str(file), what, fault=False))
    return False


def task_name(source: Source) -> str:
    return source.task.name if source.task else ""

"""Decode demonstrations once into a store: in parallel, resumable, and shared with other machines."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from basalt_iq.data.about import Segment
from basalt_iq.data.defects import Finding
from basalt_iq.data.identity import Known, identify, identify_part
from basalt_iq.data.planning import Held, IngestPlan, plan, task_name
from basalt_iq.data.reading import read_around, remarks_on
from basalt_iq.data.sources import Source
from basalt_iq.data.store import Committed, Store, TrajectoryWriter
from basalt_iq.errors import UserError
from basalt_iq.jobs import Progress, run_jobs
from basalt_iq.scratch import sweep


@dataclass
class IngestReport:
    """What an ingestion did."""

    added: list[str] = field(default_factory=list)
    """Names of the trajectories written."""
    known: int = 0
    """Demonstrations that were in the store already."""
    twins: int = 0
    """Demonstrations of the same content as another one, which were taken once."""
    steps: int = 0
    """Steps written."""
    findings: list[Finding] = field(default_factory=list)
    """What could not be read, and remarks on what was."""


def ingest(
    sources: Sequence[Source],
    store: Store,
    *,
    workers: int | None = None,
    ray: bool = False,
    progress: Progress = lambda done, total: None,
) -> IngestReport:
    """Decode the sources that `store` does not hold yet."""
    sweep(store.path)
    held = Held.of(store)
    found = look(sources, held, workers=workers, ray=ray)
    report = IngestReport(known=found.known, twins=found.twins, findings=list(found.findings))
    job = partial(ingest_one, store.path)
    for done, (_, part) in enumerate(run_jobs(job, found.todo, workers=workers, ray=ray), 1):
        report.added += part.added
        report.known += part.known
        report.steps += part.steps
        report.findings += part.findings
        progress(done, len(found.todo))
    # Workers of a run that was killed just before this one may have outlived the first sweep.
    sweep(store.path)
    return report


def look(
    sources: Sequence[Source], held: Held, *, workers: int | None = None, ray: bool = False
) -> IngestPlan:
    """What is to be read of the sources, by the content of their files."""
    numbered = list(enumerate(sources))
    parts: dict[int, tuple[Segment, ...]] = {}
    for (index, _), found in run_jobs(partial(_identify, held.known()), numbered, workers=workers, ray=ray):
        parts[index] = found
    return plan([(source, parts[index]) for index, source in numbered], held)


def _identify(known: Known, numbered: tuple[int, Source]) -> tuple[Segment, ...]:
    return identify(numbered[1], known)


def ingest_one(path: Path, item: tuple[Source, tuple[Segment, ...]]) -> IngestReport:
    """Decode one demonstration; around what is bad of it, what comes before and after.

    The parts are noted with the last trajectory: until all is in, none of it counts as known.
    """
    source, parts = item
    store, report = Store.open(path), IngestReport()
    committed, read, bad = list[Committed](), set[str](), set[str]()
    try:
        for result in read_around(source, partial(_read_into, store)):
            if isinstance(result, Finding):
                report.findings.append(result)
                bad |= {Path(result.file).stem} if result.fault else set()
                continue
            done, run, remarks = result
            report.findings += remarks
            report.added += [done.name] if done.new else []
            report.steps += done.steps if done.new else 0
            committed.append(done)
            read |= set(run.parts)
        if committed:
            whole = tuple(_known(source, part) for part in parts if part.name in read - bad)
            store.note(task_name(source), committed[-1].name, whole)
    except OSError as error:
        raise UserError(f"{path}: cannot write ({error.strerror}); make room and run again") from error
    report.known = not report.added and bool(committed)
    return report


def _known(source: Source, part: Segment) -> Segment:
    """A part with its digest: one whose file could not be read when it was looked at has been read since."""
    return part if part.digest else identify_part(source, part.name, {})


def _read_into(store: Store, run: Source) -> tuple[Committed, Source, list[Finding]]:
    with store.writer(run.name) as writer:
        steps = run.read(store.size, partial(_append, store, writer))
        return writer.commit(steps), run, remarks_on(steps)


def _append(store: Store, writer: TrajectoryWriter, frame: np.ndarray) -> None:
    try:
        writer.append(frame)
    except OSError as error:
        # Not the demonstration's fault.
        raise UserError(f"{store.path}: cannot write ({error.strerror}); make room and run again") from error


def shard(sources: Sequence[Source], spec: str) -> list[Source]:
    """The i-th of n parts ("i/n", from 1) of the sources, the same on every machine."""
    try:
        index, count = (int(number) for number in spec.split("/"))
    except ValueError:
        index = count = 0
    if not 1 <= index <= count:
        raise UserError(f"--shard {spec}: give i/n with i from 1 to n, such as 2/4")
    return [source for source in sources if zlib.crc32(_identity(source)) % count == index - 1]


def _identity(source: Source) -> bytes:
    return os.fsencode(f"{task_name(source)}/{source.name}")

"""Decode demonstrations once into a store: in parallel, resumable, and shared with other machines."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from basalt_iq.data.defects import DemoError, Finding
from basalt_iq.data.sources import Source
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.files import sweep
from basalt_iq.jobs import Progress, run_jobs


@dataclass
class Report:
    """What an ingestion did."""

    added: list[str] = field(default_factory=list)
    """Names of the trajectories written."""
    known: int = 0
    """Demonstrations that were in the store already."""
    steps: int = 0
    """Steps written."""
    findings: list[Finding] = field(default_factory=list)
    """What could not be read."""


def ingest(
    sources: Sequence[Source],
    store: Store,
    *,
    workers: int | None = None,
    ray: bool = False,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Decode the sources that `store` does not hold yet."""
    sweep(store.path)
    held = held_parts(store)
    sources, twins = _unlike(sources)
    todo = [run for source in sources for run in new_runs(source, held)]
    report = Report(known=sum(not new_runs(source, held) for source in sources), findings=twins)
    report.findings += [finding for source in sources for finding in changed(source, held)]
    job = partial(ingest_one, store.path)
    for done, (_, part) in enumerate(run_jobs(job, todo, workers=workers, ray=ray), 1):
        report.added += part.added
        report.steps += part.steps
        report.findings += part.findings
        progress(done, len(todo))
    # Workers of a run that was killed just before this one may have outlived the first sweep.
    sweep(store.path)
    return report


def ingest_one(path: Path, source: Source) -> Report:
    """Decode one demonstration; around a bad chunk of it, what comes before and after."""
    store, report = Store.open(path), Report()
    runs = [source]
    while runs:
        run = runs.pop()
        try:
            with store.writer(run.name) as writer:
                steps = run.read(store.size, writer.append)
                steps.meta["files"] = _files(run)
                if writer.commit(steps):
                    report.added.append(run.name)
                    report.steps += steps.length
        except DemoError as error:
            report.findings.append(error.finding)
            bad = Path(error.finding.file).stem
            runs += [rest for rest in run.beyond({bad}) if rest != run]
        except OSError as error:
            raise UserError(f"{path}: cannot write ({error.strerror}); make room and run again") from error
    return report


Held = dict[tuple[str, str], tuple[Path, dict[str, int]]]


def held_parts(store: Store) -> Held:
    """(task, part) -> where the store has it and the sizes in bytes of the files it was read from."""
    return {
        (trajectory.task, part): (trajectory.folder, files)
        for trajectory in store.select()
        for part, files in trajectory.meta.get("files", {}).items()
    }


def new_runs(source: Source, held: Held) -> list[Source]:
    """What is left of a source without the parts already held."""
    return source.beyond({part for part in source.parts if (_task(source), part) in held})


def changed(source: Source, held: Held) -> Iterator[Finding]:
    """Files that are no longer as long as when they were ingested."""
    for part, sizes in _files(source).items():
        folder, before = held.get((_task(source), part), (None, sizes))
        for file, size in sizes.items():
            if before.get(file, size) != size:
                yield Finding(file, "changed since it was ingested", f"delete {folder} to read it anew")


def shard(sources: Sequence[Source], spec: str) -> list[Source]:
    """The i-th of n parts ("i/n", from 1) of the sources, the same on every machine."""
    try:
        index, count = (int(number) for number in spec.split("/"))
    except ValueError:
        index = count = 0
    if not 1 <= index <= count:
        raise UserError(f"--shard {spec}: give i/n with i from 1 to n, such as 2/4")
    return [source for source in sources if zlib.crc32(_identity(source)) % count == index - 1]


def _unlike(sources: Sequence[Source]) -> tuple[list[Source], list[Finding]]:
    """The sources without those that share a name with one before."""
    seen: dict[tuple[str, str], Source] = {}
    findings = []
    for source in sources:
        first = seen.setdefault((_task(source), source.name), source)
        if first is not source:
            what = f"has the name of {first.files[0]}"
            findings.append(Finding(str(source.files[0]), what, "keep one, or rename it if they differ"))
    return list(seen.values()), findings


def _task(source: Source) -> str:
    return source.task.name if source.task else ""


def _identity(source: Source) -> bytes:
    return f"{_task(source)}/{source.name}".encode()


def _files(source: Source) -> dict[str, dict[str, int]]:
    """part -> file -> size in bytes."""
    sizes: dict[str, dict[str, int]] = {}
    per_part = len(source.files) // len(source.parts)
    for i, file in enumerate(source.files):
        part = source.parts[i // per_part]
        if file.exists():
            sizes.setdefault(part, {})[str(file)] = file.stat().st_size
    return sizes

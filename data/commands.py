"""`basalt-iq data ...`: record, check, ingest, show and plan demonstrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import tyro

from basalt_iq.command import Command, Result, console
from basalt_iq.data.places import refuse_no_store
from basalt_iq.data.results import (
    Checked,
    ExportWritten,
    Fetched,
    Imported,
    Ingested,
    Listed,
    ShownStore,
    ShownTrajectory,
    StoreChecked,
)
from basalt_iq.errors import UserError
from basalt_iq.ranges import COUNT, PIXELS, require
from basalt_iq.text import shown

if TYPE_CHECKING:
    from basalt_iq.data.defects import Finding
    from basalt_iq.data.sources import Found
    from basalt_iq.data.statistics import ActionList
    from basalt_iq.data.work_list import WorkList


@dataclass(frozen=True, kw_only=True)
class Ingest(Command):
    """Decode demonstrations of either era once into a store for training; a second run does what is new."""

    source: tyro.conf.Positional[Path]
    """Folder of demonstrations, searched with all its subfolders."""
    store: Path
    """Folder of the store, made if it is not there."""
    task: Optional[str] = None
    """Task of demonstrations whose folders do not name it."""
    size: int = 64
    """Height and width of the stored frames in pixels."""
    workers: Optional[int] = None
    """Processes; one for each core unless given."""
    shard: Optional[str] = None
    """i/n: take the i-th of n parts, from 1; machines that share the store each take one."""
    ray: bool = False
    """Hand the demonstrations to a Ray cluster (pip install 'basalt-iq[ray]')."""

    def run(self) -> Ingested:
        require("size", self.size, PIXELS)
        require("workers", self.workers, COUNT)
        found = _found(self.source, self.task)

        from basalt_iq.data.ingest import ingest, shard
        from basalt_iq.data.store import Store
        from basalt_iq.progress import counted

        sources = shard(found.sources, self.shard) if self.shard else found.sources
        store = Store.create(self.store, self.size)
        with counted("decoding") as update:
            report = ingest(sources, store, workers=self.workers, ray=self.ray, progress=update)
        findings = [*found.findings, *report.findings]
        _print_findings(findings)
        problems = [finding for finding in findings if finding.fault]
        same = f", {report.twins} the same as another" if report.twins else ""
        console.print(
            f"{shown(str(self.store))}: {len(report.added)} trajectories added ({report.steps} steps), "
            f"{report.known} were there{same}, {len(problems)} problems\n{_files(found)}",
            markup=False, highlight=False,
        )  # fmt: skip
        return Ingested(
            ok=not problems,
            store=str(self.store),
            added=sorted(report.added),
            steps=report.steps,
            known=report.known,
            same_as_another=report.twins,
            files_seen=found.seen,
            files_used=found.used,
            problems=problems,
            remarks=[finding for finding in findings if not finding.fault],
        )


def _found(source: Path, task: str | None) -> Found:
    """What there is to read. UserError if there is nothing."""
    if not source.is_dir():
        what = "is no folder" if source.exists() else "no such folder"
        raise UserError(f"{shown(str(source))}: {what}; give the folder that holds the demonstrations")

    from basalt_iq.data.sources import find_sources

    found = find_sources(source, task)
    if not found.sources and not any(finding.fault for finding in found.findings):
        looked = f" ({found.seen} files looked at)" if found.seen else ""
        raise UserError(
            f"{shown(str(source))}: no demonstrations here{looked}; give the folder that holds them"
        )
    return found


def _files(found: Found) -> str:
    return f"{found.seen} files seen, {found.used} used"


def _print_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        style = "red" if finding.fault else "yellow"
        console.print(str(finding), style=style, markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True, kw_only=True)
class CheckDemos(Command):
    """Examine demonstrations and name every defect, file by file; the exit code is 1 if there is any.

    Defects are what `data ingest` refuses; all else is a remark. SOURCE may be a store too: all of it is read
    and held to its digests.
    """

    source: tyro.conf.Positional[Path]
    """Folder of demonstrations, searched with all its subfolders, or a store."""
    task: Optional[str] = None
    """Task of demonstrations whose folders do not name it."""
    size: int = 64
    """Height and width that they are to be ingested with."""
    actions: Optional[Path] = None
    """An agent's agent.json: also tell how much of the demonstrations its action set covers."""
    workers: Optional[int] = None
    """Processes; one for each core unless given."""

    def run(self) -> Result:
        require("size", self.size, PIXELS)
        require("workers", self.workers, COUNT)
        if (self.source / "manifest.json").is_file():
            return self._check_store()
        found = _found(self.source, self.task)
        action_list = _read_actions(self.actions)

        from basalt_iq.data.check import check
        from basalt_iq.data.statistics import Counts
        from basalt_iq.data.tables import print_diagnoses
        from basalt_iq.progress import counted

        with counted("examining") as update:
            diagnoses, together = check(found.sources, size=self.size, workers=self.workers, progress=update)
        findings = [*found.findings, *together, *(f for one in diagnoses for f in one.findings)]
        pooled = Counts.pool(diagnosis.counts for diagnosis in diagnoses)
        _print_findings(findings)
        print_diagnoses(diagnoses, pooled)
        defects = sum(finding.fault for finding in findings)
        console.print(
            f"{len(diagnoses)} demonstrations, {defects} defects, {len(findings) - defects} remarks; "
            f"{_files(found)}"
        )
        return Checked(
            ok=not defects,
            demos=[diagnosis.facts() for diagnosis in diagnoses],
            actions=pooled.facts(),
            action_set_coverage=action_list.coverage(pooled) if action_list else None,
            files_seen=found.seen,
            files_used=found.used,
            findings=findings,
        )

    def _check_store(self) -> StoreChecked:
        """Read all of a store."""
        from basalt_iq.data.store import Store
        from basalt_iq.progress import counted

        problems = []
        trajectories = Store.open(self.source).select()
        with counted("verifying") as update:
            for done, trajectory in enumerate(trajectories, 1):
                try:
                    trajectory.verify()
                except UserError as error:
                    problems.append(str(error))
                    console.print(shown(str(error)), style="red", markup=False, soft_wrap=True)
                update(done, len(trajectories))
        unsummed = sum(not trajectory.about.digest for trajectory in trajectories)
        note = f"; {unsummed} carry no digests (format 1), only their sizes were checked" if unsummed else ""
        console.print(f"{len(trajectories)} trajectories, {len(problems)} damaged{note}")
        return StoreChecked(ok=not problems, trajectories=len(trajectories), problems=problems)


@dataclass(frozen=True, kw_only=True)
class Show(Command):
    """Show what a store holds: counts, lengths, actions. To look at the demonstrations: `data browse`."""

    store: tyro.conf.Positional[Path]
    """Folder of the store."""
    task: Optional[str] = None
    """Only this task."""
    actions: Optional[Path] = None
    """An agent's agent.json: also tell how much of the demonstrations its action set covers."""

    def run(self) -> ShownStore:
        refuse_no_store(self.store)

        from basalt_iq.contract import find_task
        from basalt_iq.data.statistics import Counts
        from basalt_iq.data.store import Store, fingerprint
        from basalt_iq.data.tables import print_trajectories
        from basalt_iq.progress import counted

        action_list = _read_actions(self.actions)
        store = Store.open(self.store)
        trajectories = store.select(self.task and find_task(self.task).name)
        if not trajectories:
            there = ", ".join(f"{count} of {task}" for task, count in sorted(store.tasks().items()))
            raise UserError(
                f"{self.store}: no trajectories{f' of {self.task}, but {there}' if there else ''}; "
                "fill it with `basalt-iq data ingest`"
            )
        with counted("counting") as update:
            counts = []
            for done, one in enumerate(trajectories, 1):
                counts.append(one.counts())
                update(done, len(trajectories))
        pooled = Counts.pool(counts)
        print_trajectories(trajectories, pooled)
        if action_list:
            console.print(f"the action set covers {action_list.coverage(pooled):.1%} of ticks exactly")
        known = all(one.about.digest for one in trajectories)
        return ShownStore(
            fingerprint=fingerprint(trajectories) if known else None,
            trajectories=[
                ShownTrajectory(t.name, t.task, t.era, t.length, t.about.digest, t.meta) for t in trajectories
            ],
            actions=pooled.facts(),
            action_set_coverage=action_list.coverage(pooled) if action_list else None,
        )


def _read_actions(path: Path | None) -> ActionList | None:
    """The action list of a file, None without one."""
    if path is None:
        return None

    from basalt_iq.data.statistics import ActionList
    from basalt_iq.records import read_json

    remedy = "give a run's agent/agent.json"
    try:
        return ActionList.from_json(read_json(path, dict, remedy=remedy))
    except (FileNotFoundError, ValueError) as error:
        raise UserError(f"{path}: no action set ({error}); {remedy}") from None


@dataclass(frozen=True, kw_only=True)
class Index(Command):
    """List the demonstrations of a folder or of a public index, with sizes; with --out fetch them."""

    source: tyro.conf.Positional[str]
    """A local folder, an index JSON file of the public 2022 set, or the URL of one."""
    limit: Optional[int] = None
    """Only the first so many demonstrations."""
    sizes: bool = False
    """Ask the server for sizes (one request a file)."""
    out: Optional[Path] = None
    """Download into this folder; partial files are resumed, complete ones kept."""

    def run(self) -> Listed:
        require("limit", self.limit, COUNT)
        if "://" not in self.source and not Path(self.source).exists():
            raise UserError(f"{self.source}: is not there; give a folder, an index file or its URL")

        from basalt_iq.data.work_list import read_source

        work = read_source(self.source).limited(self.limit)
        if not work.entries:
            raise UserError(f"{self.source}: no demonstrations in it")
        if self.out and not work.remote:
            raise UserError(f"{self.source}: is here already; --out is for an index of a server")
        if self.sizes and work.remote:
            from basalt_iq.data.download import with_sizes

            work = with_sizes(work)

        from basalt_iq.data.tables import print_entries

        facts = work.facts()
        size = "unknown size" if facts.bytes is None else f"{facts.bytes / 1e9:.2f} GB"
        print_entries(work.entries)
        console.print(
            f"{len(work.entries)} demonstrations, {facts.files} files, {size}, from {shown(work.base)}",
            markup=False,
        )
        return self._fetch(work, facts, self.out) if self.out else facts

    def _fetch(self, work: WorkList, facts: Listed, out: Path) -> Fetched:
        from basalt_iq.data.defects import Finding
        from basalt_iq.data.download import fetch
        from basalt_iq.progress import counted

        with counted("fetching") as update:
            got = list(fetch(work, out, update))
        findings = [one for one in got if isinstance(one, Finding)]
        files = [str(one) for one in got if isinstance(one, Path)]
        problems = [finding for finding in findings if finding.fault]
        _print_findings(findings)
        console.print(f"{len(files)} files in {shown(str(out))}, {len(problems)} problems", markup=False)
        return Fetched(**{**vars(facts), "ok": not problems}, fetched=files, problems=problems)


@dataclass(frozen=True, kw_only=True)
class Export(Command):
    """Write a store's demonstrations as a LeRobotDataset v3.0 or a Minari data set, pixel for pixel."""

    store: tyro.conf.Positional[Path]
    """Folder of the store."""
    to: Literal["lerobot", "minari"]
    """The format. Needs `pip install 'basalt-iq[exchange]'`."""
    out: Path
    """Folder to make."""
    task: Optional[str] = None
    """Only this task."""

    def run(self) -> ExportWritten:
        from basalt_iq.contract import find_task
        from basalt_iq.data.store import Store
        from basalt_iq.progress import counted

        demos = Store.open(self.store).select(self.task and find_task(self.task).name)
        with counted("exporting") as update:
            exported = _format(self.to).export(demos, self.out, update)
        ticks = sum(about.length for about in exported.demos)
        console.print(
            f"{shown(str(self.out))}: {len(demos)} demonstrations, {ticks} steps",
            markup=False,
            soft_wrap=True,
        )
        return ExportWritten(out=str(self.out), demos=len(demos), steps=ticks)


@dataclass(frozen=True, kw_only=True)
class Import(Command):
    """Read what `data export` wrote, here or elsewhere, into a store; held to the digests of the original."""

    source: tyro.conf.Positional[Path]
    """Folder of the export."""
    format: Annotated[Literal["lerobot", "minari"], tyro.conf.arg(name="from")]
    """Its format. Needs `pip install 'basalt-iq[exchange]'`."""
    store: Path
    """Folder of the store, made if it is not there."""

    def run(self) -> Imported:
        from basalt_iq.data.exchange import Exported
        from basalt_iq.data.store import Store
        from basalt_iq.progress import counted

        exported = Exported.read(self.source, self.format)
        store = Store.create(self.store, exported.size)
        with counted("importing") as update:
            added = _format(self.format).load(self.source, store, update)
        console.print(
            f"{shown(str(self.store))}: {len(added)} trajectories added, "
            f"{len(exported.demos) - len(added)} were there", markup=False, soft_wrap=True,
        )  # fmt: skip
        return Imported(store=str(self.store), added=added, known=len(exported.demos) - len(added))


def _format(name: str) -> Any:
    """The module of a format."""
    from importlib import import_module

    return import_module(f"basalt_iq.data.{'lerobot' if name == 'lerobot' else 'minari_data'}")

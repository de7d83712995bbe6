"""`basalt-iq data ...`: record, check, ingest, show and plan demonstrations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from basalt_iq.command import Command, console, counted


@dataclass(frozen=True, kw_only=True)
class Ingest(Command):
    """Decode demonstrations of either era once into a store for training; a second run does what is new."""

    source: tyro.conf.Positional[Path]
    """Folder of demonstrations, searched with all its subfolders."""
    store: Path
    """Folder of the store, made if it is not there."""
    task: str | None = None
    """Task of demonstrations whose folders do not name it."""
    size: int = 64
    """Height and width of the stored frames in pixels."""
    workers: int | None = None
    """Processes; one for each core unless given."""
    shard: str | None = None
    """i/n: take the i-th of n parts, from 1; machines that share the store each take one."""
    ray: bool = False
    """Hand the demonstrations to a Ray cluster (pip install 'basalt-iq[ray]')."""

    def run(self) -> dict[str, Any]:
        from basalt_iq.data.ingest import ingest, shard
        from basalt_iq.data.sources import find_sources
        from basalt_iq.data.store import Store
        from basalt_iq.errors import UserError

        sources, findings = find_sources(self.source, self.task)
        if not sources and not findings:
            raise UserError(f"{self.source}: no demonstrations here; give the folder that holds them")
        if self.size < 1:
            raise UserError(f"--size {self.size}: give at least 1 pixel")
        sources = shard(sources, self.shard) if self.shard else sources
        with counted("decoding") as update:
            store = Store.create(self.store, self.size)
            report = ingest(sources, store, workers=self.workers, ray=self.ray, progress=update)
        findings += report.findings
        _print_findings(findings)
        console.print(
            f"{self.store}: {len(report.added)} trajectories added ({report.steps} steps), "
            f"{report.known} were there, {len(findings)} problems"
        )
        return {
            "ok": not findings,
            "store": str(self.store),
            "added": sorted(report.added),
            "steps": report.steps,
            "known": report.known,
            "problems": [finding.to_json() for finding in findings],
        }


def _print_findings(findings: list) -> None:
    for finding in findings:
        style = "red" if finding.fault else "yellow"
        console.print(str(finding), style=style, markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True, kw_only=True)
class Check(Command):
    """Examine demonstrations and name every defect, file by file; the exit code is 1 if there is any."""

    source: tyro.conf.Positional[Path]
    """Folder of demonstrations, searched with all its subfolders."""
    task: str | None = None
    """Task of demonstrations whose folders do not name it."""
    actions: Path | None = None
    """An agent's agent.json: also tell how much of the demonstrations its action set covers."""
    workers: int | None = None
    """Processes; one for each core unless given."""

    def run(self) -> dict[str, Any]:
        from basalt_iq.data.check import check
        from basalt_iq.data.sources import find_sources
        from basalt_iq.data.tables import print_diagnoses
        from basalt_iq.errors import UserError
        from basalt_iq.records import to_json

        action_list = _read_actions(self.actions)
        sources, findings = find_sources(self.source, self.task)
        if not sources and not findings:
            raise UserError(f"{self.source}: no demonstrations here; give the folder that holds them")
        with counted("examining") as update:
            diagnoses = check(sources, workers=self.workers, progress=update)
        findings += [finding for diagnosis in diagnoses for finding in diagnosis.findings]
        pooled = _pool([diagnosis.histogram for diagnosis in diagnoses])
        _print_findings(findings)
        print_diagnoses(diagnoses, pooled)
        defects = sum(finding.fault for finding in findings)
        console.print(
            f"{len(diagnoses)} demonstrations, {defects} defects, {len(findings) - defects} remarks"
        )
        return {
            "ok": not defects,
            "demos": [diagnosis.to_json() for diagnosis in diagnoses],
            "actions": to_json(pooled.facts()),
            "action_set_coverage": action_list and action_list.coverage(pooled),
            "findings": [finding.to_json() for finding in findings],
        }


@dataclass(frozen=True, kw_only=True)
class Show(Command):
    """Show what a store holds: counts, lengths, actions, and with --html a contact sheet to look at."""

    store: tyro.conf.Positional[Path]
    """Folder of the store."""
    task: str | None = None
    """Only this task."""
    actions: Path | None = None
    """An agent's agent.json: also tell how much of the demonstrations its action set covers."""
    html: Path | None = None
    """Write a contact sheet: one HTML page with frames of every demonstration and its actions on them."""
    frames: int = 48
    """Frames of each demonstration on the contact sheet."""

    def run(self) -> dict[str, Any]:
        from basalt_iq.contract import find_task
        from basalt_iq.data.contact_sheet import write_sheet
        from basalt_iq.data.store import Store
        from basalt_iq.data.tables import print_trajectories
        from basalt_iq.errors import UserError
        from basalt_iq.records import to_json

        action_list = _read_actions(self.actions)
        trajectories = Store.open(self.store).select(self.task and find_task(self.task).name)
        if not trajectories:
            raise UserError(f"{self.store}: no trajectories; fill it with `basalt-iq data ingest`")
        histograms = [one.counts() for one in trajectories]
        pooled = _pool(histograms)
        print_trajectories(trajectories, pooled)
        if action_list:
            console.print(f"the action set covers {action_list.coverage(pooled):.1%} of ticks exactly")
        if self.html:
            write_sheet(self.html, trajectories, histograms, self.frames)
            console.print(f"contact sheet: {self.html}")
        return {
            "trajectories": [
                {"name": t.name, "task": t.task, "era": t.era, "steps": t.length, "meta": t.meta}
                for t in trajectories
            ],
            "actions": to_json(pooled.facts()),
            "action_set_coverage": action_list and action_list.coverage(pooled),
            "html": self.html and str(self.html),
        }


def _pool(histograms: list) -> Any:
    from basalt_iq.data.statistics import Counts

    return Counts.pool(histograms)


def _read_actions(path: Path | None) -> Any:
    """The action list of a file, None without one."""
    import json

    from basalt_iq.data.statistics import ActionList
    from basalt_iq.errors import UserError

    if path is None:
        return None
    try:
        return ActionList.from_json(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no action set ({error}); give a run's agent/agent.json") from None


@dataclass(frozen=True, kw_only=True)
class Index(Command):
    """List the demonstrations of a folder or of a public index, with sizes; with --out fetch them."""

    source: tyro.conf.Positional[str]
    """A local folder, an index JSON file of the public 2022 set, or the URL of one."""
    limit: int | None = None
    """Only the first so many demonstrations."""
    sizes: bool = False
    """Ask the server for sizes (one request a file)."""
    out: Path | None = None
    """Download into this folder; partial files are resumed, complete ones kept."""

    def run(self) -> dict[str, Any]:
        from basalt_iq.data import index
        from basalt_iq.data.defects import Finding
        from basalt_iq.errors import UserError

        if self.limit is not None and self.limit < 1:
            raise UserError(f"--limit {self.limit}: give at least 1")
        work = index.read_source(self.source).limited(self.limit)
        if not work.entries:
            raise UserError(f"{self.source}: no demonstrations in it")
        remote = work.base.startswith(("http://", "https://"))
        if self.out and not remote:
            raise UserError(f"{self.source}: is here already; --out is for an index of a server")
        work = index.with_sizes(work) if self.sizes and remote else work
        result = work.to_json()
        size = "unknown size" if result["bytes"] is None else f"{result['bytes'] / 1e9:.2f} GB"
        console.print(
            f"{len(work.entries)} demonstrations, {result['files']} files, {size}, from {work.base}"
        )
        if self.out:
            with counted("fetching") as update:
                got = list(index.fetch(work, self.out, update))
            problems = [one for one in got if isinstance(one, Finding)]
            _print_findings(problems)
            console.print(f"{len(got) - len(problems)} files in {self.out}, {len(problems)} problems")
            result["fetched"] = [str(one) for one in got if isinstance(one, Path)]
            result |= {"problems": [one.to_json() for one in problems], "ok": not problems}
        return result

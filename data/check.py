"""The doctor of demonstration folders: reads everything and names every defect, file by file.

It reads by the same way as `ingest` (`reading.py`, `planning.py`), so it finds all that is refused there.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from basalt_iq.contract import BUTTONS
from basalt_iq.data.actions2022 import read_actions
from basalt_iq.data.defects import DemoError, Finding
from basalt_iq.data.era2022 import Demo2022
from basalt_iq.data.ingest import look
from basalt_iq.data.planning import Held
from basalt_iq.data.reading import read_around, remarks_on
from basalt_iq.data.sources import Source
from basalt_iq.data.statistics import ActionFacts, Counts
from basalt_iq.data.steps import Steps, to_rows
from basalt_iq.data.stored_rows import content_digest
from basalt_iq.jobs import Progress, run_jobs

_MANY_NOOPS = 0.5
_MUCH_GUI = 0.3


@dataclass(frozen=True)
class Diagnosis:
    """What one demonstration holds and what is wrong with it."""

    name: str
    task: str
    era: int
    path: str
    steps: int = 0
    """0 if it cannot be read."""
    ended: bool = False
    digests: tuple[str, ...] = ()
    """Of what was read, to find duplicates."""
    recorded_actions: dict[str, int] = field(default_factory=dict)
    """What a 2022 action file held as recorded."""
    counts: Counts = field(default_factory=Counts)
    findings: tuple[Finding, ...] = ()

    def facts(self) -> DiagnosisFacts:
        return DiagnosisFacts(
            self.name, self.task, self.era, self.path, self.steps, self.ended, self.recorded_actions,
            self.counts.facts(), self.findings,
        )  # fmt: skip


@dataclass(frozen=True)
class DiagnosisFacts:
    """What `data check --json` says of a demonstration."""

    name: str
    task: str
    era: int
    path: str
    steps: int
    ended: bool
    recorded_actions: dict[str, int]
    actions: ActionFacts
    findings: tuple[Finding, ...]


def check(
    sources: Sequence[Source],
    *,
    size: int = 64,
    workers: int | None = None,
    progress: Progress = lambda done, total: None,
) -> tuple[list[Diagnosis], list[Finding]]:
    """Examine every source, in their order; and what was noticed of all of them together.

    `size` is the one they are to be ingested with.
    """
    found: dict[int, Diagnosis] = {}
    numbered = list(enumerate(sources))
    jobs = run_jobs(partial(_examine, size), numbered, workers=workers)
    for done, ((index, _), diagnosis) in enumerate(jobs, 1):
        found[index] = diagnosis
        progress(done, len(sources))
    diagnoses = [found[index] for index in range(len(sources))]
    together = look(sources, Held(), workers=workers).findings
    same_files = {finding.file for finding in together}
    return diagnoses, [*together, *_duplicates(diagnoses, same_files)]


def _examine(size: int, numbered: tuple[int, Source]) -> Diagnosis:
    return examine(numbered[1], size)


def examine(source: Source, size: int = 64) -> Diagnosis:
    """Read one demonstration to its end, and around what is bad of it what can be read."""
    task = source.task.name if source.task else ""
    diagnosis = Diagnosis(source.name, task, source.era, str(source.files[0]))
    for result in read_around(source, partial(_read, size)):
        if isinstance(result, Finding):
            diagnosis = replace(diagnosis, findings=(*diagnosis.findings, result))
        else:
            diagnosis = _with(diagnosis, *result)
    if not diagnosis.steps and isinstance(source, Demo2022):
        diagnosis = _with_actions_alone(diagnosis, source)
    return diagnosis


def _read(size: int, run: Source) -> tuple[Steps, str]:
    sums: list[int] = []
    steps = run.read(size, lambda frame: sums.append(zlib.crc32(frame.tobytes())))
    rows = to_rows(steps, np.array(sums, np.uint32))
    return steps, content_digest([steps.task, steps.era], rows.tobytes())


def _with(diagnosis: Diagnosis, steps: Steps, digest: str) -> Diagnosis:
    recorded = Counter(diagnosis.recorded_actions)
    recorded.update(steps.meta.get("recorded_actions", {}))
    counts = Counts.of_steps(steps)
    findings = (*remarks_on(steps), *_notes(diagnosis, steps, counts))
    return replace(
        diagnosis,
        steps=diagnosis.steps + steps.length,
        ended=diagnosis.ended or steps.meta["ended"],
        digests=(*diagnosis.digests, digest),
        recorded_actions=dict(recorded),
        counts=diagnosis.counts + counts,
        findings=(*diagnosis.findings, *findings),
    )


def _with_actions_alone(diagnosis: Diagnosis, source: Demo2022) -> Diagnosis:
    """Actions without a video teach nothing, but their numbers are still of interest."""
    recorded, counts = Counter(diagnosis.recorded_actions), diagnosis.counts
    for pair in source.pairs:
        try:
            actions = read_actions(pair.actions)
        except DemoError:
            continue
        none = ["none"] * len(actions)
        counts += Counts.of(BUTTONS[2022], actions.buttons, actions.camera, none)
        recorded.update(actions.counts)
    return replace(diagnosis, recorded_actions=dict(recorded), counts=counts)


def _notes(diagnosis: Diagnosis, steps: Steps, actions: Counts) -> list[Finding]:
    """What is worth knowing of a demonstration that can be read."""
    video, counts = steps.meta["video"], steps.meta.get("recorded_actions", {})
    videos = video if isinstance(video, list) else [video]
    remarks = [
        f"the container claims {one['container_frames']} frames, {one['decoded_frames']} decode"
        for one in videos
        if one["container_frames"] not in (0, one["decoded_frames"])
    ]
    remarks += ["the last frame is missing"] * any(one["missing_frames"] for one in videos)
    remarks += ["a frame has no action; left out"] * sum(one.get("frames_left_out", 0) for one in videos)
    if not steps.meta["ended"]:
        missing = "the snowball is never thrown" if steps.era == 2021 else "ESC is never pressed"
        remarks.append(f"has no ending: {missing}")
    if steps.era == 2021 and not diagnosis.name.startswith(("v3_", "v4_")):
        remarks.append("MineRL's own reader refuses a name without v3_ or v4_")
    if counts.get("attack_held_from_start"):
        remarks.append(f"attack is stuck for the first {counts['attack_held_from_start']} ticks; removed")
    if counts.get("gui_ticks", 0) > _MUCH_GUI * steps.length:
        remarks.append(f"a menu is open on {counts['gui_ticks'] / steps.length:.0%} of ticks")
    if actions.noops > _MANY_NOOPS * steps.length:
        remarks.append(f"nothing is done on {actions.noops / steps.length:.0%} of ticks")
    return [Finding(diagnosis.path, remark, fault=False) for remark in remarks]


def _duplicates(diagnoses: Sequence[Diagnosis], known: set[str]) -> list[Finding]:
    """Demonstrations of other files, but of equal actions and frames. `known` are named already."""
    first: dict[tuple[str, ...], Diagnosis] = {}
    findings = []
    for diagnosis in diagnoses:
        if not diagnosis.steps or diagnosis.path in known:
            continue
        original = first.setdefault(diagnosis.digests, diagnosis)
        if original is not diagnosis:
            what = f"holds the same actions and frames as {original.path}"
            findings.append(Finding(diagnosis.path, what, fault=False))
    return findings

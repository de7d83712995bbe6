"""The doctor of demonstration folders: reads everything and names every defect, file by file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from basalt_iq.contract import BUTTONS
from basalt_iq.data.actions2022 import read_actions
from basalt_iq.data.defects import DemoError, Finding
from basalt_iq.data.era2022 import Demo2022
from basalt_iq.data.sources import Source
from basalt_iq.data.statistics import Counts
from basalt_iq.data.steps import Steps
from basalt_iq.jobs import Progress, run_jobs
from basalt_iq.records import to_json

_MANY_NOOPS = 0.5
_MUCH_GUI = 0.3


@dataclass
class Diagnosis:
    """What one demonstration holds and what is wrong with it."""

    name: str
    task: str
    era: int
    path: str
    steps: int = 0
    """0 if it cannot be read."""
    ended: bool = False
    digest: str = ""
    """Of its actions, to find duplicates."""
    counts: dict[str, int] = field(default_factory=dict)
    """What a 2022 action file held as recorded."""
    histogram: Counts = field(default_factory=Counts)
    findings: list[Finding] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        facts = {key: getattr(self, key) for key in ("name", "task", "era", "path", "steps", "ended")}
        return {
            **facts,
            "recorded_actions": self.counts,
            "actions": to_json(self.histogram.facts()),
            "findings": [finding.to_json() for finding in self.findings],
        }


def check(
    sources: Sequence[Source],
    *,
    workers: int | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Diagnosis]:
    """Examine every source, in their order."""
    found: dict[int, Diagnosis] = {}
    numbered = list(enumerate(sources))
    for done, ((index, _), diagnosis) in enumerate(run_jobs(_examine, numbered, workers=workers), 1):
        found[index] = diagnosis
        progress(done, len(sources))
    diagnoses = [found[index] for index in range(len(sources))]
    _find_duplicates(diagnoses)
    return diagnoses


def _examine(numbered: tuple[int, Source]) -> Diagnosis:
    return examine(numbered[1])


def examine(source: Source) -> Diagnosis:
    """Read one demonstration to its end, and around a bad chunk what can be read."""
    task = source.task.name if source.task else ""
    diagnosis = Diagnosis(source.name, task, source.era, str(source.files[0]))
    runs = [source]
    while runs:
        run = runs.pop(0)
        try:
            steps = run.read(1, lambda frame: None)
        except DemoError as error:
            diagnosis.findings.append(error.finding)
            bad = Path(error.finding.file).stem
            runs += [rest for rest in run.beyond({bad}) if rest != run]
        else:
            _add(diagnosis, steps)
    if not diagnosis.steps and isinstance(source, Demo2022):
        _add_actions_alone(diagnosis, source)
    return diagnosis


def _add(diagnosis: Diagnosis, steps: Steps) -> None:
    diagnosis.steps += steps.length
    diagnosis.ended |= steps.meta["ended"]
    diagnosis.histogram += Counts.of_steps(steps)
    parts = (steps.buttons, steps.camera, steps.equip)
    diagnosis.digest += hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
    for key, count in steps.meta.get("recorded_actions", {}).items():
        diagnosis.counts[key] = diagnosis.counts.get(key, 0) + count
    diagnosis.findings += _notes(diagnosis, steps)


def _add_actions_alone(diagnosis: Diagnosis, source: Demo2022) -> None:
    """Actions without a video teach nothing, but their numbers are still of interest."""
    for pair in source.pairs:
        try:
            actions = read_actions(pair.actions)
        except DemoError:
            continue
        none = ["none"] * len(actions)
        diagnosis.histogram += Counts.of(BUTTONS[2022], actions.buttons, actions.camera, none)
        for key, count in actions.counts.items():
            diagnosis.counts[key] = diagnosis.counts.get(key, 0) + count


def _notes(diagnosis: Diagnosis, steps: Steps) -> list[Finding]:
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
    if diagnosis.histogram.noops > _MANY_NOOPS * steps.length:
        remarks.append(f"nothing is done on {diagnosis.histogram.noops / steps.length:.0%} of ticks")
    return [Finding(diagnosis.path, remark, fault=False) for remark in remarks]


def _find_duplicates(diagnoses: Sequence[Diagnosis]) -> None:
    first: dict[str, Diagnosis] = {}
    for diagnosis in diagnoses:
        if not diagnosis.steps:
            continue
        original = first.setdefault(diagnosis.digest, diagnosis)
        if original is not diagnosis:
            what = f"holds the same actions as {original.path}"
            diagnosis.findings.append(Finding(diagnosis.path, what, "keep one of them"))

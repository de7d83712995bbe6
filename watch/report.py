"""The report: one HTML page that opens from disk, its media inside or, when they are large, beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from basalt_iq.files import make_folder, write_folder, write_text
from basalt_iq.pages import render
from basalt_iq.play.episode import Episode
from basalt_iq.records import to_json
from basalt_iq.train.meanings import Meaning, meaning_of
from basalt_iq.watch.contents import EpisodePart, EvaluationPart, Report, RunPart
from basalt_iq.watch.lands import lands
from basalt_iq.watch.packing import digest, pack
from basalt_iq.watch.pairing import paired_tests
from basalt_iq.watch.results import Written
from basalt_iq.watch.reward_view import in_words, reward_view
from basalt_iq.watch.runs import Evaluation, Run, find, without
from basalt_iq.watch.summing import PATH_POINTS, endings, habits, path

TEMPLATES = Path(__file__).with_name("templates")
#: Above this many bytes of media the page would open slowly: they go into a folder beside it.
INSIDE_LIMIT = 32 << 20


@dataclass(frozen=True)
class Media:
    """Where the page finds an episode's arrays and video: by id, inside the page or beside it."""

    key: str
    episode: Episode


def write_report(
    paths: Sequence[Path],
    out: Path,
    *,
    title: str | None = None,
    command: str | None = None,
    inside_limit: int = INSIDE_LIMIT,
) -> Written:
    """Write the report of the runs and evaluations under ``paths`` to ``out``.

    ``command`` is what a person would repeat. The old report stays until the new one is whole.
    """
    report, media = collect(paths, title, command)
    make_folder(out.parent)
    inside = sum(_size(m.episode) for m in media) <= inside_limit
    folder = out.with_name(f"{out.stem}_files")
    if not inside:
        write_folder(folder, lambda temporary: _write_beside(temporary, media))
    page = render(
        TEMPLATES,
        "report.html",
        title=report.title,
        data=as_data(report if inside else replace(report, media=folder.name)),
        blocks=[block for m in media for block in _blocks(m)] if inside else [],
    )
    write_text(out, page)
    return Written(
        report=str(out), media=None if inside else str(folder), episodes=len(media), bytes=out.stat().st_size
    )


def collect(
    paths: Sequence[Path], title: str | None = None, command: str | None = None
) -> tuple[Report, list[Media]]:
    """What the page says, and the media it refers to by key."""
    runs, found = find(paths)
    media = {id(e): [Media(_key(one), one) for one in e.episodes] for _, e in found}
    colours = _colours(runs, found)
    parts = [_evaluation(e, run, runs, media[id(e)], colours[e.name]) for run, e in found]
    tasks = sorted({part.summary.task for part in parts})
    pairs, unpaired = paired_tests([e for _, e in found])
    report = Report(
        title or " · ".join(["basalt-iq", *tasks]),
        datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        version("basalt-iq"),
        command,
        [_run(run, index) for index, run in enumerate(runs)],
        parts,
        pairs,
        unpaired,
        _meanings(runs),
        lands([e for _, e in found]),
    )
    return report, [one for kept in media.values() for one in kept]


def as_data(report: Report) -> Any:
    """The report as the page's JSON: no NaN, which JSON does not have."""
    return finite(to_json(report))


def _colours(runs: Sequence[Run], found: Sequence[tuple[Run | None, Evaluation]]) -> dict[str, int | None]:
    """One colour an agent: a run's agent has its run's, further agents the next ones, baselines none."""
    colours: dict[str, int | None] = {}
    following = len(runs)
    for run, evaluation in found:
        if evaluation.is_baseline:
            colours[evaluation.name] = None
        elif run is not None and evaluation.folder.name == "agent":
            colours[evaluation.name] = runs.index(run)
        else:
            colours[evaluation.name], following = following, following + 1
    return colours


def _key(episode: Episode) -> str:
    """The same for an episode however many others there are."""
    place = str(episode.folder.resolve()).encode()
    return f"{hashlib.sha256(place).hexdigest()[:10]}-{episode.facts.seed}"


def _run(run: Run, index: int) -> RunPart:
    config = flatten({k: v for k, v in run.config.items() if k != "command"})
    made = run.commands, run.facts, config, run.measured_curves(), run.chosen
    return RunPart(run.name, index, run.setting, run.objective, *made)


def _evaluation(
    evaluation: Evaluation, run: Run | None, runs: Sequence[Run], media: Sequence[Media], colour: int | None
) -> EvaluationPart:
    view = reward_view(evaluation.episodes)
    return EvaluationPart(
        evaluation.name,
        runs.index(run) if run else None,
        colour,
        evaluation.summary,
        without(evaluation.summary.command or "", "--json") or None,
        view,
        in_words(view),
        habits(evaluation.episodes),
        endings([(m.key, m.episode) for m in media]),
        [_episode(m, points=PATH_POINTS if len(media) <= 200 else PATH_POINTS // 3) for m in media],
    )


def _episode(media: Media, points: int) -> EpisodePart:
    episode = media.episode
    return EpisodePart(
        media.key, episode.shown.exists(), episode.facts, digest(episode), path(episode, points)
    )


def _meanings(runs: Sequence[Run]) -> dict[str, Meaning]:
    names = {name for run in runs for name in run.measured_curves(1)}
    return {name: meaning_of(name) for name in sorted(names)}


def flatten(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """A nested configuration as rows of dotted name and text."""
    if isinstance(value, dict):
        return [
            row
            for key, item in value.items()
            for row in flatten(item, f"{prefix}.{key}" if prefix else str(key))
        ]
    return [(prefix, value if isinstance(value, str) else json.dumps(value))]


def finite(value: Any) -> Any:
    """The same data with None for NaN and infinities, which JSON does not have."""
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list | tuple) else value


def _size(episode: Episode) -> int:
    files = (episode.shown, episode.folder / f"{episode.stem}.npz")
    return sum(file.stat().st_size for file in files if file.exists())


def _blocks(media: Media) -> list[tuple[str, str]]:
    """(id, base64) of an episode's arrays and video, for script blocks that nobody executes."""
    blocks = [(f"a-{media.key}", pack(media.episode))]
    if media.episode.shown.exists():
        blocks.append((f"v-{media.key}", base64.b64encode(media.episode.shown.read_bytes()).decode()))
    return blocks


def delivery(media: Media) -> str:
    """An episode's arrays as a script: a page opened from disk may load no other data."""
    return f"basalt.deliver({json.dumps(media.key)}, {json.dumps(pack(media.episode))});\n"


def _write_beside(folder: Path, media: Sequence[Media]) -> None:
    for m in media:
        (folder / f"a-{m.key}.js").write_text(delivery(m))
        if m.episode.shown.exists():
            shutil.copyfile(m.episode.shown, folder / f"v-{m.key}.mp4")

"""The report: one HTML page that opens from disk, its media inside or, when they are large, beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

from basalt_iq.files import make_folder, write_folder, write_text
from basalt_iq.pages import render
from basalt_iq.play.episode import Episode
from basalt_iq.play.stats import mcnemar
from basalt_iq.watch.meanings import meaning_of
from basalt_iq.watch.packing import digest, pack
from basalt_iq.watch.reward_view import reward_view
from basalt_iq.watch.runs import Evaluation, Run, find

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
) -> dict[str, Any]:
    """Write the report of the runs and evaluations under ``paths`` to ``out``.

    ``command`` is what a person would repeat. Returns what was written: ``report``, ``media`` (folder
    beside the page or None), ``episodes``, ``bytes``. The old report stays until the new one is whole.
    """
    data, media = collect(paths, title, command)
    make_folder(out.parent)
    inside = sum(_size(m.episode) for m in media) <= inside_limit
    folder = out.with_name(f"{out.stem}_files")
    if not inside:
        write_folder(folder, lambda temporary: _write_beside(temporary, media))
    page = render(
        TEMPLATES,
        "report.html",
        title=data["title"],
        data=data | {"media": None if inside else folder.name},
        blocks=[block for m in media for block in _blocks(m)] if inside else [],
    )
    write_text(out, page)
    return {
        "report": str(out),
        "media": None if inside else str(folder),
        "episodes": len(media),
        "bytes": out.stat().st_size,
    }


def collect(
    paths: Sequence[Path], title: str | None = None, command: str | None = None
) -> tuple[dict[str, Any], list[Media]]:
    """What the page says (JSON-ready), and the media it refers to by key."""
    runs, found = find(paths)
    media: list[Media] = []
    evaluations = []
    for run, evaluation in found:
        keys = [Media(_key(e), e) for e in evaluation.episodes]
        media += keys
        evaluations.append(_evaluation(evaluation, run, runs, keys))
    tasks = sorted({e["summary"]["task"] for e in evaluations if e["summary"].get("task")})
    data = {
        "title": title or " · ".join(["basalt-iq", *tasks]),
        "written": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "version": version("basalt-iq"),
        "command": command,
        "runs": [_run(run) for run in runs],
        "evaluations": evaluations,
        "pairs": paired_tests([e for _, e in found]),
        "meanings": _meanings(runs),
    }
    return finite(data), media


def _key(episode: Episode) -> str:
    """The same for an episode however many others there are."""
    place = str(episode.folder.resolve()).encode()
    return f"{hashlib.sha256(place).hexdigest()[:10]}-{episode.facts.seed}"


def paired_tests(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Every two evaluations of one task that share judged seeds: exact McNemar over the shared ones."""
    tests = []
    for a, b in combinations(evaluations, 2):
        if a.summary.get("task") != b.summary.get("task"):
            continue
        ours, theirs = ({e.facts.seed: e.facts.success for e in side.played} for side in (a, b))
        seeds = [s for s in ours if ours[s] is not None and theirs.get(s) is not None]
        if not seeds:
            continue
        only_a = sum(bool(ours[s]) and not theirs[s] for s in seeds)
        only_b = sum(bool(theirs[s]) and not ours[s] for s in seeds)
        both = sum(bool(ours[s]) and bool(theirs[s]) for s in seeds)
        tests.append(
            {"a": a.name, "b": b.name, "seeds": len(seeds), "only_a": only_a, "only_b": only_b, "both": both,
             "p": mcnemar(only_a, only_b)}
        )  # fmt: skip
    return tests


def _run(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "command": run.command,
        "config": flatten({k: v for k, v in run.config.items() if k != "command"}),
        "curves": {name: asdict(curve) for name, curve in run.curves().items()},
    }


def _evaluation(
    evaluation: Evaluation, run: Run | None, runs: Sequence[Run], media: Sequence[Media]
) -> dict[str, Any]:
    return {
        "name": evaluation.name,
        "run": runs.index(run) if run else None,
        "summary": evaluation.summary,
        "reward_view": reward_view(evaluation.episodes),
        "episodes": [_episode(m) for m in media],
    }


def _episode(media: Media) -> dict[str, Any]:
    facts = asdict(media.episode.facts)
    return facts | digest(media.episode) | {"key": media.key, "video": media.episode.video.exists()}


def _meanings(runs: Sequence[Run]) -> dict[str, dict[str, str]]:
    names = {name for run in runs for name in run.curves(1)}
    return {name: asdict(meaning_of(name)) for name in sorted(names)}


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
    files = (episode.video, episode.folder / f"{episode.stem}.npz")
    return sum(file.stat().st_size for file in files if file.exists())


def _blocks(media: Media) -> list[tuple[str, str]]:
    """(id, base64) of an episode's arrays and video, for script blocks that nobody executes."""
    blocks = [(f"a-{media.key}", pack(media.episode))]
    if media.episode.video.exists():
        blocks.append((f"v-{media.key}", base64.b64encode(media.episode.video.read_bytes()).decode()))
    return blocks


def delivery(media: Media) -> str:
    """An episode's arrays as a script: a page opened from disk may load no other data."""
    return f"basalt.deliver({json.dumps(media.key)}, {json.dumps(pack(media.episode))});\n"


def _write_beside(folder: Path, media: Sequence[Media]) -> None:
    for m in media:
        (folder / f"a-{m.key}.js").write_text(delivery(m))
        if m.episode.video.exists():
            shutil.copyfile(m.episode.video, folder / f"v-{m.key}.mp4")

"""What lies in the folders that people point `watch` and `compare` at: runs, evaluations, curves."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from basalt_iq.errors import UserError
from basalt_iq.play.places import SUMMARY

if TYPE_CHECKING:
    from basalt_iq.play.episode import Episode
    from basalt_iq.play.plan import Summary


#: Points that a learning curve keeps: more than a screen has columns for it is waste.
CURVE_POINTS = 500
#: Of a metrics.jsonl: months of training write less.
_MOST_METRICS = 1 << 30


@dataclass(frozen=True)
class Evaluation:
    """An evaluation folder."""

    folder: Path
    name: str
    """For people, different for each evaluation of a page."""

    @cached_property
    def summary(self) -> Summary:
        from basalt_iq.play.plan import read_summary

        return read_summary(self.folder)

    @cached_property
    def episodes(self) -> list[Episode]:
        """Those that the summary counts: the folder may hold more."""
        from basalt_iq.play.episode import load_all

        seeds = set(self.summary.seeds)
        return [e for e in load_all(self.folder) if e.facts.seed in seeds]

    @property
    def is_baseline(self) -> bool:
        """Played by no trained agent: by chance, by the world's own player, by a person."""
        return self.summary.weights is None or self.summary.player == "demonstrator"

    @property
    def played(self) -> list[Episode]:
        """Without demonstrations, whose numbers are no seeds."""
        return [e for e in self.episodes if e.facts.source is None]


@dataclass(frozen=True)
class Run:
    """A training run's folder."""

    folder: Path
    name: str

    @cached_property
    def config(self) -> dict[str, Any]:
        return _read_object(self.folder / "config.json")

    @property
    def settings(self) -> dict[str, Any]:
        """The training's own settings."""
        inner = self.config.get("config")
        return inner if isinstance(inner, dict) else {}

    @property
    def objective(self) -> str:
        for group, name in (("objective", "name"), ("goal", "objective")):  # the second in version 0.1
            if isinstance(part := self.settings.get(group), dict):
                return str(part.get(name, ""))
        return ""

    @property
    def setting(self) -> str:
        """Equal for trainings that differ in nothing but their seed, place and machine."""
        aside = {"seed", "store", "run", "wandb", "track", "device", "minutes"}
        kept = {key: value for key, value in self.settings.items() if key not in aside}
        import hashlib

        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]

    @cached_property
    def updates(self) -> int | None:
        """Those that were made, by the newest checkpoint."""
        found = [int(f.name) for f in (self.folder / "checkpoints").glob("*") if f.name.isdigit()]
        return max(found, default=None)

    @cached_property
    def chosen(self) -> int | None:
        """The update whose weights are the agent, where the run says so."""
        agent = self.folder / "agent"
        name = agent.resolve().name
        return int(name) if agent.is_symlink() and name.isdigit() else None

    @cached_property
    def commands(self) -> list[str]:
        """The command that gives this training again, where the configuration has it.

        A clock stops other machines elsewhere: the updates that were made take its place.
        """
        words = self.config.get("command")
        if not isinstance(words, list) or len(words) < 2:
            return []
        command = without(shlex.join(["basalt-iq", *map(str, words[1:])]), "--json")
        if self.updates is not None:
            command = without(command, "--minutes", "--steps") + f" --steps {self.updates}"
        return [command]

    @property
    def facts(self) -> list[str]:
        """Versions that it was made with, and what its data were."""
        versions = self.config.get("versions")
        rows = [f"{name} {value}" for name, value in versions.items()] if isinstance(versions, dict) else []
        known = [(name, self.config.get(name)) for name in ("data", "digest", "fingerprint", "git")]
        return rows + [f"{name} {value}" for name, value in known if isinstance(value, str)]

    def measured_curves(self, points: int = CURVE_POINTS) -> dict[str, Curve]:
        """Without those of own play where there was none: they stand at 0 and were never measured."""
        curves = self.curves(points)
        if self.settings.get("online", {}).get("online", False):
            return curves
        return {
            name: curve for name, curve in curves.items() if not name.endswith("_policy") or any(curve.values)
        }

    def curves(self, points: int = CURVE_POINTS) -> dict[str, Curve]:
        """Every logged quantity by its full name (``group/name``)."""
        return read_curves(self.folder / "metrics.jsonl", points)


@dataclass(frozen=True)
class Curve:
    """A logged quantity: training steps, seconds since the start, values; all of one length."""

    steps: list[float]
    seconds: list[float]
    values: list[float]


def read_curves(path: Path, points: int = CURVE_POINTS) -> dict[str, Curve]:
    """Curves of a ``metrics.jsonl``, thinned to ``points`` by averaging neighbours.

    A last line cut short by a kill, and values that are no finite number, are passed over.
    """
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for line in _json_lines(path):
        step, seconds = line.get("step"), line.get("seconds", 0.0)
        if not _is_number(step):
            continue
        for name, value in line.items():
            if "/" in name and _is_number(value):
                rows.setdefault(name, []).append((step, seconds if _is_number(seconds) else 0.0, value))
    return {name: Curve(*map(list, zip(*_thin(row, points), strict=True))) for name, row in rows.items()}  # type: ignore[arg-type]


def find(paths: Sequence[Path]) -> tuple[list[Run], list[tuple[Run | None, Evaluation]]]:
    """Runs and evaluations under ``paths``: each a run, an evaluation, or a folder of such.

    Raises UserError for a folder that holds neither.
    """
    runs: list[Run] = []
    evaluations: list[tuple[Run | None, Evaluation]] = []
    for path in paths:
        found = [*_find_in(path)] or [pair for child in _folders(path) for pair in _find_in(child)]
        if not found:
            raise UserError(
                f"{path}: no run and no evaluation in it; give a folder that `train` or `evaluate` wrote"
            )
        for run, evaluation in found:
            if run and run not in runs:
                runs.append(run)
            if evaluation:
                evaluations.append((run, evaluation))
    return runs, _with_distinct_names(evaluations)


def examples(episodes: Sequence[Episode], most: int) -> list[Episode]:
    """Successes and failures in turn, as far as there are both, each by seed."""
    there = [e for e in episodes if e.video.is_file()]
    sides = [[e for e in there if bool(e.facts.success) is side] for side in (True, False)]
    turns = [e for i in range(len(there)) for side in sides for e in side[i : i + 1]]
    return sorted(turns[:most], key=lambda e: e.facts.seed)


def without(command: str, *options: str) -> str:
    """A command line without some options and their values (a word that begins with no dash)."""
    kept, skipping = [], False
    for word in shlex.split(command):
        name, is_option = word.partition("=")[0], word.startswith("--")
        if name in options:
            skipping = "=" not in word and name != "--json"
        elif is_option or not skipping:
            kept.append(word)
            skipping = False
        else:
            skipping = False
    return shlex.join(kept)


def _find_in(path: Path) -> Iterable[tuple[Run | None, Evaluation | None]]:
    if (path / SUMMARY).exists():
        yield None, Evaluation(path, path.resolve().name)
        return
    if any(path.glob("MineRLBasalt*/seed_*.jsonl")):
        from basalt_iq.watch.bedd_rollouts import bedd_rollouts

        yield from ((None, evaluation) for evaluation in bedd_rollouts(path))
        return
    run = Run(path, path.resolve().name) if (path / "config.json").exists() else None
    if run:
        yield run, None
    for folder in [*_folders(path / "evaluations"), path / "demos"]:
        if (folder / SUMMARY).exists():
            # A run's own agent goes by the run's name: that is what tells agents apart.
            yield run, Evaluation(folder, run.name if run and folder.name == "agent" else folder.name)


def _with_distinct_names(
    found: list[tuple[Run | None, Evaluation]],
) -> list[tuple[Run | None, Evaluation]]:
    """Evaluations of one name are told apart by their run, then by a number."""
    names = [evaluation.name for _, evaluation in found]
    result: list[tuple[Run | None, Evaluation]] = []
    used: set[str] = set()
    for run, evaluation in found:
        name = evaluation.name
        if names.count(name) > 1 and run:
            name = f"{run.name}/{name}"
        base, number = name, 2
        while name in used:
            name, number = f"{base} ({number})", number + 1
        used.add(name)
        result.append((run, replace(evaluation, name=name)))
    return result


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError:
        return []


def _thin(rows: list[tuple[float, ...]], points: int) -> list[tuple[float, ...]]:
    if len(rows) <= points:
        return rows
    size = math.ceil(len(rows) / points)
    parts = [rows[i : i + size] for i in range(0, len(rows), size)]
    return [tuple(sum(column) / len(part) for column in zip(*part, strict=True)) for part in parts]


def _json_lines(path: Path) -> Iterable[Mapping[str, Any]]:
    from basalt_iq.records import read_bytes

    try:
        text = read_bytes(path, _MOST_METRICS).decode(errors="replace")
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot read ({getattr(error, 'strerror', None) or error})") from error
    for line in text.splitlines():
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            yield data


def _read_object(path: Path) -> dict[str, Any]:
    from basalt_iq.records import read_json

    remedy = "restore it, or report without this run"
    try:
        return read_json(path, dict[str, Any], remedy=remedy)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; {remedy}") from None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

"""Garbles every JSON file that is read back, and reads it: taken with finite numbers, or refused in a line.

    python benchmarks/mutations.py [--cases 2000] [--files agent.json ...] [--seed 0] [--json FILE]

The sound files are made by the real commands. A mutation replaces, drops, cuts or flips something; reading is
what the commands do with the file. Prints a line for each file; exit code 1 if a case did not hold: another
exception than UserError, more than one line, no end within 20 s, or a number that is not finite.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

from failing_files import LINES, note

from basalt_iq.agent.checkpoint import load_spec
from basalt_iq.data.commands import _read_actions
from basalt_iq.data.exchange import ABOUT, Exported, described
from basalt_iq.data.marks import FILE, mark, read_marks
from basalt_iq.data.store import Store
from basalt_iq.data.work_list import from_index
from basalt_iq.errors import UserError
from basalt_iq.play.episode import load_all
from basalt_iq.play.plan import read_summary
from basalt_iq.records import parse_json
from basalt_iq.submission.checking import read_manifest
from basalt_iq.train.checkpoints import Checkpoint
from basalt_iq.train.metrics import holds_evaluations
from basalt_iq.train.settings import read_config, settings_from_json
from basalt_iq.watch.judgements import Judgements
from basalt_iq.watch.matches import read_matches, write_matches
from basalt_iq.watch.ratings import Judgement
from basalt_iq.watch.runs import Run

SECONDS = 20
PREPARED = ("record", "ingest", "train", "evaluate", "random", "compare", "build")
VALUES: list[Any] = [
    *("", "x", "NaN", None, True, -1, 0, 1.5, 1e300, 10**30, 2**31, 2**63, [], {}, [None]),
    *("\ud800", "\x1b[2J", "a" * 10_000, "../../x", [[]] * 50, {"a": {"b": {}}}, math.nan, math.inf),
]
WORDS = (b"NaN", b"Infinity", b"1e999", b"-0", b"[" * 5000, b"\x00", b"\xef\xbb\xbf", b"{}", b"\xff")


@dataclass(frozen=True)
class Result:
    tried: int
    taken: int
    refused: int
    problems: tuple[str, ...]

    @property
    def held(self) -> int:
        return self.taken + self.refused


@dataclass(frozen=True)
class Case:
    """A file and the way in which commands read it."""

    file: Path
    read: Callable[[], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--files", nargs="+", help="only these")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="add what came out to this file, file by file")
    options = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        for title, case in prepare(Path(name)).items():
            if options.files and title not in options.files:
                continue
            result = garble(case, options.cases, random.Random(options.seed))
            bad += result.tried - result.held
            print(f"{title}: {result.held} of {result.tried} hold, {result.refused} refused", flush=True)
            for problem in result.problems[:10]:
                print(f"  {problem}", flush=True)
            if options.json:
                note(options.json, title, result)
    sys.exit(bool(bad))


def prepare(root: Path) -> dict[str, Case]:
    """Sound files of every kind, by name."""
    for name in PREPARED:
        subprocess.run([sys.executable, "-m", "basalt_iq", *LINES[name].format(root).split()], check=True,
                       capture_output=True)  # fmt: skip
    store, run = Store.open(root / "store"), root / "run"
    demos = store.select()
    mark(store.path, demos[0], excluded=True, note="falls")
    described(demos).write(root)
    judgements = Judgements(root / "judged")
    judgements.add(
        [Judgement(f"j{n}", "FindCave", n, "a", "b", "left", "me", "2026-01-01") for n in range(3)]
    )
    write_matches(root / "matches.json", judgements.all)
    index = {"basedir": "http://x/y/", "relpaths": ["dir/a-1-20220701-000000.mp4", "b.mp4", "c/d.mp4"]}
    (root / "index.json").write_text(json.dumps(index))
    return of_data(root, store.path, store.path / demos[0].task / demos[0].name) | of_runs(root, run)


def of_data(root: Path, store: Path, demo: Path) -> dict[str, Case]:
    index = root / "index.json"
    return {
        "manifest.json": Case(store / "manifest.json", partial(use_store, store)),
        "trajectory.json": Case(demo / "trajectory.json", partial(use_store, store)),
        "marks.json": Case(store / FILE, lambda: read_marks(store)),
        "basalt_iq.json (export)": Case(root / ABOUT, lambda: Exported.read(root, "lerobot")),
        "index.json": Case(index, lambda: from_index(index.read_bytes(), "index.json").entries),
    }


def of_runs(root: Path, run: Path) -> dict[str, Case]:
    agent, evaluation = run / "agent", run / "evaluations" / "agent"
    record = max((run / "checkpoints").glob("0*")) / "run.json"
    judged, package = root / "judged", root / "package"
    return {
        "agent.json": Case(agent / "agent.json", lambda: spec_of(agent)),
        "agent.json (--actions)": Case(agent / "agent.json", lambda: _read_actions(agent / "agent.json")),
        "config.json": Case(run / "config.json", lambda: settings_of(run)),
        "config.json (report)": Case(run / "config.json", lambda: Run(run, "run").config),
        "run.json": Case(record, lambda: parse_json(record.read_bytes(), Checkpoint, "run.json", remedy="")),
        "metrics.jsonl": Case(run / "metrics.jsonl", lambda: holds_evaluations(run / "metrics.jsonl")),
        "summary.json": Case(evaluation / "summary.json", lambda: read_summary(evaluation)),
        "seed_N.json": Case(next(evaluation.glob("seed_*.json")), lambda: load_all(evaluation)),
        "judgements.jsonl": Case(judged / "judgements.jsonl", lambda: Judgements(judged).all),
        "matches.json": Case(root / "matches.json", lambda: read_matches(root / "matches.json")),
        "submission.json": Case(package / "submission.json", lambda: read_manifest(package)),
    }


def use_store(path: Path) -> Any:
    """What every command does with a store's records."""
    demos = Store.open(path).select()
    for one in demos:
        one.counts().facts()
        _ = one.camera, one.frames[0], one.about.origins(), one.digest
    return [one.about for one in demos]


def spec_of(agent: Path) -> Any:
    spec = load_spec(agent)
    spec.build()
    return spec.to_json()


def settings_of(run: Path) -> Any:
    config = settings_from_json(read_config(run).config, "config.json")
    return {k: v for k, v in asdict(config).items() if k != "objective"}  # alpha may be left to the objective


def garble(case: Case, cases: int, rng: random.Random) -> Result:
    sound = case.file.read_bytes()
    if not outcome(case)[1]:
        return Result(1, 0, 0, ("refused as it is",))
    taken, refused, problems = 0, 0, list[str]()
    for number in range(cases):
        case.file.write_bytes(mutated(sound, rng))
        try:
            problem, took = outcome(case)
        finally:
            signal.alarm(0)
        taken, refused = taken + (took and not problem), refused + (not took and not problem)
        if problem:
            problems.append(f"{number}: {problem}")
    case.file.write_bytes(sound)
    return Result(cases, taken, refused, tuple(problems))


def outcome(case: Case) -> tuple[str, bool]:
    """What is wrong, empty for nothing, and whether the file was taken."""
    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        value = case.read()
    except UserError as error:
        return ("more than a line: " + str(error) if "\n" in str(error) else ""), False
    except BaseException as error:  # noqa: BLE001  whatever else comes is what is looked for
        return f"{type(error).__name__}: {error}"[:200], False
    return ("" if finite(value) else "a number that is not finite"), True


def late(*_: object) -> None:
    raise TimeoutError("no end")


def finite(value: Any) -> bool:
    if is_dataclass(value) and not isinstance(value, type):
        value = vars(value) if hasattr(value, "__dict__") else asdict(value)
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def mutated(sound: bytes, rng: random.Random) -> bytes:
    """Of a file of JSON, or of lines of it."""
    if rng.random() < 0.4:
        return garbled(sound, rng)
    try:
        return garbled_value(json.loads(sound), rng)
    except ValueError:
        lines = sound.splitlines()
        at = rng.randrange(len(lines))
        lines[at] = garbled_value(json.loads(lines[at]), rng)
        return b"\n".join(lines) + b"\n"


def garbled(sound: bytes, rng: random.Random) -> bytes:
    """A bit flipped, the end cut off, or a word put in."""
    raw, at = bytearray(sound), rng.randrange(len(sound))
    kind = rng.choice(("flip", "cut", "word"))
    if kind == "flip":
        raw[at] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del raw[at:]
    else:
        raw[at : at + rng.randrange(8)] = rng.choice(WORDS)
    return bytes(raw)


def garbled_value(value: Any, rng: random.Random) -> bytes:
    """A value replaced or dropped, at any depth."""
    node = value
    while isinstance(node, dict | list) and node:
        key: Any = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        inner = node[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.25:
            if rng.random() < 0.25:
                del node[key]
            else:
                node[key] = rng.choice(VALUES)
            break
        node = inner
    return json.dumps(value).encode()


if __name__ == "__main__":
    main()

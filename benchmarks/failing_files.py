"""Fails every file operation of every command once, in turn, as SQLite's tests do.

    python benchmarks/failing_files.py [--commands record ...] [--errors ENOSPC EIO EACCES EMFILE] [--every 1]

Each case starts a command from the same folder, its n-th operation below that folder failing. It must end
without a traceback; repeated without the fault, it must reach the result of a run in which nothing failed.
Needs Linux and a C compiler. Prints a table; exit code 1 if a case did not hold.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import hashlib
import json
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

SOURCE = Path(__file__).parent.parent / "tests" / "fixtures" / "failing_files.c"
TRAIN = (
    "--task FindCave --recipe demo --steps 4 --check-every 2 --log-every 1 --batch 2 --length 8 --device cpu"
)
#: Command -> its line; {0} is the folder of the case. What comes before prepares the next.
LINES = {
    "record": "data record {0}/demos --task FindCave --n 3 --max-steps 60 --keep-failures --workers 1",
    "index": "data index {0}/demos",
    "check": "data check {0}/demos --workers 1",
    "ingest": "data ingest {0}/demos --store {0}/store --workers 1",
    "check-store": "data check {0}/store --workers 1",
    "show": "data show {0}/store",
    "train": f"train --store {{0}}/store --run {{0}}/run {TRAIN}",
    "online": f"train --store {{0}}/store --run {{0}}/online {TRAIN} --online --worlds 1 --online-steps 4"
    " --start-after 2 --workers 1",
    "evaluate": "evaluate --run {0}/run --episodes 1 --max-steps 20 --workers 1 --worlds 1",
    "random": "evaluate --run {0}/run --player random --episodes 1 --max-steps 20 --workers 1 --worlds 1",
    "compare": "compare {0}/run/evaluations/agent {0}/run/evaluations/random --auto --out {0}/judged",
    "build": "submit build {0}/run --target aicrowd-2021 --out {0}/package",
    "watch": "watch {0}/run --out {0}/report.html --demos 1",
}
#: Differ from run to run by nature: times, and what says when and where.
LEFT_OUT = (".lock", "README.txt", "summary.json", "config.json", "metrics.jsonl", "report.html")


class State(ctypes.Structure):
    """As `struct state` of failing_files.c."""

    _fields_ = (
        ("count", ctypes.c_int), ("at", ctypes.c_int), ("error", ctypes.c_int),
        ("operation", ctypes.c_char * 16), ("path", ctypes.c_char * 1024),
    )  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    code: int
    said: str
    operations: int
    failed: str


@dataclass(frozen=True)
class Result:
    """What came of the cases of a command."""

    operations: int
    """That an undisturbed run makes."""
    tried: int
    held: int
    problems: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--commands", nargs="+", default=list(LINES), choices=list(LINES))
    parser.add_argument("--errors", nargs="+", default=["ENOSPC", "EIO", "EACCES", "EMFILE"])
    parser.add_argument("--every", type=int, default=1, help="take every n-th operation only")
    parser.add_argument("--first", type=int, default=1, help="the first operation that is taken")
    parser.add_argument("--json", type=Path, help="add what came out to this file, command by command")
    options = parser.parse_args()
    if "FAILING_STATE" not in os.environ:
        sys.exit(start_again())
    with tempfile.TemporaryDirectory(dir=os.environ["FAILING_ROOT"]) as scratch:
        bad = run_all(options, Path(scratch))
    sys.exit(1 if bad else 0)


def start_again() -> int:
    """This program once more, with the library loaded before all others."""
    with tempfile.TemporaryDirectory() as folder:
        library, state = Path(folder) / "failing.so", Path(folder) / "state"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        state.write_bytes(bytes(ctypes.sizeof(State)))
        root = Path(folder) / "cases"
        root.mkdir()
        told = {
            "LD_PRELOAD": str(library), "FAILING_STATE": str(state), "FAILING_ROOT": str(root),
            "FAILING_UNDER": str(root), "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled",
        }  # fmt: skip
        return subprocess.run([sys.executable, *sys.argv], env={**os.environ, **told}).returncode


def run_all(options: argparse.Namespace, scratch: Path) -> int:
    preload()
    with open(os.environ["FAILING_STATE"], "r+b") as file:
        state = State.from_buffer(mmap.mmap(file.fileno(), 0))
    place, bad = scratch / "case", 0  # one path for all, since records name it
    place.mkdir()
    for command, line in LINES.items():
        before, after = scratch / f"before-{command}", scratch / f"after-{command}"
        shutil.copytree(place, before, symlinks=True)
        whole = run(command, line.format(place), state, 0)
        shutil.copytree(place, after, symlinks=True)
        if whole.code not in (0, 1):
            raise SystemExit(f"{command} fails by itself: {whole.said}")
        if command in options.commands:
            result = cases(command, line, state, before, after, whole.operations, options)
            bad += result.tried - result.held
            if options.json:
                note(options.json, command, result)
        shutil.rmtree(place, ignore_errors=True)
        after.rename(place)
        shutil.rmtree(before)
    return bad


def cases(
    command: str,
    line: str,
    state: State,
    before: Path,
    after: Path,
    operations: int,
    options: argparse.Namespace,
) -> Result:
    """Every case of a command."""
    wanted, held, problems = digest(after), 0, list[str]()
    numbers = range(options.first, operations + 1, options.every)
    kinds = [(n, options.errors[i % len(options.errors)]) for i, n in enumerate(numbers)]
    for number, kind in kinds:
        place = before.parent / "case"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(before, place, symlinks=True)
        first = run(command, line.format(place), state, number, getattr(errno, kind))
        again = run(command, line.format(place), state, 0) if first.code else first
        problem = judge(first, again, digest(place), wanted, place)
        held += problem is None
        if problem:
            problems.append(f"{number} {kind} {first.failed}: {problem}")
            print(f"  {command} {problems[-1]}", flush=True)
        shutil.rmtree(place)
    print(f"{command}: {held} of {len(kinds)} hold ({operations} operations)", flush=True)
    return Result(operations, len(kinds), held, tuple(problems))


def note(file: Path, command: str, result: Result) -> None:
    """Put a result beside those of other commands."""
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | {command: asdict(result)}, indent=1) + "\n")


def judge(first: Outcome, again: Outcome, got: dict, wanted: dict, place: Path) -> str | None:
    """What is wrong with a case, or None."""
    if "Traceback" in first.said:
        return "a traceback: " + first.said.strip().splitlines()[-1][:200]
    if first.code not in (0, 1, 2, 130):
        return f"exit code {first.code}: {first.said[-200:]}"
    if first.code == 2 and "basalt-iq: " not in first.said:
        return f"no word: {first.said[-200:]}"
    if again.code not in (0, 1) or "Traceback" in again.said:
        return f"the repeated command fails: {again.said.strip()[-300:]}"
    different = sorted(name for name in got.keys() | wanted.keys() if got.get(name) != wanted.get(name))
    return f"another result: {different[:4]}" if different else None


def digest(folder: Path) -> dict[str, str]:
    """The content of what lies in a folder, but for what differs by nature and hidden leftovers."""
    found = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if file.is_file() and not hidden and not file.name.startswith(LEFT_OUT) and file.name != "SHA256SUMS":
            found[str(name)] = content(file)
    return found


def content(file: Path) -> str:
    raw = file.read_bytes()
    if file.suffix == ".npz":  # archives carry times
        import numpy as np

        with np.load(file, allow_pickle=False) as arrays:
            raw = b"".join(
                name.encode() + arrays[name].tobytes() for name in arrays.files if name != "act_ms"
            )
    if file.name in ("run.json", "trajectory.json"):
        raw = json.dumps(timeless(json.loads(raw))).encode()
    if file.name == "agent.json":
        raw = json.dumps({k: v for k, v in json.loads(raw).items() if k != "trained"}).encode()
    if file.suffix == ".safetensors" and file.name.startswith("state"):
        return "a training state"  # holds seconds
    return hashlib.sha256(raw).hexdigest()


def timeless(record: Any) -> Any:
    """Without seconds, and without the times at which files were last touched."""
    if isinstance(record, dict):
        return {k: timeless(v) for k, v in record.items() if k not in ("seconds", "files")}
    return [timeless(item) for item in record] if isinstance(record, list) else record


def preload() -> None:
    """What every case would import anew; a child begins with it."""
    import av  # noqa: F401
    import torch

    from basalt_iq.cli import COMMANDS, _load

    torch.set_num_threads(1)
    for place in COMMANDS.values():
        _load(place)
    import basalt_iq.train.loop
    import basalt_iq.watch.report  # noqa: F401
    from basalt_iq.play.worlds import make

    world = make("FindCave")
    world.reset(seed=0)
    world.close()


def run(command: str, line: str, state: State, at: int, error: int = 0) -> Outcome:
    """One command in a child of this process."""
    reading, writing = os.pipe()
    state.count, state.at, state.error, state.operation, state.path = 0, at, error, b"", b""
    child = os.fork()
    if child == 0:
        os.close(reading)
        in_child(line, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    operations = state.count
    state.at = 0
    failed = f"{state.operation.decode()} {Path(state.path.decode()).name}"
    return Outcome(os.waitstatus_to_exitcode(status), said, operations, failed)


def in_child(line: str, output: int) -> NoReturn:
    os.dup2(output, 1)
    os.dup2(output, 2)
    from basalt_iq.cli import main as command

    code = 0
    try:
        command(line.split())
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001  a traceback is what is looked for
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

"""Kills every command at random moments; repeated, it must reach the result of one that was never disturbed.

    python benchmarks/kills.py [--commands record ...] [--times 50] [--seed 0] [--json FILE]

The signal is SIGKILL, in turn to the command's whole group of processes and to its first process alone, at
moments that are spread evenly over the time it takes. Small sizes, so that a case takes seconds. Prints a
line for each command; exit code 1 if a case did not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from failing_files import LINES, digest, in_child, preload

#: With processes of their own where the command has them.
COMMANDS = {
    "record": LINES["record"].replace("--workers 1", "--workers 2"),
    "ingest": LINES["ingest"].replace("--workers 1", "--workers 2"),
    "train": LINES["train"].replace("--steps 4", "--steps 12"),
    "online": LINES["online"].replace("--steps 4", "--steps 12"),
    "evaluate": LINES["evaluate"].replace("--episodes 1 --max-steps 20", "--episodes 3 --max-steps 40"),
}


@dataclass(frozen=True)
class Result:
    """What came of the kills of a command."""

    seconds: float
    """That it takes undisturbed."""
    killed: int
    """Times that the signal came before it had ended."""
    held: int
    """Cases, killed or not, after which the repeated command reached the same result."""
    tried: int
    problems: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--commands", nargs="+", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--json", type=Path, help="write what came out to this file")
    options = parser.parse_args()
    os.environ["WANDB_MODE"] = "disabled"
    with tempfile.TemporaryDirectory() as folder:
        results = run_all(options, Path(folder))
    if options.json:
        told = {name: asdict(result) for name, result in results.items()}
        options.json.write_text(json.dumps(told, indent=1) + "\n")
    sys.exit(any(result.held < result.tried for result in results.values()))


def run_all(options: argparse.Namespace, scratch: Path) -> dict[str, Result]:
    """Every command; what it leaves undisturbed is what the next begins with."""
    preload()
    moments, place, results = random.Random(options.seed), scratch / "case", dict[str, Result]()
    place.mkdir()
    for name, line in COMMANDS.items():
        before, after = scratch / f"before-{name}", scratch / f"after-{name}"
        shutil.copytree(place, before, symlinks=True)
        began = time.monotonic()
        said = finish(start(line.format(place)))
        seconds = time.monotonic() - began
        shutil.copytree(place, after, symlinks=True)
        if name in options.commands:
            kill = cases(line, before, place, digest(after), seconds, moments, options.times)
            results[name] = kill
            print(f"{name}: {kill.held} of {kill.tried} hold, {kill.killed} killed in time", flush=True)
            for problem in kill.problems:
                print(f"  {problem}", flush=True)
        elif not said.endswith("0"):
            raise SystemExit(f"{name} fails by itself: {said}")
        shutil.rmtree(place, ignore_errors=True)
        after.rename(place)
        shutil.rmtree(before)
    return results


def cases(
    line: str, before: Path, place: Path, wanted: dict[str, str], seconds: float, moments: random.Random,
    times: int,
) -> Result:  # fmt: skip
    killed, problems = 0, list[str]()
    for case in range(times):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(before, place, symlinks=True)
        moment, whole = seconds * (case + moments.random()) / times, case % 2 == 0
        ended = kill_at(start(line.format(place)), moment, os.killpg if whole else os.kill)
        killed += ended == -signal.SIGKILL
        again = finish(start(line.format(place)))
        got = digest(place)
        different = sorted(key for key in got.keys() | wanted.keys() if got.get(key) != wanted.get(key))
        if "Traceback" in again or not again.endswith((" 0", " 1")):
            problems.append(f"after {moment:.2f} s: the repeated command fails: {again[-300:]}")
        elif different:
            problems.append(f"after {moment:.2f} s: another result: {different[:4]}")
    return Result(round(seconds, 2), killed, times - len(problems), times, tuple(problems))


def start(line: str) -> tuple[int, int]:
    """A command in a child with a group of its own: its process, and where what it says can be read."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setpgid(0, 0)
        in_child(line, writing)
    os.close(writing)
    return child, reading


def kill_at(command: tuple[int, int], moment: float, kill: Callable[[int, int], None]) -> int:
    """How it ended: the number of the signal, negative, or its exit code."""
    child, reading = command
    time.sleep(moment)
    with contextlib.suppress(ProcessLookupError):
        kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(reading)
    return os.waitstatus_to_exitcode(status)


def finish(command: tuple[int, int]) -> str:
    """What a command says, and its exit code at the end."""
    child, reading = command
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    return f"{said.strip()} {os.waitstatus_to_exitcode(status)}"


if __name__ == "__main__":
    main()

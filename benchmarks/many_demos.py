"""What 6,000 demonstrations of 30 million ticks together cost: open files, private memory, seconds to begin.

    python benchmarks/many_demos.py [--demos 6000] [--ticks 5000] [--keep FOLDER]

Makes a store whose frames are holes in sparse files, and runs `data show`, `train` and the same `train` again
with at most 256 open files. Memory is what the process has for itself alone (anonymous pages), at its peak.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from basalt_iq.contract import BUTTONS, find_task
from basalt_iq.data.about import About
from basalt_iq.data.statistics import Counts
from basalt_iq.data.steps import Steps, to_rows
from basalt_iq.data.store import Store
from basalt_iq.data.stored_frames import HEADER
from basalt_iq.data.stored_rows import content_digest
from basalt_iq.records import to_json

MOST_FILES = 256
#: Different demonstrations; the others are copies under other names, since making all takes long.
KINDS = 100
TASK = find_task("FindCave")


def steps_of(number: int, length: int) -> Steps:
    random = np.random.default_rng(number)
    snowball = np.zeros((length + 1, len(TASK.items)), np.int32)
    snowball[:-12, TASK.items.index("snowball")] = 1
    buttons = (random.random((length, 9)) < 0.2).astype(np.uint8)
    return Steps(
        task=TASK.name, era=2021, button_names=BUTTONS[2021], buttons=buttons,
        camera=random.normal(scale=3, size=(length, 2)).astype(np.float32), equip_values=TASK.equip,
        equip=np.full(length, TASK.equip.index("none"), np.int16),
        equipped=np.full(length + 1, TASK.equip.index("snowball"), np.int16), items=TASK.items,
        inventory=snowball,
    )  # fmt: skip


def make_store(path: Path, demos: int, ticks: int) -> None:
    """Written by hand: the store's own writer waits for the disk at every demonstration."""
    Store.create(path)
    sums = np.full(ticks + 1, zlib.crc32(bytes(12288)), np.uint32)
    kinds = [_content(number, ticks, sums) for number in range(min(demos, KINDS))]
    for number in range(demos):
        folder = path / TASK.name / f"v4_demo-{number}_0-{ticks}"
        folder.mkdir(parents=True)
        rows, about = kinds[number % len(kinds)]
        np.save(folder / "steps.npy", rows)
        with open(folder / "frames.npy", "wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (ticks + 1, 3, 64, 64)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(HEADER + (ticks + 1) * 12288)
        (folder / "trajectory.json").write_text(about)


def _content(number: int, ticks: int, sums: np.ndarray) -> tuple[np.ndarray, str]:
    steps = steps_of(number, ticks)
    rows = to_rows(steps, sums)
    about = About(
        steps.task, 2021, ticks, steps.button_names, steps.equip_values, steps.items, {"ended": True},
        counts=Counts.of_steps(steps),
    )  # fmt: skip
    about = replace(about, digest=content_digest(about.header(64), rows.tobytes()))
    return rows, json.dumps(to_json(about))


def run(*words: str, metrics: Path | None = None) -> dict:
    """A command under a small limit of open files: its seconds, most open files and most private memory.

    With `metrics` it is interrupted, as by Ctrl-C, once a line was added there: that is the first update.
    """
    command = [sys.executable, "-m", "basalt_iq", *words]
    before, began, ready = _lines(metrics), time.monotonic(), None
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES)),
    )  # fmt: skip
    files, memory, cpu, proc = 0, 0, 0.0, Path("/proc") / str(process.pid)
    while process.poll() is None:
        with contextlib.suppress(OSError, StopIteration):
            files = max(files, len(os.listdir(proc / "fd")))
            facts = (proc / "smaps_rollup").read_text().splitlines()
            anonymous = next(line for line in facts if line.startswith("Anonymous:"))
            memory = max(memory, int(anonymous.split()[1]))
            fields = (proc / "stat").read_text().rpartition(")")[2].split()
            cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if ready is None and metrics is not None and _lines(metrics) > before:
            ready = time.monotonic() - began, cpu
            process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    _, errors = process.communicate()
    if process.returncode not in (0, 130):
        raise SystemExit(errors)
    seconds, cpu = ready or (time.monotonic() - began, cpu)
    facts = {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1)}
    return facts | {"open_files": files, "private_megabytes": memory // 1000}


def _lines(file: Path | None) -> int:
    return len(file.read_text().splitlines()) if file and file.exists() else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--demos", type=int, default=6000)
    parser.add_argument("--ticks", type=int, default=5000)
    parser.add_argument("--keep", type=Path, help="make the store here, or use the one that is here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        store = arguments.keep or Path(name) / "store"
        if not (store / "manifest.json").exists():
            make_store(store, arguments.demos, arguments.ticks)
            os.sync()  # else the run's own first sync would wait for all of it
        folder = Path(name) / "run"
        training = ["train", "--store", str(store), "--task", TASK.name, "--run", str(folder)]
        training += ["--log-every", "1"]
        result = {
            "show": run("data", "show", str(store)),
            "to_the_first_update": run(*training, metrics=folder / "metrics.jsonl"),
            "resumed_to_the_next": run(*training, metrics=folder / "metrics.jsonl"),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

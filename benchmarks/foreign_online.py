"""Whether every episode of `train --online` is accounted for while its worlds crash, hang and answer garbage.

    python benchmarks/foreign_online.py --json benchmarks/results/foreign_online.json

Trains by the real command in each foreign world: the world's real package, with a painted Minecraft (see
tests/fixtures/painted) that breaks in episodes of given seeds. What the worlds noted, what the training said
and what its metrics count must agree: an episode is learned from, lost with its reason, or still under way.
A hang costs the command its real patience of 60 s for a step, and 280 s for a reset.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fixtures.demos import Demos  # noqa: E402
from fixtures.painted.interpreters import KINDS, WORLDS, paint, strike, struck  # noqa: E402

from basalt_iq.data.store import Store  # noqa: E402
from basalt_iq.play.worlds import era_of  # noqa: E402

FIRST = 1000
EPISODES = 50
#: Which of the first episodes break, and how; the others are whole.
STRIKES = {
    FIRST + n: kind
    for n, kind in {
        2: "crash", 5: "hang", 7: "garbage", 11: "crash at reset", 14: "crash once at reset", 18: "hang",
        21: "crash", 22: "garbage", 26: "hang at reset", 31: "crash", 32: "crash at reset", 37: "hang",
        40: "garbage", 43: "crash once at reset", 46: "crash",
    }.items()
}  # fmt: skip
#: An episode of 8 ticks is two decisions: with two worlds some 70 updates play 50 episodes.
TRAINING = (
    "--task FindCave --recipe demo --steps {steps} --check-every {steps} --log-every 1 --batch 2 --length 4"
    " --burn-in 0 --grid 4 --features 8 --hidden 8 --device cpu --online --start-after 0 --online-steps 8"
    " --worlds 2 --workers 2 --first-seed {first} --world {world} --world-python {python} --seed 0"
)


@dataclass(frozen=True)
class Account:
    """What became of the episodes of one training."""

    world: str
    exit_code: int
    begun: int
    finished: int
    lost: int
    under_way: int
    in_replay: int
    """Episodes that can be learned from."""
    struck: dict[str, int]
    """How many episodes the world noted, by what broke them."""
    accounted: str
    """Of the first episodes, those that the training lost and said so exactly if the world broke them."""
    adds_up: bool
    """Begun is finished, lost and under way together; all lost ones were said, all finished ones are kept."""
    reasons: list[str]
    """Each kind of reason that was told."""
    seconds: float
    command: str

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and self.adds_up and self.accounted == f"{EPISODES} of {EPISODES}"


def basalt_iq(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "basalt_iq", *words]
    return subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )


def demonstrate(era: int, path: Path) -> None:
    """A store of demos that show nothing: what is learned does not matter here."""
    store, random = Store.create(path, size=64), np.random.default_rng(era)
    for demo in range(4):
        steps = {2021: Demos.steps_2021, 2022: Demos.steps_2022}[era](seed=demo)
        with store.writer(f"demo-{demo}") as writer:
            for _ in range(steps.length + 1):
                writer.append(random.integers(0, 256, (3, 64, 64)).astype(np.uint8))
            writer.commit(steps)


def train(world: str, folder: Path, steps: int) -> Account:
    """One training in one world."""
    work = folder / world
    work.mkdir()
    python, notes = paint(world, work), work / "notes"
    words = TRAINING.format(steps=steps, first=FIRST, world=world, python=python)
    line = f"train --store {folder / str(era_of(world))} --run {work / 'run'} {words}"
    began = time.monotonic()
    done = basalt_iq(*line.split(), environment=strike(STRIKES, notes))
    seconds = time.monotonic() - began
    print(done.stderr[-400:] if done.returncode else f"{world}: {seconds:.0f} s", flush=True)
    rows = [json.loads(row) for row in (work / "run" / "metrics.jsonl").read_text().splitlines()]
    last = [row for row in rows if "online/begun" in row][-1]
    public = line.replace(str(folder), "FOLDER").replace(str(python), "PYTHON")
    return account(world, done, last, struck(notes), seconds, public)


def account(
    world: str,
    done: subprocess.CompletedProcess[str],
    last: dict[str, float],
    noted: dict[int, str],
    seconds: float,
    line: str,
) -> Account:
    said = {int(seed): why for seed, why in re.findall(r"episode of seed (\d+) lost: ([^\n]*)", done.stderr)}
    broken = {seed for seed, kind in noted.items() if not KINDS.get(kind, True)}
    first = range(FIRST, FIRST + EPISODES)
    agreed = sum(seed in noted and (seed in said) == (seed in broken) for seed in first)
    begun, finished, lost, under_way, kept = (
        int(last[f"online/{name}"])
        for name in ("begun", "episodes", "faults", "under_way", "replay_episodes")
    )
    adds_up = begun == finished + lost + under_way >= EPISODES and (lost, kept) == (len(said), finished)
    reasons = sorted({re.sub(r"\d+", "N", why)[:70] for why in said.values()})
    return Account(
        world, done.returncode, begun, finished, lost, under_way, kept, dict(Counter(noted.values())),
        f"{agreed} of {EPISODES}", adds_up, reasons, round(seconds, 1), f"basalt-iq {line}",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", nargs="+", choices=sorted(WORLDS), default=sorted(WORLDS))
    parser.add_argument("--steps", type=int, default=75, help="updates of each training")
    parser.add_argument("--at-once", type=int, default=4, help="trainings side by side: mostly they wait")
    parser.add_argument("--json", type=Path, help="keep the result here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for era in sorted({era_of(world) for world in options.worlds}):
            demonstrate(era, folder / str(era))
        with ThreadPoolExecutor(options.at_once) as threads:
            accounts = list(threads.map(lambda world: train(world, folder, options.steps), options.worlds))
    told = {"strikes": STRIKES, "accounts": [asdict(one) for one in accounts]}
    print(json.dumps(told, indent=1))
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n")
    sys.exit(not all(one.ok for one in accounts))


if __name__ == "__main__":
    main()

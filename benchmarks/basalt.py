"""Ways to learn a BASALT task from the same 20 demos, on the stand-in world: success with intervals.

    python benchmarks/basalt.py                                        # two tasks, five ways, three trainings
    python benchmarks/basalt.py --tasks FindCave --ways bc iq --trainings 1 --episodes 20

Training goes through the ordinary command, so a run that was stopped goes on where it was. All ways train
with the demo's settings; IQ-Learn online has its first 200 updates on the demos alone. What plays is what the
run calls its agent. Demos, online episodes and evaluation have seeds of their own, and no setting was chosen
on these: settings were tried on demos from seed 20000 and episodes from seed 200000.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from basalt_iq.play.player import Player
from basalt_iq.play.stats import mcnemar, wilson
from basalt_iq.records import write_json
from basalt_iq.world import make

DEMO_SEED, HELD_OUT_SEED = 50_000, 300_000
#: From demos alone the least held-out NLL comes within 600 updates, and that agent plays.
WATCHING = "--steps 600"
PLAYING = "--steps 1400 --online --worlds 24 --online-steps 900"
WAYS = {
    "bc": f"--objective bc {WATCHING}",
    "iq online": f"{PLAYING} --start-after 200 --alpha 0.1 --absorbing-reward 0.005",
    "iq": WATCHING,
    "sqil": f"--objective sqil {PLAYING} --start-after 0",
    "iq, no memory": f"--no-memory {WATCHING}",
}
SIDE_BY_SIDE = 50


def call(*words: Any) -> dict[str, Any]:
    """One basalt-iq command; what it says goes to the terminal."""
    line = [sys.executable, "-m", "basalt_iq", *map(str, words), "--json"]
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    return json.loads(subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True, env=alone).stdout)


def prepare(task: str, args: argparse.Namespace) -> Path:
    """The demos of a task, ready to train from."""
    demos, store = args.out / task / "demos", args.out / task / "store"
    limit = ["--only-successful", "--seed", DEMO_SEED, "--max-steps", args.demo_steps]
    call("data", "record", demos, "--task", task, "--n", args.demos, *limit)
    call("data", "ingest", demos, "--store", store)
    return store


def successes(task: str, way: str, training: int, args: argparse.Namespace) -> dict[int, bool]:
    """Train once and play: held-out seed to success. What was found before is read."""
    run = args.out / task / f"{way.replace(', ', '-').replace(' ', '-')}-{training}"
    result = run / f"success-{args.episodes}.json"
    if not result.exists():
        demos = ["--store", args.out / task / "store", "--task", task]
        settings = f"--recipe demo {WAYS[way]} {args.settings}".split()
        call("train", *demos, "--run", run, "--seed", training, *settings)
        seeds = range(HELD_OUT_SEED, HELD_OUT_SEED + args.episodes)
        write_json(result, play(run, seeds, args.max_steps))
    return {int(seed): won for seed, won in json.loads(result.read_text()).items()}


def play(run: Path, seeds: Sequence[int], max_steps: int | None) -> dict[int, bool]:
    """As `basalt-iq evaluate` plays, without recording."""
    torch.set_num_threads(1)
    player, won = Player.load(run), {}
    for at in range(0, len(seeds), SIDE_BY_SIDE):
        some = seeds[at : at + SIDE_BY_SIDE]
        worlds = {seed: make(player.task, player.era, max_steps) for seed in some}
        seen = {seed: world.reset(seed=seed)[0] for seed, world in worlds.items()}
        player.start(some, some)
        while seen:
            live = list(seen)
            for seed, decision in zip(live, player.act([seen[s] for s in live], live), strict=True):
                seen[seed], _, *over, info = worlds[seed].step(decision.action)
                if any(over):
                    won[seed] = bool(info["success"])
                    del seen[seed]
    return won


def table(task: str, found: dict[str, list[dict[int, bool]]]) -> Table:
    """Successes of each training, all together with their interval, and against cloning on the same seeds."""
    result = Table(title=task)
    for heading in ("way", "each training", "all", "95 % interval", "p against bc"):
        result.add_column(heading)
    for way, trainings in found.items():
        won, played = sum(sum(t.values()) for t in trainings), sum(map(len, trainings))
        low, high = wilson(won, played)
        versus = f"{against(trainings, found['bc']):.3f}" if way != "bc" and "bc" in found else ""
        each = ", ".join(str(sum(t.values())) for t in trainings)
        result.add_row(way, each, f"{won}/{played}", f"{low:.0%} to {high:.0%}", versus)
    return result


def against(ours: list[dict[int, bool]], theirs: list[dict[int, bool]]) -> float:
    """Exact McNemar test over the pairs of episodes on the same world with the same training seed."""
    pairs = [(a[s], b[s]) for a, b in zip(ours, theirs, strict=False) for s in a.keys() & b.keys()]
    return mcnemar(sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=["FindCave", "MakeWaterfall"])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--trainings", type=int, default=3, help="training seeds")
    parser.add_argument("--demos", type=int, default=20)
    parser.add_argument("--demo-steps", type=int, default=900)
    parser.add_argument(
        "--settings", default="", help="more options of train, for all ways: --settings='--steps 40'"
    )
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--max-steps", type=int, help="of an episode; default the task's own")
    parser.add_argument("--jobs", type=int, default=2, help="trainings and evaluations side by side")
    parser.add_argument("--out", type=Path, default=Path("runs/basalt"))
    args = parser.parse_args()
    with ProcessPoolExecutor(args.jobs) as pool:
        for task in args.tasks:
            prepare(task, args)
        jobs = {
            (task, way, i): pool.submit(successes, task, way, i, args)
            for way in args.ways for task in args.tasks for i in range(args.trainings)
        }  # fmt: skip
        for task in args.tasks:
            found = {way: [jobs[task, way, i].result() for i in range(args.trainings)] for way in args.ways}
            Console().print(table(task, found))


if __name__ == "__main__":
    main()

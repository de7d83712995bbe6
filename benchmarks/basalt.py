"""Ways to learn a BASALT task from the same 20 demos, on the stand-in world: success with intervals.

    python benchmarks/basalt.py                                        # two tasks, five ways, three trainings
    python benchmarks/basalt.py --tasks FindCave --ways bc iq --trainings 1 --episodes 20

Everything goes through the ordinary commands, so a run that was stopped goes on where it was. All ways train
with the demo's settings for equally many updates; those that play while they learn do so for the last part.
Demos, online episodes and evaluation have seeds of their own. No setting was chosen on these seeds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from basalt_iq.watch.demo import SMALL
from basalt_iq.watch.stats import mcnemar, wilson

DEMO_SEED, HELD_OUT_SEED = 50_000, 300_000
WAYS = {
    "bc": ["--objective", "bc"],
    "iq": [],
    "iq, no memory": ["--no-memory"],
    "iq online": ["--online"],
    "sqil": ["--objective", "sqil", "--online"],
}


def call(*words: Any) -> dict[str, Any]:
    """One basalt-iq command; what it says goes to the terminal."""
    line = [sys.executable, "-m", "basalt_iq", *map(str, words), "--json"]
    return json.loads(subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True).stdout)


def store_of(task: str, args: argparse.Namespace) -> Path:
    """The demos of a task, ready to train from."""
    demos, store = args.out / task / "demos", args.out / task / "store"
    limit = ["--only-successful", "--seed", DEMO_SEED, "--max-steps", args.demo_steps]
    call("data", "record", demos, "--task", task, "--n", args.demos, *limit)
    call("data", "ingest", demos, "--store", store)
    return store


def successes(task: str, way: str, training: int, store: Path, args: argparse.Namespace) -> dict[int, bool]:
    """Train once and play: held-out seed to success."""
    run = args.out / task / f"{way.replace(', ', '-').replace(' ', '-')}-{training}"
    goal = [*WAYS[way], "--steps", args.updates, "--start-after", args.updates // 2, "--worlds", 4]
    call("train", "--store", store, "--task", task, "--run", run, "--seed", training, *SMALL.split(), *goal)
    limit = [] if args.max_steps is None else ["--max-steps", args.max_steps]
    played = call(
        "evaluate", "--run", run, "--episodes", args.episodes, "--first-seed", HELD_OUT_SEED, *limit
    )
    folder = Path(played["folder"])
    facts = [json.loads(path.read_text()) for path in folder.glob("seed_*.json")]
    return {one["seed"]: bool(one["success"]) for one in facts}


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
    parser.add_argument("--updates", type=int, default=800)
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--max-steps", type=int, help="of an episode; default the task's own")
    parser.add_argument("--out", type=Path, default=Path("runs/basalt"))
    args = parser.parse_args()
    for task in args.tasks:
        store, found = store_of(task, args), {}
        for way in args.ways:
            found[way] = [successes(task, way, i, store, args) for i in range(args.trainings)]
            Console().print(table(task, found))


if __name__ == "__main__":
    main()

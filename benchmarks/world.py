"""Speed of the stand-in world on one core: drawn steps, ticks of which one in four is drawn, resets, memory.

    python benchmarks/world.py [--before ROOT] [--steps 400] [--rounds 5] [--tasks FindCave ...]

With --before, the same is measured of the package importable from ROOT (another commit's checkout whose
`basalt_iq` can be imported from there, say), in turns with this one, each in a process of its own, and ratios
are printed. Times are those of the quickest round, so that a busy machine disturbs little.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parents[1]
LARGE = "FindCave 640x360"
EVERY = 4
"""Of so many ticks one is drawn, where an agent holds each decision that long."""


def act(rng: np.random.Generator, items: list[str]) -> dict:
    """A random agent that walks, looks, digs and places, but keeps its snowball."""
    action = {
        "forward": int(rng.random() < 0.8),
        "jump": int(rng.random() < 0.2),
        "sprint": int(rng.random() < 0.3),
        "attack": int(rng.random() < 0.4),
        "camera": rng.normal(0, (2, 6)).astype(np.float32),
    }
    if items:
        action["use"] = int(rng.random() < 0.2)
        action["equip"] = items[int(rng.integers(len(items)))]
    return action


def round_of(env, items: list[str], steps: int, every: int) -> float:
    """Seconds for so many steps of an episode, one in `every` of them drawn (all, in a world that must)."""
    rng = np.random.default_rng(0)
    env.reset(seed=1)
    actions = [act(rng, items) for _ in range(steps)]
    start = time.perf_counter()
    for tick, action in enumerate(actions):
        env.draws = tick % every == every - 1  # unknown to a world that always draws
        env.step(action)
    return time.perf_counter() - start


def serve() -> None:
    """A process that measures, asked by lines of JSON: [task, steps]."""
    from basalt_iq.world import make

    worlds: dict[str, tuple] = {}
    for line in sys.stdin:
        name, steps = json.loads(line)
        if name not in worlds:
            era = 2022 if name == LARGE else 2021
            env = make(name.split()[0], era=era)
            items = [item for item in env.task.start[2021] if item != "snowball"] if era == 2021 else []
            round_of(env, items, 60, 1)  # compiles everything once
            worlds[name] = env, items
        env, items = worlds[name]
        start = time.perf_counter()
        env.reset(seed=steps)
        reset = time.perf_counter() - start
        drawn, some = (round_of(env, items, steps, every) / steps for every in (1, EVERY))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"drawn": drawn, "some": some, "reset": reset, "memory": memory}), flush=True)


class Measured:
    """A process with the package of a root, and the quickest of what it took."""

    def __init__(self, root: Path):
        environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.best: dict[str, dict[str, float]] = {}

    def measure(self, name: str, steps: int) -> None:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps([name, steps]), file=self.process.stdin, flush=True)
        found = json.loads(self.process.stdout.readline())
        best = self.best.setdefault(name, found)
        self.best[name] = {key: min(value, best[key]) for key, value in found.items()}


def row(name: str, now: dict[str, float], before: dict[str, float] | None) -> dict:
    """What is printed of a task; ratios are of speeds, now to before."""
    told = {
        "task": name,
        "drawn_steps_per_s": round(1 / now["drawn"]),
        f"ticks_per_s_every_{EVERY}th_drawn": round(1 / now["some"]),
        "reset_ms": round(1000 * now["reset"], 1),
        "peak_memory_mb": round(now["memory"]),
    }
    if before:
        told["before_steps_per_s"] = round(1 / before["drawn"])
        told["ratio_drawn"] = round(before["drawn"] / now["drawn"], 2)
        told["ratio_ticks"] = round(before["some"] / now["some"], 2)
        told["ratio_reset"] = round(before["reset"] / now["reset"], 2)
    return told


def main() -> None:
    from basalt_iq import contract

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", type=Path, help="a folder from which another basalt_iq can be imported")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", nargs="*", default=[*contract.TASKS, LARGE])
    options = parser.parse_args()
    now, before = Measured(HERE), Measured(options.before) if options.before else None
    for name in options.tasks:
        for _ in range(options.rounds):
            for each in filter(None, (now, before)):
                each.measure(name, options.steps // 8 if name == LARGE else options.steps)
        print(json.dumps(row(name, now.best[name], before.best[name] if before else None)), flush=True)


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["--serve"] else main()

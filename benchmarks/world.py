"""Speed and size of the stand-in world on one core.

    .venv/bin/python benchmarks/world.py [--steps 1500] [--tasks FindCave ...]

Every time is also given as a ratio to drawing one frame alone in the same run, and drawing as a ratio to a
copy of one mebibyte, so that runs on busy or slow machines can be compared.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable

import numpy as np

from basalt_iq import contract
from basalt_iq.world import make


def quickest(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the quickest of so many runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def act(rng: np.random.Generator, task: contract.Task) -> dict:
    """A random agent that walks, looks, digs and places, but keeps its snowball."""
    action = {
        "forward": int(rng.random() < 0.8),
        "jump": int(rng.random() < 0.2),
        "sprint": int(rng.random() < 0.3),
        "attack": int(rng.random() < 0.4),
        "camera": rng.normal(0, (2, 6)).astype(np.float32),
    }
    items = [item for item in task.start[2021] if item != "snowball"]
    if items:
        action["use"] = int(rng.random() < 0.2)
        action["equip"] = items[int(rng.integers(len(items)))]
    return action


def measure(name: str, steps: int) -> dict:
    """Steps, drawing and resets of one task at 64x64."""
    env = make(name)
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    for _ in range(200):  # compiles everything once
        env.step(act(rng, env.task))
    resets = [quickest(lambda s=s: env.reset(seed=s), 1) for s in range(1, 6)]
    env.reset(seed=1)
    times = []
    for _ in range(steps):
        action = act(rng, env.task)
        start = time.perf_counter()
        env.step(action)
        times.append(time.perf_counter() - start)
    draw, copy = quickest(env.render, 200), quickest(np.zeros(1 << 20, np.uint8).copy, 200)
    return {
        "task": name,
        "median_steps_per_s": round(1 / float(np.median(times))),
        "episode_steps_per_s": round(steps / sum(times)),
        "quickest_draw_per_s": round(1 / draw),
        "median_step_per_draw": round(float(np.median(times)) / draw, 2),
        "draw_per_mebibyte_copy": round(draw / copy, 1),
        "reset_ms": round(1000 * float(np.median(resets)), 1),
        "reset_per_draw": round(float(np.median(resets)) / draw),
    }


def measure_large() -> dict:
    """Drawing at 640x360 in the 2022 interface."""
    env = make("FindCave", era=2022)
    env.reset(seed=0)
    draw = quickest(lambda: env.step({"camera": (0.0, 5.0)}), 40)
    return {"task": "FindCave 640x360", "quickest_steps_per_s": round(1 / draw, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--tasks", nargs="*", default=list(contract.TASKS))
    options = parser.parse_args()
    for name in options.tasks:
        print(json.dumps(measure(name, options.steps)), flush=True)
    print(json.dumps(measure_large()), flush=True)
    print(json.dumps({"peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}))


if __name__ == "__main__":
    main()

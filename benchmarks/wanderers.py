"""Nobody leaves the world: whole episodes of wandering with random keys, and how far out anybody came.

    python benchmarks/wanderers.py [--task FindCave] [--count 200] [--out benchmarks/results/wanderers.json]

The file is written after every episode, and the same command goes on where it was interrupted. Exits with 1
if anybody was below the floor or outside.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from basalt_iq.contract import TASKS
from basalt_iq.records import read_json, write_json
from basalt_iq.world import make
from basalt_iq.world.terrain import SIZE

HALF = 0.3
"""Half of a body's width: what keeps its middle from the world's edge."""
FLOOR = 1.0
"""Height of the bedrock's top."""
ROUNDING = 1e-6


@dataclass(frozen=True)
class Wandered:
    """What all episodes of a task came to, in blocks."""

    first: int
    episodes: int = 0
    ticks: int = 0
    outside: int = 0
    """Episodes in which anybody was below the floor or beyond an edge at any tick."""
    least: tuple[float, float, float] = (SIZE[0], SIZE[1], SIZE[2])
    most: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """The extremes of the middle of the feet along x, y and z."""

    def after(self, path: np.ndarray) -> Wandered:
        """With one more episode, whose feet were at `path` (ticks, 3)."""
        least, most = path.min(0), path.max(0)
        low, high = np.array([HALF, FLOOR, HALF]), np.array([SIZE[0] - HALF, np.inf, SIZE[2] - HALF])
        out = bool((least < low - ROUNDING).any() or (most > high + ROUNDING).any())
        return replace(
            self,
            episodes=self.episodes + 1,
            ticks=self.ticks + len(path),
            outside=self.outside + out,
            least=tuple(np.minimum(self.least, least).round(6).tolist()),
            most=tuple(np.maximum(self.most, most).round(6).tolist()),
        )


def wander(task: str, seed: int) -> np.ndarray:
    """(ticks, 3) where the feet are of somebody who holds random keys for a second or so, to the end."""
    env, rng = make(task), np.random.default_rng(seed)
    env.draws = False
    env.reset(seed=seed)
    path, over, keys = [], False, {}
    while not over:
        if rng.random() < 0.05:
            keys = {key: int(rng.random() < 0.3) for key in ("left", "right", "back", "sneak", "attack")}
            keys |= {key: int(rng.random() < 0.8) for key in ("forward", "sprint", "jump")}
        _, _, terminated, truncated, _ = env.step(keys | {"camera": rng.normal(0, 3, 2)})
        path.append(env.body[:3].copy())
        over = terminated or truncated
    return np.array(path)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", choices=sorted(TASKS))
    parser.add_argument("--first", type=int, default=40000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/wanderers.json"))
    options = parser.parse_args()
    tables: dict[str, Wandered] = {}
    if options.out.exists():
        tables = read_json(options.out, dict[str, Wandered], remedy="move it away")
    for task in options.task or sorted(TASKS):
        told = tables.get(task, Wandered(options.first))
        while told.episodes < options.count:
            told = told.after(wander(task, told.first + told.episodes))
            tables[task] = told
            write_json(options.out, tables)
        print(f"{task}: {told}", flush=True)
    return int(any(told.outside for told in tables.values()))


if __name__ == "__main__":
    sys.exit(main())

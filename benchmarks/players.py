"""How well the scripted players play: success with a 95 % Wilson interval and lengths, per task.

    python benchmarks/players.py --first 30000 --count 100 [--task FindCave] [--out FILE]

Tune on seeds from 20000 only; report on 30000 and above. Episodes are kept in --keep as they end: the same
command goes on where it was interrupted (keep those of another player in another folder). --out adds the
tables to a file.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from basalt_iq.contract import BUTTONS
from basalt_iq.files import replacing, write_text
from basalt_iq.jobs import run_jobs
from basalt_iq.play.stats import wilson
from basalt_iq.play.ticks import ticks
from basalt_iq.world import make
from basalt_iq.world.maps import Distance
from basalt_iq.world.players import PLAYERS, make_player
from basalt_iq.world.players.manner import REAL, apart, manner

REAL_LENGTHS = {
    "FindCave": [812, 2140, 5850],
    "MakeWaterfall": [1320, 2896, 5512],
    "CreateVillageAnimalPen": [1780, 2369, 6537],
    "BuildVillageHouse": [7286, 7650, 9484],
}
"""Least, median and most ticks of the real demonstrations whose frames KAIROS labelled, six a task."""


def play(seed: int, task: str, distance: Distance) -> dict[str, Any]:
    """One episode, to its end or to the player's. Nobody looks, so nothing is drawn."""
    env, player = make(task, distance=distance), make_player(task, seed)
    env.draws = False
    actions, seconds = [], 0.0

    def act(_: Any) -> Any:
        nonlocal seconds
        started = time.perf_counter()
        actions.append(player.act())
        seconds += time.perf_counter() - started
        return actions[-1]

    for tick in ticks(env, seed, act, lambda: player.reset(env)):
        if player.done and not (tick.seen.terminated or env.ended_by_player):
            break
    info, steps = tick.seen.info, len(actions)
    return {
        "success": bool(info.get("success")),
        "steps": steps,
        "reasons": info.get("reasons", ["the player gave up"]),
        "camera": np.array([action.get("camera", (0.0, 0.0)) for action in actions]),
        "keys": np.array([[action.get(key, 0) for key in BUTTONS[2021]] for action in actions], bool),
        "player_ms": 1000 * seconds / steps,
    }


def keep(seed: int, task: str, distance: Distance, folder: Path) -> None:
    """Play an episode into its file."""
    with replacing(_file(folder, task, distance, seed)) as partial_file, partial_file.open("wb") as file:
        np.savez_compressed(file, **play(seed, task, distance))


def _file(folder: Path, task: str, distance: Distance, seed: int) -> Path:
    return folder / f"{task}-{distance}-{seed}.npz"


def kept(task: str, distance: Distance, seeds: range, folder: Path, workers: int) -> Iterator[dict[str, Any]]:
    """The episodes of some seeds; those not in the folder are played."""
    missing = [seed for seed in seeds if not _file(folder, task, distance, seed).exists()]
    job = partial(keep, task=task, distance=distance, folder=folder)
    for done, (seed, _) in enumerate(run_jobs(job, missing, workers=workers), 1):
        print(f"{task} {seed}: {done} of {len(missing)}", file=sys.stderr, flush=True)
    for seed in seeds:
        with np.load(_file(folder, task, distance, seed)) as episode:
            yield {"seed": seed, **{key: value[()] for key, value in episode.items()}}


def beside_real(episodes: list[dict[str, Any]]) -> dict[str, Any]:
    """How the players' hands move, all episodes together, beside the real file."""
    held = np.concatenate([e["keys"] for e in episodes]).T
    ours = manner(
        np.concatenate([e["camera"] for e in episodes]), dict(zip(BUTTONS[2021], held, strict=True))
    )
    table = {
        name: [round(v, 3) for v in np.atleast_1d(getattr(ours, name))]
        for name in ("turning", "wide", "carried", "null", "attack", "forward")
    }
    table["turns_apart_degrees"] = round(apart(ours.turns, REAL.turns), 2)
    table["uses_apart_ticks"] = round(apart(ours.uses, REAL.uses), 2)
    table["keys_apart_ticks"] = round(apart(ours.keys, REAL.keys), 2)
    table["turns_median_p99"] = [ours.turns[25], ours.turns[-1]]
    return table


def measure(
    task: str, distance: Distance, first: int, count: int, folder: Path, workers: int
) -> dict[str, Any]:
    episodes = list(kept(task, distance, range(first, first + count), folder, workers))
    won = [episode for episode in episodes if episode["success"]]
    lengths = [episode["steps"] for episode in won] or [0]
    return {
        "task": task,
        "distance": distance,
        "seeds": [first, first + count - 1],
        "success": len(won) / count,
        "interval": [round(bound, 3) for bound in wilson(len(won), count)],
        "length_percentiles_10_50_90": np.percentile(lengths, [10, 50, 90]).tolist(),
        "length_of_real_demos": REAL_LENGTHS[task],
        "manner": beside_real(episodes),
        "player_ms_per_tick": float(np.mean([e["player_ms"] for e in episodes])),
        "failures": [
            [e["seed"], int(e["steps"]), "; ".join(e["reasons"])] for e in episodes if not e["success"]
        ],
        "why": Counter("; ".join(e["reasons"]) for e in episodes if not e["success"]),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", choices=list(PLAYERS))
    parser.add_argument("--distance", choices=get_args(Distance), default="real")
    parser.add_argument("--first", type=int, default=20000)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path("runs/players"), help="folder of episodes played")
    parser.add_argument("--out", type=Path, help="JSON file to which the tables are added")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    for name in options.task or PLAYERS:
        table = measure(name, options.distance, options.first, options.count, options.keep, options.workers)
        print(json.dumps(table, indent=1), flush=True)
        if options.out:
            tables = json.loads(options.out.read_text()) if options.out.exists() else {}
            write_text(options.out, json.dumps(tables | {name: table}) + "\n")

"""How often somebody succeeds who does not try: a random agent and one that does nothing, per task.

    python benchmarks/idlers.py --task FindCave --count 200

The judges must not be fooled by chance: both should stay under 2 %. The random agent takes any action of the
set like the 2021 entry's with equal probability and holds it for four ticks. Neither looks, so nothing is
drawn.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
from collections import Counter
from functools import partial
from typing import Any

from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.contract import TASKS
from basalt_iq.play.stats import wilson
from basalt_iq.play.ticks import ticks
from basalt_iq.play.unknowing import RandomPlayer
from basalt_iq.world import make


def play(seed: int, task: str, idler: str) -> dict[str, Any]:
    """One episode, to its end."""
    env, player = make(task), RandomPlayer(entry_2021(task), repeat=4)
    env.draws = False
    player.start([0], [seed])

    def act(seen: Any) -> Any:
        return player.act([seen], [0])[0].action if idler == "random" else {}

    *_, last = ticks(env, seed, act)
    info = last.seen.info
    return {"success": info["success"], "score": info["score"], "why": "; ".join(info["reasons"])}


def measure(task: str, idler: str, seeds: range, workers: int) -> dict[str, Any]:
    with mp.get_context("spawn").Pool(workers) as pool:
        episodes = pool.map(partial(play, task=task, idler=idler), seeds, chunksize=1)
    won = sum(episode["success"] for episode in episodes)
    return {
        "task": task,
        "agent": idler,
        "seeds": [seeds[0], seeds[-1]],
        "successes": won,
        "interval": [round(bound, 3) for bound in wilson(won, len(seeds))],
        "mean_score": round(sum(episode["score"] for episode in episodes) / len(seeds), 3),
        "why": Counter(episode["why"] for episode in episodes).most_common(3),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", choices=list(TASKS))
    parser.add_argument("--agent", action="append", choices=["random", "noop"])
    parser.add_argument("--first", type=int, default=10000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for name in options.task or TASKS:
        for idler in options.agent or ("random", "noop"):
            seeds = range(options.first, options.first + options.count)
            print(json.dumps(measure(name, idler, seeds, options.workers)), flush=True)

"""How often somebody succeeds who does not try: a random agent and one that does nothing, per task.

    python benchmarks/idlers.py --task FindCave --count 200

The judges must not be fooled by chance: all should stay under 2 %. The random agent takes any action of the
set like the 2021 entry's with equal probability, holds it for four ticks, and ends within a minute or so. A
second one gets about: it walks in half of its ticks, keeps its snowball, and ends after 2,000 ticks. None
looks, so nothing is drawn. Every seed is kept in `--out` once it is played, and the same command goes on
where it was; after a change of judges or land give `--again`.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
from pathlib import Path

import numpy as np
from policy_rows import RESULTS, Job, Row, Table, hold_out

from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.contract import TASKS
from basalt_iq.play.unknowing import RandomPlayer
from basalt_iq.world import make
from basalt_iq.world.tasks import JUDGES, ending

LONG = 2000
"""Ticks after which an idler ends that does not by itself."""
NOBODY, RANDOM, WALKER = "no key at all", "random", "random, walking half of the time"


def play(job: Job) -> list[bool]:
    """Whether each row's idler succeeds on a seed."""
    rows, seed = job
    return [_succeeds(row, seed) for row in rows]


def _succeeds(row: Row, seed: int) -> bool:
    env, player = make(row.task), _player(row)
    env.draws = False
    env.reset(seed=seed)
    player.start([0], [seed])
    for _ in range(row.ends_after_ticks or env.max_steps):
        if env.ended_by_player:
            break
        env.simulation.advance({} if row.policy == NOBODY else player.act([{}], [0])[0].action)
    ended = env.ended_by_player or row.ends_after_ticks is not None
    return JUDGES[row.task](env.world, ending(env.simulation, ended)).success


def _player(row: Row) -> RandomPlayer:
    actions = entry_2021(row.task)
    shares = None
    if row.policy == WALKER:
        walks = np.array(["forward" in name for name in actions.action_names])
        rest = ~walks & np.array(["snowball" not in name for name in actions.action_names])
        shares = 0.5 * walks / walks.sum() + 0.5 * rest / rest.sum()
    return RandomPlayer(actions, repeat=4, shares=shares)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", choices=list(TASKS))
    parser.add_argument("--first", type=int, default=10000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--again", action="store_true", help="forget what is kept of the chosen tasks")
    parser.add_argument("--out", type=Path, default=RESULTS / "idlers.json")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    chosen = options.task or list(TASKS)
    kept = Table(options.out, chosen if options.again else ())
    with mp.get_context("spawn").Pool(options.workers) as pool:
        for task in chosen:
            rows = [
                kept.find(task, name) or Row(task, name, ends_after_ticks=ticks, first=options.first)
                for name, ticks in ((NOBODY, LONG), (RANDOM, None), (WALKER, LONG))
            ]
            hold_out(pool, kept, rows, options.count, play)

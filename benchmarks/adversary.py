"""How often somebody succeeds who never looks: fixed key sequences, and a search over them, per judge.

    python benchmarks/adversary.py --task MakeWaterfall --count 200

No policy that ignores the picture should succeed on 2 % of held-out seeds. Each script plays to its end
on seeds for tuning (below 1000) while the judge is asked now and then what an end at that moment would be
worth, so that "after how many ticks to throw" is found along with it; the best moment is tried on the
held-out seeds. The search draws scripts of the task's own kind, keeps the best and changes it. What a
scripted player did on another seed is replayed too. Rules on the picture's pixels are listed as well;
they do look, and are here to be known.

Every seed is kept in `--out` as soon as it is played, and the same command goes on where it was. After a
change of judges or land give `--again`, which forgets what is kept of the chosen tasks.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from blind_scripts import DRAWN, FIXED, NOTHING, cave_scripts, changed, cut, look, waterfall
from policy_rows import RESULTS, Action, Job, Row, Script, Table, hold_out

from basalt_iq.contract import RESET_NOOPS
from basalt_iq.world import make
from basalt_iq.world.env import BasaltEnv
from basalt_iq.world.items import Inventory
from basalt_iq.world.judges import Verdict
from basalt_iq.world.players import make_player
from basalt_iq.world.tasks import JUDGES, ending

EVERY = {"FindCave": 10, "MakeWaterfall": 10, "CreateVillageAnimalPen": 30, "BuildVillageHouse": 60}
"""Ticks between two questions to a task's judge while tuning."""
LOOKS = 4
"""Ticks from one look of a rule on the picture to the next."""
DEMOS = 20
"""Seeds whose players are replayed on others."""
REPLAY = "a scripted player's keys from another seed"


# ---------------------------------------------------------------------- playing
def actions(script: Script) -> Iterator[Action]:
    for ticks, action in script:
        held = {key: value for key, value in action.items() if key != "camera"}
        for tick in range(ticks):
            yield action if tick == 0 else held


def asked(env: BasaltEnv) -> Verdict:
    """What the judge would say of an end at this moment."""
    sim = env.simulation
    return JUDGES[sim.task.name](sim.world, ending(sim, chosen=True))


class Start:
    """The first moment of an episode, to go back to: land takes longer to make than most scripts to play."""

    def __init__(self, env: BasaltEnv):
        world = env.world
        self._env, self._body = env, env.body.copy()
        self._arrays = [(array, array.copy()) for array in (world.blocks, world.light, world.animals)]

    def again(self) -> None:
        """Puts everything back that undrawn play has changed."""
        env, world = self._env, self._env.world
        for array, first in self._arrays:
            array[:] = first
        for kept in (world.placed, world.broken, world.history):
            kept.clear()
        world.water.clear()
        env.body[:] = self._body
        env.simulation.avatar.inventory = Inventory(dict(env.task.start[env.era]))
        env.hands.reset()
        env.steps, env.simulation.tick = 0, RESET_NOOPS


def begun(task: str, seed: int) -> tuple[BasaltEnv, Start]:
    """An episode that is not drawn, and its first moment."""
    env = make(task)
    env.draws = False
    env.reset(seed=seed)
    return env, Start(env)


def moments(job: tuple[str, list[Script], int]) -> list[list[tuple[bool, float]]]:
    """For each script, success and score of an end after every EVERY of its ticks, on one seed."""
    task, scripts, seed = job
    env, start = begun(task, seed)
    found = []
    for script in scripts:
        start.again()
        found.append(list(_moments(env, script)))
    return found


def _moments(env: BasaltEnv, script: Script) -> Iterator[tuple[bool, float]]:
    every = EVERY[env.task.name]
    for tick, action in enumerate(actions(script)):
        env.simulation.advance(action)
        if tick % every == every - 1:
            found = asked(env)
            yield found.success, found.score


def play(job: Job) -> list[bool]:
    """Whether each row's policy succeeds on a seed."""
    rows, seed = job
    env, start = begun(rows[0].task, seed)
    return [_succeeds(env, start, row, seed) for row in rows]


def _succeeds(env: BasaltEnv, start: Start, row: Row, seed: int) -> bool:
    if row.looks:
        return by_rule(row.task, row.policy, seed)
    if row.policy == REPLAY:
        keys = recorded(row.task, (seed - row.first) % DEMOS)
    else:
        keys = list(actions(row.script or FIXED[row.task]().get(row.policy, NOTHING)))
    start.again()
    for action in keys[: row.ends_after_ticks]:
        env.simulation.advance(action)
    return asked(env).success


@cache
def recorded(task: str, seed: int) -> list[Action]:
    """The actions of a scripted player on a seed, to its end."""
    env, player = make(task), make_player(task, seed)
    env.draws = over = False
    env.reset(seed=seed)
    player.reset(env)
    keys = []
    while not (over or player.done):
        keys.append(player.act())
        *_, terminated, truncated, _ = env.step(keys[-1])
        over = terminated or truncated
    return keys


# ---------------------------------------------------------------------- those who do look
Rule = Callable[[np.ndarray], bool]


def by_rule(task: str, name: str, seed: int) -> bool:
    """Whether the task is done when a rule on the picture first says so, along its script."""
    of, rule = pixel_rules()[name]
    seen = watched(task, of, seed)
    return next((success for pov, success in seen if rule(pov)), False)


@lru_cache(maxsize=2)
def watched(task: str, of: str, seed: int) -> list[tuple[np.ndarray, bool]]:
    """What one sees along a script, once in LOOKS ticks, and what an end there would be worth."""
    env = make(task)
    env.draws = False
    env.reset(seed=seed)
    seen = []
    for tick, action in enumerate(actions(WATCHED[of])):
        env.draws = tick % LOOKS == LOOKS - 1
        observation, *_ = env.step(action)
        if env.draws:
            seen.append((observation["pov"], asked(env).success))
    return seen


def brightness(least: int, share: float) -> Rule:
    """Whether a share of the pixels is darker than a grey."""
    return lambda pov: bool((pov.mean(2) < least).mean() >= share)


def blue(share: float) -> Rule:
    """Whether a share of the picture's middle is as blue as water."""

    def rule(pov: np.ndarray) -> bool:
        middle = pov[16:48, 16:48].astype(int)
        water = (middle[..., 2] > 1.5 * middle[..., 0]) & (middle[..., 2] > 1.5 * middle[..., 1])
        return bool(water.mean() >= share)

    return rule


WATCHED: dict[str, Script] = {
    "zigzag": cave_scripts()["zigzag"],
    "around": (*waterfall(300, 0, 0.0, 45.0, "forward", 60, 0.0, -5.0), *((look(10.0), (3, {})) * 36)),
}


def pixel_rules() -> dict[str, tuple[str, Rule]]:
    """The script and the rule, by name."""
    return {
        "zigzag until half is darker than 60": ("zigzag", brightness(60, 0.5)),
        "zigzag until nine tenths are darker than 110": ("zigzag", brightness(110, 0.9)),
        "zigzag until nine tenths are darker than 60": ("zigzag", brightness(60, 0.9)),
        "pour, turn round until the middle is blue": ("around", blue(0.1)),
    }


LOOKERS = {"FindCave": "zigzag", "MakeWaterfall": "around"}


# ---------------------------------------------------------------------- tuning
Tuned = tuple[float, float, int]
"""Share of seeds won and mean score by an end at the best moment, and after how many ticks that is."""


def tune(pool: Any, task: str, scripts: list[Script], seeds: Sequence[int]) -> list[Tuned]:
    """For each script the best moment to end it."""
    found = pool.map(moments, [(task, scripts, seed) for seed in seeds], chunksize=1)
    return [_best([episode[i] for episode in found], EVERY[task]) for i in range(len(scripts))]


def _best(episodes: list[list[tuple[bool, float]]], every: int) -> Tuned:
    longest = max(1, *map(len, episodes))
    padded = [episode + [(False, 0.0)] * (longest - len(episode)) for episode in episodes]
    won, score = np.mean(padded, axis=0).T
    best = int(np.lexsort((score, won))[-1])
    return float(won[best]), float(score[best]), (best + 1) * every


def search(pool: Any, task: str, budget: int, seeds: Sequence[int], seed: int) -> tuple[Script, int]:
    """The best of a number of drawn scripts and of their changes, on seeds for tuning; and when to end it."""
    rng = np.random.default_rng(seed)
    scripts = [DRAWN[task](rng) for _ in range(budget // 2)]
    ranked: list[tuple[Tuned, Script]] = []
    for _ in range(3):
        ranked += zip(tune(pool, task, scripts, seeds), scripts, strict=True)
        ranked.sort(key=lambda entry: entry[0][:2], reverse=True)
        parents = [script for _, script in ranked[:4]]
        scripts = [changed(parents[i % len(parents)], rng) for i in range(max(budget // 4, 1))]
    (_, _, ticks), script = ranked[0]
    return cut(script, ticks), ticks


def plan(pool: Any, table: Table, task: str, options: argparse.Namespace) -> list[Row]:
    """The rows of a task: those that are kept, and those that are tuned now."""
    tuning, first = range(options.tune), options.first
    fixed = FIXED[task]()
    new = [name for name in fixed if not table.find(task, name)]
    for name, (_, _, ticks) in zip(new, tune(pool, task, [fixed[name] for name in new], tuning), strict=True):
        table.keep(Row(task, name, ends_after_ticks=ticks, first=first))
    best = f"the best of {options.budget} searched scripts"
    if not table.find(task, best):
        script, ticks = search(pool, task, options.budget, tuning, options.seed)
        table.keep(Row(task, best, ends_after_ticks=ticks, script=script, first=first))
    looking = [name for name, (of, _) in pixel_rules().items() if of == LOOKERS.get(task)]
    untuned = [
        Row(task, "nothing at all", ends_after_ticks=20, first=first),
        Row(task, REPLAY, first=first),
        *(Row(task, name, looks=True, first=first) for name in looking),
    ]
    for row in untuned:
        if not table.find(task, row.policy):
            table.keep(row)
    names = [*fixed, best, *(row.policy for row in untuned)]
    return [row for row in map(partial(table.find, task), names) if row]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", choices=list(FIXED))
    parser.add_argument("--first", type=int, default=30000, help="first held-out seed")
    parser.add_argument("--count", type=int, default=200, help="held-out seeds")
    parser.add_argument("--tune", type=int, default=20, help="seeds for tuning, from 0 on")
    parser.add_argument("--budget", type=int, default=40, help="scripts that the search tries")
    parser.add_argument("--seed", type=int, default=0, help="of the search")
    parser.add_argument("--again", action="store_true", help="forget what is kept of the chosen tasks")
    parser.add_argument("--out", type=Path, default=RESULTS / "adversary.json")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    tasks = chosen.task or list(FIXED)
    kept = Table(chosen.out, tasks if chosen.again else ())
    with mp.get_context("spawn").Pool(chosen.workers) as workers:
        for task_name in tasks:
            hold_out(workers, kept, plan(workers, kept, task_name, chosen), chosen.count, play)

"""How often somebody succeeds who never looks: fixed key sequences, and a search over them, per judge.

    python benchmarks/adversary.py --task MakeWaterfall --count 200

No policy that ignores the picture should succeed on 2 % of held-out seeds. Each script plays to its end while
the judge is asked every few ticks what an end at that moment would be worth, so that "after how many ticks to
throw" is found along with it: the best moment on the seeds for tuning (below 1000) is the one reported on the
others. The search draws scripts of the task's own kind, keeps the best and changes it. Rules on the picture's
pixels are listed too; they do look, and are here to be known.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from basalt_iq.contract import RESET_NOOPS
from basalt_iq.play.stats import wilson
from basalt_iq.world import make
from basalt_iq.world.env import BasaltEnv
from basalt_iq.world.items import Inventory
from basalt_iq.world.judges import Verdict
from basalt_iq.world.tasks import JUDGES, ending

EVERY = 10
"""Ticks between two questions to the judge."""
Action = dict[str, Any]
Script = tuple[tuple[int, Action], ...]
"""(ticks, action held for so long), one after the other; a camera turns once, at the first of the ticks."""
WALK: Action = {"forward": 1, "jump": 1}
RUN: Action = {**WALK, "sprint": 1}


def look(yaw: float = 0.0, pitch: float = 0.0) -> tuple[int, Action]:
    return 1, {"camera": [pitch, yaw]}


def hold(item: str) -> tuple[int, Action]:
    return 2, {"equip": item}


def facing(pitch: float) -> Script:
    """To a pitch, whatever it was: the view stops at straight up."""
    return look(pitch=-180.0), look(pitch=90.0 + pitch)


# ---------------------------------------------------------------------- FindCave
def wander(turns: list[float], ticks: list[int], key: Action = RUN) -> Script:
    """Straight on, over ledges, with turns."""
    return tuple(part for turn, n in zip(turns, ticks, strict=True) for part in (look(turn), (n, key)))


def cave_scripts() -> dict[str, Script]:
    return {
        "straight on": wander([0.0], [3000]),
        "straight on, walking": wander([0.0], [3000], {"forward": 1}),
        "there and back": wander([0.0, 180.0] * 4, [300] * 8),
        "in squares": wander([90.0] * 20, [60 + 8 * i for i in range(20)]),
        "zigzag": wander([60.0, -60.0] * 15, [90] * 30),
        "digging down": (*facing(90.0), (3000, {"attack": 1})),
        "digging ahead and down": (*facing(50.0), (3000, {"attack": 1, "forward": 1})),
    }


def draw_cave(rng: np.random.Generator) -> Script:
    n = int(rng.integers(2, 14))
    key = [RUN, WALK, {"forward": 1}][int(rng.integers(3))]
    return wander(rng.uniform(-180, 180, n).round().tolist(), rng.integers(20, 400, n).tolist(), key)


# ---------------------------------------------------------------------- MakeWaterfall
def waterfall(
    walk: int, pillar: int, turn: float, pitch: float, key: str, leave: int, back: float, up: float
) -> Script:
    """Walk on, pillar up on the cobblestone, pour, leave, turn round and look."""
    rise = (hold("cobblestone"), *facing(90.0), (pillar, {"jump": 1, "use": 1})) if pillar else ()
    away: Action = {key: 1, "jump": 1}
    return (
        (walk, RUN), *rise, hold("water_bucket"), *facing(pitch), look(turn), (2, {"use": 1}), (15, {}),
        (leave, away), (30, {}), *facing(up), look(back), (60, {}),
    )  # fmt: skip


def waterfall_scripts() -> dict[str, Script]:
    return {
        "pillar, pour, step back": waterfall(0, 200, 0.0, 60.0, "back", 12, 0.0, 0.0),
        "pillar, pour, walk off, turn round": waterfall(0, 200, 0.0, 60.0, "forward", 60, 180.0, -10.0),
        "pour here, back off": waterfall(0, 0, 0.0, 50.0, "back", 60, 0.0, 0.0),
        "pour ahead, walk on, turn round": waterfall(0, 0, 0.0, 30.0, "forward", 60, 180.0, -10.0),
        "climb, pour, walk on, turn round": waterfall(300, 0, 0.0, 45.0, "forward", 60, 180.0, -10.0),
        "climb, pillar, pour, walk off, turn": waterfall(300, 100, 0.0, 60.0, "forward", 80, 180.0, -20.0),
        "walk to a wall, pour on it, back off": waterfall(200, 0, 0.0, -30.0, "back", 50, 0.0, -10.0),
        "walk, pour behind, walk on, turn round": waterfall(200, 0, 180.0, 45.0, "back", 80, 0.0, -10.0),
    }  # fmt: skip


def draw_waterfall(rng: np.random.Generator) -> Script:
    return waterfall(
        int(rng.integers(0, 500)),
        int(rng.choice([0, 0, 20, 60, 120, 200])),
        float(rng.choice([0.0, 0.0, 90.0, 180.0])),
        float(rng.integers(-50, 85)),
        str(rng.choice(["forward", "back", "left", "right"])),
        int(rng.integers(10, 150)),
        float(rng.integers(-180, 180)),
        float(rng.integers(-50, 30)),
    )


# ---------------------------------------------------------------------- pens and houses
def ring(item: str, count: int, pitch: float, step: int = 0) -> Script:
    """Place something all round."""
    turn = [look(360.0 / count), (2, {"use": 1}), (3, {}), *([(step, {"forward": 1})] if step else [])]
    return (hold(item), *facing(pitch), *(turn * count))


def pen(food: str, wait: int, walk: int, count: int, pitch: float, step: int) -> Script:
    """Show food, wait for who comes, and fence in what is around."""
    lure = (hold(food), (walk, WALK), (wait, {}))
    return (*lure, *ring("fence", count, pitch, step), *ring("fence", count, pitch - 10.0, step), (20, {}))


def pen_scripts() -> dict[str, Script]:
    return {
        f"{food}, {walk} ticks on, {count} fences round": pen(food, 200, walk, count, 40.0, step)
        for food in ("wheat", "carrot", "wheat_seeds")
        for walk, count, step in ((0, 24, 0), (200, 24, 0), (100, 16, 12))
    }  # fmt: skip


def draw_pen(rng: np.random.Generator) -> Script:
    return pen(
        str(rng.choice(["wheat", "carrot", "wheat_seeds"])), int(rng.integers(0, 400)),
        int(rng.integers(0, 400)), int(rng.integers(8, 40)), float(rng.integers(15, 70)),
        int(rng.choice([0, 0, 6, 12, 20])),
    )  # fmt: skip


def house(item: str, walk: int, count: int, pitches: tuple[float, ...], door: bool) -> Script:
    """A box around oneself, layer by layer, a roof overhead, and a door where one looks."""
    layers = [part for pitch in pitches for part in ring(item, count, pitch)]
    open_up = (*facing(30.0), (80, {"attack": 1}), *facing(50.0), hold("wooden_door"), (2, {"use": 1}))
    return ((walk, WALK), *layers, *(open_up if door else ()), (20, {}))


def house_scripts() -> dict[str, Script]:
    boxes = (60.0, 40.0, 15.0, -20.0, -45.0, -70.0)
    return {
        f"a box of {item}{' with a door' * door}": house(item, 60, 16, boxes, door)
        for item in ("planks#0", "cobblestone", "sandstone#0")
        for door in (False, True)
    }


def draw_house(rng: np.random.Generator) -> Script:
    pitches = tuple(sorted(rng.uniform(-85, 75, int(rng.integers(3, 9))).round().tolist(), reverse=True))
    item = str(rng.choice(["planks#0", "cobblestone", "sandstone#0", "log#0"]))
    return house(item, int(rng.integers(0, 200)), int(rng.integers(8, 25)), pitches, bool(rng.random() < 0.7))


FIXED: dict[str, Callable[[], dict[str, Script]]] = {
    "FindCave": cave_scripts,
    "MakeWaterfall": waterfall_scripts,
    "CreateVillageAnimalPen": pen_scripts,
    "BuildVillageHouse": house_scripts,
}
DRAWN: dict[str, Callable[[np.random.Generator], Script]] = {
    "FindCave": draw_cave,
    "MakeWaterfall": draw_waterfall,
    "CreateVillageAnimalPen": draw_pen,
    "BuildVillageHouse": draw_house,
}


def changed(script: Script, rng: np.random.Generator) -> Script:
    """The script with some times and turns changed a little."""
    out = []
    for ticks, action in script:
        new, now = dict(action), ticks
        if rng.random() < 0.25 and ticks > 5:
            now = max(1, int(ticks * rng.uniform(0.6, 1.6)))
        if rng.random() < 0.25 and "camera" in action and abs(action["camera"][0]) < 170:
            new["camera"] = [v + float(rng.normal(0, 15)) if v else v for v in action["camera"]]
        out.append((now, new))
    return tuple(out)


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


def play(job: tuple[str, list[Script], int]) -> list[list[bool]]:
    """For each script, whether an end would succeed after every EVERY of its ticks, on one seed."""
    task, scripts, seed = job
    env = make(task)
    env.draws = False
    env.reset(seed=seed)
    start, found = Start(env), []
    for script in scripts:
        start.again()
        found.append(list(_moments(env, script)))
    return found


def _moments(env: BasaltEnv, script: Script) -> Iterator[bool]:
    for tick, action in enumerate(actions(script)):
        *_, over, cut, _ = env.step(action)
        if over or cut:
            return
        if tick % EVERY == EVERY - 1:
            yield asked(env).success


def pixel_rule(job: tuple[str, Script, int], rule: Callable[[np.ndarray], bool]) -> bool:
    """Whether the task is done when a rule on the picture first says so, along a script."""
    task, script, seed = job
    env = make(task)
    observation, _ = env.reset(seed=seed)
    for action in actions(script):
        observation, _, over, cut, _ = env.step(action)
        if over or cut:
            return False
        if rule(observation["pov"]):
            return asked(env).success
    return False


def brightness(least: int, share: float) -> Callable[[np.ndarray], bool]:
    """Whether a share of the pixels is darker than a grey."""
    return lambda pov: bool((pov.mean(2) < least).mean() >= share)


def blue(share: float) -> Callable[[np.ndarray], bool]:
    """Whether a share of the picture's middle is as blue as water."""

    def rule(pov: np.ndarray) -> bool:
        middle = pov[16:48, 16:48].astype(int)
        water = (middle[..., 2] > 1.5 * middle[..., 0]) & (middle[..., 2] > 1.5 * middle[..., 1])
        return bool(water.mean() >= share)

    return rule


def pixel_rules() -> dict[str, tuple[str, Script, Callable[[np.ndarray], bool]]]:
    zigzag = cave_scripts()["zigzag"]
    around = (*waterfall(300, 0, 0.0, 45.0, "forward", 60, 0.0, -5.0), *([look(10.0), (1, {})] * 36))
    return {
        "zigzag until half is darker than 60": ("FindCave", zigzag, brightness(60, 0.5)),
        "zigzag until nine tenths are darker than 110": ("FindCave", zigzag, brightness(110, 0.9)),
        "zigzag until nine tenths are darker than 60": ("FindCave", zigzag, brightness(60, 0.9)),
        "pour, turn round until the middle is blue": ("MakeWaterfall", around, blue(0.1)),
    }


# ---------------------------------------------------------------------- measuring
def rates(pool: Any, task: str, scripts: list[Script], seeds: Sequence[int]) -> list[np.ndarray]:
    """For each script, the share of seeds on which an end after each EVERY ticks would succeed."""
    found = pool.map(play, [(task, scripts, seed) for seed in seeds], chunksize=1)
    return [_share([episode[i] for episode in found]) for i in range(len(scripts))]


def _share(episodes: list[list[bool]]) -> np.ndarray:
    longest = max(1, *map(len, episodes))
    return np.mean([episode + [False] * (longest - len(episode)) for episode in episodes], axis=0)


def best_moment(rate: np.ndarray) -> tuple[float, int]:
    """The best success, and the ticks after which to end for it."""
    moment = int(rate.argmax()) + 1 if rate.any() else len(rate)  # never yet: at its end
    return float(rate.max()), moment * EVERY


def search(pool: Any, task: str, budget: int, seeds: Sequence[int], seed: int) -> tuple[Script, int]:
    """The best of a number of drawn scripts and of their changes, on seeds for tuning; and when to end it."""
    rng = np.random.default_rng(seed)
    scripts = [DRAWN[task](rng) for _ in range(budget // 2)]
    ranked: list[tuple[float, int, Script]] = []
    for _ in range(3):
        moments = [best_moment(rate) for rate in rates(pool, task, scripts, seeds)]
        ranked += [(*moment, script) for moment, script in zip(moments, scripts, strict=True)]
        ranked.sort(key=lambda entry: -entry[0])
        parents = [script for _, _, script in ranked[:4]]
        scripts = [changed(parents[i % len(parents)], rng) for i in range(max(budget // 4, 1))]
    return ranked[0][2], ranked[0][1]


def line(task: str, name: str, seeds: Sequence[int], won: int, ticks: int | None) -> str:
    return json.dumps(
        {
            "task": task,
            "policy": name,
            "ends_after_ticks": ticks,
            "seeds": [seeds[0], seeds[-1]],
            "successes": won,
            "interval": [round(bound, 3) for bound in wilson(won, len(seeds))],
        }
    )


def cut(script: Script, ticks: int) -> Script:
    """The first ticks of a script."""
    out = []
    for n, action in script:
        out.append((min(n, ticks), action))
        ticks -= n
        if ticks <= 0:
            break
    return tuple(out)


def report(pool: Any, task: str, options: argparse.Namespace) -> Iterator[str]:
    seeds, tuning = range(options.first, options.first + options.count), range(options.tune)
    fixed = FIXED[task]()
    tuned = rates(pool, task, list(fixed.values()), tuning)
    plans = [(name, fixed[name], best_moment(rate)[1]) for name, rate in zip(fixed, tuned, strict=True)]
    if options.budget:
        found = search(pool, task, options.budget, tuning, options.seed)
        plans.append((f"the best of {options.budget} searched scripts", *found))
    held_out = rates(pool, task, [cut(script, ticks) for _, script, ticks in plans], seeds)
    for (name, _, ticks), rate in zip(plans, held_out, strict=True):
        at = ticks // EVERY - 1
        won = round(float(rate[at]) * len(seeds)) if at < len(rate) else 0
        yield line(task, name, seeds, won, ticks)
    for name, (of, script, rule) in pixel_rules().items() if options.pixels else ():
        if of == task:
            won = sum(map(partial(pixel_rule, rule=rule), [(task, script, seed) for seed in seeds]))
            yield line(task, f"{name} (looks)", seeds, won, None)


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
    parser.add_argument("--pixels", action="store_true", help="also the rules on the picture, drawn at 64x64")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    with mp.get_context("spawn").Pool(chosen.workers) as workers:
        for task_name in chosen.task or FIXED:
            for text in report(workers, task_name, chosen):
                print(text, flush=True)

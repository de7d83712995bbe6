"""What each task is made of: its world, its judge, and how near it is to done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from basalt_iq.world import maps
from basalt_iq.world.cavities import FAR
from basalt_iq.world.judges import Verdict, judge_cave, judge_house, judge_pen, judge_waterfall
from basalt_iq.world.physics import PITCH, YAW
from basalt_iq.world.state import World

if TYPE_CHECKING:
    from basalt_iq.world.env import BasaltEnv


@dataclass(frozen=True)
class Rules:
    """The parts of a task.

    build(world, seed, distance) -> start cell; judge(env) -> Verdict; progress(env) -> 0..1;
    begin(env) is called once the player stands in the world.
    """

    build: Callable[[World, int, maps.Distance], np.ndarray]
    judge: Callable[[BasaltEnv], Verdict]
    progress: Callable[[BasaltEnv], float]
    begin: Callable[[BasaltEnv], None] = lambda env: None


def cave_distance(env: BasaltEnv) -> float | None:
    """Steps on foot to the dark of the nearest cave from where the player stands; None if unknown."""
    x, y, z = (int(c // 1) for c in env.body[:3])
    for feet in range(y, max(y - 4, 0), -1):
        if env.world.inside(x, feet, z) and env.world.walk[x, feet, z] < FAR:
            return float(env.world.walk[x, feet, z])
    return None


def _begin_cave(env: BasaltEnv) -> None:
    env.start_distance = env.last_distance = cave_distance(env) or float(maps.CAVE_STEPS["real"][1])


def _cave_progress(env: BasaltEnv) -> float:
    """The share of the way to the nearest cave's dark that has been walked, up to 0.9."""
    now = cave_distance(env)
    env.last_distance = env.last_distance if now is None else now
    return 0.9 * min(max(1.0 - env.last_distance / env.start_distance, 0.0), 1.0)


def _judge_cave(env: BasaltEnv) -> Verdict:
    return judge_cave(env.world, tuple(env.eye.tolist()), env.ended_by_player)


def _judge_waterfall(env: BasaltEnv) -> Verdict:
    high, wide = env.frame_size
    return judge_waterfall(
        env.world,
        env.eye,
        float(env.body[YAW]),
        float(env.body[PITCH]),
        env.half_view,
        wide / high,
        env.ended_by_player,
    )


def _judge_pen(env: BasaltEnv) -> Verdict:
    return judge_pen(env.world, len(env.hands.harmed), env.ended_by_player)


def _judge_plains_pen(env: BasaltEnv) -> Verdict:
    return judge_pen(env.world, len(env.hands.harmed), env.ended_by_player, needs_house=False)


def _judge_house(env: BasaltEnv) -> Verdict:
    return judge_house(env.world, len(env.hands.harmed), env.ended_by_player)


def _score_so_far(judge: Callable[[BasaltEnv], Verdict]) -> Callable[[BasaltEnv], float]:
    """Progress as the score that an end at this moment would have, up to 0.9."""
    return lambda env: 0.9 * judge(env).score


RULES: dict[str, Rules] = {
    "FindCave": Rules(maps.find_cave_map, _judge_cave, _cave_progress, begin=_begin_cave),
    "MakeWaterfall": Rules(maps.waterfall_map, _judge_waterfall, _score_so_far(_judge_waterfall)),
    "CreateVillageAnimalPen": Rules(maps.pen_map, _judge_pen, _score_so_far(_judge_pen)),
    "CreatePlainsAnimalPen": Rules(maps.plains_map, _judge_plains_pen, _score_so_far(_judge_plains_pen)),
    "BuildVillageHouse": Rules(maps.house_map, _judge_house, _score_so_far(_judge_house)),
}
"""Rules by task name. Every task is judged at the moment of the throw (2021) or of ESC (2022)."""

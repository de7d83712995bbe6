"""What each task is made of: its world, its judge, and how near it is to done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from basalt_iq.world import maps
from basalt_iq.world.animals import VILLAGER
from basalt_iq.world.cavities import FAR
from basalt_iq.world.judges import (
    Ending,
    Verdict,
    judge_cave,
    judge_house,
    judge_pen,
    judge_plains_pen,
    judge_waterfall,
)
from basalt_iq.world.physics import PITCH, YAW
from basalt_iq.world.state import World

if TYPE_CHECKING:
    from basalt_iq.world.env import BasaltEnv


Judge = Callable[[World, Ending], Verdict]


@dataclass(frozen=True)
class Rules:
    """The parts of a task.

    build(world, seed) -> start cell; judge(env) -> Verdict; progress(env) -> 0..1;
    begin(env) is called once the player stands in the world.
    """

    build: Callable[[World, int], np.ndarray]
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
    env.start_distance = env.last_distance = cave_distance(env) or float(maps.FARTHEST)


def _cave_progress(env: BasaltEnv) -> float:
    """The share of the way to the nearest cave's dark that has been walked, up to 0.9."""
    now = cave_distance(env)
    env.last_distance = env.last_distance if now is None else now
    return 0.9 * min(max(1.0 - env.last_distance / env.start_distance, 0.0), 1.0)


def ending(env: BasaltEnv) -> Ending:
    """How the episode would end now, as the judges need it."""
    high, wide, _ = env.task.pov_shape(env.era)
    x, y, z = (float(v) for v in env.body[:3])
    ex, ey, ez = (float(v) for v in env.eye)
    return Ending(
        chosen=env.ended_by_player,
        era=env.era,
        feet=(x, y, z),
        eye=(ex, ey, ez),
        yaw=float(env.body[YAW]),
        pitch=float(env.body[PITCH]),
        half=env.half_view,
        aspect=wide / high,
        villagers_hit=sum(kind == VILLAGER for _, kind in env.hands.harmed),
    )


JUDGES: Final[dict[str, Judge]] = {
    "FindCave": judge_cave,
    "MakeWaterfall": judge_waterfall,
    "CreateVillageAnimalPen": judge_pen,
    "CreatePlainsAnimalPen": judge_plains_pen,
    "BuildVillageHouse": judge_house,
}
"""Who judges each task, by its name."""


def _judged(env: BasaltEnv) -> Verdict:
    return JUDGES[env.task.name](env.world, ending(env))


def _score_so_far(env: BasaltEnv) -> float:
    """Progress as the score that an end at this moment would have, up to 0.9."""
    return 0.9 * _judged(env).score


RULES: dict[str, Rules] = {
    "FindCave": Rules(maps.find_cave_map, _judged, _cave_progress, begin=_begin_cave),
    "MakeWaterfall": Rules(maps.waterfall_map, _judged, _score_so_far),
    "CreateVillageAnimalPen": Rules(maps.pen_map, _judged, _score_so_far),
    "CreatePlainsAnimalPen": Rules(maps.plains_map, _judged, _score_so_far),
    "BuildVillageHouse": Rules(maps.house_map, _judged, _score_so_far),
}
"""Rules by task name. Every task is judged at the moment of the throw (2021) or of ESC (2022)."""

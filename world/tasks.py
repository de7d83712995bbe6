"""What each task is made of: its world, its judge, and how near it is to done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from basalt_iq.world import maps
from basalt_iq.world.cavities import FAR
from basalt_iq.world.judges import Verdict, judge_cave, judge_house, judge_pen, judge_waterfall
from basalt_iq.world.physics import PITCH, YAW
from basalt_iq.world.simulation import Simulation
from basalt_iq.world.state import World

Judge = Callable[[Simulation, bool], Verdict]
"""(simulation, whether the player chose the end) -> verdict on the world as it is now."""


class Rules:
    """One task in one environment: `build` makes a seed's land and returns the start cell."""

    def __init__(self, build: Callable[[World, int, maps.Distance], np.ndarray], judge: Judge):
        self.build, self.judge = build, judge

    def begin(self, sim: Simulation) -> None:
        """The player stands in a new world."""

    def progress(self, sim: Simulation, chosen: bool) -> float:
        """How near the task is to done, up to 0.9: the score that an end at this moment would have."""
        return 0.9 * self.judge(sim, chosen).score


class CaveRules(Rules):
    """FindCave's progress is the share of the way to the nearest cave's dark that has been walked."""

    def begin(self, sim: Simulation) -> None:
        self.start_distance = self.last_distance = cave_distance(sim) or float(maps.CAVE_STEPS["real"][1])

    def progress(self, sim: Simulation, chosen: bool) -> float:
        now = cave_distance(sim)
        self.last_distance = self.last_distance if now is None else now
        return 0.9 * min(max(1.0 - self.last_distance / self.start_distance, 0.0), 1.0)


def cave_distance(sim: Simulation) -> float | None:
    """Steps on foot to the dark of the nearest cave from where the player stands; None if unknown."""
    x, y, z = (int(c // 1) for c in sim.body[:3])
    for feet in range(y, max(y - 4, 0), -1):
        if sim.world.inside(x, feet, z) and sim.world.walk[x, feet, z] < FAR:
            return float(sim.world.walk[x, feet, z])
    return None


def _judge_cave(sim: Simulation, chosen: bool) -> Verdict:
    return judge_cave(sim.world, tuple(sim.eye.tolist()), chosen)


def _judge_waterfall(sim: Simulation, chosen: bool) -> Verdict:
    high, wide = sim.frame_size
    yaw, pitch = float(sim.body[YAW]), float(sim.body[PITCH])
    return judge_waterfall(sim.world, sim.eye, yaw, pitch, sim.half_view, wide / high, chosen)


def _judge_pen(sim: Simulation, chosen: bool) -> Verdict:
    return judge_pen(sim.world, len(sim.hands.harmed), chosen)


def _judge_plains_pen(sim: Simulation, chosen: bool) -> Verdict:
    return judge_pen(sim.world, len(sim.hands.harmed), chosen, needs_house=False)


def _judge_house(sim: Simulation, chosen: bool) -> Verdict:
    return judge_house(sim.world, len(sim.hands.harmed), chosen)


RULES: Final[dict[str, Callable[[], Rules]]] = {
    "FindCave": lambda: CaveRules(maps.find_cave_map, _judge_cave),
    "MakeWaterfall": lambda: Rules(maps.waterfall_map, _judge_waterfall),
    "CreateVillageAnimalPen": lambda: Rules(maps.pen_map, _judge_pen),
    "CreatePlainsAnimalPen": lambda: Rules(maps.plains_map, _judge_plains_pen),
    "BuildVillageHouse": lambda: Rules(maps.house_map, _judge_house),
}
"""Makes a task's rules, by its name. Judged after the tick of the throw (2021) or of ESC (2022)."""

"""What each task is made of: its world, its judge, and how near it is to done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from basalt_iq import contract
from basalt_iq.errors import UserError
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
from basalt_iq.world.simulation import Simulation
from basalt_iq.world.state import World

Judge = Callable[[World, Ending], Verdict]
JUDGES: Final[dict[str, Judge]] = {
    "FindCave": judge_cave,
    "MakeWaterfall": judge_waterfall,
    "CreateVillageAnimalPen": judge_pen,
    "CreatePlainsAnimalPen": judge_plains_pen,
    "BuildVillageHouse": judge_house,
}
"""Who judges each task, by its name."""


def ending(sim: Simulation, chosen: bool) -> Ending:
    """How the episode would end now, as the judges need it; `chosen` says whether the player ends it."""
    high, wide, _ = sim.task.pov_shape(sim.era)
    (x, y, z), (ex, ey, ez) = sim.body[:3].tolist(), sim.eye.tolist()
    return Ending(
        chosen=chosen,
        era=sim.era,
        feet=(x, y, z),
        eye=(ex, ey, ez),
        yaw=float(sim.body[YAW]),
        pitch=float(sim.body[PITCH]),
        half=sim.half_view,
        aspect=wide / high,
        villagers_hit=sum(kind == VILLAGER for _, kind in sim.hands.harmed),
    )


class Rules:
    """One task in one environment: `build` makes a seed's land and returns the start cell."""

    def __init__(self, build: Callable[[World, int, maps.Distance], np.ndarray]):
        self.build = build

    def begin(self, sim: Simulation) -> None:
        """The player stands in a new world."""

    def judge(self, sim: Simulation, chosen: bool) -> Verdict:
        """The verdict on the world as it is now; `chosen` says whether the player chose the end."""
        return JUDGES[sim.task.name](sim.world, ending(sim, chosen))

    def progress(self, sim: Simulation, asked: Verdict, chosen: bool) -> float:
        """How near the task is to done, up to 0.9: the score of what the judge says, `asked` as if the player
        ended now; until then the choice itself is one part that does not hold."""
        return 0.9 * (asked.score - (0 if chosen else 1 / len(asked.reasons)))


class CaveRules(Rules):
    """FindCave's progress is the share of the way to the nearest cave's dark that has been walked."""

    def begin(self, sim: Simulation) -> None:
        self.start_distance = self.last_distance = cave_distance(sim) or float(maps.CAVE_STEPS["real"][1])

    def progress(self, sim: Simulation, asked: Verdict, chosen: bool) -> float:
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


def make_rules(task: str) -> Rules:
    """The rules of a task, ours or a plugin's. Raises UserError if it has none for the stand-in."""
    added = contract.added_task(task)
    if added is None:
        return RULES[task]()
    if added.rules is None:
        raise UserError(
            f"{task}: its package brings no land and no judge for the stand-in; choose another --world"
        )
    return added.rules()


RULES: Final[dict[str, Callable[[], Rules]]] = {
    "FindCave": lambda: CaveRules(maps.find_cave_map),
    "MakeWaterfall": lambda: Rules(maps.waterfall_map),
    "CreateVillageAnimalPen": lambda: Rules(maps.pen_map),
    "CreatePlainsAnimalPen": lambda: Rules(maps.plains_map),
    "BuildVillageHouse": lambda: Rules(maps.house_map),
}
"""Makes a task's rules, by its name. Judged after the tick of the throw (2021) or of ESC (2022)."""

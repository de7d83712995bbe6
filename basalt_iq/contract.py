"""The MineRL BASALT interface: tasks, items and keys of both eras; their spaces are in spaces.py.

Era 2021 is minerl 0.4.4 (64x64, inventory, equip), era 2022 is minerl 1.0.x (360x640 pov, 24 keys).
The tests hold every space, value by value, against the spaces read from the real packages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from basalt_iq import plugins
from basalt_iq.errors import UserError

ERAS = (2021, 2022)
TICKS_A_SECOND = 20
TICK_SECONDS = 1 / TICKS_A_SECOND
#: Vertical, degrees. MineRL 0.4.4 writes fov:1.5, 70 + 1.5 * 40 (its recordings show it); 1.0 leaves 70.
FIELD_OF_VIEW = {2021: 130.0, 2022: 70.0}
#: A throw ends the episode on this step, counting the step whose observation first shows no snowball as 1.
STEPS_AFTER_THROW = 12
#: No-ops that ``reset`` of the real environment plays before it hands out the first observation.
RESET_NOOPS = 30
MAX_STACK_SUM = 2304
MAX_DAMAGE = 1562

_MOVES = ("attack", "back", "forward", "jump", "left", "right", "sneak", "sprint", "use")
_HOTBAR = tuple(f"hotbar.{slot}" for slot in range(1, 10))
#: The on/off keys of each era, in the order of the action space (camera and equip are not buttons).
BUTTONS: dict[int, tuple[str, ...]] = {
    2021: _MOVES,
    2022: tuple(sorted((*_MOVES, *_HOTBAR, "ESC", "drop", "inventory", "pickItem", "swapHands"))),
}

_SMALL_ITEMS = (
    *("bucket", "carrot", "cobblestone", "fence", "fence_gate", "snowball"),
    *("stone_pickaxe", "stone_shovel", "water_bucket", "wheat", "wheat_seeds"),
)
_LURES = {"carrot": 1, "wheat_seeds": 1, "wheat": 1}
_TOOLS = {"water_bucket": 1, "cobblestone": 20, "stone_shovel": 1, "stone_pickaxe": 1}
_PEN_2021 = {"fence": 64, "fence_gate": 64, **_LURES, "snowball": 1}
_PEN_2022 = {"oak_fence": 64, "oak_fence_gate": 64, **_LURES}


def _stacks(names: str, count: int) -> dict[str, int]:
    return dict.fromkeys(names.split(), count)


_HOUSE_2021 = {
    **_stacks("stone_pickaxe stone_axe", 1),
    **_stacks("cobblestone stone_stairs fence spruce_fence acacia_fence glass ladder torch", 64),
    **_stacks("planks#0 planks#1 planks#4 log#0 log#1 log2#0 sandstone#0 sandstone#2", 64),
    **_stacks("sandstone_stairs wooden_door acacia_door spruce_door wooden_pressure_plate sand dirt", 64),
    **_stacks("red_flower flower_pot cactus", 3),
    "snowball": 1,
}
_HOUSE_2022 = {
    **_stacks("stone_pickaxe stone_axe", 1),
    **_stacks("cobblestone oak_log glass_pane torch dirt grass_block poppy spruce_log acacia_log", 64),
    **_stacks("jungle_log sand sandstone smooth_sandstone terracotta packed_ice snow_block cobweb", 64),
    **_stacks("white_wool black_dye blue_dye brown_dye green_dye red_dye white_dye yellow_dye", 64),
    **_stacks("flower_pot cactus lantern", 64),
}


@dataclass(frozen=True)
class Task:
    """One BASALT environment.

    ``items`` are the 2021 inventory keys in observation order, ``equip`` the 2021 values of the equip action
    and of the equipped type; both differ between tasks. ``start`` maps era to the starting stacks in hotbar
    order; its keys are the eras that have this environment.
    """

    name: str
    env_id: str
    max_steps: int
    items: tuple[str, ...]
    equip: tuple[str, ...]
    start: Mapping[int, Mapping[str, int]]
    high_res: bool = False

    def __post_init__(self) -> None:
        if self.items != tuple(sorted(self.items)) or self.equip != tuple(sorted(self.equip)):
            raise ValueError(f"{self.env_id}: items and equip values must be sorted")

    def pov_shape(self, era: int) -> tuple[int, int, int]:
        """(height, width, 3) of the pov."""
        self.check_era(era)
        if era == 2022:
            return (360, 640, 3)
        return (1024, 1024, 3) if self.high_res else (64, 64, 3)

    def check_era(self, era: int) -> None:
        """Raises UserError if this environment does not exist in ``era``."""
        if era not in self.start:
            raise UserError(f"{self.env_id} has no era {era}: choose from {', '.join(map(str, self.start))}")


def _task(name: str, max_steps: int, start: dict[int, dict[str, int]], house: bool = False) -> Task:
    items = tuple(sorted(_HOUSE_2021)) if house else _SMALL_ITEMS
    extra = ("none", "other") if house else ("none", "other", "air")
    return Task(name, f"MineRLBasalt{name}-v0", max_steps, items, tuple(sorted((*items, *extra))), start)


#: The four tasks of the competitions.
TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        _task("FindCave", 3600, {2021: {"snowball": 1}, 2022: {}}),
        _task("MakeWaterfall", 6000, {2021: {**_TOOLS, "snowball": 1}, 2022: _TOOLS}),
        _task("CreateVillageAnimalPen", 6000, {2021: _PEN_2021, 2022: _PEN_2022}),
        _task("BuildVillageHouse", 14400, {2021: _HOUSE_2021, 2022: _HOUSE_2022}, house=True),
    )
}
_PLAINS_PEN = _task("CreatePlainsAnimalPen", 6000, {2021: _PEN_2021})


def _high_res(task: Task) -> Task:
    env_id = task.env_id.replace("-v0", "HighRes-v0")
    return replace(task, env_id=env_id, start={2021: task.start[2021]}, high_res=True)


#: Every registered environment id, with the 1024x1024 variants and the pen on plains (2021 only).
ENVIRONMENTS: dict[str, Task] = {
    task.env_id: task for plain in (*TASKS.values(), _PLAINS_PEN) for task in (plain, _high_res(plain))
}


@dataclass(frozen=True)
class AddedTask:
    """A task of another package, as its entry point gives it (docs/plugins.md).

    The entry point's name is the task's, and its environment id is that name with "-v0".
    """

    task: Task
    briefing: str = ""
    """What to do, in a sentence or two, for who plays or judges it."""
    rules: Callable[[], Any] | None = None
    """Makes its `basalt_iq.world.tasks.Rules` (land, judge, progress); None: the stand-in cannot play it."""
    player: Callable[[int], Any] | None = None
    """Makes its scripted player (`basalt_iq.world.players.base.ScriptedPlayer`) from a seed."""


def find_task(name: str) -> Task:
    """The task of a short name ("FindCave") or an environment id. Raises UserError naming the choices."""
    if (task := known_task(name)) is not None:
        return task
    choices = ", ".join([*TASKS, *plugins.names("task")])
    raise UserError(f"unknown task {name!r}: choose from {choices} (or MineRLBasalt<task>-v0)")


def known_task(name: str) -> Task | None:
    """As `find_task`, None where there is none of that name."""
    if (task := TASKS.get(name) or ENVIRONMENTS.get(name)) is not None:
        return task
    added = added_task(name.removesuffix("-v0"))
    return added.task if added else None


def added_task(name: str) -> AddedTask | None:
    """Another package's task of that short name. Raises UserError where it cannot be loaded or contradicts
    itself."""
    if name in TASKS or name not in plugins.names("task"):
        return None
    added = plugins.load("task", name, lambda thing: isinstance(thing, AddedTask), "a contract.AddedTask")
    if (added.task.name, added.task.env_id) != (name, f"{name}-v0"):
        raise UserError(
            f"task {name!r} of the package {plugins.package_of('task', name)}: calls itself"
            f" {added.task.name} ({added.task.env_id}), not {name} ({name}-v0)"
        )
    return added


def noop(task: Task, era: int = 2021) -> dict[str, Any]:
    """The action that does nothing, with every key of the action space, in its order."""
    import numpy as np  # here, so that commands which only name tasks start without it

    task.check_era(era)
    action: dict[str, Any] = dict.fromkeys(BUTTONS[era], 0)
    action["camera"] = np.zeros(2, np.float32)
    if era == 2021:
        action["equip"] = "none"
    return dict(sorted(action.items()))

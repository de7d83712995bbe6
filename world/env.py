"""The environment: MineRL's BASALT interface in front of the simulation."""

from __future__ import annotations

import math
from typing import Any, Final, get_args

import gymnasium
import numpy as np

from basalt_iq import contract, spaces
from basalt_iq.errors import UserError
from basalt_iq.world.hands import Hands
from basalt_iq.world.items import DURABILITY, Inventory
from basalt_iq.world.judges import Verdict
from basalt_iq.world.maps import Distance
from basalt_iq.world.simulation import Action, Simulation
from basalt_iq.world.state import World
from basalt_iq.world.tasks import make_rules
from basalt_iq.world.view import View

ASKED_EVERY: Final = 5
"""Ticks for which what the judge would say, and the measure of progress, are kept."""


class BasaltEnv(gymnasium.Env):
    """One of the four BASALT tasks in the stand-in world.

    Observations and actions are those of `contract` (MineRL's, value by value). `step` accepts partial
    actions: a missing key does nothing. The reward is always 0; success is told only by the info of the
    final step: success (bool), score (0..1), reasons (list of str).

    `simulation` is what goes on behind the picture, for players and judges.

    Drawing is most of the work of a step. While `draws` is False, steps draw nothing and their observations
    have no "pov"; all else is as ever. `reset` and the step that ends the episode are always drawn.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012
    render_mode = "rgb_array"

    def __init__(
        self,
        task: contract.Task,
        era: int,
        max_steps: int,
        resolution: tuple[int, int],
        distance: Distance = "real",
    ):
        self.task, self.era, self.max_steps = task, era, max_steps
        self.distance: Distance = distance
        self.observation_space = spaces.observation_space(task, era)
        if resolution != task.pov_shape(era)[:2]:
            pov = gymnasium.spaces.Box(0, 255, (*resolution, 3), np.uint8)
            self.observation_space = gymnasium.spaces.Dict({**self.observation_space.spaces, "pov": pov})
        self.action_space = spaces.action_space(task, era)
        self._keys = frozenset(self.action_space)
        self.frame_size = resolution
        self.draws = True
        self.simulation = Simulation(task, era, resolution)
        self._view = View(self.simulation)
        self._rules = make_rules(task.name)
        self._status: tuple[int, dict[str, Any]] = (-1, {})
        self._over = True

    @property
    def world(self) -> World:
        """The simulation's; so are `body`, `inventory`, `hands` and `eye`."""
        return self.simulation.world

    @property
    def body(self) -> np.ndarray:
        return self.simulation.body

    @property
    def inventory(self) -> Inventory:
        return self.simulation.inventory

    @property
    def hands(self) -> Hands:
        return self.simulation.hands

    @property
    def eye(self) -> np.ndarray:
        return self.simulation.eye

    @property
    def ended_by_player(self) -> bool:
        """Whether the player chose the end, by throwing the last snowball (2021) or by ESC (2022)."""
        return self._escaped or self.hands.threw_the_last

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[dict[str, Any], dict]:
        """A new world. `seed` holds for this reset only; without one the world is drawn at random."""
        super().reset(seed=seed)
        self.seed_used = int(self.np_random.integers(2**31)) if seed is None else int(seed)
        spawn = self._rules.build(self.world, self.seed_used, self.distance)
        self.simulation.begin(spawn, self.seed_used)
        self.steps, self._empty_steps = 0, 0
        self._over = self._escaped = False
        self.verdict: Verdict | None = None
        self._asked: tuple[int, Verdict | None] = (-ASKED_EVERY, None)
        self._progress = (-ASKED_EVERY, 0.0)
        for _ in range(contract.RESET_NOOPS):
            self.simulation.advance({})
        self._rules.begin(self.simulation)
        return self._observe(drawn=True), {}

    def step(self, action: Action) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """One tick. Raises RuntimeError after the end of the episode, as MineRL does."""
        if self._over:
            raise RuntimeError("no episode is under way: call reset first")
        self._refuse_nonsense(action)
        self.simulation.advance(action)
        self.steps += 1
        terminated = self._ended(action)
        truncated = not terminated and self.steps >= self.max_steps
        self._over = terminated or truncated
        if self.verdict is None and (self._over or self.ended_by_player):
            self.verdict = self._rules.judge(self.simulation, self.ended_by_player)
        info = self.verdict.info() if self.verdict and self._over else {}
        return self._observe(self.draws or self._over), 0.0, terminated, truncated, info

    def _refuse_nonsense(self, action: Action) -> None:
        """Raises ValueError for keys that this interface lacks, and for a camera that is not two numbers."""
        unknown = action.keys() - self._keys
        if unknown:
            raise ValueError(f"unknown keys {sorted(unknown)}; this era has {', '.join(sorted(self._keys))}")
        camera = action.get("camera")
        if camera is not None and (len(camera) != 2 or not all(map(math.isfinite, camera))):
            raise ValueError(f"camera is {camera}, not two finite angles [pitch, yaw]")

    def _ended(self, action: Action) -> bool:
        if self.era == 2022:
            self._escaped = bool(action.get("ESC", 0))
            return self._escaped
        self._empty_steps += self.inventory.count("snowball") == 0
        return self._empty_steps >= contract.STEPS_AFTER_THROW

    def render(self) -> np.ndarray:
        """The present view (H, W, 3) uint8, drawn anew."""
        return self._view.draw().copy()

    def _observe(self, drawn: bool) -> dict[str, Any]:
        seen = {"pov": self.render()} if drawn else {}
        return seen if self.era == 2022 else {**self._told(), **seen}

    def _told(self) -> dict[str, Any]:
        """What an observation of 2021 holds beside the picture."""
        if self._status[0] != self.inventory.version:
            self._status = (self.inventory.version, self._describe())
        status = self._status[1]
        return {
            "equipped_items": {"mainhand": _fresh(status["mainhand"])},
            "inventory": _fresh(status["inventory"]),
        }

    def _describe(self) -> dict[str, Any]:
        """Inventory counts and what is in hand, as arrays without axes."""
        total = self.inventory.counts()
        counts = {item: np.array(total[item], np.int32) for item in self.task.items}
        stack, held = self.inventory.hand, self.inventory.held
        hand = {
            "damage": np.array(stack.damage if stack else 0, np.int64),
            "maxDamage": np.array(DURABILITY.get(held, 0), np.int64),
            "type": held if held in self.task.equip else "other",
        }
        return {"inventory": counts, "mainhand": hand}

    def progress(self) -> float:
        """How near the task is to done, 0..1, from the world's state. For analysis only."""
        if self.verdict is not None and self.verdict.success:
            return 1.0
        now = self.simulation.tick
        if now - self._progress[0] >= ASKED_EVERY:
            self._progress = (now, self._rules.progress(self.simulation, self.asked(), self.ended_by_player))
        return self._progress[1]

    def asked(self) -> Verdict:
        """What the judge would say if the player chose to end now; once that was chosen, what it did say.

        For analysis only. Asked anew every `ASKED_EVERY` ticks, and when the episode is over.
        """
        if self.verdict is not None and self.ended_by_player:
            return self.verdict
        now, (tick, verdict) = self.simulation.tick, self._asked
        if verdict is None or now - tick >= ASKED_EVERY or (self._over and now != tick):
            verdict = self._rules.judge(self.simulation, True)
            self._asked = (now, verdict)
        return verdict


def _fresh(values: dict[str, Any]) -> dict[str, Any]:
    """Copies: what was handed out is the receiver's, to keep and to change."""
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in values.items()}


def make(
    task: str,
    era: int = 2021,
    max_steps: int | None = None,
    resolution: int | tuple[int, int] | None = None,
    distance: Distance = "real",
) -> BasaltEnv:
    """The environment of a task, by short name ("FindCave") or environment id.

    `max_steps` and `resolution` (a square's side, or (height, width), in pixels) default to the task's.
    `distance` "near" puts what a task needs close to the start and has the scripted players make do with
    little, for short episodes; "real" is as far and long as real demonstrations.
    Raises UserError for an unknown task, era or distance, or a limit or size that makes no sense.
    """
    found = contract.find_task(task)
    found.check_era(era)
    shape = found.pov_shape(era)[:2] if resolution is None else resolution
    size = (shape, shape) if isinstance(shape, int) else (int(shape[0]), int(shape[1]))
    if min(size) < 8:
        raise UserError(f"resolution {size} is too small: choose at least 8 pixels")
    if max_steps is not None and max_steps < 1:
        raise UserError(f"max_steps is {max_steps}: choose at least 1")
    if distance not in get_args(Distance):
        raise UserError(f"unknown distance {distance!r}: choose from {', '.join(get_args(Distance))}")
    return BasaltEnv(found, era, found.max_steps if max_steps is None else max_steps, size, distance)

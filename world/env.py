"""The environment: MineRL's BASALT interface in front of the stand-in world."""

from __future__ import annotations

import math
import weakref
from functools import cache
from typing import Any, Final

import gymnasium
import numpy as np

from basalt_iq import contract, spaces
from basalt_iq.errors import UserError
from basalt_iq.world import animals, physics, render
from basalt_iq.world.gui import Gui
from basalt_iq.world.hands import Hands
from basalt_iq.world.items import DURABILITY, Inventory
from basalt_iq.world.judges import Verdict
from basalt_iq.world.state import World
from basalt_iq.world.tasks import RULES

FAR: Final = 72.0
"""Render distance, blocks."""
MAX_PITCH: Final = math.pi / 2
START_PITCH: Final = 0.05
CENTRE: Final = np.array([0.5, 0.0, 0.5])
PROGRESS_EVERY: Final = 5
"""Ticks for which a measure of progress is kept."""


class BasaltEnv(gymnasium.Env):
    """One of the four BASALT tasks in the stand-in world.

    Observations and actions are those of `contract` (MineRL's, value by value). `step` accepts partial
    actions: a missing key does nothing. The reward is always 0; success is told only by the info of the
    final step: success (bool), score (0..1), reasons (list of str).

    For players and judges: `world` (blocks, light, animals), `body` (see `physics`), `inventory`.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012
    render_mode = "rgb_array"
    start_distance: float
    last_distance: float
    """Kept by the rules of FindCave (see `tasks`): steps to the nearest cave at the start, and last known."""

    def __init__(self, task: contract.Task, era: int, max_steps: int, resolution: tuple[int, int]):
        self.task, self.era, self.max_steps = task, era, max_steps
        self.observation_space = spaces.observation_space(task, era)
        if resolution != task.pov_shape(era)[:2]:
            pov = gymnasium.spaces.Box(0, 255, (*resolution, 3), np.uint8)
            self.observation_space = gymnasium.spaces.Dict({**self.observation_space.spaces, "pov": pov})
        self.action_space = spaces.action_space(task, era)
        self.world, self.body = World(), np.zeros(physics.BODY_SIZE)
        self.inventory = Inventory()
        self.frame_size = resolution
        me = weakref.proxy(self)  # without a cycle the world's arrays go as soon as nobody wants them
        self.hands, self.gui = Hands(me), Gui(me)
        self._rules = RULES[task.name]
        self.half_view = math.tan(math.radians(contract.FIELD_OF_VIEW[era]) / 2)
        self._frame = np.zeros((*resolution, 3), np.uint8)
        self._depth = np.zeros(resolution, np.float32)
        self._boxes = np.zeros((physics.MAX_BOXES, 6))
        self._eye = np.zeros(3)
        self._room = render.room_for_rays()
        self._status: tuple[int, dict[str, Any]] = (-1, {})
        self._over = True

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[dict[str, Any], dict]:
        """A new world. `seed` holds for this reset only; without one the world is drawn at random."""
        super().reset(seed=seed)
        self.seed_used = int(self.np_random.integers(2**31)) if seed is None else int(seed)
        spawn = self._rules.build(self.world, self.seed_used)
        self._rng_seed = self.seed_used & 0xFFFFFFF
        self._wind = float(self._rng_seed % 768)
        self._place_player(spawn)
        self.inventory = Inventory(dict(self.task.start[self.era]))
        self.hands.reset()
        self.gui.reset()
        self.tick, self.steps = 0, 0
        self._empty_steps, self._over, self._ended_by_player = 0, False, False
        self.verdict: Verdict | None = None
        self._progress = (-PROGRESS_EVERY, 0.0)
        for _ in range(contract.RESET_NOOPS):
            self._advance({})
        self._rules.begin(self)
        return self._observe(), {}

    def _place_player(self, spawn: np.ndarray) -> None:
        self.body[:] = 0.0
        self.body[: physics.Z + 1] = spawn + CENTRE
        self.body[physics.YAW] = 2 * math.pi * ((self._rng_seed * 2654435761 >> 8) & 0xFFFF) / 65536
        self.body[physics.PITCH] = START_PITCH

    def step(self, action: dict[str, Any]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """One tick. Raises RuntimeError after the end of the episode, as MineRL does."""
        if self._over:
            raise RuntimeError("step was called on an episode that is over: call reset first")
        self._advance(action)
        self.steps += 1
        terminated = self._ended(action)
        truncated = not terminated and self.steps >= self.max_steps
        self._over = terminated or truncated
        info = {}
        if self._over:
            if self.verdict is None:
                self.verdict = self._rules.judge(self)
            info = self.verdict.info()
        return self._observe(), 0.0, terminated, truncated, info

    def _ended(self, action: dict[str, Any]) -> bool:
        if self.era == 2022:
            if action.get("ESC", 0):
                self._ended_by_player = True
                self.verdict = self._rules.judge(self)
            return self._ended_by_player
        if self.inventory.count("snowball") == 0:
            self._empty_steps += 1
        return self._empty_steps >= contract.STEPS_AFTER_THROW

    def on_throw(self) -> None:
        """The last snowball has left the hand: the task is judged now."""
        self._ended_by_player = True
        self.verdict = self._rules.judge(self)

    @property
    def ended_by_player(self) -> bool:
        """Whether the player chose the end, by snowball or ESC."""
        return self._ended_by_player

    def _advance(self, action: dict[str, Any]) -> None:
        """One tick of the world under an action."""
        if self.era == 2022:
            action = self.gui.filter(action)
        pressed, body, world = action.get, self.body, self.world
        equip = pressed("equip", "none")
        if equip != "none":
            self.inventory.equip(str(equip))
        pitch, yaw = pressed("camera", (0.0, 0.0))
        body[physics.YAW] += math.radians(float(yaw))
        body[physics.PITCH] = min(
            max(body[physics.PITCH] + math.radians(float(pitch)), -MAX_PITCH), MAX_PITCH
        )
        self.hands.act(action)
        physics.tick_body(
            world.blocks, body,
            float(bool(pressed("forward", 0))) - float(bool(pressed("back", 0))),
            float(bool(pressed("left", 0))) - float(bool(pressed("right", 0))),
            bool(pressed("jump", 0)), bool(pressed("sneak", 0)), bool(pressed("sprint", 0)),
            0.1, physics.WIDTH, physics.HEIGHT, self._boxes,
        )  # fmt: skip
        world.follow(*body[:3].tolist())
        animals.tick_animals(
            world.blocks,
            world.animals[:-1],
            body,
            self.hands.tempting(),
            self.tick,
            self._rng_seed,
            self._boxes,
        )
        animals.push_apart(world.animals[:-1], body)
        self.hands.fly_snowball()
        world.water.tick(self.tick)
        self.tick += 1

    @property
    def eye(self) -> np.ndarray:
        """(3,) where the player's eye is, in blocks."""
        high = physics.SNEAKING_EYE if self.body[physics.SNEAKING] else physics.EYE
        self._eye[0], self._eye[1], self._eye[2] = self.body[0], self.body[1] + high, self.body[2]
        return self._eye

    def render(self) -> np.ndarray:
        """The present view (H, W, 3) uint8, drawn anew."""
        return self._draw().copy()

    def _draw(self) -> np.ndarray:
        world, eye, yaw, pitch = self.world, self.eye, self.body[physics.YAW], self.body[physics.PITCH]
        render.draw_blocks(
            self._frame, self._depth, *world.flat, *self._room, self._wind + 0.03 * self.tick,
            eye, yaw, pitch, self.half_view, FAR,
        )  # fmt: skip
        animals.draw_animals(
            self._frame, self._depth, world.animals, world.light, eye, yaw, pitch, self.half_view, FAR
        )
        if self.era == 2022:
            self.gui.draw(self._frame)
        return self._frame

    def _observe(self) -> dict[str, Any]:
        pov = self._draw().copy()
        if self.era == 2022:
            return {"pov": pov}
        if self._status[0] != self.inventory.version:
            self._status = (self.inventory.version, self._describe())
        status = self._status[1]
        return {
            "equipped_items": {"mainhand": dict(status["mainhand"])},
            "inventory": dict(status["inventory"]),
            "pov": pov,
        }

    def _describe(self) -> dict[str, Any]:
        """Inventory counts and what is in hand, as read-only scalars."""
        total = self.inventory.counts()
        counts = {item: _scalar(total[item], np.int32) for item in self.task.items}
        stack, held = self.inventory.hand, self.inventory.held
        hand = {
            "damage": _scalar(stack.damage if stack else 0, np.int64),
            "maxDamage": _scalar(DURABILITY.get(held, 0), np.int64),
            "type": held if held in self.task.equip else "other",
        }
        return {"inventory": counts, "mainhand": hand}

    def progress(self) -> float:
        """How near the task is to done, 0..1, from the world's state. For analysis only."""
        if self.verdict is not None and self.verdict.success:
            return 1.0
        if self.tick - self._progress[0] >= PROGRESS_EVERY:
            self._progress = (self.tick, self._rules.progress(self))
        return self._progress[1]


@cache
def _scalar(value: int, dtype: type) -> np.ndarray:
    array: np.ndarray = np.array(value, dtype)
    array.flags.writeable = False
    return array


def make(
    task: str, era: int = 2021, max_steps: int | None = None, resolution: int | tuple[int, int] | None = None
) -> BasaltEnv:
    """The environment of a task, by short name ("FindCave") or environment id.

    `max_steps` and `resolution` (a square's side, or (height, width), in pixels) default to the task's.
    Raises UserError for an unknown task or era, or a limit or size that makes no sense.
    """
    found = contract.find_task(task)
    found.check_era(era)
    shape = found.pov_shape(era)[:2] if resolution is None else resolution
    size = (shape, shape) if isinstance(shape, int) else (int(shape[0]), int(shape[1]))
    if min(size) < 8:
        raise UserError(f"resolution {size} is too small: choose at least 8 pixels")
    if max_steps is not None and max_steps < 1:
        raise UserError(f"max_steps is {max_steps}: choose at least 1")
    return BasaltEnv(found, era, found.max_steps if max_steps is None else max_steps, size)

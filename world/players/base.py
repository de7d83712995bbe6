"""What every scripted player shares: its senses, its hands, and the script it plays from."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np

from basalt_iq.world import physics
from basalt_iq.world.blocks import (
    BLOCKS,
    BODY_SPAN,
    BOXES,
    CUBE,
    CUTOUT,
    FENCES,
    ID,
    KIND,
    SOLID,
    WATER_KIND,
)
from basalt_iq.world.players import paths, sight
from basalt_iq.world.players.motor import MIDDLE, Action, Feet, Fingers, Habits, Wrist, heading

Script = Iterator[Action]
Trip = Generator[Action, None, bool]
"""A script that tells in the end whether it got where it wanted."""


def _passage() -> np.ndarray:
    """(blocks,) uint8: how each block meets a walker, in the terms of `paths`."""
    table = np.where(SOLID & (BODY_SPAN[:, 1] > BODY_SPAN[:, 0]), paths.SOLID, paths.FREE)
    table[KIND == WATER_KIND] = paths.WATER
    table[FENCES & (table == paths.SOLID)] = paths.TALL
    table[ID["cactus"]] = paths.HARM
    return table.astype(np.uint8)


PASSAGE = _passage()
SCREEN = (KIND == CUBE) | (KIND == CUTOUT) | (KIND == BOXES) & SOLID
"""(blocks,) bool: what a player cannot see through."""


LEAFY = np.array(["leaves" in block.name or block.name.endswith("_log") for block in BLOCKS])
"""(blocks,) bool: what belongs to a tree."""
EYE = np.array([0.0, physics.EYE, 0.0])
"""From the feet to the eye."""
STANDSTILL = 0.04
"""Blocks a tick below which somebody who holds forward gets nowhere."""
BLOCKED, LET_GO = 8, 14
"""Ticks of getting nowhere after which a walker tries something else, and after which anybody lets go."""


PART = 18.0
"""Degrees that one who looks about turns at a time, on average."""


class ScriptedPlayer(abc.ABC):
    """Plays one task from the world's state, as a person would: it walks, turns and errs like one.

    Scripts are generators that yield one action a tick and read the world afresh after each. Habits are
    drawn from the seed; a player that finds no way on stops, and ``done`` says so.
    """

    task: str

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.habits = Habits.draw(self.rng)
        self.done = False

    def reset(self, env: Any) -> None:
        """Start playing ``env``, which has just been reset."""
        self.env, self.hurries = env.unwrapped.simulation, env.unwrapped.distance == "near"
        self.wrist, self.fingers = Wrist(self.habits, self.rng), Fingers(self.rng)
        self._last, self._pushed = self.position, 0
        self.done = False
        self._slip, self._slip_key = 0, "left"
        self._dives = False
        self.reopen_eyes()
        self._script = self.play()

    def act(self) -> Action:
        """This tick's action; does nothing once the script has ended."""
        if self.done:
            return {}
        try:
            return self._human(next(self._script))
        except StopIteration:
            self.done = True
            return {}

    def strays(self) -> float:
        """Chance per tick of walking to go astray: a task in which that breaks nothing takes its habits'."""
        return 0.0

    @abc.abstractmethod
    def play(self) -> Script:
        """The whole episode."""

    # senses

    def reopen_eyes(self) -> None:
        """Take in the blocks as they are now; call after changing them."""
        self.kind = PASSAGE[self.env.world.blocks]
        self.screen = SCREEN[self.env.world.blocks]

    @property
    def position(self) -> np.ndarray:
        """Feet [x, y, z]."""
        return self.env.body[: physics.Z + 1].copy()

    @property
    def eye(self) -> np.ndarray:
        return self.env.eye.copy()

    @property
    def yaw(self) -> float:
        """Degrees; 0 looks to +z, 90 to -x."""
        return sight.turn(math.degrees(self.env.body[physics.YAW]))

    @property
    def pitch(self) -> float:
        """Degrees, positive downwards."""
        return math.degrees(self.env.body[physics.PITCH])

    @property
    def cell(self) -> paths.Cell:
        """The standing cell under the feet."""
        x, y, z = self.position
        return int(x), max(paths.standing(self.kind, x, y, z), 1), int(z)

    # hands

    def _human(self, action: Action) -> Action:
        """The action as a person does it: afloat in water, with slips, keys held a while, not in vain."""
        if self._wet() and not self._dives:
            action = {**action, "jump": 1}
        if self._slip <= 0 and action.get("forward") and self.rng.random() < self.habits.slips:
            self._slip, self._slip_key = int(self.rng.integers(3, 8)), str(self.rng.choice(["left", "right"]))
        if self._slip > 0:
            self._slip -= 1
            action = {**action, self._slip_key: 1}
        action = self.fingers.hold(action)
        return self._let_go(action)

    def _let_go(self, action: Action) -> Action:
        """Nobody holds forward against a wall for long."""
        here = self.position
        moved = math.hypot(here[0] - self._last[0], here[2] - self._last[2])
        self._last = here
        self._pushed = self._pushed + 1 if action.get("forward") and moved < STANDSTILL else 0
        if self._pushed <= LET_GO:
            return action
        self._pushed = LET_GO
        return {key: held for key, held in action.items() if key not in ("forward", "sprint")}

    @property
    def blocked(self) -> bool:
        """Whether forward has been held in vain."""
        return self._pushed > BLOCKED

    def press(self) -> Script:
        """Press use once."""
        for _ in range(self.fingers.press()):
            yield {"use": 1, "camera": self.wrist.rest()}

    def hold(self, item: str) -> Script:
        """Take an item of the start inventory in hand, and look at it for a moment."""
        if self.env.inventory.held == item:
            return
        if self.env.era == 2021:
            yield {"equip": item}
        else:
            yield {f"hotbar.{list(self.env.task.start[2022]).index(item) + 1}": 1}
        yield from self.wait(self.rng.integers(2, 6))

    def finish(self) -> Script:
        """End the episode as the era does: throw the snowball, or press escape."""
        if self.env.era == 2021:
            yield from self.hold("snowball")
            yield from self.press()
        else:
            yield {"ESC": 1}
        yield {}

    def wait(self, ticks: float | np.integer) -> Script:
        for _ in range(round(ticks)):
            yield {"camera": self.wrist.rest()}

    def hesitate(self) -> Script:
        """Now and then, stop for a moment or look aside."""
        if self.rng.random() < self.habits.hesitation:
            yield from self.wait(self.rng.exponential(self.habits.pause))
        if self.rng.random() < self.habits.glances:
            yield from self.glance()

    def glance(self) -> Script:
        """Look aside for a moment."""
        aside = self.rng.uniform(20.0, 90.0) * self.rng.choice([-1.0, 1.0])
        yield from self.face(self.yaw + aside, self.habits.gaze + self.rng.normal(0.0, 4.0), within=6.0)
        yield from self.wait(self.rng.integers(2, 9))

    def pan(self, yaw: float, pitch: float) -> Script:
        """Turn roughly to a direction in degrees: at once or, looking on the way, little by little."""
        while self.rng.random() < self.habits.pans and abs(sight.turn(yaw - self.yaw)) > 2 * PART:
            way = sight.turn(yaw - self.yaw)
            part = min(self.rng.uniform(0.6, 1.4) * PART / abs(way), 1.0)
            yield from self.face(self.yaw + part * way, self.pitch + part * (pitch - self.pitch), within=5.0)
            yield from self.wait(self.rng.integers(1, 4))
        yield from self.face(yaw, pitch, within=6.0)

    def face(self, yaw: float, pitch: float, within: float = 2.5, longest: int = 60) -> Script:
        """Turn to a direction in degrees."""
        for _ in range(longest):
            turn, tilt = sight.turn(yaw - self.yaw), pitch - self.pitch
            if max(abs(turn), abs(tilt)) < within and self.wrist.still:
                return
            yield {"camera": self.wrist.towards(turn, tilt)}

    def walk(self, route: np.ndarray, until: Callable[[], bool] = lambda: False, longest: int = 900) -> Trip:
        """Follow a route of cells. Returns whether it ended well: there, or ``until`` came true."""
        feet = Feet(route)
        patience = 3
        for _ in range(longest):
            feet.advance(self.position)
            if feet.arrived or until():
                return True
            yield from self.hesitate()
            if self.rng.random() < self.strays():
                yield from self.stray()
                return False
            yield self._stride(feet)
            if self.blocked:
                patience -= 1
                yield from self._struggle()
            if not patience:
                return False
        return False

    def stray(self, bathe: bool = False) -> Script:
        """Walk off somewhere else for a moment, or for a bathe: what follows shows the way back from there.

        A demonstrator that never errs leaves an imitator helpless after its first error.
        """
        pond = self._pond() if bathe else None
        yaw, pitch = self.yaw + self.rng.uniform(-150.0, 150.0), self.rng.triangular(-30.0, 5.0, 60.0)
        if pond is not None:
            yaw = self.yaw + heading(self.position, pond, self.yaw)
            yield from self._head_off(yaw, self.habits.gaze, 250, self._wet)
        self._dives = bool(self.rng.random() < 0.7)
        yield from self._head_off(yaw, pitch, int(self.rng.integers(10, 45)))
        self._dives = False
        yield from self.surface()

    def _pond(self, reach: int = 40) -> np.ndarray | None:
        """The nearest water under the sky that is deep enough to dive into, [3]."""
        low = np.maximum(self.position.astype(int) - (reach, 6, reach), 1)
        x, y, z = (slice(a, a + n) for a, n in zip(low, (2 * reach + 1, 9, 2 * reach + 1), strict=True))
        near = self.kind[x, y, z] == paths.WATER
        sky = self.env.world.light[x, y, z] >> 4 == 15
        deep = near[:, 1:-1] & near[:, :-2] & ~near[:, 2:] & sky[:, 2:]
        cells = np.argwhere(deep) + low + (0, 1, 0)
        if not len(cells):
            return None
        return cells[np.abs(cells - self.position)[:, ::2].sum(1).argmin()] + MIDDLE

    def _wet(self) -> bool:
        return Feet.wet(self.kind, self.position)

    def _head_off(
        self, yaw: float, pitch: float, ticks: int, until: Callable[[], bool] = lambda: False
    ) -> Script:
        """Walk in a direction, looking there."""
        for _ in range(ticks):
            if until() or self.blocked:
                return
            error = sight.turn(yaw - self.yaw)
            action = {"camera": self.wrist.towards(error, pitch - self.pitch, self.habits.slack)}
            yield action | self._ahead() if abs(error) < 60 else action

    def _ahead(self) -> Action:
        """The keys to walk where the view goes, over ledges."""
        ledge = Feet.ledge(self.kind, self.position, self.yaw)
        return {"forward": 1, "jump": 1} if ledge else {"forward": 1}

    def surface(self) -> Script:
        """Come up for air; from under a ledge, by swimming on."""
        for tick in range(200):
            x, y, z = (int(v) for v in self.eye)
            if self.kind[x, y, z] != paths.WATER:
                return
            ledge = {"forward": 1} if tick > 30 else {}
            turn = 4.0 if tick > 60 else 0.0
            yield {"jump": 1, **ledge, "camera": self.wrist.towards(turn, self.habits.gaze - self.pitch)}

    def _stride(self, feet: Feet) -> Action:
        """One tick of walking: look where the route goes on, hold the keys."""
        here, yaw = self.position, self.yaw
        target = feet.target(self.kind, here)
        error = heading(here, target, yaw)
        _, slope = sight.bearing(here, target)
        pitch = np.clip(self.habits.gaze + 0.7 * slope, -25.0, 40.0)
        action = feet.keys(self.kind, here, yaw, error, self.habits.sprints)
        action["camera"] = self.wrist.towards(error, pitch - self.pitch, self.habits.slack)
        return action

    def _struggle(self) -> Script:
        """Get off whatever holds the body: back and to a side, then jump forward."""
        side = "left" if self.rng.random() < 0.5 else "right"
        for _ in range(int(self.rng.integers(4, 9))):
            yield {"back": 1, side: 1, "camera": self.wrist.rest()}
        for _ in range(int(self.rng.integers(4, 9))):
            yield {"forward": 1, side: 1, "jump": 1, "camera": self.wrist.rest()}

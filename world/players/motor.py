"""A person's hand: habits drawn from a seed, a camera turned by a wrist, feet that follow a route."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from basalt_iq.world.players import paths
from basalt_iq.world.players.sight import direction, turn

MOUSE_STEP = 0.15
"""Degrees of one count of the mouse, Minecraft's default sensitivity."""
JERKS = 0.3
"""How unevenly a hand moves: the spread of the logarithm of its speed about a smooth stroke's."""
REACTION = 3
"""Ticks before a stroke that goes wrong is aimed anew."""
MIDDLE = np.array([0.5, 0.0, 0.5])
"""From a cell to the middle of its floor."""
Action = dict[str, Any]


@dataclass(frozen=True)
class Habits:
    """How one person plays."""

    pace: float
    """Ticks of a stroke of the mouse in those of an average person."""
    aim: float
    """How far a stroke ends off its mark, as a share of its length."""
    restless: float
    """Chance per tick that an idle hand stirs the mouse."""
    slack: float
    """Degrees off its way that a walker lets pass."""
    hesitation: float
    """Chance per tick of walking to stop for a moment."""
    pause: float
    """Mean ticks of such a stop."""
    glances: float
    """Chance per tick of walking to look aside."""
    sprints: bool
    """Whether this person holds the sprint key on open ground."""
    gaze: float
    """Pitch in degrees at which this person walks over flat ground."""
    slips: float
    """Chance per tick to hold a key too long or press a wrong one."""
    pans: float
    """Chance that this person goes on turning little by little when it looks around."""
    strays: float
    """Chance per tick of walking to go astray for a moment, its mind on something else."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Habits:
        return cls(
            pace=rng.uniform(0.85, 1.15),
            aim=rng.uniform(0.03, 0.09),
            restless=rng.uniform(0.2, 0.45),
            slack=rng.uniform(2.0, 4.0),
            hesitation=rng.uniform(0.005, 0.015),
            pause=rng.uniform(8, 18),
            glances=rng.uniform(0.001, 0.004),
            sprints=bool(rng.random() < 0.6),
            gaze=rng.uniform(4.0, 11.0),
            slips=rng.uniform(0.0, 0.006),
            pans=rng.uniform(0.4, 0.85),
            strays=rng.uniform(0.001, 0.004),
        )


class Wrist:
    """Turns the camera in strokes, as a hand moves a mouse.

    A stroke is aimed once, swells and fades, takes longer the longer it is but far less than in proportion
    (Fitts' law), and ends a little off; the next one mends that. Between strokes the hand stirs.
    """

    def __init__(self, habits: Habits, rng: np.random.Generator):
        self.habits, self.rng = habits, rng
        self._stroke = np.zeros((0, 2))
        self._at = 0
        self._left = np.zeros(2)  # less than a count of the mouse, kept for the next tick
        self._side = 1.0

    @property
    def still(self) -> bool:
        """Whether no stroke is under way that would still turn by a degree."""
        return bool(np.abs(self._stroke[self._at :].sum(0)).max() < 1.0)

    def towards(self, yaw_error: float, pitch_error: float, slack: float = 0.3) -> np.ndarray:
        """One tick's camera [pitch, yaw] in degrees for the angles still to turn, if more than ``slack``."""
        error = np.array([pitch_error, yaw_error])
        ahead = self._stroke[self._at :].sum(0)
        off = float(np.abs(error - ahead).max())
        if self._at < len(self._stroke):
            if self._at >= REACTION and off > max(4.0, 0.4 * float(np.abs(error).max())):
                self._aim(error)
        elif off > slack:
            self._aim(error)
        return self._move(self.habits.restless)

    def rest(self) -> np.ndarray:
        """One tick without wanting to turn: a stroke runs out, and now and then the hand stirs."""
        return self._move(0.4 * self.habits.restless)

    def _aim(self, error: np.ndarray) -> None:
        """Begin a stroke."""
        size = float(np.hypot(*error))
        ticks = self.habits.pace * (1.2 + 1.25 * math.log1p(size)) * self.rng.lognormal(0.0, 0.2)
        count = max(round(ticks), 2)
        along = np.linspace(0.0, 1.0, count + 1)
        swell = np.diff(along**3 * (10.0 - 15.0 * along + 6.0 * along**2))  # of least jerk
        swell = swell * self.rng.lognormal(0.0, JERKS, count)
        swell /= swell.sum()
        mark = error * (1.0 + self.rng.normal(-0.02, self.habits.aim, 2))
        self._stroke, self._at = swell[:, None] * mark, 0

    def _move(self, restless: float) -> np.ndarray:
        turn = self._left
        if self._at < len(self._stroke):
            turn = turn + self._stroke[self._at]
            self._at += 1
        elif self.rng.random() < restless:
            turn = turn + self._stir()
        counts = np.round(turn / MOUSE_STEP)
        self._left = turn - counts * MOUSE_STEP
        return (counts * MOUSE_STEP).astype(np.float32)

    def _stir(self) -> np.ndarray:
        """A count or a few, often to the side of the last one."""
        if self.rng.random() < 0.4:
            self._side = -self._side
        yaw = self._side * self.rng.exponential(1.2) + 0.5 * self._side
        return np.array([self.rng.normal(0.0, 0.7), yaw]) * MOUSE_STEP


class Fingers:
    """Hold each key for some ticks at least, as fingers do; a use is pressed for two or three."""

    KEYS = ("forward", "back", "left", "right", "jump", "sneak")
    AGAINST = {"forward": "back", "back": "forward", "left": "right", "right": "left"}  # noqa: RUF012

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self._due = dict.fromkeys(self.KEYS, 0)

    def hold(self, action: Action) -> Action:
        """The action with the keys that are not let go yet."""
        held = dict(action)
        for key in self.KEYS:
            if action.get(key):
                if self._due[key] <= 0:
                    self._due[key] = int(3 + self.rng.geometric(0.6) - 1)
            elif self._due[key] > 0 and not action.get(self.AGAINST.get(key, "")):
                held[key] = 1
            else:
                self._due[key] = 0
            self._due[key] = max(self._due[key] - 1, 0)
        return held

    def press(self) -> int:
        """Ticks of one press of use."""
        return int(self.rng.choice([2, 3, 4], p=[0.56, 0.42, 0.02]))


class Feet:
    """Follows a route of cells: which keys to hold for a body here, looking there."""

    def __init__(self, cells: np.ndarray, drop: int = paths.DROP):
        if not len(cells):
            raise ValueError("a route needs at least one cell")
        self.cells, self.drop = cells, drop
        self.at = 0

    @property
    def arrived(self) -> bool:
        return self.at >= len(self.cells)

    def advance(self, position: np.ndarray) -> None:
        """Tick off the cells that are behind: those before the nearest one, and that one once reached."""
        ahead = self.cells[self.at : self.at + 14] + MIDDLE
        flat = np.hypot(ahead[:, 0] - position[0], ahead[:, 2] - position[2])
        level = np.abs(ahead[:, 1] - position[1])
        nearest = int(np.argmin(flat + 0.5 * level))
        reached = flat[nearest] < 0.5 and level[nearest] < 1.3
        self.at += nearest + bool(reached)

    def target(self, kind: np.ndarray, position: np.ndarray, reach: int = 14) -> np.ndarray:
        """The farthest point of the route that a straight walk gets to: where a walker heads. [3]"""
        rest = self.cells[self.at : self.at + reach]
        floor = paths.standing(kind, *position)
        for cell in rest[:0:-1]:
            x, y, z = cell + MIDDLE
            if paths.straight(kind, position[0], floor, position[2], x, int(y), z, self.drop):
                return cell + MIDDLE
        return rest[0] + MIDDLE

    def keys(
        self, kind: np.ndarray, position: np.ndarray, yaw: float, yaw_error: float, hurry: bool
    ) -> Action:
        """forward, sprint and jump for a view to ``yaw`` that is ``yaw_error`` degrees off."""
        left = len(self.cells) - self.at
        action: Action = {}
        if abs(yaw_error) < 40:
            action["forward"] = 1
            if hurry and left > 6 and abs(yaw_error) < 20:
                action["sprint"] = 1
        if self.wet(kind, position) or ("forward" in action and self.ledge(kind, position, yaw)):
            action["jump"] = 1
        return action

    @staticmethod
    def ledge(kind: np.ndarray, position: np.ndarray, yaw: float) -> bool:
        """Whether the ground rises by a block just in front of the body."""
        level, (dx, _, dz) = paths.standing(kind, *position), direction(yaw, 0.0)
        x, z = int(position[0]), int(position[2])
        for ahead in (0.5, 0.9):
            a, c = int(position[0] + dx * ahead), int(position[2] + dz * ahead)
            if (a, c) != (x, z) and paths.landing(kind, x, level, z, a, c, 1) == level + 1:
                return True
        return False

    @staticmethod
    def wet(kind: np.ndarray, position: np.ndarray) -> bool:
        x, y, z = (int(v) for v in (position[0], position[1] + 0.3, position[2]))
        return bool(kind[x, y, z] == paths.WATER)


def heading(position: np.ndarray, target: np.ndarray, yaw: float) -> float:
    """Degrees to turn right from ``yaw`` to face ``target`` from ``position``."""
    bearing = math.degrees(math.atan2(-(target[0] - position[0]), target[2] - position[2]))
    return turn(bearing - yaw)

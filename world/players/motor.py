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
MIDDLE = np.array([0.5, 0.0, 0.5])
"""From a cell to the middle of its floor."""
Action = dict[str, Any]


@dataclass(frozen=True)
class Habits:
    """How one person plays."""

    quickness: float
    """Share of the remaining angle turned in a tick."""
    top_speed: float
    """Fastest turn in degrees per tick."""
    tremor: float
    """Noise of the wrist, in degrees per tick and as a share of the turn."""
    overshoot: float
    """How much of the last tick's turn carries on: 0 stops dead."""
    scan_speed: float
    """Degrees per tick when looking around."""
    hesitation: float
    """Chance per tick to stop and look for a moment."""
    pause: float
    """Mean ticks of such a stop."""
    sprints: bool
    """Whether this person holds the sprint key on open ground."""
    gaze: float
    """Pitch in degrees at which this person walks over flat ground."""
    slips: float
    """Chance per tick to hold a key too long or press a wrong one."""
    strays: float
    """Chance per tick of walking to go astray for a moment, its mind on something else."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Habits:
        return cls(
            quickness=rng.uniform(0.18, 0.32),
            top_speed=rng.uniform(6.0, 9.5),
            tremor=rng.uniform(0.04, 0.14),
            overshoot=rng.uniform(0.15, 0.4),
            scan_speed=rng.uniform(6.0, 9.0),
            hesitation=rng.uniform(0.001, 0.006),
            pause=rng.uniform(5, 14),
            sprints=bool(rng.random() < 0.6),
            gaze=rng.uniform(4.0, 11.0),
            slips=rng.uniform(0.0, 0.006),
            strays=rng.uniform(0.006, 0.018),
        )


class Wrist:
    """Turns the camera to where the player wants to look: quick, then slower, with noise and overshoot."""

    def __init__(self, habits: Habits, rng: np.random.Generator):
        self.habits, self.rng = habits, rng
        self.speed = np.zeros(2)

    def towards(self, yaw_error: float, pitch_error: float) -> np.ndarray:
        """One tick's camera [pitch, yaw] in degrees for the angles still to turn."""
        habits = self.habits
        error = np.array([pitch_error, yaw_error])
        wish = np.clip(error * habits.quickness, -habits.top_speed, habits.top_speed)
        self.speed = habits.overshoot * self.speed + (1 - habits.overshoot) * wish
        return self._shaken()

    def sweep(self, yaw_speed: float, pitch_error: float) -> np.ndarray:
        """One tick of looking around at a steady speed."""
        wish = np.array([pitch_error * self.habits.quickness, yaw_speed])
        self.speed = 0.5 * self.speed + 0.5 * wish
        return self._shaken()

    def rest(self) -> np.ndarray:
        """One tick without wanting to turn: the hand comes to a stop, and a still hand does not shake."""
        self.speed = np.where(np.abs(self.speed) < 0.3, 0.0, self.speed * self.habits.overshoot)
        return self._counts(self.speed)

    def _shaken(self) -> np.ndarray:
        size = self.habits.tremor * (0.5 + 0.5 * np.abs(self.speed))
        return self._counts(self.speed + self.rng.normal(0.0, 1.0, 2) * size)

    @staticmethod
    def _counts(degrees: np.ndarray) -> np.ndarray:
        return (np.round(degrees / MOUSE_STEP) * MOUSE_STEP).astype(np.float32)


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

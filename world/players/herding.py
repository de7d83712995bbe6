"""A player who leads animals: finds them, shows them what they like, and walks at their pace."""

from __future__ import annotations

import math

import numpy as np

from basalt_iq.contract import FIELD_OF_VIEW
from basalt_iq.world.animals import FOOD, HEIGHTS, KIND_OF, LIFE, WIDTHS, X, Y, Z
from basalt_iq.world.players import paths, sight
from basalt_iq.world.players.base import Script, Trip
from basalt_iq.world.players.explore import RAYS
from basalt_iq.world.players.motor import Action, Feet
from basalt_iq.world.players.settle import Settler

PIXELS = 3
"""Pixels in one picture below which an animal is overlooked."""
NOTICE = 6.5
"""Blocks within which an animal surely sees what one holds."""
CLOSE = 3.4
"""Blocks behind at which a follower counts as keeping up."""
TRAIL = 5.2
"""Blocks behind at which one stops for a follower."""
FAR = 110.0
"""Longest way, in blocks, to fetch an animal."""
FOOD_OF = {kind: food for food, kinds in FOOD.items() for kind in kinds}


class Herder(Settler):
    """Knows of the animals that have been in its view. ``flock`` are the rows of those it means to lead."""

    kind_of: int
    flock: list[int]
    dawdles: int
    """How often one had to go back for a follower."""
    strolls = False

    def arrive(self) -> Script:
        self.met: set[int] = set()
        yield from super().arrive()

    def take_in(self) -> None:
        """Notice houses, and animals large enough in the picture."""
        super().take_in()
        for row, animal in enumerate(self.animals):
            if row not in self.met and animal[LIFE] > 0 and self._shows(animal):
                self.met.add(row)

    def _shows(self, animal: np.ndarray) -> bool:
        """Whether an animal covers enough pixels and nothing is before its middle."""
        wide, high = WIDTHS[int(animal[KIND_OF])], HEIGHTS[int(animal[KIND_OF])]
        middle = animal[X : Z + 1] + np.array([0.0, 0.5 * high, 0.0])
        away = middle - self.eye
        ahead = np.array(sight.direction(self.yaw, self.pitch))
        depth, scale = float(away @ ahead), math.tan(math.radians(FIELD_OF_VIEW[self.env.era]) / 2)
        aside = math.sqrt(max(float(away @ away) - depth**2, 0.0))
        if depth < 0.5 or aside > depth * scale or wide * high * (RAYS / (2 * scale * depth)) ** 2 < PIXELS:
            return False
        length, (x, y, z) = float(np.linalg.norm(away)), self.eye
        to_x, to_y, to_z = away / length
        free = sight.cast(self.screen, x, y, z, to_x, to_y, to_z, length)
        return free < 0 or free > length - 0.5

    @property
    def animals(self) -> np.ndarray:
        """[N, ...] all animals and villagers."""
        return self.env.world.animals[:-1]

    def of_kind(self, kind: int) -> list[int]:
        """Rows of the living animals of a kind that have been seen."""
        return [row for row in sorted(self.met) if self._kind(row) == kind and self.animals[row, LIFE] > 0]

    def away(self, row: int) -> float:
        """Blocks from here to an animal."""
        return float(np.linalg.norm(self.animals[row, X : Z + 1] - self.position))

    def admirers(self) -> list[int]:
        """Rows of everyone who likes what is in hand and sees it."""
        likes = self.env.hands.tempting()
        return [row for row in range(len(self.animals)) if likes[self._kind(row)] and self.away(row) < 8.0]

    def strangers(self) -> list[int]:
        """Rows of all that should not be in the pen."""
        return [row for row in range(len(self.animals)) if self._kind(row) != self.kind_of]

    def _kind(self, row: int) -> int:
        return int(self.animals[row, KIND_OF])

    def rivals(self, kind: int) -> list[int]:
        """Rows of others that like the same food, and of villagers who may get in the way."""
        also = [k for k in FOOD[FOOD_OF[kind]] if k != kind]
        return [row for row in range(len(self.animals)) if self._kind(row) in also]

    # walking

    def _stride(self, feet: Feet) -> Action:
        """Never faster than an animal follows while one leads."""
        action = super()._stride(feet)
        if self.strolls:
            action.pop("sprint", None)
        return action

    def approach(self, row: int) -> Trip:
        """Walk up to an animal until it sees the food. Returns whether it does."""
        for _ in range(8):
            if self.away(row) < CLOSE:
                return True
            route = self.route_to(row)
            if route is None:
                return False
            yield from self.walk(route, lambda: self.away(row) < CLOSE or self.lagging(), longest=120)
            if self.lagging():
                yield from self.wait_for_flock()
        return self.away(row) < NOTICE

    def route_to(self, row: int) -> np.ndarray | None:
        """The way to a cell beside an animal."""
        x, y, z = (int(v) for v in self.animals[row, [X, Y, Z]])
        goals = np.zeros(self.kind.shape, np.bool_)
        goals[max(x - 2, 0) : x + 3, max(y - 1, 0) : y + 2, max(z - 2, 0) : z + 3] = True
        return paths.route(self.kind, self.cell, goals, FAR)

    def lagging(self) -> bool:
        """Whether a follower falls behind."""
        return any(self.away(row) > TRAIL for row in self.flock)

    def wait_for_flock(self, patience: int = 70) -> Script:
        """Stop, look back, and let them come."""
        slow = max(self.flock, key=self.away)
        for tick in range(patience):
            if all(self.away(row) < CLOSE for row in self.flock):
                return
            yield self.watch(slow) if tick > 6 else {"camera": self.wrist.rest()}
        if self.away(slow) > CLOSE:
            self.dawdles += 1
            yield from self.go_back(slow)

    def watch(self, row: int) -> Action:
        """One tick of looking at an animal."""
        yaw, pitch = sight.bearing(self.eye, self.animals[row, X : Z + 1] + (0.0, 0.6, 0.0))
        turn, tilt = sight.turn(yaw - self.yaw), pitch - self.pitch
        if max(abs(turn), abs(tilt)) < 4.0:
            return {"camera": self.wrist.rest()}
        return {"camera": self.wrist.towards(turn, tilt)}

    def go_back(self, row: int) -> Script:
        """Walk up to one that does not come; leave it behind if there is no way or it never does."""
        route = self.route_to(row)
        if route is None or self.dawdles > 6:
            self.flock.remove(row)
            return
        yield from self.walk(route, lambda: self.away(row) < 2.6, longest=120)

    def lead(self, goal: paths.Cell) -> Trip:
        """Walk to a cell with the flock behind. Returns whether all that are left in it are here."""
        goals = np.zeros(self.kind.shape, np.bool_)
        goals[goal] = True
        for _ in range(30):
            route = paths.route(self.kind, self.cell, goals, 2 * FAR)
            if route is None or not self.flock:
                return False
            there = yield from self.walk(route, self.lagging)
            if self.lagging():
                yield from self.wait_for_flock()
            elif there:
                return True
        return False

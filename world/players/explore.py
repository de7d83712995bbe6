"""Finding one's way in a land not seen before: looking around, and walking to where there is more to see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from basalt_iq.contract import FIELD_OF_VIEW
from basalt_iq.world.players import paths, sight
from basalt_iq.world.players.base import Script, ScriptedPlayer

RAYS, FAR = 64, 64.0
"""What a player looks at: the agent's own picture of 64x64 pixels, as far as MineRL draws (4 chunks)."""
PIXELS = 4
"""Pixels in one picture, of a place and what is beside it, below which it is overlooked."""
LOOK = 5
"""Ticks from one look at the view to the next."""
SURE = 20.0
"""Blocks within which nothing that is in view escapes a player."""
ROAM = (8.0, 50.0)
"""Nearest and farthest walk to a place from which to look around again."""
SLOT = 15.0
"""Degrees from one direction in which one looks around to the next."""
BEARINGS = np.arange(0.0, 360.0, SLOT) + SLOT / 2
LOOKS = 5
"""Turns of one look around, at most."""
DULL = 0.04
"""Share of the columns around that a turn would show for the first time, below which it is not worth it."""
TURN_COST = 0.0004
"""The same share that a degree of turning must bring."""
RING = np.argwhere(np.hypot(*(np.indices((57, 57)) - 28)) <= 28.0) - 28
RING = RING[np.hypot(*RING.T) >= 6.0]
"""[N, 2] columns around, from those at which one needs to turn to them to those that one just makes out."""
Found = Callable[[], bool]


class Explorer(ScriptedPlayer):
    """Remembers which columns of the land it has seen, which of them well, and where it has looked around."""

    uphill = 0.0
    """What a block of height is worth to a place to look around from, in the measure of `lookout`."""

    def start_exploring(self) -> None:
        self.seen = np.zeros(self.kind.shape[::2], np.bool_)
        self.sea = (self.kind == paths.WATER).any(1)
        self.known: np.ndarray = np.zeros(self.kind.shape[::2], np.bool_)
        self.stops: list[np.ndarray] = []
        self._looked = -LOOK

    def looks(self) -> bool:
        """Whether it is time to take in the view again: a look takes some ticks, a turn shows nothing."""
        if self.env.tick < self._looked + LOOK or not self.wrist.still:
            return False
        self._looked = self.env.tick
        return True

    def glimpse(self) -> np.ndarray:
        """Take in what is in view now: the clear cells [N, 3] in front of everything seen."""
        view = (self.eye, self.yaw, self.pitch, RAYS, FAR, FIELD_OF_VIEW[self.env.era])
        cells, distance = sight.look(self.screen, *view)
        near = cells[distance < SURE]
        self.known[near[:, 0], near[:, 2]] = True
        self.seen |= self.covering(cells, 1) >= PIXELS
        self.known |= self.seen & self.sea  # open water hides nothing
        return cells

    def covering(self, cells: np.ndarray, radius: int) -> np.ndarray:
        """[X, Z] how many of some pixels' cells [N, 3] are in the square about each column."""
        _, size_y, size_z = self.kind.shape
        columns = np.bincount(
            cells[:, 0].astype(int) * size_z + cells[:, 2], minlength=self.kind.size // size_y
        )
        return _around(columns.reshape(-1, size_z), radius)

    def look_around(self, found: Found) -> Script:
        """Turn to wherever little is known around here, a view at a time, until what is looked for shows."""
        self.stops.append(self.position)
        half = 0.4 * FIELD_OF_VIEW[self.env.era]
        unknown = self._unknown_around()
        for _ in range(LOOKS):
            unknown[_apart(BEARINGS, self.yaw) < half] = 0.0
            gains = (unknown * (_apart(BEARINGS[:, None], BEARINGS) < half)).mean(1)
            best = int(np.argmax(gains - TURN_COST * _apart(BEARINGS, self.yaw)))
            if gains[best] < DULL or found():
                return
            aside, level = self.rng.normal(0.0, 5.0), self.habits.gaze + self.rng.normal(0.0, 3.0)
            yield from self.pan(BEARINGS[best] + aside, level)
            yield from self.wait(self.rng.integers(2, 8))

    def _unknown_around(self) -> np.ndarray:
        """Share of the columns around that are not known well, for each of BEARINGS."""
        x, z = (RING + self.position[[0, 2]].astype(int)).T
        inside = (x >= 0) & (z >= 0) & (x < self.known.shape[0]) & (z < self.known.shape[1])
        new = inside & ~self.known[np.where(inside, x, 0), np.where(inside, z, 0)]
        slot = (np.degrees(np.arctan2(-RING[:, 0], RING[:, 1])) % 360.0 / SLOT).astype(int)
        return np.bincount(slot, new, len(BEARINGS)) / np.bincount(slot, minlength=len(BEARINGS))

    def roam(self, found: Found) -> Script:
        """Walk to a place in view that promises a new view, until what is looked for shows."""
        way = self.lookout()
        if way is not None:
            yield from self.walk(way, found)

    def lookout(self) -> np.ndarray | None:
        """The route to where most around has not been seen: near, rather ahead."""
        reach = paths.spread(self.kind, self.cell, ROAM[1])
        x, y, z = reach.cells.T
        fit = (reach.cost >= ROAM[0]) & self.seen[x, z] & (self.kind[x, y, z] == paths.FREE)
        if not fit.any():
            fit = reach.cost >= min(ROAM[0], reach.cost.max())
        if not fit.any():
            return None
        here = self.position
        behind = _apart(np.degrees(np.arctan2(-(x + 0.5 - here[0]), z + 0.5 - here[2])), self.yaw) / 180.0
        worth = 40.0 * self.promise()[x, z] - 0.5 * reach.cost - 6.0 * behind + self.uphill * (y - here[1])
        for stop in self.stops:
            worth -= 15.0 * np.exp(-np.hypot(x - stop[0], z - stop[2]) / 12.0)
        return reach.route(int(np.argmax(np.where(fit, worth, -np.inf))))

    def promise(self) -> np.ndarray:
        """[X, Z] how much is still to be found about each column."""
        return share(~self.known, 10)


def _apart(some: np.ndarray, yaw: np.ndarray | float) -> np.ndarray:
    """Degrees between directions, 0..180."""
    return np.abs((some - yaw + 180.0) % 360.0 - 180.0)


def share(mask: np.ndarray, radius: int) -> np.ndarray:
    """[X, Z] share of a mask within a square around each cell; beyond the edge counts as not in the mask."""
    return _around(mask, radius) / (2 * radius + 1) ** 2


def _around(counts: np.ndarray, radius: int) -> np.ndarray:
    """[X, Z] sums over a square around each cell."""
    width = 2 * radius + 1
    padded = np.pad(counts.astype(np.int32), ((radius + 1, radius), (radius + 1, radius)))
    total = padded.cumsum(0).cumsum(1)
    return total[width:, width:] - total[:-width, width:] - total[width:, :-width] + total[:-width, :-width]

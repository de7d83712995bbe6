"""MakeWaterfall: climb to a drop, pour the water over its edge, walk to where the fall shows, throw."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

import numpy as np

from basalt_iq.contract import RESET_NOOPS
from basalt_iq.world.players import paths, sight
from basalt_iq.world.players.base import EYE, LEAFY, Script, Trip
from basalt_iq.world.players.explore import Explorer
from basalt_iq.world.players.motor import MIDDLE, Action
from basalt_iq.world.terrain import SEA

LOWEST, HIGHEST = 6, 18
"""Blocks of free fall this player looks for."""
PATIENCE, ENOUGH = 1200, 5
"""Ticks after which a smaller fall is good enough, in blocks: some land has none higher."""
CLIMB, TREK = 60.0, 160.0
"""Longest way, in blocks, to an edge: while there may be a nearer one, and where all around is none."""
HEIGHT_WORTH = 2.0
"""Blocks of walking that one block more of fall is worth."""
VIEW_NEAR, VIEW_FAR = 4.0, 13.0
"""Distance in blocks from which a fall makes a picture."""
ASHORE = 70.0
"""Longest way, in blocks, to where one looks at the fall from."""
VIEWS = 150
"""Places that are thought over for that."""
PLACES = (2, 5)
"""How many of them one goes to, least and most + 1."""
AMBITION = (14.0, 27.0)
"""Height over the sea, in blocks, that one climbs to first."""
LEGS = 8
"""Walks uphill at most."""


class Edge(NamedTuple):
    """A place to pour: stand at ``stand``, water goes onto ``brink`` and falls through column ``fall``."""

    stand: np.ndarray
    brink: np.ndarray
    fall: np.ndarray
    height: int

    @property
    def middle(self) -> np.ndarray:
        """The middle of the fall. [3]"""
        return self.fall + MIDDLE - np.array([0.0, 0.5 * self.height, 0.0])


def _never() -> bool:
    return False


class MakeWaterfallPlayer(Explorer):
    """Takes the nearest high edge it has seen."""

    task = "MakeWaterfall"
    uphill = 0.8

    def play(self) -> Script:
        self.start_exploring()
        self.spoilt: set[tuple[int, ...]] = set()
        yield from self.wait(self.rng.integers(3, 9))
        if not self.hurries:
            yield from self.ascend(SEA + self.rng.uniform(*AMBITION))
        while True:
            edge = yield from self.climb()
            if edge is not None and (yield from self.pour(edge)):
                break
        yield from self.admire(edge)
        yield from self.wait(self.rng.integers(4, 10))
        yield from self.finish()

    def ascend(self, level: float) -> Script:
        """Up the mountains, from one view to the next, until high enough or there is no higher place."""
        for _ in range(LEGS):
            if self.position[1] >= level:
                break
            yield from self.look_around(_never)
            yield from self.roam(_never)
        yield from self.look_around(_never)

    def climb(self) -> Generator[Action, None, Edge | None]:
        """Walk to the best edge known; look around and walk on where none is. Returns the edge once there."""
        self.glimpse()
        found = self.best_edge()
        if found is None:
            yield from self.look_around(self.found)
            found = self.best_edge(TREK)
        if found is None:
            yield from self.roam(self.found)
            return None
        edge, way = found
        there = yield from self.walk(way)
        if there and self.cell == tuple(edge.stand):
            return edge
        self.spoilt.add(tuple(edge.stand))
        return None

    def found(self) -> bool:
        """Whether an edge to pour over has come into view; asked now and then, for it takes a moment."""
        if not self.looks():
            return False
        self.glimpse()
        return self.best_edge() is not None

    def best_edge(self, farthest: float = CLIMB) -> tuple[Edge, np.ndarray] | None:
        """The edge that is worth its walk most, and the route there; None if none is known."""
        reach = paths.spread(self.kind, self.cell, farthest)
        lowest = LOWEST if self.env.tick < PATIENCE + RESET_NOOPS else ENOUGH
        best, choice = np.inf, None
        for step in ((1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1)):
            heights = self._heights(reach.cells, np.array(step))
            cost = np.where(
                heights >= lowest, reach.cost - HEIGHT_WORTH * np.minimum(heights, HIGHEST), np.inf
            )
            for index in np.argsort(cost)[:5]:
                stand = reach.cells[index]
                if cost[index] < best and tuple(stand) not in self.spoilt:
                    best = cost[index]
                    edge = Edge(stand, stand + step, stand + 2 * np.array(step), int(heights[index]))
                    choice = (edge, reach.route(index))
        return choice

    def _heights(self, cells: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Blocks of free fall two steps from each of the cells [N, 3]; 0 where one cannot pour there. [N]"""
        size = np.array(self.kind.shape)
        inner = np.all((cells > 3) & (cells < size - 4), 1)
        x, y, z = np.where(inner[:, None], cells, 4).T
        kind, (dx, _, dz) = self.kind, step
        ground = ~LEAFY[self.env.world.blocks[x, y - 1, z]]
        fit = (
            inner
            & ground
            & self.seen[x, z]
            & (kind[x, y, z] == paths.FREE)
            & (kind[x, y - 1, z] == paths.SOLID)
        )
        for above in (0, 1, 2):
            fit &= kind[x + dx, y + above, z + dz] == paths.FREE
            fit &= kind[x + 2 * dx, y + above, z + 2 * dz] == paths.FREE
        fit &= kind[x + dx, y - 1, z + dz] == paths.SOLID
        heights = np.zeros(len(cells), np.int64)
        falling = fit
        for below in range(1, HIGHEST + 1):
            falling = falling & (kind[x + 2 * dx, np.maximum(y - below, 0), z + 2 * dz] == paths.FREE)
            heights += falling
        return heights

    def pour(self, edge: Edge) -> Trip:
        """Empty the bucket onto the brink, aiming until the crosshair is on it. Returns whether it was."""
        yield from self.hold("water_bucket")
        for _ in range(8):
            target = edge.brink + MIDDLE + self.rng.normal(0.0, 0.08, 3) * (1.0, 0.0, 1.0)
            yield from self.face(*sight.bearing(self.eye, target))
            yield from self.wait(self.rng.integers(1, 4))
            if self._aims_at(edge.brink):
                yield from self.press()
                yield from self.wait(3)
                return True
        self.spoilt.add(tuple(edge.stand))
        return False

    def _aims_at(self, cell: np.ndarray) -> bool:
        """Whether what is in hand would go into a cell."""
        aim = self.env.hands.aim()
        return aim is not None and tuple(cell) in (aim[0], tuple(np.add(*aim)))

    def admire(self, edge: Edge) -> Script:
        """Let the water come down, look at it from a place or several, last from where it shows best."""
        yield from self.wait(self.rng.integers(10, 20))
        places = 1 if self.hurries else int(self.rng.integers(*PLACES))
        for place in reversed(range(places)):
            self.reopen_eyes()
            way = self.viewpoint(edge, picky=place == 0)
            if way is not None:
                yield from self.walk(way)
            yield from self.gaze_at(edge, 1 if self.hurries else int(self.rng.integers(2, 6)))
        yield from self.face(*sight.bearing(self.eye, edge.middle))
        yield from self.wait(self.rng.integers(10, 25))

    def gaze_at(self, edge: Edge, looks: int) -> Script:
        """Look the fall up and down."""
        for _ in range(looks):
            aside = self.rng.normal(0.0, 1.5, 3) * (1.0, 0.4 * edge.height, 1.0) if looks > 1 else 0.0
            yield from self.face(*sight.bearing(self.eye, edge.middle + aside))
            yield from self.wait(self.rng.integers(15, 40))

    def viewpoint(self, edge: Edge, picky: bool) -> np.ndarray | None:
        """The route to a dry place that shows much of the fall: if picky the one that does best."""
        reach = paths.spread(self.kind, self.cell, ASHORE)
        away = np.hypot(*(reach.cells - edge.fall)[:, [0, 2]].T)
        fit = np.flatnonzero((away > VIEW_NEAR) & (away < VIEW_FAR))
        fit = fit[self.dry(reach.cells[fit])]
        if not len(fit):
            return None
        if len(fit) > VIEWS:
            fit = self.rng.choice(fit, VIEWS, replace=False)
        shown = np.array([self._shown(reach.cells[index], edge) for index in fit])
        worth = 12.0 * shown - 0.08 * reach.cost[fit]
        if not picky:
            worth += self.rng.uniform(0.0, 8.0, len(fit))
        return reach.route(int(fit[int(np.argmax(worth))]))

    def dry(self, cells: np.ndarray) -> np.ndarray:
        """Whether no water is in or beside cells [N, 3], nor will soon be. [N]"""
        x, y, z = cells.T
        dry = self.kind[x, y, z] == paths.FREE
        for dx, dz in ((1, 0), (-1, 0), (0, 1), (0, -1), (2, 0), (-2, 0), (0, 2), (0, -2)):
            a, c = (x + dx).clip(0, self.kind.shape[0] - 1), (z + dz).clip(0, self.kind.shape[2] - 1)
            dry &= (self.kind[a, y, c] != paths.WATER) & (self.kind[a, y + 1, c] != paths.WATER)
        return dry

    def _shown(self, cell: np.ndarray, edge: Edge) -> float:
        """Share of the fall that is in the open as seen from a cell."""
        eye, shown = cell + MIDDLE + EYE, 0
        for below in range(1, edge.height + 1):
            ray = edge.fall + np.array([0.5, 0.5 - below, 0.5]) - eye
            length = float(np.linalg.norm(ray))
            *_, free = sight.cast(self.screen, *eye, *(ray / length), length)
            shown += free < 0 or free > length - 0.9
        return shown / edge.height

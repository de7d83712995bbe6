"""MakeWaterfall: climb to a drop, pour the water over its edge, walk to where the fall shows, throw."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import NamedTuple

import numpy as np

from basalt_iq.contract import FIELD_OF_VIEW, RESET_NOOPS
from basalt_iq.world.blocks import FALLING
from basalt_iq.world.players import paths, sight
from basalt_iq.world.players.base import EYE, LEAFY, Script, Trip
from basalt_iq.world.players.explore import FAR, RAYS, Explorer
from basalt_iq.world.players.motor import MIDDLE, Action
from basalt_iq.world.terrain import SEA

LOWEST, HIGHEST = 9, 18
"""Blocks of free fall this player looks for."""
PATIENCE, ENOUGH = 1800, 6
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
"""How many of them one goes to before that for the picture, least and most + 1."""
PICTURES = 5
"""Places tried for the picture."""
CENTRED = 0.25
"""How far off the picture's middle the fall may be, as a share of the way to its edge."""
FILLS, SHOWS = 0.006, 0.7
"""Share of the picture that the fall takes up, and share of its height seen, of a good picture."""
AMBITION = (16.0, 30.0)
"""Height over the sea, in blocks, that one climbs to first."""
LEGS = (3, 10)
"""Walks uphill, least and most: so many views of the land are taken in even where the first is high."""


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
        self.unfit: set[tuple[int, ...]] = set()
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
        for leg in range(LEGS[1]):
            if leg >= LEGS[0] and self.position[1] >= level:
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
        yield from self.wait(self.rng.integers(15, 30))
        for _ in range(0 if self.hurries else int(self.rng.integers(*PLACES))):
            self.reopen_eyes()
            yield from self.visit(self.viewpoint(edge, picky=False))
            yield from self.gaze_at(edge, int(self.rng.integers(2, 6)))
        yield from self.take_picture(edge)
        yield from self.wait(self.rng.integers(10, 25))

    def take_picture(self, edge: Edge) -> Script:
        """Face the fall from where it shows best; from the next best place if it does not show well there."""
        for _ in range(PICTURES):
            self.reopen_eyes()
            yield from self.visit(self.viewpoint(edge, picky=True))
            if (yield from self.frame(edge)):
                return
            self.unfit.add(self.cell)

    def visit(self, way: np.ndarray | None) -> Script:
        """Walk to a place from which to look, if there is one."""
        if way is not None:
            yield from self.walk(way)

    def frame(self, edge: Edge) -> Trip:
        """Turn until the fall is in the middle of the picture. Returns whether it shows well."""
        aim = sight.bearing(self.eye, edge.middle)
        for _ in range(4):
            yield from self.face(*aim)
            yield from self.wait(self.rng.integers(2, 6))
            self.reopen_eyes()
            rows, columns = np.nonzero(self.fall_in_view(self.eye, self.yaw, self.pitch) >= 0)
            if not len(rows):
                return False
            down, right = rows.mean() - RAYS / 2, columns.mean() - RAYS / 2
            if max(abs(down), abs(right)) < CENTRED * RAYS / 2:
                return self._shows_well(self.eye, self.yaw, self.pitch)
            aim = (self.yaw + self._angle(right), self.pitch + self._angle(down))
        return False

    def _angle(self, pixels: float) -> float:
        """Degrees from the middle of the picture to so many pixels beside it."""
        half = math.tan(math.radians(FIELD_OF_VIEW[self.env.era]) / 2)
        return math.degrees(math.atan(pixels * half / (RAYS / 2)))

    def _shows_well(self, eye: np.ndarray, yaw: float, pitch: float) -> bool:
        """Whether a view shows enough of the fall, and most of its height."""
        picture = self.fall_in_view(eye, yaw, pitch)
        heights = len(np.unique(picture[picture >= 0]))
        return (picture >= 0).mean() > FILLS and heights >= SHOWS * min(self.fall_height(), HIGHEST)

    def fall_in_view(self, eye: np.ndarray, yaw: float, pitch: float, rays: int = RAYS) -> np.ndarray:
        """Which height of the fall each pixel of a view shows, -1 for none. [rays, rays]"""
        return sight.shows(
            self.screen | self.water, self.fall, eye, yaw, pitch, rays, FAR, FIELD_OF_VIEW[self.env.era]
        )

    def fall_height(self) -> int:
        """Blocks from the top of the falling water to its foot."""
        heights = np.flatnonzero(self.fall.any((0, 2)))
        return int(np.ptp(heights)) + 1 if len(heights) else 0

    def reopen_eyes(self) -> None:
        super().reopen_eyes()
        self.water = self.kind == paths.WATER
        self.fall = self.env.world.blocks == FALLING

    def gaze_at(self, edge: Edge, looks: int) -> Script:
        """Look the fall up and down."""
        for _ in range(looks):
            aside = self.rng.normal(0.0, 1.5, 3) * (1.0, 0.4 * edge.height, 1.0)
            yield from self.face(*sight.bearing(self.eye, edge.middle + aside))
            yield from self.wait(self.rng.integers(15, 45))

    def viewpoint(self, edge: Edge, picky: bool) -> np.ndarray | None:
        """The route to a dry place that shows much of the fall: if picky the one that does best."""
        reach = paths.spread(self.kind, self.cell, ASHORE)
        away = np.hypot(*(reach.cells - edge.fall)[:, [0, 2]].T)
        fit = np.flatnonzero((away > VIEW_NEAR) & (away < max(VIEW_FAR, 1.2 * edge.height)))
        fit = fit[self.dry(reach.cells[fit])]
        fit = fit[[tuple(cell) not in self.unfit for cell in reach.cells[fit].tolist()]]
        if not len(fit):
            return None
        if len(fit) > VIEWS:
            fit = self.rng.choice(fit, VIEWS, replace=False)
        worth = np.array([self._worth(reach.cells[i], edge) for i in fit]) - 0.06 * reach.cost[fit]
        if not picky:
            worth += self.rng.uniform(0.0, 10.0, len(fit))
        return reach.route(int(fit[int(np.argmax(worth))]))

    def _worth(self, cell: np.ndarray, edge: Edge) -> float:
        """What a picture from a cell is worth, in blocks of walking: how high and how large the fall is."""
        eye = cell + MIDDLE + EYE
        picture = self.fall_in_view(eye, *sight.bearing(eye, edge.middle), rays=RAYS // 2)
        heights = len(np.unique(picture[picture >= 0])) / max(self.fall_height(), 1)
        return 12.0 * heights + 8.0 * min((picture >= 0).mean() / (2 * FILLS), 1.0)

    def dry(self, cells: np.ndarray) -> np.ndarray:
        """Whether no water is in or beside cells [N, 3], nor will soon be. [N]"""
        x, y, z = cells.T
        dry = self.kind[x, y, z] == paths.FREE
        for dx, dz in ((1, 0), (-1, 0), (0, 1), (0, -1), (2, 0), (-2, 0), (0, 2), (0, -2)):
            a, c = (x + dx).clip(0, self.kind.shape[0] - 1), (z + dz).clip(0, self.kind.shape[2] - 1)
            dry &= (self.kind[a, y, c] != paths.WATER) & (self.kind[a, y + 1, c] != paths.WATER)
        return dry

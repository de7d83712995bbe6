"""FindCave: look around, walk to the nearest mouth in sight, go in until it is dark, throw."""

from __future__ import annotations

import numpy as np

from basalt_iq.world.players import paths, sight
from basalt_iq.world.players.base import LEAFY, Script, Trip
from basalt_iq.world.players.explore import Explorer, share

DIM = 12
"""Sky light, 0..15, at which a shaded place looks like the mouth of a cave."""
DARK = 5
"""Sky light at which this player takes itself to be inside: well in, so that an imitator may be hasty."""
TWILIGHT = 7
"""The same where a cave gets no darker."""
ROOMY, NEARBY, BESIDE = 20, 9, 5
"""Dark cells seen within so many blocks that make a cave of a hole, in the dark and in the twilight."""
NOTICED = 10
"""Dim pixels of one picture, close together, below which a mouth is overlooked."""
SHADE_COST = 2.5
"""Blocks of walking that one level more of darkness is worth."""
RUN, RISE = 3, 3
"""Land that rises by so many blocks over twice so many is a hillside."""
HILLS = 3.0
"""What a hillside not seen well is worth, in other such land."""
AFAR, DRAWN = 30, 2.0
"""Blocks about a place within which land not seen well draws one there, and how much: away from the edge."""
AROUND = np.stack(np.meshgrid(range(-2, 3), range(-1, 2), range(-2, 3), indexing="ij"), -1).reshape(-1, 3)
REACH = 75.0
AGAIN = 5.0
"""Blocks from where one has looked around at which it is worth doing so again."""


class FindCavePlayer(Explorer):
    """Knows only cells that have been in its view; of those it remembers the dim ones under a roof."""

    task = "FindCave"

    def play(self) -> Script:
        shape = self.kind.shape
        self.dim = np.zeros(shape, np.bool_)  # seen, and dim
        self.near = np.zeros(shape, np.bool_)  # within two blocks of such cells
        self.dull = np.zeros(shape, np.bool_)  # been there: not a cave
        self.start_exploring()
        ground = self.screen & ~LEAFY[self.env.world.blocks]
        self.roof = shape[1] - 1 - ground[:, ::-1].argmax(1)  # height of the topmost ground block
        self.news = 0  # dim cells seen since the last look for a way in
        yield from self.wait(self.rng.integers(3, 9))
        if self.rng.random() < 0.3:
            yield from self.stray(bathe=bool(self.rng.random() < 0.6))
        yield from self.search()
        yield from self.throw()

    def search(self) -> Script:
        """Until inside: go to the best dim place known, else look around, else walk on."""
        while True:
            self.notice()
            way = self.way_in()
            if way is None:
                yield from self.look_around(self.found)
                way = self.way_in()
            if way is None:
                yield from self.roam(self.found)
                continue
            there = yield from self.go_in(way)
            if self.inside() or (there and self.inside(TWILIGHT, BESIDE)):
                return
            if there and not self.news:
                self.forget(way[-1])
                if all(np.abs(self.position - stop).max() > AGAIN for stop in self.stops):
                    yield from self.look_around(self.found)

    def strays(self) -> float:
        """Only in the open: in a cave there are better things to do."""
        return self.habits.strays if self.skylight(self.eye.astype(int)[None])[0] == 15 else 0.0

    # seeing

    def skylight(self, cells: np.ndarray) -> np.ndarray:
        """Light of the sky, 0..15, in cells [N, 3]."""
        return self.env.world.light[tuple(cells.T)] >> 4

    def is_dim(self, cells: np.ndarray) -> np.ndarray:
        """Whether cells [N, 3] are dim because of a roof that is not of leaves."""
        x, y, z = cells.T
        return (self.skylight(cells) <= DIM) & (y < self.roof[x, z])

    def notice(self) -> None:
        """Take in what is in view now."""
        cells = self.glimpse()
        dim = cells[self.is_dim(cells)]
        if len(dim) < NOTICED:
            return
        clear = self.covering(dim, 2) >= NOTICED
        dim = dim[clear[dim[:, 0], dim[:, 2]]]
        new = dim[~self.dim[tuple(dim.T)]]
        self.dim[tuple(new.T)] = True
        around = (new[:, None] + AROUND).reshape(-1, 3).clip(0, np.array(self.dim.shape) - 1)
        self.near[tuple(around.T)] = True
        self.news += int((~self.dull[tuple(new.T)]).sum())

    def inside(self, dark: int = DARK, nearby: int = NEARBY) -> bool:
        """Dark around the head, with a good deal of darkness in sight or remembered nearby."""
        x, y, z = (int(v) for v in self.eye)
        if self.skylight(np.array([[x, y, z]]))[0] > dark:
            return False
        box = tuple(slice(max(v - nearby, 0), v + nearby + 1) for v in (x, y, z))
        gloom = self.dim[box] & (self.env.world.light[box] >> 4 <= dark + 1)
        return int(gloom.sum()) >= ROOMY

    def found(self) -> bool:
        """Whether a way in has come into view."""
        if not self.looks():
            return False
        self.notice()
        return self.news > 0 and self.way_in() is not None

    # deciding

    def promise(self) -> np.ndarray:
        """[X, Z] how much is still to be found: mouths open in hillsides, hardly ever at a shore."""
        height = np.where(self.seen, self.roof, np.nan)
        steep = np.zeros(height.shape, np.bool_)
        steep[RUN:-RUN] = np.abs(height[2 * RUN :] - height[: -2 * RUN]) >= RISE
        steep[:, RUN:-RUN] |= np.abs(height[:, 2 * RUN :] - height[:, : -2 * RUN]) >= RISE
        shore = share(self.sea & self.known, 24)
        here = share(~self.known, 10) * (1.0 - shore) + HILLS * share(steep & ~self.known, 10) - 1.5 * shore
        return here + DRAWN * share(~self.known, AFAR)

    def way_in(self) -> np.ndarray | None:
        """The route to the best dim place known: near and dark. None if there is none to walk to."""
        self.news = 0
        if not self.near.any():
            return None
        reach = paths.spread(self.kind, self.cell, REACH)
        at = tuple(reach.cells.T)
        good = self.near[at] & ~self.dull[at] & self.is_dim(reach.cells)
        if not good.any():
            return None
        heads = reach.cells + np.array([0, 1, 0])
        shade = np.maximum(self.skylight(heads).astype(float) - (DARK - 1), 0.0)
        cost = np.where(good, reach.cost + SHADE_COST * shade, np.inf)
        return reach.route(int(np.argmin(cost)))

    def forget(self, cell: np.ndarray) -> None:
        """Nothing here: never mind this cell and those beside it."""
        x, y, z = (int(v) for v in cell)
        self.dull[max(x - 2, 0) : x + 3, max(y - 2, 0) : y + 3, max(z - 2, 0) : z + 3] = True

    # doing

    def go_in(self, way: np.ndarray) -> Trip:
        """Walk to a dim place, looking out for a better one; ends once inside or once there is news."""
        began = self.env.tick

        def enough() -> bool:
            if self.looks():
                self.notice()
            return self.inside() or (self.news > 6 and self.env.tick > began + 12)

        return (yield from self.walk(way, enough))

    def throw(self) -> Script:
        """Look into the cave and throw."""
        yield from self.face(self._deepest_yaw(), self.habits.gaze)
        yield from self.wait(self.rng.integers(2, 7))
        yield from self.finish()

    def _deepest_yaw(self) -> float:
        """The direction in which the cave goes on farthest, rather ahead than behind."""
        (x, y, z), best, yaw = self.eye, -np.inf, self.yaw
        for turn in range(-120, 121, 15):
            free = sight.cast(self.screen, x, y, z, *sight.direction(self.yaw + turn, 5.0), 16.0)
            depth = (free if free >= 0 else 16.0) - abs(turn) / 20.0
            if depth > best:
                best, yaw = depth, self.yaw + turn
        return yaw

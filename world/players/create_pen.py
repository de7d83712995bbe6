"""CreateVillageAnimalPen: fence in a flat place by the houses, lead animals in with food, shut the gate, throw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basalt_iq.world.animals import CHICKEN, COW, PIG, SHEEP, X, Y, Z
from basalt_iq.world.blocks import BLOCKS, REPLACEABLE
from basalt_iq.world.players import paths, sight
from basalt_iq.world.players.base import Script, Trip
from basalt_iq.world.players.herding import FOOD_OF, Herder
from basalt_iq.world.players.motor import MIDDLE

NEAREST, FARTHEST = 3, 11
"""Blocks between a pen and the nearest house."""
CLEAR = 1
"""Blocks of level ground around a pen."""
RIVAL_COST, ASIDE = 60.0, 14.0
"""Blocks of walking that it is worth to meet no animal of another kind which likes the same food, and how
far, in blocks, from one's way such an animal would come along."""
OUTWARD = ((0, 1), (-1, 0), (0, -1), (1, 0))
"""(x, z) out through the gates, by the facing of who looks that way."""


@dataclass(frozen=True)
class Pen:
    """A ring of cells (corners included) with two gates side by side in one wall, and the ground in it."""

    x0: int
    z0: int
    x1: int
    z1: int
    y: int
    side: int
    """Facing of one who looks out through the gates."""

    @property
    def out(self) -> tuple[int, int]:
        return OUTWARD[self.side]

    @property
    def depth(self) -> int:
        """Cells from the gates to the far side's last free one."""
        return (self.x1 - self.x0 if self.out[0] else self.z1 - self.z0) - 1

    @property
    def gates(self) -> list[paths.Cell]:
        """The two gates' cells."""
        dx, dz = self.out
        if dx:
            x, z = (self.x1 if dx > 0 else self.x0), (self.z0 + self.z1) // 2
            return [(x, self.y, z), (x, self.y, z + 1)]
        x, z = (self.x0 + self.x1) // 2, (self.z1 if dz > 0 else self.z0)
        return [(x, self.y, z), (x + 1, self.y, z)]

    @property
    def ring(self) -> list[paths.Cell]:
        """The wall's cells in the order one walks round, beginning after the gates; gates left out."""
        xs, zs = range(self.x0, self.x1), range(self.z0, self.z1)
        way = [(x, self.z0) for x in xs] + [(self.x1, z) for z in zs]
        way += [(x, self.z1) for x in range(self.x1, self.x0, -1)]
        way += [(self.x0, z) for z in range(self.z1, self.z0, -1)]
        gates = {(x, z) for x, _, z in self.gates}
        first = next(i for i in range(len(way)) if way[i - 1] in gates and way[i] not in gates)
        return [(x, self.y, z) for x, z in way[first:] + way[:first] if (x, z) not in gates]

    @property
    def door(self) -> np.ndarray:
        """The middle of the gateway, on the ground. [3]"""
        return np.mean(self.gates, axis=0) + MIDDLE

    def before(self, blocks: int) -> paths.Cell:
        """A cell so many blocks out from the gates; negative is in."""
        x, y, z = self.gates[0]
        return x + blocks * self.out[0], y, z + blocks * self.out[1]

    def holds(self, x: float, z: float, margin: float = 0.0) -> bool:
        """Whether a place is inside the fences."""
        return self.x0 + 1 + margin <= x < self.x1 - margin and self.z0 + 1 + margin <= z < self.z1 - margin


class CreateVillageAnimalPenPlayer(Herder):
    """Builds first, then fetches what is near: pigs or chickens rather than what shares its food."""

    task = "CreateVillageAnimalPen"

    def play(self) -> Script:
        self.flock, self.strays = [], 0
        self.spoilt: list[Pen] = []
        self.wanted = 2 + int(self.rng.random() < 0.35)
        yield from self.wait(self.rng.integers(3, 12))
        for _ in range(3):
            pen = self.choose()
            if pen is None:
                return
            if (yield from self.build(pen)) and (yield from self.fill(pen)):
                yield from self.end(pen)
                return
            self.spoilt.append(pen)

    # deciding

    def choose(self) -> Pen | None:
        """The site and the kind of animal that make the least walking; sets ``kind_of``."""
        best, choice = np.inf, None
        sites = self.sites()
        for kind in (COW, PIG, SHEEP, CHICKEN):
            for pen in sites:
                cost = self.cost(pen, kind) + float(self.rng.uniform(0.0, 8.0))
                if cost < best:
                    best, choice, self.kind_of = cost, pen, kind
        return choice

    def cost(self, pen: Pen, kind: int) -> float:
        """Blocks to walk for a pen here and the nearest animals of a kind."""
        places = self.animals[:, [X, Z]]
        rows, door = np.array(self.at_large(kind)), pen.door[[0, 2]]
        if len(rows) < 2:
            return np.inf
        away = np.hypot(*(places[rows] - door).T)
        nearest = np.argsort(away)[: self.wanted]
        met = {
            rival
            for row in rows[nearest]
            for rival in self.rivals(kind)
            if _aside(places[rival], door, places[row]) < ASIDE
        }
        here = float(np.linalg.norm(self.position - pen.door))
        return here + 2.0 * float(away[nearest].sum()) + RIVAL_COST * len(met)

    def sites(self, count: int = 60) -> list[Pen]:
        """Some level, empty places near the houses."""
        found: list[Pen] = []
        level, houses = self.level(), self.env.world.houses
        for _ in range(6000):
            house = houses[int(self.rng.integers(len(houses)))]
            wide, deep = (int(v) for v in self.rng.integers(4, 7, 2))
            x = int(self.rng.integers(house.x0 - FARTHEST - wide, house.x1 + FARTHEST))
            z = int(self.rng.integers(house.z0 - FARTHEST - deep, house.z1 + FARTHEST))
            pen = Pen(x, z, x + wide, z + deep, int(level[x, z]), int(self.rng.integers(4)))
            if self.fits(pen, level):
                found.append(pen)
                if len(found) == count:
                    break
        return found

    def level(self) -> np.ndarray:
        """[X, Z] height at which one stands on open ground, with nothing but plants on it; 0 elsewhere."""
        world, size = self.env.world, self.kind.shape
        x, z = np.meshgrid(np.arange(size[0]), np.arange(size[2]), indexing="ij")
        y = world.surface.astype(int) + 1
        good = self.screen[x, y - 1, z]
        for above in range(4):
            good &= self.kind[x, y + above, z] == paths.FREE
        for a, b, c in world.village:
            good[a, c] &= b < y[a, c] - 1
        good[:5], good[-5:], good[:, :5], good[:, -5:] = False, False, False, False
        return np.where(good, y, 0)

    def fits(self, pen: Pen, level: np.ndarray) -> bool:
        """Whether the ground is level and free, away from houses and from pens that went wrong."""
        corners = [(x, z) for x in (pen.x0, pen.x1) for z in (pen.z0, pen.z1)]
        if any(house.distance(x, z) < NEAREST for house in self.env.world.houses for x, z in corners):
            return False
        if any(abs(pen.x0 - old.x0) < 10 and abs(pen.z0 - old.z0) < 10 for old in self.spoilt):
            return False
        plot = level[pen.x0 - CLEAR : pen.x1 + CLEAR + 1, pen.z0 - CLEAR : pen.z1 + CLEAR + 1]
        front = [level[pen.before(blocks)[0], pen.before(blocks)[2]] for blocks in (2, 3)]
        flowers = any(not REPLACEABLE[self.env.world.at(*cell)] for cell in (*pen.ring, *pen.gates))
        return pen.y > 0 and bool((plot == pen.y).all()) and front == [pen.y, pen.y] and not flowers

    # building

    def build(self, pen: Pen) -> Trip:
        """Put up the fences, then the gates, from outside. Returns whether it is shut and empty."""
        self.flock, self.strolls = [], False
        self.outside = np.ones(self.kind.shape[::2], np.bool_)
        self.outside[pen.x0 : pen.x1 + 1, pen.z0 : pen.z1 + 1] = False
        ring = pen.ring
        if np.linalg.norm(self.position - ring[0]) > np.linalg.norm(self.position - ring[-1]):
            ring = ring[::-1]
        yield from self.go(pen.before(3))
        inwards = 90.0 * ((pen.side + 2) % 4)
        for _ in range(3):  # an animal may stand where a fence should go
            for cell in ring:
                yield from self.put(cell, self.item("fence"))
            for cell in pen.gates:
                yield from self.put(cell, self.item("fence_gate"), look=inwards)
        self.outside = None
        shut = all(not REPLACEABLE[self.env.world.at(*cell)] for cell in (*ring, *pen.gates))
        return shut and not self.inside(pen, self.strangers(), -1.0)

    def at_large(self, kind: int) -> list[int]:
        """Rows of the animals of a kind that are in no pen that went wrong."""
        rows = self.of_kind(kind)
        return [row for row in rows if not any(self.inside(pen, [row]) for pen in self.spoilt)]

    def inside(self, pen: Pen, rows: list[int], margin: float = 0.0) -> list[int]:
        """Those of some animals that are within the fences by a margin; -1 takes in the gateway."""
        herd = self.animals
        return [row for row in rows if pen.holds(herd[row, X], herd[row, Z], margin) and herd[row, Y] > 0]

    # filling

    def fill(self, pen: Pen) -> Trip:
        """Bring animals until there are enough. Returns whether the pen is shut with only them in it."""
        for _ in range(5):
            if not (yield from self.gather(pen)):
                return False
            if not (yield from self.lead(pen.before(2))):
                continue
            if (yield from self.usher(pen)):
                return True
            if not (yield from self.leave(pen)):
                return False
        return False

    def gather(self, pen: Pen) -> Trip:
        """Collect followers, the nearest first. Returns whether there are enough with those inside."""
        self.flock, self.strays, self.strolls = [], 0, True
        yield from self.hold(FOOD_OF[self.kind_of])
        inside = self.inside(pen, self.of_kind(self.kind_of))
        left = [row for row in self.at_large(self.kind_of) if row not in inside]
        while left and len(self.flock) + len(inside) < self.wanted:
            row = min(left, key=self.away)
            left.remove(row)
            if (yield from self.approach(row)):
                self.flock.append(row)
        self.strolls = True
        return len(self.flock) + len(inside) >= 2

    def usher(self, pen: Pen) -> Trip:
        """Open the gates, go in, wait for the followers, and shut the gates from inside."""
        yield from self.swing(pen, True)
        self.reopen_eyes()
        yield from self.step_in(pen)
        for _ in range(200):
            if all(self.settled(pen, row) for row in self.flock):
                break
            yield self.watch(max(self.flock, key=self.away))
        yield from self.swing(pen, False)
        return self.good(pen)

    def settled(self, pen: Pen, row: int) -> bool:
        """Whether an animal stands clear of the gates, inside."""
        return pen.holds(self.animals[row, X], self.animals[row, Z], 0.25)

    def step_in(self, pen: Pen) -> Script:
        """Walk to the middle of the far side."""
        yield from self.go(pen.before(-pen.depth))

    def swing(self, pen: Pen, wide: bool) -> Script:
        """Open or shut both gates."""
        for cell in pen.gates:
            if BLOCKS[self.env.world.at(*cell)].is_open != wide:
                yield from self.touch(cell)

    def good(self, pen: Pen) -> bool:
        """Whether the gates are shut on two or more of the kind and nobody else."""
        if any(BLOCKS[self.env.world.at(*cell)].is_open for cell in pen.gates):
            return False
        kin = self.inside(pen, self.of_kind(self.kind_of))
        return len(kin) >= 2 and not self.inside(pen, self.strangers(), -1.0)

    def leave(self, pen: Pen) -> Trip:
        """Put the food away, go out and shut the gates. Returns whether one is outside."""
        yield from self.hold(self.item("fence"))
        yield from self.swing(pen, True)
        if not (yield from self.go(pen.before(2))):
            return False
        yield from self.swing(pen, False)
        return not self.inside(pen, self.strangers(), -1.0)

    # the end

    def end(self, pen: Pen) -> Script:
        """Look at them once more, up from the gates, and throw."""
        kin = self.inside(pen, self.of_kind(self.kind_of))
        for _ in range(int(self.rng.integers(15, 40))):
            yield self.watch(kin[0])
        yield from self.face(sight.turn(self.yaw), float(self.rng.uniform(-25.0, -12.0)))
        yield from self.finish()


def _aside(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """Distance of a point [2] from the line between two others."""
    along = end - start
    share = np.clip((point - start) @ along / max(along @ along, 1e-9), 0.0, 1.0)
    return float(np.hypot(*(point - start - share * along)))

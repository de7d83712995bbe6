"""CreateVillageAnimalPen: fence in a plot by the houses, lead animals in with food, shut the gates, throw."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from basalt_iq.world.animals import CHICKEN, COW, PIG, SHEEP, X, Y, Z
from basalt_iq.world.blocks import BLOCKS, FACINGS, REPLACEABLE
from basalt_iq.world.players import paths
from basalt_iq.world.players.base import Script, Trip
from basalt_iq.world.players.herding import FOOD_OF, Herder
from basalt_iq.world.players.motor import MIDDLE
from basalt_iq.world.players.sites import Plot, levels, plots, ring

SIZES = (5, 7)
"""Fences a side, least and most."""
CLEAR = 1
"""Blocks of level ground around a pen."""
RIVAL_COST, ASIDE = 60.0, 14.0
"""Blocks of walking that it is worth to meet no animal of another kind which likes the same food, and how
far, in blocks, from one's way such an animal would come along."""


@dataclass(frozen=True)
class PenPlan:
    """Fences around a plot, with two gates side by side in one of the walls."""

    plot: Plot
    side: int
    """Facing of one who looks out through the gates."""

    @property
    def out(self) -> tuple[int, int]:
        return FACINGS[self.side]

    @property
    def depth(self) -> int:
        """Cells from the gates to the far side's last free one."""
        x0, z0, x1, z1, _ = self.plot
        return (x1 - x0 if self.out[0] else z1 - z0) - 1

    @property
    def gates(self) -> list[paths.Cell]:
        """The two gates' cells."""
        (dx, dz), (x0, z0, x1, z1, y) = self.out, self.plot
        if dx:
            x, z = (x1 if dx > 0 else x0), (z0 + z1) // 2
            return [(x, y, z), (x, y, z + 1)]
        x, z = (x0 + x1) // 2, (z1 if dz > 0 else z0)
        return [(x, y, z), (x + 1, y, z)]

    @property
    def fences(self) -> list[paths.Cell]:
        """The other cells of the ring, in the order one walks round from gates to gates."""
        way = ring(self.plot)
        gates = {(x, z) for x, _, z in self.gates}
        first = next(i for i in range(len(way)) if way[i - 1] in gates and way[i] not in gates)
        return [(x, self.plot.y, z) for x, z in way[first:] + way[:first] if (x, z) not in gates]

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
        x0, z0, x1, z1, _ = self.plot
        return x0 + 1 + margin <= x < x1 - margin and z0 + 1 + margin <= z < z1 - margin


class CreateVillageAnimalPenPlayer(Herder):
    """Builds first, then fetches what is near: pigs or chickens rather than what shares its food."""

    task = "CreateVillageAnimalPen"

    def play(self) -> Script:
        self.flock, self.dawdles = [], 0
        self.spoilt: list[PenPlan] = []
        self.wanted = 2 + int(self.rng.random() < 0.35)
        yield from self.arrive()
        for _ in range(4):
            yield from self.search()
            pen = self.choose()
            if pen is None:
                return
            if (yield from self.build(pen)) and (yield from self.fill(pen)):
                yield from self.end(pen)
                return
            self.spoilt.append(pen)

    # deciding

    def knows_enough(self) -> bool:
        """Two of a kind that are free, and a house to pen them in beside."""
        return bool(self.houses) and any(len(self.at_large(kind)) >= 2 for kind in FOOD_OF)

    def choose(self) -> PenPlan | None:
        """The site and the kind of animal that make the least walking; sets ``kind_of``."""
        best, choice = np.inf, None
        sites = self.sites()
        for kind in (COW, PIG, SHEEP, CHICKEN):
            for pen in sites:
                cost = self.cost(pen, kind) + float(self.rng.uniform(0.0, 8.0))
                if cost < best:
                    best, choice, self.kind_of = cost, pen, kind
        return choice

    def cost(self, pen: PenPlan, kind: int) -> float:
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

    def sites(self, count: int = 60) -> list[PenPlan]:
        """Some pens that could be built on the plots near the houses."""
        if not self.houses:
            return []
        level = levels(self.env.world, self.kind, self.screen)
        choices = plots(self.rng, self.houses, level, SIZES, CLEAR)
        pens = (PenPlan(plot, int(self.rng.integers(4))) for plot in choices)
        return list(islice((pen for pen in pens if self.fits(pen, level)), count))

    def fits(self, pen: PenPlan, level: np.ndarray) -> bool:
        """Whether one can walk up to the gates, away from pens that went wrong."""
        front = [pen.before(blocks) for blocks in (2, 3)]
        return all(level[x, z] == y for x, y, z in front) and all(
            np.abs(np.subtract(pen.plot, old.plot)).max() >= 10 for old in self.spoilt
        )

    # building

    def build(self, pen: PenPlan) -> Trip:
        """Put up the fences, then the gates, from outside. Returns whether it is shut and empty."""
        self.flock, self.strolls = [], False
        self.outside = np.ones(self.kind.shape[::2], np.bool_)
        x0, z0, x1, z1, _ = pen.plot
        self.outside[x0 : x1 + 1, z0 : z1 + 1] = False
        fences = pen.fences
        if np.linalg.norm(self.position - fences[0]) > np.linalg.norm(self.position - fences[-1]):
            fences = fences[::-1]
        yield from self.go(pen.before(3))
        inwards = 90.0 * ((pen.side + 2) % 4)
        for _ in range(3):  # an animal may stand where a fence should go
            for cell in fences:
                yield from self.put(cell, self.item("fence"))
            for cell in pen.gates:
                yield from self.put(cell, self.item("fence_gate"), look=inwards)
        self.outside = None
        shut = all(not REPLACEABLE[self.env.world.at(*cell)] for cell in (*fences, *pen.gates))
        return shut and not self.inside(pen, self.strangers(), -1.0)

    def at_large(self, kind: int) -> list[int]:
        """Rows of the animals of a kind that are in no pen that went wrong."""
        rows = self.of_kind(kind)
        return [row for row in rows if not any(self.inside(pen, [row]) for pen in self.spoilt)]

    def inside(self, pen: PenPlan, rows: list[int], margin: float = 0.0) -> list[int]:
        """Those of some animals that are within the fences by a margin; -1 takes in the gateway."""
        herd = self.animals
        return [row for row in rows if pen.holds(herd[row, X], herd[row, Z], margin) and herd[row, Y] > 0]

    # filling

    def fill(self, pen: PenPlan) -> Trip:
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

    def gather(self, pen: PenPlan) -> Trip:
        """Collect followers, the nearest first. Returns whether there are enough with those inside."""
        self.flock, self.dawdles, self.strolls = [], 0, True
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

    def usher(self, pen: PenPlan) -> Trip:
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

    def settled(self, pen: PenPlan, row: int) -> bool:
        """Whether an animal stands clear of the gates, inside."""
        return pen.holds(self.animals[row, X], self.animals[row, Z], 0.25)

    def step_in(self, pen: PenPlan) -> Script:
        """Walk to the middle of the far side."""
        yield from self.go(pen.before(-pen.depth))

    def swing(self, pen: PenPlan, wide: bool) -> Script:
        """Open or shut both gates."""
        for cell in pen.gates:
            if BLOCKS[self.env.world.at(*cell)].is_open != wide:
                yield from self.touch(cell)

    def good(self, pen: PenPlan) -> bool:
        """Whether the gates are shut on two or more of the kind and nobody else."""
        if any(BLOCKS[self.env.world.at(*cell)].is_open for cell in pen.gates):
            return False
        kin = self.inside(pen, self.of_kind(self.kind_of))
        return len(kin) >= 2 and not self.inside(pen, self.strangers(), -1.0)

    def leave(self, pen: PenPlan) -> Trip:
        """Put the food away, go out and shut the gates. Returns whether one is outside."""
        yield from self.hold(self.item("fence"))
        yield from self.swing(pen, True)
        if not (yield from self.go(pen.before(2))):
            return False
        yield from self.swing(pen, False)
        return not self.inside(pen, self.strangers(), -1.0)

    # the end

    def end(self, pen: PenPlan) -> Script:
        """Look at them once more, up from the gates, and throw."""
        kin = self.inside(pen, self.of_kind(self.kind_of))
        for _ in range(int(self.rng.integers(15, 40))):
            yield self.watch(kin[0])
        yield from self.throw()


def _aside(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """Distance of a point [2] from the line between two others."""
    along = end - start
    share = np.clip((point - start) @ along / max(along @ along, 1e-9), 0.0, 1.0)
    return float(np.hypot(*(point - start - share * along)))

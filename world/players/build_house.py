"""BuildVillageHouse: on a level plot, walls, a roof laid from a stair, a torch, a door, a look, the throw."""

from __future__ import annotations

import numpy as np

from basalt_iq.world.blocks import BLOCKS, REPLACEABLE
from basalt_iq.world.players import paths, sight
from basalt_iq.world.players.base import Script, Trip
from basalt_iq.world.players.house_plan import HIGH, LOG_CABIN, MATERIALS, HousePlan, Parts
from basalt_iq.world.players.motor import MIDDLE
from basalt_iq.world.players.settle import Settler
from basalt_iq.world.players.sites import levels, plots

SMALL, LARGE = (5, 6), (7, 8)
"""Blocks a side, least and most: of a hut, if there is hurry, little room or few blocks at hand; else."""
CLEAR = 2
"""Blocks of level ground around the house."""
SITES = 40
"""Plots that are looked at."""
ROUNDS = 4
"""How often one comes back for blocks that could not be placed."""
TOUR = (6, 9)
"""Blocks from the door at which one turns round to look."""


class BuildVillageHousePlayer(Settler):
    """Builds layer by layer, always the handiest block next."""

    task = "BuildVillageHouse"

    def play(self) -> Script:
        yield from self.arrive()
        plan = self.choose()
        if plan is None:
            return
        yield from self.go(plan.before(2))
        if plan.floor:
            yield from self.pave(plan.floor)
        if (yield from self.shell(plan)) and (yield from self.fittings(plan)):
            yield from self.tour(plan)
            yield from self.throw()

    def choose(self) -> HousePlan | None:
        """The plan for a plot in view of the houses seen: of a house if there is room, else of a hut."""
        roomy = self.env.era == 2021 and not self.hurries
        return (self.plan(LARGE) if roomy else None) or self.plan(SMALL)

    def plan(self, sizes: tuple[int, int]) -> HousePlan | None:
        """The nearest of some plots, with the door to where one comes from or to any side."""
        if not self.houses:
            return None
        world, level = self.env.world, levels(self.env.world, self.kind, self.screen)
        style = LOG_CABIN if self.env.era == 2022 else MATERIALS[world.style]
        found = []
        for plot in plots(self.rng, self.houses, level, sizes, CLEAR):
            plan = HousePlan(plot, int(self.rng.integers(4)), style)
            x, y, z = plan.before(3)
            if level[x, z] == y:
                found.append(plan)
            if len(found) == SITES:
                break
        away = [float(np.linalg.norm(self.position - plan.door)) for plan in found]
        return found[int(np.argmin(away))] if found else None

    def pave(self, floor: Parts) -> Script:
        """Dig out the turf where the room will be and lay a floor, one place after the other."""
        for cell, item in floor.items():
            if (yield from self.dig(cell)):
                yield from self.put(cell, item, tries=3)

    # the shell

    def shell(self, plan: HousePlan) -> Trip:
        """Walls and roof. Returns whether they stand and the stair is gone."""
        for height in range(HIGH):
            if height == HIGH - 1:
                yield from self.climb_up(plan)
            yield from self.lay(plan.layer(height))
        yield from self.lay(plan.roof)
        missing = [
            cell for part in (*map(plan.layer, range(HIGH)), plan.roof) for cell in part if self.free(cell)
        ]
        for cell in reversed(plan.stair):
            yield from self.dig(cell)
        return not missing

    def climb_up(self, plan: HousePlan) -> Script:
        """Put up the stair; somebody may stand where it should be."""
        for _ in range(ROUNDS):
            for cell in plan.stair:
                yield from self.put(cell, self.item("dirt"))
            if not any(self.free(cell) for cell in plan.stair):
                return
            yield from self.wait(60)

    def free(self, cell: paths.Cell) -> bool:
        """Whether a cell is still to be filled."""
        return bool(REPLACEABLE[self.env.world.at(*cell)])

    def lay(self, parts: Parts) -> Script:
        """Place what is missing of some parts, the handiest first."""
        fails = 0
        while fails < ROUNDS * 4:
            missing = [cell for cell in parts if self.free(cell)]
            if not missing:
                return
            cell = self.handiest(missing)
            if cell is None or not (yield from self.put(cell, parts[cell], tries=2)):
                fails += 1 if cell else ROUNDS
                yield from self.wait(self.rng.integers(10, 30))

    def handiest(self, cells: list[paths.Cell]) -> paths.Cell | None:
        """Of some cells, one to be filled from here, else the nearest that can be filled at all."""
        here = self.position
        cells = sorted(cells, key=lambda cell: float(np.linalg.norm(here - np.array(cell) - MIDDLE)))
        for cell in cells:
            if self._handy(cell, False, None):
                return cell
        return next((cell for cell in cells if self.stand_for(cell) is not None), None)

    # what makes it a home

    def fittings(self, plan: HousePlan) -> Trip:
        """A torch inside, and the door. Returns whether both are there."""
        if not (yield from self.put(plan.hearth, "torch")):
            return False
        if not self.hurries:
            yield from self.look_inside(plan)
        yield from self.go(plan.before(2))
        if not plan.materials.door:
            return True
        inwards = 90.0 * ((plan.side + 2) % 4)
        self.outside = np.ones(self.kind.shape[::2], np.bool_)
        x0, z0, x1, z1, _ = plan.plot
        self.outside[x0 : x1 + 1, z0 : z1 + 1] = False
        done = yield from self.put(plan.door, plan.materials.door, look=inwards)
        return done and BLOCKS[self.env.world.at(*plan.door)].group == "door"

    def look_inside(self, plan: HousePlan) -> Script:
        """Go in and look at every wall."""
        yield from self.go(plan.before(-3))
        for _ in range(int(self.rng.integers(4, 8))):
            aside = self.rng.uniform(50.0, 110.0)
            yield from self.face(self.yaw + aside, float(self.rng.uniform(-15.0, 25.0)), within=6.0)
            yield from self.wait(self.rng.integers(10, 40))

    def tour(self, plan: HousePlan) -> Script:
        """Walk off, turn round, and look at it from a side or two."""
        self.reopen_eyes()
        middle = np.mean([plan.plot[:2], plan.plot[2:4]], axis=0)
        for _ in range(int(self.rng.integers(1, 4))):
            angle, far = self.rng.uniform(-70.0, 70.0), self.rng.uniform(*TOUR)
            dx, _, dz = sight.direction(90.0 * plan.side + float(angle), 0.0)
            goals = np.zeros(self.kind.shape, np.bool_)
            x, z = int(plan.door[0] + dx * far), int(plan.door[2] + dz * far)
            goals[x - 1 : x + 2, :, z - 1 : z + 2] = True
            route = paths.route(self.kind, self.cell, goals, 60.0)
            if route is not None:
                yield from self.walk(route, longest=200)
            target = np.array([middle[0], plan.plot.y + 1.0, middle[1]])
            yield from self.face(*sight.bearing(self.eye, target))
            yield from self.wait(self.rng.integers(8, 25))

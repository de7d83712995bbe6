"""A player who builds: blocks into cells, mistakes out of them, doors and gates opened and shut."""

from __future__ import annotations

import math

import numpy as np

from basalt_iq.world import physics
from basalt_iq.world.animals import X, Z, struck
from basalt_iq.world.blocks import BLOCKS, REPLACEABLE
from basalt_iq.world.hands import HIT_REACH
from basalt_iq.world.players import aiming, paths, sight
from basalt_iq.world.players.base import EYE, PASSAGE, SCREEN, Script, ScriptedPlayer, Trip
from basalt_iq.world.players.motor import MIDDLE, Action

Route = np.ndarray | None

STEADY = 4
"""Of 5: how sure a view has to be to plan on it."""
ARM = 4
"""Cells from which another may be in reach."""
BEST_DISTANCE = 2.6
"""Blocks from the eye at which one likes to work."""
STRAYING = 8
"""Cells of a way at least on which one may go astray."""
HASTE = 14.0
"""Degrees off at which somebody in a hurry presses."""
NUDGE = 0.12
"""Blocks off a spot that are near enough."""


class Builder(ScriptedPlayer):
    """Stands within reach of a cell, looks at the face of a block beside it, and uses what is in hand."""

    outside: np.ndarray | None = None
    """bool [X, Z] of columns to stand in while building; None for any."""

    def __init__(self, seed: int):
        super().__init__(seed)
        self.misses = self.rng.uniform(0.0, 0.05)
        """Chance to press before the crosshair is where it has to be."""
        self.ponders = self.rng.uniform(0.08, 0.18)
        """Chance per block to stop and look before the next one."""
        self.far = False  # on the way to somewhere not at hand

    def strays(self) -> float:
        """Not while at work: the next block would be put from elsewhere."""
        return self.habits.strays if self.far else 0.0

    def item(self, name: str) -> str:
        """The item of this era whose name ends in ``name``."""
        return next(item for item in self.env.task.start[self.env.era] if item.endswith(name))

    def notice(self, *cells: paths.Cell) -> None:
        """Take in how single cells have changed."""
        for cell in cells:
            block = self.env.world.at(*cell)
            self.kind[cell], self.screen[cell] = PASSAGE[block], SCREEN[block]

    # where to stand

    def grip(self, cell: paths.Cell, touch: bool = False, look: float | None = None) -> np.ndarray | None:
        """(yaw, pitch, steadiness) of a view from here that fills or touches a cell, or None."""
        if not touch and self._in_the_way(cell):
            return None
        found = aiming.grips(self.env.world.blocks, self.eye[None], cell, touch, look)[0]
        return found if found[2] else None

    def _in_the_way(self, cell: paths.Cell) -> bool:
        """Whether one's own body is where the block should go."""
        gap = np.abs(self.position - np.array(cell) - MIDDLE)
        return bool(gap[0] < 0.82 and gap[2] < 0.82 and -1.85 < self.position[1] - cell[1] < 1.0)

    def stand_for(self, cell: paths.Cell, touch: bool = False, look: float | None = None) -> Route:
        """The route to the handiest place from which to fill or touch a cell; None if there is none.

        ``look`` is the yaw in degrees in which it has to be done, if that matters.
        """
        reach = paths.spread(self.kind, self.cell, 45.0)
        away = np.abs(reach.cells - np.array(cell))
        fit = (away.max(1) <= ARM) & (away[:, [0, 2]].max(1) > 0)
        fit &= self.kind[tuple(reach.cells.T)] == paths.FREE
        if self.outside is not None:
            fit &= self.outside[reach.cells[:, 0], reach.cells[:, 2]]
        near = np.flatnonzero(fit)
        eyes = reach.cells[near] + MIDDLE + EYE
        views = aiming.grips(self.env.world.blocks, eyes, cell, touch, look)
        good = views[:, 2] >= STEADY
        if not good.any():
            return None
        distance = np.linalg.norm(eyes - np.array(cell) - 0.5, axis=1)
        cost = reach.cost[near] + 1.5 * np.abs(distance - BEST_DISTANCE)
        return reach.route(int(near[int(np.argmin(np.where(good, cost, np.inf)))]))

    def go(self, cell: paths.Cell) -> Trip:
        """Walk to a cell, perhaps not straight. Returns whether one is there."""
        goals = np.zeros(self.kind.shape, np.bool_)
        goals[cell] = True
        for _ in range(6):
            route = paths.route(self.kind, self.cell, goals)
            if route is None:
                return False
            self.far = len(route) > STRAYING
            there = yield from self.walk(route)
            self.far = False
            if there:
                return True
        return False

    def get_to(self, cell: paths.Cell, touch: bool = False, look: float | None = None) -> Trip:
        """Walk to where a cell can be filled or touched. Returns whether it can be from there."""
        if self._handy(cell, touch, look):
            return True
        route = self.stand_for(cell, touch, look)
        if route is None:
            return False
        if len(route) > 1:
            yield from self.walk(route, longest=300)
        yield from self.settle(route[-1] + MIDDLE)
        return self.grip(cell, touch, look) is not None

    def _handy(self, cell: paths.Cell, touch: bool, look: float | None) -> bool:
        """Whether it can be done from just here."""
        x, _, z = self.cell
        if self.outside is not None and not self.outside[x, z]:
            return False
        found = self.grip(cell, touch, look)
        return found is not None and bool(found[2] >= STEADY)

    def settle(self, spot: np.ndarray, longest: int = 40) -> Script:
        """Edge to a spot nearby, sneaking, without turning."""
        for _ in range(longest):
            gap = spot - self.position
            if math.hypot(gap[0], gap[2]) < NUDGE:
                return
            yield {**self.edge(gap), "sneak": 1, "camera": self.wrist.rest()}

    def edge(self, gap: np.ndarray) -> Action:
        """The keys that move a body by about ``gap`` without turning it."""
        dx, _, dz = sight.direction(self.yaw, 0.0)
        ahead, left = gap[0] * dx + gap[2] * dz, gap[0] * dz - gap[2] * dx
        keys = {"forward": ahead, "back": -ahead, "left": left, "right": -left}
        return {key: 1 for key, blocks in keys.items() if blocks > 0.6 * NUDGE}

    # doing it

    def take_aim(
        self, cell: paths.Cell, touch: bool = False, look: float | None = None, longest: int = 60
    ) -> Trip:
        """Turn until the crosshair is where it has to be. Returns whether it is."""
        boxes, out = np.zeros((physics.MAX_BOXES, 6)), np.zeros(6, np.int64)
        goal = self.grip(cell, touch, look)
        for tick in range(longest):
            if goal is None:
                return False
            turn, tilt = sight.turn(goal[0] - self.yaw), goal[1] - self.pitch
            if max(abs(turn), abs(tilt)) < 2.0 and self.wrist.still:
                view = (float(self.env.body[physics.YAW]), float(self.env.body[physics.PITCH]))
                if aiming.hits(self.env.world.blocks, self.eye, *view, np.array(cell), touch, boxes, out):
                    return True
            yield {"camera": self.wrist.towards(turn, tilt)}
            if tick % 8 == 7:
                goal = self.grip(cell, touch, look)
        return False

    def put(self, cell: paths.Cell, item: str, look: float | None = None, tries: int = 8) -> Trip:
        """Fill a cell with an item. Returns whether it is filled."""
        for _ in range(tries):
            if not REPLACEABLE[self.env.world.at(*cell)]:
                return True
            yield from self.hold(item)
            if not (yield from self.get_to(cell, look=look)):
                yield from self.wait(self.rng.integers(8, 20))
            elif (yield from self.aim_at(cell, look)):
                before = set(self.env.world.placed)
                yield from self.press()
                above = (cell[0], cell[1] + 1, cell[2])  # a door fills two cells
                yield from self.mend(set(self.env.world.placed) - before - {cell, above})
                yield from self.wait(self.rng.integers(2, 5))
                if not self.hurries and self.rng.random() < self.ponders:
                    yield from self.glance()
                    yield from self.wait(self.rng.exponential(25.0))
                if self.bodies_near(cell[0] + 0.5, cell[2] + 0.5, 1.4):
                    yield from self.wait(self.rng.integers(8, 20))
                self.notice(cell, above)
        return not REPLACEABLE[self.env.world.at(*cell)]

    def aim_at(self, cell: paths.Cell, look: float | None) -> Trip:
        """Take aim to place a block, now and then in too much of a hurry. Returns whether to press."""
        hasty = look is None and self.rng.random() < self.misses
        if not hasty or self.bodies_near(cell[0], cell[2], 5.0):
            return (yield from self.take_aim(cell, look=look))
        goal = self.grip(cell)
        if goal is None:
            return False
        yield from self.face(goal[0], goal[1], within=HASTE)
        return True

    def mend(self, wrong: set[paths.Cell]) -> Script:
        """Take away what has just gone into the wrong place."""
        for cell in wrong:
            yield from self.wait(self.rng.integers(4, 12))
            self.notice(cell)
            yield from self.dig(cell)

    def touch(self, cell: paths.Cell, tries: int = 4) -> Trip:
        """Use a block: open or shut a door or gate. Returns whether the hand got to it."""
        for _ in range(tries):
            if (yield from self.get_to(cell, touch=True)) and (yield from self.take_aim(cell, touch=True)):
                yield from self.press()
                self.notice(cell)
                yield from self.wait(self.rng.integers(3, 7))
                return True
        return False

    def dig(self, cell: paths.Cell, longest: int = 160) -> Trip:
        """Take a block away. Returns whether it is gone."""
        block = self.env.world.at(*cell)
        if not (yield from self.get_to(cell, touch=True)):
            return False
        tool = f"stone_{BLOCKS[block].tool}"
        if tool in self.env.task.start[self.env.era]:
            yield from self.hold(tool)
        for _ in range(longest):
            if self.env.world.at(*cell) != block:
                break
            if (yield from self.take_aim(cell, touch=True)):
                yield {"camera": self.wrist.rest()} if self.would_hit() else {"attack": 1}
        self.notice(cell)
        return self.env.world.at(*cell) != block

    def throw(self) -> Script:
        """Look up, so that nothing is opened by the throw, and end the episode."""
        yield from self.face(self.yaw, float(self.rng.uniform(-28.0, -18.0)))
        yield from self.finish()

    def would_hit(self) -> bool:
        """Whether a blow now would hurt somebody."""
        view = physics.look(self.env.body[physics.YAW], self.env.body[physics.PITCH])
        (x, y, z), herd = self.eye, self.env.world.animals[:-1]
        return bool(struck(self.env.world.blocks, herd, x, y, z, *view, HIT_REACH) >= 0)

    def bodies_near(self, x: float, z: float, blocks: float) -> bool:
        """Whether an animal or villager is within so many blocks."""
        herd = self.env.world.animals[:-1]
        return bool((np.hypot(herd[:, X] - x, herd[:, Z] - z) < blocks).any())

"""MakeWaterfall: the player's water falls down the land, and the picture taken of it shows the fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from basalt_iq.world.blocks import FALLING, KIND, SOLID, WATER, WATER_KIND, WATER_LEVEL
from basalt_iq.world.judges.picture import HIGH, in_water, shown
from basalt_iq.world.judges.verdict import Ending, Verdict, natural_ground, verdict
from basalt_iq.world.state import Cell, World

SHEER, CASCADE = 5, 9
"""Blocks that water comes down below one's feet, in one sheer fall or over steps, to be a waterfall."""
SHEER_ABOVE, FREE_ABOVE, BELOW = 6, 7, 2
"""Of what was poured above them: blocks of a sheer fall, of a free one among steps, and blocks below them."""
RAISED = 2
"""Blocks of own masonry under the water that count with the land's rock; a higher tower makes no fall."""
MIN_SEEN, ENOUGH_SEEN = 4, 6
"""Heights, in blocks, at which falling water is in the picture: half of a fall's, within these bounds."""
MIN_SHARE = 0.003
"""Share of the picture that shows falling water."""
MIDDLE = 0.55
"""The fall's middle is this near the picture's, as a share of the way to its edge."""
AWAY = 5.5
"""Blocks from the eye to where the water was poured: out of the arm's reach."""
MOVED = 3.0
"""Blocks walked, as the crow flies, from where one stood to pour."""
MOST_WATER = 20000
SIDES = ((1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1), (0, -1, 0), (0, 1, 0))


@dataclass(frozen=True)
class Fall:
    """The water of one bucket: its source, where one stood to pour it, what falls from it (not what falls
    where one has dug: a pit of one's own makes no fall, as a tower makes none).

    `drop` is how many blocks it comes down the land, `below` how many of them below the feet, `free` the
    longest free fall in it.
    """

    source: Cell
    stood: Cell
    falling: tuple[Cell, ...]
    drop: int
    below: int
    free: int

    @property
    def tall(self) -> bool:
        """Whether it is a waterfall: sheer, or with a high fall in it, or a long cascade."""
        sheer = self.free >= self.drop
        high = min(self.drop, self.free) >= (SHEER_ABOVE if sheer else FREE_ABOVE)
        return self.below >= min(BELOW if high else CASCADE, SHEER if sheer else CASCADE)

    @property
    def in_view(self) -> int:
        """Heights that a picture of it shows."""
        return min(max(self.drop // 2, MIN_SEEN), ENOUGH_SEEN)


def poured(world: World) -> list[Fall]:
    """The water of every bucket that the player emptied and that still runs."""
    sources = [cell for cell, item in world.placed.items() if item == "water_bucket"]
    return [_fall(world, cell) for cell in sources if world.at(*cell) == WATER and world.born[cell] != WATER]


def _fall(world: World, source: Cell) -> Fall:
    falling = tuple(c for c in _run(world, source) if world.at(*c) == FALLING and not SOLID[world.born[c]])
    foot = min((y for _, y, _ in falling), default=source[1])
    land = _rock_beside(world, source) + 1
    drop = (source[1] if source[1] <= land + RAISED else land) - foot
    feet = _stood(world, source)
    return Fall(source, feet, falling, drop, min(drop, feet[1] - foot), _longest(falling))


def _stood(world: World, source: Cell) -> Cell:
    """Where the feet were when the water was poured, the last time."""
    feet = here = source
    for what, cell in world.history:
        if what == "at":
            here = cell
        elif what == "put" and cell == source:
            feet = here
    return feet


def _longest(falling: Sequence[Cell]) -> int:
    """Blocks of the longest free fall among some falling water."""
    longest = 0
    below: dict[Cell, int] = {}
    for x, y, z in sorted(falling, key=lambda cell: cell[1]):
        below[x, y, z] = below.get((x, y - 1, z), 0) + 1
        longest = max(longest, below[x, y, z])
    return longest


def _run(world: World, source: Cell) -> list[Cell]:
    """The cells that water runs through from a source: down, and along to ever lower levels."""
    run, seen = [source], {source}
    for x, y, z in run:
        level = WATER_LEVEL[world.at(x, y, z)]
        for dx, dy, dz in SIDES[:5]:
            cell = (x + dx, y + dy, z + dz)
            block = world.at(*cell)
            runs = KIND[block] == WATER_KIND and block != WATER and world.born[cell] != block
            if runs and cell not in seen and (dy or WATER_LEVEL[block] < level) and len(run) < MOST_WATER:
                seen.add(cell)
                run.append(cell)
    return run


def _rock_beside(world: World, source: Cell) -> int:
    """Height of the topmost natural ground that the source, or what the player built under it, touches."""
    todo, seen, top = [source], {source}, -math.inf
    for x, y, z in todo:
        for dx, dy, dz in SIDES:
            cell = (x + dx, y + dy, z + dz)
            if cell in seen or not world.inside(*cell):
                continue
            seen.add(cell)
            if natural_ground(world, cell) and dy <= 0:
                top = max(top, cell[1])
            elif cell in world.placed and SOLID[world.at(*cell)]:
                todo.append(cell)
    return int(max(top, -99))


@dataclass(frozen=True)
class Shown:
    """What a picture shows of a fall: share of its pixels, heights seen, and how far off the middle it is."""

    share: float
    heights: int
    off: float


def view(world: World, ending: Ending, fall: Fall) -> Shown:
    """What the picture at the end shows of the falling water of one bucket."""
    wanted = np.zeros(world.blocks.shape, np.bool_)
    if fall.falling:
        wanted[tuple(np.array(fall.falling).T)] = True
    out = np.full((HIGH, round(HIGH * ending.aspect)), -1, np.int16)
    shown(world.blocks, wanted, np.array(ending.eye), ending.yaw, ending.pitch, ending.half, out)
    rows, columns = np.nonzero(out >= 0)
    if not len(rows):
        return Shown(0.0, 0, 1.0)
    offs = [2 * (pixels.mean() + 0.5) / n - 1 for pixels, n in zip((rows, columns), out.shape, strict=True)]
    return Shown(len(rows) / out.size, len(np.unique(out[out >= 0])), float(np.abs(offs).max()))


def moved(ending: Ending, fall: Fall) -> bool:
    """Whether the player has left the place of pouring."""
    x, _, z = fall.stood
    walked = math.hypot(ending.feet[0] - x - 0.5, ending.feet[2] - z - 0.5)
    return walked >= MOVED and math.dist(ending.eye, np.add(fall.source, 0.5)) >= AWAY


def judge_waterfall(world: World, ending: Ending) -> Verdict:
    """The player's water comes down the land, and one sees it fall in the picture one moved to take."""
    falls = poured(world)
    tall = [fall for fall in falls if fall.tall]
    left = [fall for fall in tall if moved(ending, fall)]
    views = [(fall, view(world, ending, fall)) for fall in left]
    large = [v for fall, v in views if v.share >= MIN_SHARE and v.heights >= fall.in_view]
    parts = [
        (bool(falls), "water was poured and still stands"),
        (
            bool(tall),
            f"it falls {SHEER} blocks sheer or comes down {CASCADE} below one's feet, or more from above",
        ),
        (bool(left), "the player moved away from where it was poured"),
        (not in_water(world.blocks, *ending.eye), "the eye is not under water"),
        (
            bool(large),
            f"the picture shows half of its fall or {ENOUGH_SEEN} blocks of it, and not from afar",
        ),
        (any(v.off <= MIDDLE for v in large), "the fall is about the middle of the picture"),
    ]
    return verdict(ending, parts)

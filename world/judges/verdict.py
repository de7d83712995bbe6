"""What every judge is told, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basalt_iq.world.blocks import BLOCKS, LEAFY, SOLID
from basalt_iq.world.state import Cell, World

Criterion = tuple[bool, str]
"""Whether something holds, and what it is in words."""


@dataclass(frozen=True)
class Ending:
    """How an episode ended: the player's choice or not, in which era, and where the player stood and looked.

    `eye` and `feet` in blocks, `yaw` and `pitch` in radians (positive pitch looks down), `half` the tangent
    of half the vertical field of view, `aspect` the picture's width over its height.
    """

    chosen: bool
    era: int
    feet: tuple[float, float, float]
    eye: tuple[float, float, float]
    yaw: float = 0.0
    pitch: float = 0.0
    half: float = 1.0
    aspect: float = 1.0
    villagers_hit: int = 0


@dataclass(frozen=True)
class Verdict:
    """success, a score in 0..1, and the reasons in words."""

    success: bool
    score: float
    reasons: tuple[str, ...]

    @property
    def parts(self) -> dict[str, bool]:
        """All but the choice of the end: what each is in words, and whether it holds."""
        return {words: word == "yes" for word, _, words in (r.partition(": ") for r in self.reasons[1:])}

    def info(self) -> dict:
        return {"success": self.success, "score": self.score, "reasons": list(self.reasons)}


def verdict(ending: Ending, parts: Sequence[Criterion], wishes: Sequence[Criterion] = ()) -> Verdict:
    """Success if the player chose the end and every part holds.

    The score is the share that holds of these and of the wishes, which success does not need; the reasons
    name each.
    """
    needed = [(ending.chosen, "the episode ended by the player's choice"), *parts]
    told = [*needed, *wishes]
    reasons = tuple(f"{'yes' if ok else 'no'}: {reason}" for ok, reason in told)
    return Verdict(all(ok for ok, _ in needed), sum(bool(ok) for ok, _ in told) / len(told), reasons)


def cell_of(point: Sequence[float]) -> Cell:
    """The cell that holds a point."""
    x, y, z = (int(c // 1) for c in point)
    return x, y, z


def natural_ground(world: World, cell: Cell) -> bool:
    """Whether a cell is still the rock or soil that the land was made with; trees are not ground."""
    block = world.at(*cell)
    return bool(SOLID[block]) and not LEAFY[block] and block == world.born[cell] and cell not in world.village


def was_ground(world: World, cell: Cell) -> bool:
    """Whether a cell held rock or soil when the land was made."""
    born = world.born[cell]
    return bool(SOLID[born]) and not LEAFY[born] and cell not in world.village


def village_intact(world: World) -> bool:
    """Whether every block of the village is there; doors and gates may be open or shut."""
    return all(
        world.blocks[cell] == world.born[cell] or _turned(world.blocks[cell], world.born[cell])
        for cell in world.village
    )


def _turned(now: int, born: int) -> bool:
    """Whether a block is a door or gate that was only opened or shut, or water that ran."""
    a, b = BLOCKS[now], BLOCKS[born]
    if b.group in ("door", "gate"):
        return a.name.removesuffix("_open") == b.name.removesuffix("_open")
    return b.group == "water"

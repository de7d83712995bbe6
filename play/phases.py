"""How far an episode came, told apart: reached, ended rightly or how wrongly, each step on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from basalt_iq.play.stats import wilson

End = Literal["right", "near", "far", "left", "ran out"]
#: Each way to end, in words; "near" is from two thirds of the way on, see `NEAR`.
ENDS: dict[End, str] = {
    "right": "ended right",
    "near": "ended wrong, near",
    "far": "ended wrong, far",
    "left": "ended wrong, after having left",
    "ran out": "ran out of time",
}
#: Of the world's measure of progress, which goes to 0.9 short of success.
NEAR = 0.6
REACHED = "reached"
Words = Annotated[str, msgspec.Meta(max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Step:
    """A part of the task as its judge words it."""

    name: Words
    reached: bool
    """Did it hold at some tick?"""
    at_end: bool


@dataclass(frozen=True)
class Phases:
    """What came of an episode."""

    reached: Count | None
    """The first tick at which the judge, asked every few ticks, would have said yes; None: at none."""
    end: End
    steps: Annotated[tuple[Step, ...], msgspec.Meta(max_length=64)] = ()


@dataclass(frozen=True)
class PhaseShare:
    """How many of some episodes came so far, with the 95 % Wilson interval."""

    name: Words
    count: Count
    of: Count
    low: float
    high: float

    @classmethod
    def over(cls, name: str, held: Sequence[bool]) -> PhaseShare:
        return cls(name, sum(held), len(held), *wilson(sum(held), len(held)))


class Asked:
    """Collects what a judge would have said along an episode."""

    def __init__(self) -> None:
        self._reached: int | None = None
        self._ever: dict[str, bool] = {}
        self._now: dict[str, bool] = {}

    def hear(self, tick: int, success: bool, parts: dict[str, bool]) -> None:
        """What the judge would say after `tick` steps."""
        self._now = parts
        self._ever = {name: ok or self._ever.get(name, False) for name, ok in parts.items()}
        if success and self._reached is None:
            self._reached = tick

    def phases(self, *, chosen: bool, success: bool, progress: float) -> Phases:
        """In the end; `chosen` by the player, with the world's measure of `progress` then."""
        steps = tuple(Step(name, self._ever[name], ok) for name, ok in self._now.items())
        return Phases(self._reached, self._end(chosen, success, progress), steps)

    def _end(self, chosen: bool, success: bool, progress: float) -> End:
        if success:
            return "right"
        if not chosen:
            return "ran out"
        if self._reached is not None:
            return "left"
        return "near" if progress >= NEAR else "far"


def phase_shares(episodes: Iterable[Phases | None]) -> list[PhaseShare]:
    """Over those whose phases are known: reached, each way to end, each step; empty where none is known."""
    known = [phases for phases in episodes if phases is not None]
    if not known:
        return []
    rows = [PhaseShare.over(REACHED, [p.reached is not None for p in known])]
    rows += [PhaseShare.over(words, [p.end == end for p in known]) for end, words in ENDS.items()]
    names = dict.fromkeys(step.name for p in known for step in p.steps)
    ever = [{step.name: step.reached for step in p.steps} for p in known]
    return rows + [PhaseShare.over(f"at some time: {n}", [e.get(n, False) for e in ever]) for n in names]


def phase_lines(rows: Sequence[PhaseShare]) -> list[str]:
    """A line each, for people."""
    return [f"{r.count:>4} of {r.of} ({r.low:.0%} to {r.high:.0%})  {r.name}" for r in rows]

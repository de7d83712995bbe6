"""What `basalt-iq watch`, `compare` and `data browse` print with `--json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from basalt_iq.command import Result

if TYPE_CHECKING:
    from basalt_iq.watch.compare import Standing
    from basalt_iq.watch.contents import PairedTest, Unpaired


@dataclass(frozen=True, kw_only=True)
class Written(Result):
    """`watch`: the page as it was written."""

    report: str
    media: str | None
    """The folder of media beside it; None where all are inside."""
    episodes: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class EpisodesWritten(Result):
    """`watch --rerun`."""

    out: str
    episodes: int


@dataclass(frozen=True, kw_only=True)
class Tracked(Result):
    """`watch --track`: how many of each were sent."""

    runs: int
    evaluations: int
    videos: int


@dataclass(frozen=True, kw_only=True)
class Followed(Result):
    """`watch --live`."""

    address: str


@dataclass(frozen=True, kw_only=True)
class Compared(Result):
    """`compare`."""

    task: str
    world: list[PairedTest]
    """By the world's judgement."""
    unpaired: list[Unpaired]
    people: Standing
    judgements: str
    """The file that keeps them."""


@dataclass(frozen=True, kw_only=True)
class Browsed(Result):
    """`data browse`."""

    demos: int
    excluded: int
    """From training."""

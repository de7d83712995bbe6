"""What `basalt-iq evaluate --json` and `basalt-iq data record --json` print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from basalt_iq.command import Result

if TYPE_CHECKING:
    from basalt_iq.play.plan import Summary


@dataclass(frozen=True)
class Outcome:
    """How the episode of a seed went."""

    seed: int
    steps: int
    success: bool
    score: float
    kept: bool
    """Whether its recording is there."""


@dataclass(frozen=True, kw_only=True)
class Recorded(Result):
    """`data record`."""

    out: str
    task: str
    attempts: int
    successes: int
    recorded: int
    steps: int
    """Of what was recorded, 20 a second."""
    seeds: list[int]
    outcomes: list[Outcome]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], n: int, out: str, task: str) -> Recorded:
        """Counts of how all episodes went; `n` recordings were asked for."""
        kept = [outcome for outcome in outcomes if outcome.kept]
        return cls(
            ok=len(kept) == n,
            out=out,
            task=task,
            attempts=len(outcomes),
            successes=sum(outcome.success for outcome in outcomes),
            recorded=len(kept),
            steps=sum(outcome.steps for outcome in kept),
            seeds=[outcome.seed for outcome in kept],
            outcomes=list(outcomes),
        )


@dataclass(frozen=True, kw_only=True)
class Evaluated(Result):
    """`evaluate`: the summary, and where it and the episodes are."""

    summary: Summary
    folder: str

    def to_json(self) -> Any:
        """Flat, as `summary.json` is."""
        from basalt_iq.records import to_json

        return to_json(self.summary) | {"ok": self.ok, "folder": self.folder}

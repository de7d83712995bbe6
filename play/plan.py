"""What an evaluation is of and what came of it, as ``summary.json`` says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

import msgspec

from basalt_iq.contract import find_task
from basalt_iq.errors import UserError
from basalt_iq.play.episode import Episode
from basalt_iq.play.phases import PhaseShare, phase_lines, phase_shares
from basalt_iq.play.places import SUMMARY
from basalt_iq.play.stats import wilson
from basalt_iq.records import read_json

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
#: Ways of choosing that belong to baselines: who plays like this is compared with every agent.
BASELINES = ("uniform", "frequencies", "scripted", "demonstrated")


@dataclass(frozen=True)
class Plan:
    """What is evaluated. A folder holds the episodes of one plan; only the seeds may grow."""

    task: str
    player: str
    era: int = 2021
    max_steps: int | None = None
    """Episode limit in steps; None is the task's own."""
    checkpoint: str | None = None
    """Where the weights came from, for people."""
    weights: str | None = None
    """What the weights are: see `evaluation.fingerprint`."""
    choice: str = "sampled"
    """How actions are chosen: sampled or argmax; uniform, frequencies, scripted or demonstrated for
    baselines."""
    world: str = "stand-in"
    """Where it is played."""
    distance: str = ""
    """How far the stand-in's places lie: real or near. Empty: elsewhere, or before it had a choice."""

    @property
    def limit(self) -> int:
        """Steps after which an episode is cut off."""
        own = find_task(self.task).max_steps
        return own if self.max_steps is None else min(self.max_steps, own)


@dataclass(frozen=True, kw_only=True)
class Summary(Plan):
    """What came of it. Episodes that a broken world ended are told apart and counted nowhere else."""

    episodes: Count = 0
    successes: Count | None = None
    """Of those judged; None, like the rate and its interval, where nothing judges."""
    rate: Share | None = None
    low: Share | None = None
    high: Share | None = None
    """95 % Wilson interval of the rate."""
    phases: list[PhaseShare] = field(default_factory=list)
    """How many came how far, where the world tells; empty in summaries of older versions."""
    mean_score: float | None = None
    mean_steps: float | None = None
    faults: Count = 0
    """Episodes that broken worlds ended; the same command plays them again."""
    broken: dict[str, str] = field(default_factory=dict)
    """Their seeds, and why."""
    seeds: list[int] = field(default_factory=list)
    seconds: float = 0.0
    command: str | None = None
    """What a person would repeat."""
    complete: bool = False
    demos: list[str] | None = None
    """The demonstrations that the episodes are pictures of, else None."""


def summarise(plan: Plan, episodes: Sequence[Episode], seconds: float = 0.0, **more: Any) -> Summary:
    """Success rate with its 95 % Wilson interval (all None where nothing judged), steps, faults."""
    facts = [episode.facts for episode in episodes if episode.facts.error is None]
    broken = {str(e.facts.seed): e.facts.error for e in episodes if e.facts.error is not None}
    judged = [f.success for f in facts if f.success is not None]
    successes = sum(judged)
    low, high = wilson(successes, len(judged)) if judged else (None, None)
    scores = [f.score for f in facts if f.score is not None]
    return Summary(
        **{f.name: getattr(plan, f.name) for f in fields(Plan)},
        episodes=len(facts),
        successes=successes if judged else None,
        rate=successes / len(judged) if judged else None,
        low=low,
        high=high,
        phases=phase_shares(f.phases for f in facts),
        mean_score=sum(scores) / len(scores) if scores else None,
        mean_steps=sum(f.steps for f in facts) / len(facts) if facts else None,
        faults=len(broken),
        broken=broken,
        seeds=[f.seed for f in facts],
        seconds=round(seconds, 2),
        **more,
    )


def read_summary(folder: Path) -> Summary:
    """The summary of an evaluation folder. Raises UserError naming the file."""
    try:
        return read_json(folder / SUMMARY, Summary, remedy="restore it, or evaluate under another --name")
    except FileNotFoundError:
        raise UserError(f"{folder}: no evaluation here; make one with `basalt-iq evaluate`") from None


def describe(summary: Summary) -> str:
    """A summary in a line, broken episodes apart, and a line for each phase that is known."""
    line = f"{summary.player} on {summary.task}: {summary.episodes} episodes"
    if summary.rate is not None:
        line += f", {summary.rate:.0%} succeed (95 % interval {summary.low:.0%} to {summary.high:.0%})"
    elif summary.episodes:
        line += ", not judged"
    if summary.mean_steps is not None:
        line += f", {summary.mean_steps:.0f} steps on average"
    if summary.broken:
        seed, reason = next(iter(summary.broken.items()))
        line += f"; {summary.faults} broken by the world (seed {seed}: {reason}): repeat to play them again"
    return "\n".join([line, *phase_lines(summary.phases)])


def comparable(a: Plan, b: Plan) -> str | None:
    """Why episodes of one seed do not compare between two evaluations, in a few words; None if they do.

    A baseline's way of choosing is what makes it one; two agents must choose alike.
    """
    both_choose = {a.choice, b.choice}.isdisjoint(BASELINES)
    parts = {
        "tasks": (a.task, b.task),
        "interfaces": (a.era, b.era),
        "worlds": (a.world, b.world),
        "distances of places": (a.distance, b.distance),
        "episode limits": (a.limit, b.limit),
        "ways of choosing": (a.choice, b.choice) if both_choose else ("", ""),
    }
    for what, (ours, theirs) in parts.items():
        if ours != theirs:
            return f"different {what}: {ours or 'unknown'} and {theirs or 'unknown'}"
    return None

"""Which evaluations may be compared seed by seed, and how they do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from basalt_iq.play.stats import mcnemar
from basalt_iq.watch.contents import Pair, Unpaired
from basalt_iq.watch.runs import Evaluation

#: What two evaluations must share for the same seed to be the same question, and what it is called.
_SHARED = {
    "task": ("", "task"),
    "era": (2021, "interface"),
    "world": ("stand-in", "world"),
    "max_steps": (None, "episode limit"),
    "choice": ("sampled", "way of choosing actions"),
}


def why_not_comparable(a: dict[str, Any], b: dict[str, Any]) -> str:
    """What makes the seeds of two summaries different questions; empty where nothing does.

    A player without a policy of its own (scripted, by chance) has no way of choosing that could differ.
    """
    learned = a.get("weights") is not None and b.get("weights") is not None
    for name, (default, title) in _SHARED.items():
        ours, theirs = a.get(name, default), b.get(name, default)
        if ours != theirs and (name != "choice" or learned):
            return f"another {title}: {_word(ours)} and {_word(theirs)}"
    return ""


def _word(value: Any) -> str:
    return "the task's own" if value is None else str(value)


def paired_tests(evaluations: Sequence[Evaluation]) -> tuple[list[Pair], list[Unpaired]]:
    """Every two evaluations: an exact McNemar test over the judged seeds that they share, or why none."""
    tests, others = [], []
    shown = [e for e in evaluations if e.summary.get("choice") != "demonstrated"]
    for a, b in combinations(shown, 2):
        why = why_not_comparable(a.summary, b.summary)
        ours, theirs = (
            {e.facts.seed: e.facts.success for e in side.played if e.facts.error is None} for side in (a, b)
        )
        seeds = [s for s in ours if ours[s] is not None and theirs.get(s) is not None]
        if why or not seeds:
            others.append(Unpaired(a.name, b.name, why or "no seed that both played and the world judged"))
            continue
        only_a = sum(bool(ours[s]) and not theirs[s] for s in seeds)
        only_b = sum(bool(theirs[s]) and not ours[s] for s in seeds)
        both = sum(bool(ours[s]) and bool(theirs[s]) for s in seeds)
        tests.append(Pair(a.name, b.name, len(seeds), only_a, only_b, both, mcnemar(only_a, only_b)))
    return tests, others

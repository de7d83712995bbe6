"""Which evaluations may be compared seed by seed, and how they do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from basalt_iq.play.plan import comparable
from basalt_iq.play.stats import mcnemar
from basalt_iq.watch.contents import PairedTest, Unpaired
from basalt_iq.watch.runs import Evaluation


def paired_tests(evaluations: Sequence[Evaluation]) -> tuple[list[PairedTest], list[Unpaired]]:
    """Every two evaluations: an exact McNemar test over the judged seeds that they share, or why none."""
    tests, others = [], []
    shown = [e for e in evaluations if e.summary.choice != "demonstrated"]
    for a, b in combinations(shown, 2):
        why = comparable(a.summary, b.summary)
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
        tests.append(PairedTest(a.name, b.name, len(seeds), only_a, only_b, both, mcnemar(only_a, only_b)))
    return tests, others

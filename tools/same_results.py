"""Whether two evaluation folders hold the same episodes: usage same_results.py A B. Prints what differs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from basalt_iq.play.episode import Episode, load_all
from basalt_iq.play.evaluation import read_summary
from basalt_iq.video import read_video

#: Differs between any two evaluations: times, and where they were made.
APART = ("seconds", "command", "checkpoint")


def differences(a: Path, b: Path) -> list[str]:
    found = []
    one, two = ({k: v for k, v in asdict(read_summary(x)).items() if k not in APART} for x in (a, b))
    if one != two:
        found.append(f"summaries: {json.dumps(one)} and {json.dumps(two)}")
    left, right = load_all(a), load_all(b)
    if len(left) != len(right) or not left:
        found.append(f"{len(left)} and {len(right)} episodes")
    return found + [said for pair in zip(left, right, strict=False) for said in _between(*pair)]


def equal(folder: Path) -> str:
    """What was found to be the same."""
    played, summary = load_all(folder), read_summary(folder)
    steps = ", ".join(str(episode.facts.steps) for episode in played)
    return f"{summary.successes} of {len(played)} succeed, after {steps} steps; all numbers and frames equal"


def _between(x: Episode, y: Episode) -> Iterator[str]:
    for name in sorted((x.arrays.keys() | y.arrays.keys()) - {"act_ms"}):
        if not np.array_equal(x.arrays.get(name), y.arrays.get(name), equal_nan=True):
            yield f"{x.stem}: {name}"
    if any((p != q).any() for p, q in zip(read_video(x.video), read_video(y.video), strict=True)):
        yield f"{x.stem}: video"


if __name__ == "__main__":
    one, two = map(Path, sys.argv[1:3])
    said = differences(one, two)
    print("\n".join(said) or equal(one))
    sys.exit(bool(said))

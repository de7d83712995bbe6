"""Evaluators that other packages add: who takes what `submit build` makes (docs/plugins.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from basalt_iq import plugins
from basalt_iq.submission.building import Particulars
from basalt_iq.submission.checking import Trial
from basalt_iq.submission.manifest import Manifest
from basalt_iq.submission.results import CheckRow


@dataclass(frozen=True)
class Evaluator:
    """What an entry point of the group `basalt_iq.evaluators` gives; its name is the --target."""

    build: Callable[[Sequence[Path], Path, Particulars], Manifest]
    """Write the package of these run folders to a folder that is not there yet, `submission.json` in it."""
    check: Callable[[Path, Manifest, Trial], list[CheckRow]]
    """Try the package out as the evaluator would: what was looked at, and whether it holds."""


def find_evaluator(target: str) -> Evaluator:
    """Raises UserError where the package that adds it cannot be loaded."""
    wanted = "a submission.evaluators.Evaluator"
    return plugins.load("evaluator", target, lambda thing: isinstance(thing, Evaluator), wanted)

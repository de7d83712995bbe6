"""Which episodes the report is asked to show what the agent looked at in, and who does so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.play.evaluation import fingerprint
from basalt_iq.play.looking import look_again
from basalt_iq.watch.runs import Evaluation, Run, examples, find


def unlooked(paths: Sequence[Path], count: int) -> Iterator[Callable[[], Any]]:
    """What remains to be done for `count` episodes of each agent; it raises UserError where it cannot be."""
    for run, evaluation in find(paths)[1]:
        if evaluation.is_baseline:
            continue
        checkpoint = None
        for episode in examples(evaluation.played, count):
            if "action" in episode.arrays and "looked" not in episode.arrays:
                checkpoint = checkpoint or _checkpoint(run, evaluation)
                yield partial(look_again, episode, evaluation.summary, checkpoint)


def _checkpoint(run: Run | None, evaluation: Evaluation) -> Path:
    """The weights that played. Raises UserError where they are not there any more."""
    summary = evaluation.summary
    if run is not None and summary.checkpoint:
        folder = run.folder / summary.checkpoint
        if (folder / "agent.json").is_file() and fingerprint(folder) == summary.weights:
            return folder
    raise UserError(
        f"{evaluation.folder}: the weights that played are not in the run any more; evaluate anew"
    )

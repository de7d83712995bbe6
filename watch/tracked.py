"""What was found out about runs, for their trackers: hyper-parameters, the table of evaluations, videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.play.episode import Episode
from basalt_iq.play.plan import Summary
from basalt_iq.train.trackers import Board, TensorBoard, Wandb
from basalt_iq.watch.results import Tracked
from basalt_iq.watch.runs import Evaluation, Run, examples, find

#: Videos of an evaluation: enough to see how it goes, successes and failures in turn.
VIDEOS = 8
COLUMNS = ("player", "task", "world", "episodes", "success", "from", "to", "mean steps", "faults")
EPISODES = ("player", "seed", "success", "score", "steps", "reasons")


def track_evaluations(paths: Sequence[Path], tracker: str) -> Tracked:
    """Send what the runs' evaluations found. Raises UserError where no run is, or the tracker has trouble."""
    runs, found = find(paths)
    if not runs:
        raise UserError(f"--track {tracker}: no training run there; name the folder that `train` wrote")
    videos = 0
    for run in runs:
        own = [evaluation for of, evaluation in found if of is run and evaluation.folder.name != "demos"]
        try:
            videos += _send(_open(tracker, run), run, own)
        except (UserError, ImportError):
            raise
        except Exception as error:
            raise UserError(f"--track {tracker}: {' '.join(str(error).split())[:200]}") from error
    evaluations = sum(of is not None and one.folder.name != "demos" for of, one in found)
    return Tracked(runs=len(runs), evaluations=evaluations, videos=videos)


def _open(tracker: str, run: Run) -> Board:
    if tracker == "wandb":
        return Wandb(run.folder, run.settings)
    return TensorBoard(run.folder, run.updates or 0, run.settings, purge=False)


def _send(board: Board, run: Run, evaluations: Sequence[Evaluation]) -> int:
    step, videos = run.updates or 0, 0
    try:
        if evaluations:
            rows = [_row(one.folder.name, one.summary) for one in evaluations]
            board.table("evaluations", COLUMNS, rows, step)
            episodes = [_episode(one.folder.name, e) for one in evaluations for e in one.played]
            board.table("episodes", EPISODES, episodes, step)
        for one in evaluations:
            board.results(_rates(one), step)
            for episode in examples(one.played, VIDEOS):
                board.video(f"{one.folder.name}/{episode.stem}", episode.video, step)
                videos += 1
    finally:
        board.close()
    return videos


def _rates(evaluation: Evaluation) -> dict[str, float]:
    summary, name = evaluation.summary, f"evaluation/{evaluation.folder.name}"
    known = {"success": summary.rate, "score": summary.mean_score, "steps": summary.mean_steps}
    return {f"{name}/{key}": float(value) for key, value in known.items() if value is not None}


def _row(name: str, s: Summary) -> list[Any]:
    measured = map(_short, (s.rate, s.low, s.high, s.mean_steps))
    return [name, s.task, s.world, s.episodes, *measured, s.faults]


def _episode(name: str, episode: Episode) -> list[Any]:
    facts = episode.facts
    success = "not judged" if facts.success is None else "yes" if facts.success else "no"
    return [name, facts.seed, success, _short(facts.score), facts.steps, "; ".join(facts.reasons)]


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"

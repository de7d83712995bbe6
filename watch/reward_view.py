"""Does the recovered reward say what the task is about? Held against the world's own progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from basalt_iq.play.episode import Episode
from basalt_iq.play.stats import pearson, spearman
from basalt_iq.video import FPS
from basalt_iq.watch.contents import RewardPoint, RewardView


def reward_view(episodes: Sequence[Episode]) -> RewardView | None:
    """Correlations of recovered reward with ground truth; None where either is missing everywhere."""
    known = [e for e in episodes if {"reward", "v", "progress"} <= e.arrays.keys() and e.facts.steps > 0]
    if not known:
        return None
    points = [_point(e) for e in known]
    return RewardView(
        spearman([_number(p.reward) for p in points], [p.progress for p in points]),
        _mean(known, _by_second),
        _mean(known, lambda e: pearson(e.arrays["v"], e.arrays["progress"][:-1])),
        points,
    )


def in_words(view: RewardView | None) -> str:
    """What the correlations say, for people; empty where there are none."""
    if view is None:
        return ""
    within, between = view.within, view.between
    if within is None and between is None:
        return "There are too few episodes, or none made progress: nothing can be said of this reward."
    parts = []
    if within is not None:
        parts.append(f"along an episode it {_tracks(within)} progress")
    if between is not None:
        parts.append(f"between episodes it {_tracks(between)} how far they get")
    count = len(view.points)
    return f"Over {count} episodes: {'; '.join(parts)}."


def _tracks(r: float) -> str:
    if abs(r) < 0.1:
        return "does not track"
    size = "weakly" if abs(r) < 0.3 else "clearly" if abs(r) < 0.6 else "strongly"
    return f"{size} goes {'against' if r < 0 else 'with'}"


def _mean(episodes: Sequence[Episode], measure: Callable[[Episode], float | None]) -> float | None:
    found = [value for e in episodes if (value := measure(e)) is not None]
    return float(np.mean(found)) if found else None


def _by_second(episode: Episode) -> float | None:
    seconds = episode.facts.steps // FPS
    reward = np.nan_to_num(episode.arrays["reward"][: seconds * FPS])
    progress = episode.arrays["progress"][: seconds * FPS + 1 : FPS]
    return pearson(reward.reshape(seconds, FPS).sum(1), np.diff(progress))


def _point(episode: Episode) -> RewardPoint:
    reward = episode.arrays["reward"]
    mean = float(np.nanmean(reward)) if np.isfinite(reward).any() else None
    furthest = float(episode.arrays["progress"].max())
    return RewardPoint(episode.facts.seed, mean, furthest, episode.facts.success)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value

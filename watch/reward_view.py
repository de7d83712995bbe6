"""Does the recovered reward say what the task is about? Held against the world's own progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from basalt_iq.watch.episode import Episode
from basalt_iq.watch.stats import pearson, spearman


def reward_view(episodes: Sequence[Episode]) -> dict[str, Any] | None:
    """Correlations between recovered reward and ground truth; None where either is missing everywhere.

    - ``within``: mean over episodes of the correlation, along an episode, of the reward gathered so far
      with progress;
    - ``between``: rank correlation over episodes of mean recovered reward per step with the progress
      reached, None below three episodes;
    - ``points``: per episode seed, mean reward per step, progress reached, success.
    """
    known = [e for e in episodes if {"reward", "progress"} <= e.arrays.keys() and e.facts.steps > 0]
    if not known:
        return None
    along = [c for e in known if (c := _within(e)) is not None]
    points = [_point(e) for e in known]
    between = spearman([p["reward"] for p in points], [p["progress"] for p in points])
    return {"within": float(np.mean(along)) if along else None, "between": between, "points": points}


def _within(episode: Episode) -> float | None:
    reward, progress = episode.arrays["reward"], episode.arrays["progress"][1:]
    return pearson(np.cumsum(np.nan_to_num(reward)), progress)


def _point(episode: Episode) -> dict[str, Any]:
    reward = episode.arrays["reward"]
    return {
        "seed": episode.facts.seed,
        "reward": float(np.nanmean(reward)) if np.isfinite(reward).any() else None,
        "progress": float(episode.arrays["progress"].max()),
        "success": episode.facts.success,
    }

"""What many episodes have in common: how they end, which keys they hold, where they go."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from basalt_iq.play.episode import Episode
from basalt_iq.watch.contents import EndingCount

#: Points of an episode's path on the map.
PATH_POINTS = 90
#: Degrees a tick from which the view counts as turned.
_TURN = 0.5


def endings(keyed: Sequence[tuple[str, Episode]]) -> list[EndingCount]:
    """Episodes grouped by verdict and reasons, the most frequent first. Numbers in reasons are left out."""
    groups: dict[tuple[bool | None, str], list[str]] = defaultdict(list)
    for key, episode in keyed:
        groups[episode.facts.success if episode.facts.error is None else None, _how(episode)].append(key)
    rows = [EndingCount(words, success, keys) for (success, words), keys in groups.items()]
    return sorted(rows, key=lambda row: -len(row.episodes))


def _how(episode: Episode) -> str:
    facts = episode.facts
    if facts.error is not None:
        return f"the world broke: {facts.error}"
    if facts.success:
        return "succeeded"
    unmet = [reason.removeprefix("no: ") for reason in facts.reasons if reason.startswith("no: ")]
    words = f"not: {'; '.join(unmet)}" if unmet else "; ".join(facts.reasons)
    words = re.sub(r"\d+(\.\d+)?", "…", words)
    return words or ("not judged" if facts.success is None else "no reason given")


def habits(episodes: Sequence[Episode]) -> dict[str, float]:
    """Share of all ticks in which each key is held and the view turned; keys never held are left out."""
    held: dict[str, float] = defaultdict(float)
    ticks = 0
    for episode in episodes:
        buttons, camera = episode.arrays.get("buttons"), episode.arrays.get("camera")
        if buttons is None or not len(buttons):
            continue
        ticks += len(buttons)
        for name, count in zip(episode.facts.button_names, buttons.sum(0), strict=False):
            held[name] += float(count)
        if camera is not None:
            held["turn left or right"] += float((np.abs(camera[:, 1]) > _TURN).sum())
            held["look up or down"] += float((np.abs(camera[:, 0]) > _TURN).sum())
    return {name: count / ticks for name, count in held.items() if count}


def path(episode: Episode, points: int = PATH_POINTS) -> list[tuple[float, float]]:
    """(x, z) in blocks at `points` moments or fewer, from the start to the end."""
    where = episode.arrays.get("position")
    if where is None or not len(where):
        return []
    ticks = np.unique(np.linspace(0, len(where) - 1, min(points, len(where))).round().astype(int))
    return [(round(float(x), 1), round(float(z), 1)) for x, z in where[ticks][:, [0, 2]]]

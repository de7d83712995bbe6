"""Action sets by name: like the 2021 entry's, or what demos hold, for a joint or for a factored head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from basalt_iq import contract
from basalt_iq.agent.actions import Action, ActionSet, Factors, Ticks, compand, may_end, without_opposites
from basalt_iq.errors import UserError


def entry_2021(task: str) -> ActionSet:
    """A set like the 2021 entry's (facts, section 3): one thing at a time, the camera by ten degrees.

    Its own extra action, to wait, keeps ticks in place that the entry dropped.
    """
    keys = [
        ("forward",),
        ("back",),
        ("left",),
        ("right",),
        ("jump",),
        ("forward", "jump"),
        ("attack",),
        ("use",),
    ]
    turns = [(-10.0, 0.0), (10.0, 0.0), (0.0, 10.0), (0.0, -10.0)]
    actions = [Action(), *(Action(k) for k in keys), *(Action(camera=t) for t in turns)]
    actions += [Action(equip=item) for item in contract.find_task(task).start[2021]]
    return ActionSet(task, 2021, actions, "entry-2021")


#: Degrees. Nearly even steps on the companded scale, within what people do in a twentieth of a second.
YAW_BINS = (-18.0, -9.0, -4.0, -1.5, 0.0, 1.5, 4.0, 9.0, 18.0)
PITCH_BINS = (-10.0, -4.0, -1.5, 0.0, 1.5, 4.0, 10.0)


def from_demos(task: str, era: int, demos: Iterable[Ticks], *, size: int = 64) -> ActionSet:
    """The most frequent combinations of keys times camera bins, at most `size` of them.

    Rarer ticks become their nearest neighbour; an action that may end the episode is kept however rare it is.
    """
    counts = _count(task, era, demos)
    counts.pop(Action(), None)
    chosen = [Action(), *_most_frequent(counts, era)]
    return ActionSet(task, era, chosen[:size], f"demos-{size}")


def factored_from_demos(task: str, era: int, demos: Iterable[Ticks], *, size: int = 64) -> ActionSet:
    """The most frequent combinations of held keys, times all camera bins, and the most frequent decisive
    actions, `size` of both together; an action that may end the episode is kept however rare it is."""
    counts: Counter[Action] = Counter()
    for action, count in _count(task, era, demos).items():
        counts[action if action.decisive else Action(action.buttons)] += count
    counts.pop(Action(), None)
    chosen = [Action(), *_most_frequent(counts, era)][:size]
    held = tuple(action.buttons for action in chosen if not action.decisive)
    decisive = [action for action in chosen if action.decisive]
    factors = Factors(held, _zero_first(PITCH_BINS), _zero_first(YAW_BINS))
    return ActionSet(task, era, decisive, f"factored-{size}", factors)


def _count(task: str, era: int, demos: Iterable[Ticks]) -> Counter[Action]:
    """How often demos do what."""
    counts = Counter(action for ticks in demos for action in _binned(ticks, contract.BUTTONS[era]))
    if not counts:
        raise UserError(
            f"no demo of {task} to build an action set from; run `basalt-iq data show` on the store"
        )
    return counts


def _most_frequent(counts: Counter[Action], era: int) -> list[Action]:
    """By how often each or its mirror image is done, so that the set holds both; first one that may end."""
    both = {a: counts[a] + counts[a.mirrored()] for one in counts for a in (one, one.mirrored())}
    by_count = sorted(both, key=lambda action: (-both[action], action.name))
    thrown = "snowball" if era == 2021 else "none"
    ending = [action for action in by_count if may_end(action, thrown)][:1]
    return [*ending, *(action for action in by_count if action not in ending)]


def _zero_first(bins: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted(bins, key=lambda angle: angle != 0))


def _binned(ticks: Ticks, names: Sequence[str]) -> Iterable[Action]:
    columns = [ticks.names.index(name) for name in names]
    keys = without_opposites(ticks.buttons[:, columns], names)
    pitch, yaw = (_nearest(bins, ticks.camera[:, axis]) for axis, bins in enumerate((PITCH_BINS, YAW_BINS)))
    for row, p, y, item in zip(keys, pitch, yaw, ticks.equip, strict=True):
        held = tuple(name for name, down in zip(names, row, strict=True) if down)
        yield Action(held, (float(p), float(y)), str(item))


def _nearest(bins: Sequence[float], degrees: np.ndarray) -> np.ndarray:
    gap = np.abs(compand(degrees)[:, None] - compand(np.array(bins))[None])
    return np.array(bins)[gap.argmin(1)]

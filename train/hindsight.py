"""Hindsight: where a demonstrator is about to go, told by what the demonstrator then did.

Cloning spends itself on inertia: most ticks repeat the one before, and an encoder learns little from them
of where to go. But a demo knows its own future. Its camera and movement keys, added up, say where in the
present view the demonstrator will be: in a few seconds, at the next decisive action, at the end. That bearing
needs no world and no privilege, so every data set of both eras has it; learning to tell it from single frames
teaches the encoder what is worth going to (compare goal relabelling, Andrychowicz et al. 2017, arXiv
1707.01495, and multi-step inverse models, Lamb et al. 2022, arXiv 2207.08229).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from basalt_iq.agent.actions import Ticks

#: Blocks a tick of a player on flat ground (minecraft.wiki, Transportation).
WALKING, SPRINTING, SNEAKING = 0.2159, 0.2806, 0.0655
#: Ticks ahead whose place is predicted.
HORIZONS = (20, 60, 200)
#: What is predicted of each tick, in the order of the labels' second axis.
TARGETS = (*(f"in {h} ticks" for h in HORIZONS), "next decisive action", "end")
#: Limits of the bearings' bins in degrees, left to right; beyond them all is one last bin.
EDGES = np.array([-60.0, -36.0, -12.0, 12.0, 36.0, 60.0])
BINS = len(EDGES)
#: A place nearer than this many blocks has no bearing.
NEAR = 1.0
#: Kinds of decisive actions. Their beginning counts: a key that stays down decides once.
KINDS = ("use", "take an item", "end")
UNKNOWN = -1
#: The names of the labels' arrays.
LABELS = ("bearing", "distance", "time", "kind")
#: Outputs that `loss` takes: bearings' bins, log distance and log time of every target, the kind's logits.
OUTPUTS = len(TARGETS) * (BINS + 2) + len(KINDS)
#: What `loss` measures: itself, its three parts, how often the side is right, of all places and of the end.
METRICS = ("hindsight", "bearing", "range", "kind", "side", "side_end")
Loss = tuple[Tensor, dict[str, Tensor]]
Count = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Hindsight:
    """Labels of N ticks. What the rest of the demo does not show is UNKNOWN, or NaN."""

    bearing: np.ndarray
    """(N, len(TARGETS)) int8: the bin of the place's bearing in the present view"""
    distance: np.ndarray
    """(N, len(TARGETS)) float32: log(1 + blocks) to it"""
    time: np.ndarray
    """(N, len(TARGETS)) float32: log(1 + ticks) until then"""
    kind: np.ndarray
    """(N,) int8: which decisive action comes next, an index into KINDS"""

    def at(self, ticks: np.ndarray | slice) -> Hindsight:
        """Of these ticks alone."""
        return Hindsight(*(array[ticks] for array in self.arrays().values()))

    def arrays(self) -> dict[str, np.ndarray]:
        """By name, as `loss` takes them."""
        return {name: getattr(self, name) for name in LABELS}

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays().values())

    def mirrored(self) -> Hindsight:
        """The same with left and right exchanged."""
        inside = (self.bearing >= 0) & (self.bearing < BINS - 1)
        bearing = np.where(inside, BINS - 2 - self.bearing, self.bearing).astype(np.int8)
        return Hindsight(bearing, self.distance, self.time, self.kind)


def dead_reckoning(ticks: Ticks) -> tuple[np.ndarray, np.ndarray]:
    """Where keys and camera lead on open ground: places (T+1, 2) in blocks, headings (T+1,) in degrees.

    The first place is the origin and looks along the second axis; a positive heading has turned right,
    towards the first. The camera turns before the feet move, as in Minecraft.
    """
    headings = np.concatenate([[0.0], np.cumsum(ticks.camera[:, 1], dtype=np.float64)])
    ahead, right = _pressed(ticks, "forward", "back"), _pressed(ticks, "right", "left")
    length = np.hypot(ahead, right)
    speed = np.where(_down(ticks, "sprint") & (ahead > 0), SPRINTING, WALKING)
    speed = np.where(_down(ticks, "sneak"), SNEAKING, speed) / np.maximum(length, 1.0)
    turn = np.radians(headings[1:])
    steps = speed[:, None] * np.stack(
        [ahead * np.sin(turn) + right * np.cos(turn), ahead * np.cos(turn) - right * np.sin(turn)], 1
    )
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, 0)]), headings


def decisive(ticks: Ticks) -> np.ndarray:
    """(T,) int8: the kind of decisive action that begins at each tick, UNKNOWN where none does."""
    kinds = np.full(len(ticks), UNKNOWN, np.int8)
    kinds[_begins(_down(ticks, "use"))] = KINDS.index("use")
    hotbar = [_down(ticks, name) for name in ticks.names if name.startswith("hotbar")]
    taken = np.logical_or.reduce([ticks.equip != "none", *hotbar])
    kinds[_begins(taken)] = KINDS.index("take an item")
    return kinds


def look_back(ticks: Ticks, ended: bool, reach: int | None = None) -> Hindsight:
    """The labels of every tick of a demo, which its player ended or (not `ended`) which was cut off.

    A place more than `reach` ticks ahead has no bearing and no distance: a frame does not tell it.
    """
    count = len(ticks)
    now = np.arange(count)
    kinds = decisive(ticks)
    if ended and count:
        kinds[-1] = KINDS.index("end")
    when = np.stack(
        [*(now + h for h in HORIZONS), _following(kinds), np.full(count, count if ended else -1)], 1
    )
    when[when > count] = UNKNOWN
    known = when >= 0
    places, headings = dead_reckoning(ticks)
    way = places[np.where(known, when, 0)] - places[now, None]
    near = known if reach is None else known & (when - now[:, None] <= reach)
    blocks = np.hypot(way[..., 0], way[..., 1])
    angle = np.degrees(np.arctan2(way[..., 0], way[..., 1])) - headings[now, None]
    bearing = np.where(near & (blocks >= NEAR), _bins(angle), UNKNOWN).astype(np.int8)
    nothing = np.float32(np.nan)
    ahead = np.where(known, np.log1p(np.maximum(when - now[:, None], 0)), nothing)
    following = _following(kinds)
    kind = np.where(following >= 0, kinds[np.maximum(following, 0)], UNKNOWN)
    distance = np.where(near, np.log1p(blocks), nothing)
    return Hindsight(bearing, distance.astype(np.float32), ahead.astype(np.float32), kind.astype(np.int8))


def unknown_outside(labels: Mapping[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    """The same labels, where `mask` (the leading shape) is false those of nothing."""
    nothing = {"bearing": UNKNOWN, "kind": UNKNOWN, "distance": math.nan, "time": math.nan}
    return {
        name: x.masked_fill(~mask.reshape(*mask.shape, *[1] * (x.ndim - mask.ndim)), nothing[name])
        for name, x in labels.items()
    }


def loss(told: Tensor, labels: Mapping[str, Tensor], everywhere: Count = lambda x: x) -> Loss:
    """How far the outputs `told` (..., OUTPUTS) are from labels of the same leading shape: (loss, metrics).

    The mean of three: cross-entropy of the known bearings, squared error of the known distances and times
    (both logarithms), cross-entropy of the known kinds. `labels` are a Hindsight's arrays as tensors.
    `everywhere` sums a count over the processes that share a batch; a mean is then this one's share of it.
    """
    count = len(TARGETS)
    bins, rest = told[..., : count * BINS], told[..., count * BINS :]
    bins = bins.unflatten(-1, (count, BINS))
    ranges, kinds = rest[..., : 2 * count].unflatten(-1, (2, count)), rest[..., 2 * count :]
    aim = _cross_entropy(bins, labels["bearing"], everywhere)
    wanted = torch.stack([labels["distance"], labels["time"]], -2)
    known = wanted.isfinite()
    reach = torch.where(known, (ranges - wanted.nan_to_num()) ** 2, 0).sum() / everywhere(known.sum()).clamp(
        min=1
    )
    what = _cross_entropy(kinds, labels["kind"], everywhere)
    total, end = (aim + reach + what) / 3, TARGETS.index("end")
    sides = (
        _right_side(b, w, everywhere)
        for b, w in ((bins, labels["bearing"]), (bins[..., end, :], labels["bearing"][..., end]))
    )
    values = (total, aim, reach, what, *sides)
    return total, {name: value.detach() for name, value in zip(METRICS, values, strict=True)}


def _cross_entropy(logits: Tensor, wanted: Tensor, everywhere: Count) -> Tensor:
    """Mean over the known, in nats; 0 where nothing is known."""
    flat, index = logits.flatten(0, -2), wanted.flatten().long()
    total = functional.cross_entropy(flat.float(), index, ignore_index=UNKNOWN, reduction="sum")
    return total / everywhere((index != UNKNOWN).sum()).clamp(min=1)


def _right_side(bins: Tensor, wanted: Tensor, everywhere: Count) -> Tensor:
    """Share of the places clearly to one side (within the view) that are told to lie on that side."""
    middle = (BINS - 1) // 2
    clear = (wanted >= 0) & (wanted < BINS - 1) & (wanted != middle)
    chances = bins.float().softmax(-1)
    right = chances[..., middle + 1 : BINS - 1].sum(-1) > chances[..., :middle].sum(-1)
    return ((right == (wanted > middle)) & clear).sum() / everywhere(clear.sum()).clamp(min=1)


def _bins(angle: np.ndarray) -> np.ndarray:
    """0 .. BINS - 2 from left to right within the edges, BINS - 1 for all else."""
    wrapped = (angle + 180.0) % 360.0 - 180.0
    inner = np.digitize(wrapped, EDGES) - 1
    return np.where((inner < 0) | (inner >= BINS - 1), BINS - 1, inner)


def _following(kinds: np.ndarray) -> np.ndarray:
    """(T,) the tick of the next decisive action at or after each, UNKNOWN where none follows."""
    at = np.where(kinds >= 0, np.arange(len(kinds)), len(kinds))
    following = np.minimum.accumulate(at[::-1])[::-1] if len(at) else at
    return np.where(following < len(kinds), following, UNKNOWN)


def _begins(down: np.ndarray) -> np.ndarray:
    return down & ~np.concatenate([[False], down[:-1]]) if len(down) else down


def _down(ticks: Ticks, name: str) -> np.ndarray:
    """(T,) bool; a key that the interface does not have is never down."""
    if name not in ticks.names:
        return np.zeros(len(ticks), bool)
    return ticks.buttons[:, ticks.names.index(name)].astype(bool)


def _pressed(ticks: Ticks, plus: str, minus: str) -> np.ndarray:
    """(T,) -1, 0 or 1: opposite keys cancel."""
    return _down(ticks, plus).astype(float) - _down(ticks, minus)

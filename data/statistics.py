"""What a demonstration holds: the numbers of `data check` and `data show`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated

import msgspec
import numpy as np

from basalt_iq.contract import TICK_SECONDS
from basalt_iq.data.steps import Steps

#: Edges in degrees of the histogram of camera movement a tick.
CAMERA_EDGES = (0, 0.5, 1, 2, 4, 8, 16, 32, 180)
_SHOWN = 12
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 48)]
_EACH = msgspec.Meta(min_length=len(CAMERA_EDGES), max_length=len(CAMERA_EDGES))


@dataclass(frozen=True)
class Counts:
    """Counts over ticks; add them to pool demonstrations."""

    ticks: Count = 0
    noops: Count = 0
    """Ticks on which nothing was done."""
    combinations: dict[str, Count] = field(default_factory=dict)
    """Keys held together, such as "forward+jump"; "" for none."""
    buttons: dict[str, Count] = field(default_factory=dict)
    equips: dict[str, Count] = field(default_factory=dict)
    camera: Annotated[tuple[Count, ...], _EACH] = (0,) * len(CAMERA_EDGES)
    """Ticks with no movement, then by the larger of pitch and yaw between the edges."""

    def __add__(self, other: Counts) -> Counts:
        return Counts.pool((self, other))

    @classmethod
    def pool(cls, parts: Iterable[Counts]) -> Counts:
        """All of them together."""
        ticks, noops, camera = 0, 0, np.zeros(len(CAMERA_EDGES), np.int64)
        pooled: dict[str, Counter[str]] = {name: Counter() for name in ("combinations", "buttons", "equips")}
        for part in parts:
            ticks, noops = ticks + part.ticks, noops + part.noops
            camera += np.array(part.camera, np.int64)
            for name, counter in pooled.items():
                counter.update(getattr(part, name))
        plain = {name: dict(counter) for name, counter in pooled.items()}
        return cls(ticks, noops, **plain, camera=tuple(camera.tolist()))

    @classmethod
    def of(
        cls, names: Sequence[str], buttons: np.ndarray, camera: np.ndarray, equips: Sequence[str]
    ) -> Counts:
        """Count the ticks of buttons (T, B), camera (T, 2) in degrees, and items asked for."""
        moved = np.abs(camera).max(axis=1, initial=0)
        asked = np.array([item != "none" for item in equips], bool)
        rows, counts = np.unique(buttons, axis=0, return_counts=True)
        held = {
            "+".join(np.array(names)[row.astype(bool)]): int(n) for row, n in zip(rows, counts, strict=True)
        }
        between = np.histogram(moved[moved > 0], CAMERA_EDGES)[0]
        return cls(
            ticks=len(buttons),
            noops=int((~buttons.any(axis=1) & (moved == 0) & ~asked).sum()),
            combinations=held,
            buttons=dict(zip(names, buttons.sum(axis=0, dtype=int).tolist(), strict=True)),
            equips=dict(Counter(item for item in equips if item != "none")),
            camera=(int((moved == 0).sum()), *between.tolist()),
        )

    @classmethod
    def of_steps(cls, steps: Steps) -> Counts:
        """Count the ticks of a demonstration."""
        equips = [steps.equip_values[i] for i in steps.equip.tolist()]
        return cls.of(steps.button_names, steps.buttons, steps.camera, equips)

    def coverage(self, sizes: Sequence[int] = (8, 16, 32, 64)) -> dict[int, float]:
        """Share of ticks that the n most frequent combinations of keys hold exactly."""
        ordered = np.cumsum(sorted(self.combinations.values(), reverse=True))
        return {
            n: float(ordered[min(n, len(ordered)) - 1] / max(1, self.ticks)) for n in sizes if len(ordered)
        }

    def facts(self) -> ActionFacts:
        """Shares of the ticks, for people and machines."""
        share = max(1, self.ticks)
        return ActionFacts(
            ticks=self.ticks,
            seconds=round(self.ticks * TICK_SECONDS, 2),
            noop_share=self.noops / share,
            buttons={name: count / share for name, count in _by_count(self.buttons) if count},
            combinations={
                name or "(none)": count / share for name, count in _by_count(self.combinations)[:_SHOWN]
            },
            distinct_combinations=len(self.combinations),
            coverage_of_most_frequent={str(n): value for n, value in self.coverage().items()},
            equips=dict(_by_count(self.equips)),
            camera_degrees={
                label: count / share for label, count in zip(camera_labels(), self.camera, strict=True)
            },
        )


@dataclass(frozen=True)
class ActionFacts:
    """What `data check --json` and `data show --json` say of actions; shares are of ticks."""

    ticks: int
    seconds: float
    noop_share: float
    buttons: dict[str, float]
    combinations: dict[str, float]
    """The most frequent ones."""
    distinct_combinations: int
    coverage_of_most_frequent: dict[str, float]
    equips: dict[str, int]
    camera_degrees: dict[str, float]


def _by_count(counts: dict[str, int]) -> list[tuple[str, int]]:
    return Counter(counts).most_common()


def camera_labels() -> list[str]:
    """Names of the columns of `Counts.camera`."""
    pairs = pairwise(CAMERA_EDGES)
    return ["0", *(f"{low}-{high}" for low, high in pairs)]


@dataclass(frozen=True)
class ActionList:
    """A discrete action set as the agent's checkpoint describes it: which keys each action holds."""

    actions: tuple[frozenset[str], ...]

    @classmethod
    def from_json(cls, value: object) -> ActionList:
        """Find the action list in a checkpoint's description. Raises ValueError if there is none."""
        while isinstance(value, dict):
            value = value.get("actions", value.get("action_set"))
        if not isinstance(value, list):
            raise ValueError("holds no action set")
        return cls(tuple(_keys(action) for action in value))

    def coverage(self, counts: Counts) -> float:
        """Share of ticks whose keys some action holds exactly."""
        held = set(self.actions)
        found = counts.combinations.items()
        covered = sum(count for name, count in found if frozenset(filter(None, name.split("+"))) in held)
        return covered / max(1, counts.ticks)


def _keys(action: object) -> frozenset[str]:
    keys = action.get("buttons") if isinstance(action, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("holds no action set")
    return frozenset(keys)

"""What a demonstration holds: the numbers of `data check` and `data show`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from basalt_iq.contract import TICK_SECONDS
from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Trajectory

#: Edges in degrees of the histogram of camera movement a tick.
CAMERA_EDGES = (0, 0.5, 1, 2, 4, 8, 16, 32, 180)
_SHOWN = 12


@dataclass
class Histogram:
    """Counts over ticks; add histograms to pool demonstrations."""

    ticks: int = 0
    noops: int = 0
    """Ticks on which nothing was done."""
    combinations: Counter[str] = field(default_factory=Counter)
    """Keys held together, such as "forward+jump"; "" for none."""
    buttons: Counter[str] = field(default_factory=Counter)
    equips: Counter[str] = field(default_factory=Counter)
    camera: np.ndarray = field(default_factory=lambda: np.zeros(len(CAMERA_EDGES), np.int64))
    """Ticks with no movement, then by the larger of pitch and yaw between the edges."""

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(
            self.ticks + other.ticks,
            self.noops + other.noops,
            self.combinations + other.combinations,
            self.buttons + other.buttons,
            self.equips + other.equips,
            self.camera + other.camera,
        )

    @classmethod
    def of(
        cls, names: Sequence[str], buttons: np.ndarray, camera: np.ndarray, equips: Sequence[str]
    ) -> Histogram:
        """Count the ticks of buttons (T, B), camera (T, 2) in degrees, and items asked for."""
        moved = np.abs(camera).max(axis=1, initial=0)
        asked = np.array([item != "none" for item in equips], bool)
        rows, counts = np.unique(buttons, axis=0, return_counts=True)
        held = {
            "+".join(np.array(names)[row.astype(bool)]): int(n) for row, n in zip(rows, counts, strict=True)
        }
        return cls(
            ticks=len(buttons),
            noops=int((~buttons.any(axis=1) & (moved == 0) & ~asked).sum()),
            combinations=Counter(held),
            buttons=Counter(dict(zip(names, buttons.sum(axis=0, dtype=int).tolist(), strict=True))),
            equips=Counter(item for item in equips if item != "none"),
            camera=np.r_[(moved == 0).sum(), np.histogram(moved[moved > 0], CAMERA_EDGES)[0]],
        )

    @classmethod
    def of_trajectory(cls, one: Steps | Trajectory) -> Histogram:
        """Count the ticks of a demonstration."""
        equips = [one.equip_values[i] for i in one.equip]
        return cls.of(one.button_names, one.buttons, one.camera, equips)

    def coverage(self, sizes: Sequence[int] = (8, 16, 32, 64)) -> dict[int, float]:
        """Share of ticks that the n most frequent combinations of keys hold exactly."""
        ordered = np.cumsum([count for _, count in self.combinations.most_common()])
        return {
            n: float(ordered[min(n, len(ordered)) - 1] / max(1, self.ticks)) for n in sizes if len(ordered)
        }

    def to_json(self) -> dict[str, Any]:
        share = max(1, self.ticks)
        common = self.combinations.most_common(_SHOWN)
        return {
            "ticks": self.ticks,
            "seconds": round(self.ticks * TICK_SECONDS, 2),
            "noop_share": self.noops / share,
            "buttons": {name: count / share for name, count in self.buttons.most_common() if count},
            "combinations": {name or "(none)": count / share for name, count in common},
            "distinct_combinations": len(self.combinations),
            "coverage_of_most_frequent": {str(n): value for n, value in self.coverage().items()},
            "equips": dict(self.equips.most_common()),
            "camera_degrees": dict(zip(camera_labels(), (self.camera / share).tolist(), strict=True)),
        }


def camera_labels() -> list[str]:
    """Names of the columns of `Histogram.camera`."""
    pairs = pairwise(CAMERA_EDGES)
    return ["0", *(f"{low}-{high}" for low, high in pairs)]


@dataclass(frozen=True)
class ActionList:
    """A discrete action set as the agent's checkpoint describes it: a list of actions in JSON."""

    actions: tuple[dict[str, Any], ...]

    @classmethod
    def from_json(cls, value: Any) -> ActionList:
        """Find the action list in a checkpoint's description. Raises ValueError if there is none."""
        while isinstance(value, dict):
            value = value.get("actions", value.get("action_set"))
        if not isinstance(value, list) or not all(_is_action(action) for action in value):
            raise ValueError("holds no action set")
        return cls(tuple(value))

    def coverage(self, histogram: Histogram) -> float:
        """Share of ticks whose keys some action holds exactly."""
        held = {frozenset(action["buttons"]) for action in self.actions}
        counts = histogram.combinations.items()
        covered = sum(count for name, count in counts if frozenset(filter(None, name.split("+"))) in held)
        return covered / max(1, histogram.ticks)


def _is_action(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("buttons"), list)

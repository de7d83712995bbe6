"""What the network sees: a small frame and a vector of what is not visible in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from basalt_iq import contract
from basalt_iq.frames import shrink


@dataclass(frozen=True)
class ObservationSpec:
    """An environment's observation as a frame (3, size, size) uint8 and a vector (vector_size,) float32.

    The vector holds each item's count divided by its starting count (an item that the player does not start
    with counts in whole stacks of 64), then the equipped item as one-hot. The 2022 interface has neither.
    """

    size: int
    items: tuple[str, ...]
    start_counts: tuple[float, ...]
    equip_values: tuple[str, ...]

    @classmethod
    def of(cls, task: str, era: int, size: int) -> ObservationSpec:
        known = contract.find_task(task)
        if era != 2021:
            return cls(size, (), (), ())
        start = known.start[2021]
        return cls(size, known.items, tuple(float(start.get(i, 64)) for i in known.items), known.equip)

    @property
    def vector_size(self) -> int:
        return len(self.items) + len(self.equip_values)

    def frame(self, observation: Mapping[str, Any]) -> np.ndarray:
        """(3, size, size) uint8, through the same reduction that prepared the demos."""
        return np.moveaxis(shrink(observation["pov"], self.size), -1, 0)

    def vector(self, observation: Mapping[str, Any]) -> np.ndarray:
        """(vector_size,) float32 of one observation."""
        return self.vectors_of([observation])[0]

    def vectors_of(self, observations: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """(N, vector_size) float32."""
        if not self.items:
            return np.zeros((len(observations), 0), np.float32)
        counts = np.array([[int(o["inventory"][item]) for item in self.items] for o in observations])
        return self.vectors(self.items, counts, np.array([equipped(o) for o in observations]))

    def vectors(self, items: Sequence[str], counts: np.ndarray, held: np.ndarray) -> np.ndarray:
        """(N, vector_size) float32 of counts (N, I) named by `items` and item names `held` (N,)."""
        if not self.items:
            return np.zeros((len(counts), 0), np.float32)
        columns = [list(items).index(item) for item in self.items]
        share = counts[:, columns] / np.array(self.start_counts)
        one_hot = held[:, None] == np.array(self.equip_values)
        return np.concatenate([np.minimum(share, 2.0), one_hot], 1).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def equipped(observation: Mapping[str, Any]) -> str:
    """The item in hand, "none" where the interface does not tell."""
    hand = observation.get("equipped_items")
    return str(hand["mainhand"]["type"]) if hand else "none"

"""The one place where the recurrent states of training sequences live (R2D2, Kapturowski et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from basalt_iq.agent.network import Carry

#: Bytes of memory for states. Where there are more of them than fit, the oldest are forgotten.
MOST_BYTES = 512 << 20


class StoredStates:
    """For each episode the memory at every `grid`-th step; whatever passes over it refreshes it.

    Row m of an episode is the carry before step `m * grid - burn_in`. Row 0 is never real: episodes start
    with an empty memory, and so does what was not passed over yet.
    """

    def __init__(self, lengths: Iterable[int], hidden: int, grid: int, most_bytes: int = MOST_BYTES):
        self.grid, self.hidden = grid, hidden
        self.most = max(1, most_bytes // (2 * hidden * 4))
        self._rows: list[int] = []
        self._dropped = 0
        self._slots: dict[tuple[int, int], int] = {}
        """(serial number of the episode, row) -> where in the pool; the oldest come first."""
        self._free: list[int] = []
        self._pool = torch.zeros(0, 2, hidden)
        for length in lengths:
            self.append(length)

    def append(self, length: int) -> None:
        """A new episode of `length` steps."""
        self._rows.append(length // self.grid + 1)

    def drop_first(self, count: int) -> None:
        """Forget the oldest episodes; the indices of the others move down."""
        del self._rows[:count]
        self._dropped += count
        for place in [place for place in self._slots if place[0] < self._dropped]:
            self._free.append(self._slots.pop(place))

    def read(self, episode: Tensor, start: Tensor) -> Carry:
        """The carry at the first burn-in column of windows from `start` (B,), multiples of grid."""
        slots = [self._slots.get(place, -1) for place in self._places(episode, start)]
        state = torch.zeros(len(slots), 2, self.hidden)
        for row, slot in enumerate(slots):
            if slot >= 0:
                state[row] = self._pool[slot]
        return state[:, 0].contiguous(), state[:, 1].contiguous()

    def write(self, episode: Tensor, start: Tensor, carry: Carry) -> None:
        """Replace the states at those windows' first columns; past the end of an episode there is none."""
        state = torch.stack([part.detach().cpu() for part in carry], 1)
        for new, (serial, row) in zip(state, self._places(episode, start), strict=True):
            if row < self._rows[serial - self._dropped]:
                slot = self._slot((serial, row))  # may put a larger pool in the place of this one
                self._pool[slot] = new

    def state_dict(self) -> dict[str, Any]:
        """The rows of each episode, and (episode, row) and state of all that is stored, the oldest first."""
        places = [[serial - self._dropped, row] for serial, row in self._slots]
        return {
            "rows": list(self._rows),
            "places": torch.tensor(places, dtype=torch.int64).reshape(-1, 2),
            "states": self._pool[list(self._slots.values())],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._rows, self._dropped, self._slots, self._free = list(state["rows"]), 0, {}, []
        self._pool = state["states"].clone()
        self._slots = {(e, row): slot for slot, (e, row) in enumerate(state["places"].tolist())}

    def _places(self, episode: Tensor, start: Tensor) -> Iterator[tuple[int, int]]:
        rows = (start // self.grid).tolist()
        return ((self._dropped + e, row) for e, row in zip(episode.tolist(), rows, strict=True))

    def _slot(self, place: tuple[int, int]) -> int:
        """Where the state of a place lies; a place that is new takes a free slot, or the oldest one's."""
        if place in self._slots:
            return self._slots[place]
        if not self._free and len(self._slots) < self.most:
            self._grow()
        slot = self._free.pop() if self._free else self._slots.pop(next(iter(self._slots)))
        self._slots[place] = slot
        return slot

    def _grow(self) -> None:
        before, count = len(self._pool), min(self.most, max(256, 2 * len(self._pool)))
        self._pool = torch.cat([self._pool, torch.zeros(count - before, 2, self.hidden)])
        self._free = list(range(count - 1, before - 1, -1))


def upgraded(state: dict[str, Any]) -> dict[str, Any]:
    """The states of version 0.1, which kept all rows of every episode, as `load_state_dict` takes them."""
    if "places" in state:
        return state
    every = [[e, row] for e, rows in enumerate(state["rows"]) for row in range(rows)]
    places = torch.tensor(every, dtype=torch.int64).reshape(-1, 2)
    stored = state["states"].reshape(len(places), -1).any(1)
    return {"rows": state["rows"], "places": places[stored], "states": state["states"][stored]}

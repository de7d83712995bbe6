"""The one place where the recurrent states of training sequences live (R2D2, Kapturowski et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from basalt_iq.agent.network import Carry


class StoredStates:
    """For each episode the memory at every `grid`-th step; whatever passes over it refreshes it.

    Row m of an episode is the carry before step `m * grid - burn_in`. Row 0 is never real: episodes start
    with an empty memory.
    """

    def __init__(self, lengths: Iterable[int], hidden: int, grid: int):
        self.grid, self.hidden = grid, hidden
        self._episodes: list[Tensor] = []
        for length in lengths:
            self.append(length)

    def append(self, length: int) -> None:
        """A new episode of `length` steps."""
        self._episodes.append(torch.zeros(length // self.grid + 1, 2, self.hidden))

    def drop_first(self, count: int) -> None:
        """Forget the oldest episodes; the indices of the others move down."""
        del self._episodes[:count]

    def read(self, episode: Tensor, start: Tensor) -> Carry:
        """The carry at the first burn-in column of windows from `start` (B,), multiples of grid."""
        rows = zip(episode.tolist(), (start // self.grid).tolist(), strict=True)
        state = torch.stack([self._episodes[e][row] for e, row in rows])
        return state[:, 0].contiguous(), state[:, 1].contiguous()

    def write(self, episode: Tensor, start: Tensor, carry: Carry) -> None:
        """Replace the states at those windows' first columns; past the end of an episode there is none."""
        state = torch.stack([part.detach().cpu() for part in carry], 1)
        for new, e, row in zip(state, episode.tolist(), (start // self.grid).tolist(), strict=True):
            if row < len(self._episodes[e]):
                self._episodes[e][row] = new

    def state_dict(self) -> dict[str, Any]:
        rows = [len(states) for states in self._episodes]
        return {"rows": rows, "states": torch.cat(self._episodes) if rows else torch.zeros(0)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._episodes = (
            [part.clone() for part in state["states"].split(state["rows"])] if state["rows"] else []
        )

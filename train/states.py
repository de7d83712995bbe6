"""The one place where the recurrent states of training sequences live (R2D2, Kapturowski et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from basalt_iq.agent.network import Carry


class StoredStates:
    """For each episode the memory at every `grid`-th step; whatever passes over it refreshes it.

    Row m of an episode is the carry before step `m * grid - burn_in`. Row 0 is never real: episodes start
    with an empty memory.
    """

    def __init__(self, lengths: Sequence[int], hidden: int, grid: int):
        self.grid = grid
        rows = torch.tensor([length // grid + 1 for length in lengths])
        self._first = torch.cumsum(rows, 0) - rows
        self._last = self._first + rows - 1
        self._states = torch.zeros(int(rows.sum()), 2, hidden)

    def read(self, episode: Tensor, start: Tensor) -> Carry:
        """The carry at the first burn-in column of windows from `start` (B,), multiples of grid."""
        state = self._states[self._first[episode] + start // self.grid]
        return state[:, 0].contiguous(), state[:, 1].contiguous()

    def write(self, episode: Tensor, start: Tensor, carry: Carry) -> None:
        """Replace the states at those windows' first columns; past the end of an episode there is none."""
        rows = self._first[episode] + start // self.grid
        inside = rows <= self._last[episode]
        self._states[rows[inside]] = torch.stack([part.detach().cpu() for part in carry], 1)[inside]

    def state_dict(self) -> dict[str, Tensor]:
        return {"states": self._states.clone()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        if state["states"].shape != self._states.shape:
            raise ValueError(f"stored states {tuple(state['states'].shape)}, not {tuple(self._states.shape)}")
        self._states.copy_(state["states"])

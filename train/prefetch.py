"""Drawing the next batch in a thread while the learner works on this one."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from basalt_iq.data.sampler import Sequences, SequenceSampler
from basalt_iq.train.profile import Profile

Drawn = tuple[Sequences, dict[str, Any]]


class Prefetch:
    """A sampler with two buffers, always one batch ahead. Its state is that of the batch last given out:
    a run that continues draws the waiting one again."""

    def __init__(self, sampler: SequenceSampler, profile: Profile):
        self.sampler, self.profile = sampler, profile
        self._thread = ThreadPoolExecutor(1, "prefetch")
        self._next: Future[Drawn] | None = None
        self._state = sampler.state_dict()

    def sample(self) -> Sequences:
        """The next batch. Its arrays stay as they are until the call after the next."""
        with self.profile.part("waiting for a batch"):
            batch, self._state = (self._next or self._thread.submit(self._draw)).result()
        self._next = self._thread.submit(self._draw)
        return batch

    def close(self) -> None:
        self._thread.shutdown()

    def state_dict(self) -> dict[str, Any]:
        return self._state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue after the batch at which `state_dict` was taken."""
        if self._next is not None:
            self._next.result()
            self._next = None
        self.sampler.load_state_dict(state)
        self._state = self.sampler.state_dict()

    def _draw(self) -> Drawn:
        with self.profile.in_thread("drawing batches"):
            return self.sampler.sample(), self.sampler.state_dict()

"""What the policy played, on disk: the newest episodes within a number of bytes, memory-mapped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.data.sampler import SampledEpisode, SequenceSampler
from basalt_iq.files import make_folder, write_folder
from basalt_iq.train.stored_states import StoredStates

ARRAYS = ("frames", "action", "vector")


class Replay:
    """Whole episodes and the memory states along them. The page cache keeps hot ones in memory.

    Files leave the disk only at `sweep`, after a checkpoint no longer needs them.
    """

    def __init__(self, folder: Path, max_bytes: int, states: StoredStates, **sampling: Any):
        """`sampling`: the arguments of the SequenceSampler, apart from its episodes."""
        self.folder, self.max_bytes, self.states = make_folder(folder), max_bytes, states
        self._names: list[str] = []
        self._episodes: list[SampledEpisode] = []
        self._bytes: list[int] = []
        self._next = 0
        self._floor = 0
        """Number of the oldest episode that the checkpoint before the newest may need."""
        self._sampling = sampling
        self._sampler: SequenceSampler | None = None

    def __len__(self) -> int:
        return len(self._episodes)

    @property
    def steps(self) -> int:
        return sum(episode.length for episode in self._episodes)

    def add(self, episode: SampledEpisode) -> None:
        """Keep an episode with steps `action` and `vector`; the oldest go when the bytes are too many."""
        name = f"{self._next:09d}-{'ended' if episode.terminal else 'cut'}"
        arrays = {"frames": episode.frames, **episode.steps}

        def write(temporary: Path) -> None:
            for array in ARRAYS:
                np.save(temporary / f"{array}.npy", arrays[array])

        write_folder(self.folder / name, write)
        self._next += 1
        self.states.append(episode.length)
        self._open(name)
        while len(self._episodes) > 1 and sum(self._bytes) > self.max_bytes:
            self._forget_oldest()
        self._refresh()

    def sample(self) -> Any:
        """A batch of sequences (see SequenceSampler), or None while nothing has been played."""
        return self._sampler.sample() if self._sampler else None

    def sweep(self) -> None:
        """After a checkpoint: delete the files that neither it nor the one before it needs."""
        for folder in self.folder.iterdir():
            if _number(folder.name) < self._floor:
                shutil.rmtree(folder, ignore_errors=True)
        self._floor = self._oldest()

    def _oldest(self) -> int:
        return _number(self._names[0]) if self._names else self._next

    def state_dict(self) -> dict[str, Any]:
        sampler = self._sampler.state_dict() if self._sampler else None
        return {"names": list(self._names), "next": self._next, "sampler": sampler}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Episodes as they were; the memory states are the learner's to bring back."""
        self._next = state["next"]
        for name in state["names"]:
            self._open(name)
        self._refresh()
        if self._sampler and state["sampler"]:
            self._sampler.load_state_dict(state["sampler"])
        self._floor = self._oldest()

    def _open(self, name: str) -> None:
        frames, action, vector = (np.load(self.folder / name / f"{a}.npy", mmap_mode="r") for a in ARRAYS)
        steps = {"action": action, "vector": vector}
        self._names.append(name)
        self._episodes.append(SampledEpisode(frames, steps, terminal=name.endswith("ended")))
        self._bytes.append(frames.nbytes + action.nbytes + vector.nbytes)

    def _forget_oldest(self) -> None:
        for kept in (self._names, self._episodes, self._bytes):
            del kept[0]
        self.states.drop_first(1)

    def _refresh(self) -> None:
        if not self._episodes:
            return
        if self._sampler is None:
            self._sampler = SequenceSampler(self._episodes, **self._sampling)
        self._sampler.use(self._episodes)


def _number(name: str) -> int:
    """Of an episode's folder; what a kill left half-written is older than all."""
    number = name.partition("-")[0]
    return int(number) if number.isdigit() else -1

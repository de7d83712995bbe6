"""Open the store named on the command line, sample from it, and print start time and memory.

A process of its own, with nothing in it but what sampling needs; `benchmarks/data.py` runs it.
"""

import json
import sys
import time
from pathlib import Path

from basalt_iq.data.sampler import SequenceSampler
from basalt_iq.data.store import Store, Trajectory

BATCH, LENGTH, STACK = 32, 64, 4


class OnDisk:
    """A trajectory as the sampler takes it (see `Windowed`)."""

    terminal = True

    def __init__(self, trajectory: Trajectory):
        self.length, self.frames, self.rows = trajectory.length, trajectory.frames, trajectory.rows

    def window(self, first: int, stop: int) -> dict:
        rows = self.rows.read(first, stop)
        return {name: rows[name] for name in ("camera", "buttons", "inventory")}


def sampler_of(store: Store) -> SequenceSampler:
    """Frames, keys, camera and inventory of every trajectory, all read from the disk."""
    episodes = [OnDisk(one) for one in store.select()]
    return SequenceSampler(episodes, batch=BATCH, length=LENGTH, stack=STACK, seed=0)


def private_megabytes() -> float:
    """Memory that is this process's alone."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1000


def clean_megabytes() -> float:
    """Pages of files that only this process has mapped at the moment: the kernel drops them at will."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Clean")) / 1000


def main(path: str) -> None:
    before = private_megabytes() - clean_megabytes()
    wall, cpu = time.perf_counter(), time.process_time()
    sampler = sampler_of(Store.open(path))
    sampler.sample()
    result = {"start_seconds": time.perf_counter() - wall, "start_cpu_seconds": time.process_time() - cpu}
    for _ in range(100):
        sampler.sample()
    after = private_megabytes() - clean_megabytes()
    print(json.dumps(result | {"private_megabytes": after, "of_which_by_sampling": after - before}))


if __name__ == "__main__":
    main(sys.argv[1])

"""A stand-in for VectorWorld: no process, no rendering, an outcome that the seed tells."""

import numpy as np

from basalt_iq.world.contract import find_task
from basalt_iq.world.vector import WorkerError


class FakeWorlds:
    """Seed s lasts 5 + s % 4 steps and succeeds when s is even. Seeds in BREAKS kill the worker."""

    BREAKS: frozenset[int] = frozenset()
    NOISE: frozenset[int] = frozenset()
    played: list[int] = []  # noqa: RUF012
    busiest = 0

    def __init__(self, task, count, workers, era, max_steps, build):
        self.count, self.max_steps, self.state = count, max_steps or 3600, {}

    def reset(self, seeds):
        assert all(slot < self.count for slot in seeds)
        self.state |= {slot: [seed, 0] for slot, seed in seeds.items()}
        type(self).played += seeds.values()
        return {slot: (self._see(slot), {"progress": 0.0}) for slot in seeds}

    def step(self, actions):
        type(self).busiest = max(self.busiest, len(actions))
        return {slot: self._step(slot) for slot in actions}

    def _step(self, slot):
        seed, step = self.state[slot]
        self.state[slot][1] = step = step + 1
        if step == 3 and seed in self.BREAKS:
            raise WorkerError(f"world worker 0 (slots {slot}) died (exit code -9)")
        if step == 3 and seed in self.NOISE:
            return self._see(slot), True, False, {"error": "timed out"}
        ended = step >= 5 + seed % 4
        info = {"progress": step / 10}
        if ended or step >= self.max_steps:
            info |= {"success": ended and seed % 2 == 0, "score": 0.5, "reasons": ["because"]}
        return self._see(slot), ended, not ended and step >= self.max_steps, info

    def _see(self, slot):
        seed, step = self.state[slot]
        inventory = dict.fromkeys(find_task("FindCave").items, 1)
        mainhand = {"type": "none", "damage": 0, "maxDamage": 0}
        pov = np.full((64, 64, 3), 10 * step, np.uint8)
        return {"pov": pov, "inventory": inventory, "equipped_items": {"mainhand": mainhand}, "seed": seed}

    def close(self):
        pass

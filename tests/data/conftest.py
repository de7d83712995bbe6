"""Small demonstrations with known contents."""

import numpy as np
import pytest

from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Store


def steps(length=5, task="FindCave", seed=0, **meta):
    random = np.random.default_rng(seed)
    return Steps(
        task=task,
        era=2021,
        button_names=("attack", "forward"),
        buttons=random.integers(0, 2, (length, 2)).astype(np.uint8),
        camera=random.normal(size=(length, 2)).astype(np.float32),
        equip_values=("none", "snowball"),
        equip=random.integers(0, 2, length).astype(np.int16),
        equipped=random.integers(0, 2, length + 1).astype(np.int16),
        items=("snowball",),
        inventory=random.integers(0, 2, (length + 1, 1)).astype(np.int32),
        meta=meta,
    )


@pytest.fixture
def make_steps():
    return steps


@pytest.fixture
def fill():
    """fill(store, name, steps): a trajectory whose frame k is all k."""

    def fill(store: Store, name: str, steps: Steps):
        with store.writer(name) as writer:
            for k in range(steps.length + 1):
                writer.append(np.full((3, store.size, store.size), k % 256, np.uint8))
            writer.commit(steps)

    return fill

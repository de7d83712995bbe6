"""A small store of demos with a rule to learn: what the frame shows decides the action."""

from types import SimpleNamespace

import numpy as np
import pytest
from fixtures import tiny_training as tiny
from fixtures.rule import steps

from basalt_iq.data.store import Store


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "store"
    made, rng = Store.create(path, size=64), np.random.default_rng(0)
    for demo in range(6):
        record, bright = steps(40 + 7 * demo, rng)
        with made.writer(f"demo-{demo}") as writer:
            for value in bright:
                writer.append(rng.integers(150 * value, 150 * value + 100, (3, 64, 64)).astype(np.uint8))
            writer.commit(record)
    return path


@pytest.fixture(scope="session")
def trained(store, tmp_path_factory):
    """A run of 4 updates, checkpoints at 2 and 4, and its `store`. Not to be changed: copy it."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    tiny.run(store, folder)
    return SimpleNamespace(run=folder, store=store)

"""A small store of demos with a rule to learn: what the frame shows decides the action."""

import numpy as np
import pytest

from basalt_iq import contract
from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Store

TASK = contract.find_task("FindCave")
BUTTONS = contract.BUTTONS[2021]


def steps(length: int, rng: np.random.Generator) -> tuple[Steps, np.ndarray]:
    """Bright frames mean forward, dark ones a turn; the last step throws. Also returns the brightness."""
    bright = rng.integers(0, 2, length + 1)
    buttons = np.zeros((length, len(BUTTONS)), np.uint8)
    buttons[:, BUTTONS.index("forward")] = bright[:-1]
    buttons[-1] = 0
    buttons[-1, BUTTONS.index("use")] = 1
    camera = np.zeros((length, 2), np.float32)
    camera[:, 1] = np.where(bright[:-1] == 0, 4.0, 0.0)
    held = np.full(length + 1, TASK.equip.index("snowball"), np.int16)
    inventory = np.zeros((length + 1, len(TASK.items)), np.int32)
    inventory[:, TASK.items.index("snowball")] = 1
    equip = np.full(length, TASK.equip.index("none"), np.int16)
    return Steps(
        task="FindCave", era=2021, button_names=BUTTONS, buttons=buttons, camera=camera,
        equip_values=TASK.equip, equip=equip, equipped=held, items=TASK.items, inventory=inventory,
    ), bright  # fmt: skip


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

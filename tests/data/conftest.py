"""Small demonstrations with known contents."""

import numpy as np
import pytest

from basalt_iq.data import era2021, era2022
from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Store
from basalt_iq.data.video import write_video
from basalt_iq.world.contract import BUTTONS, find_task


class Demos:
    """Makes demonstrations whose frames tell their number."""

    @staticmethod
    def steps(length=5, task="FindCave", seed=0, **meta) -> Steps:
        """Random steps of a small made-up interface."""
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

    @staticmethod
    def steps_2021(length=30, task="FindCave", seed=0) -> Steps:
        """Random steps of the real 2021 interface, the snowball thrown before the end."""
        random, spec = np.random.default_rng(seed), find_task(task)
        inventory = random.integers(0, 65, (length + 1, len(spec.items))).astype(np.int32)
        inventory[:, spec.items.index("snowball")] = np.arange(length + 1) < max(1, length - 12)
        return Steps(
            task=spec.name,
            era=2021,
            button_names=BUTTONS[2021],
            buttons=random.integers(0, 2, (length, 9)).astype(np.uint8),
            camera=random.normal(scale=5, size=(length, 2)).astype(np.float32),
            equip_values=spec.equip,
            equip=random.integers(0, len(spec.equip), length).astype(np.int16),
            equipped=random.integers(0, len(spec.equip), length + 1).astype(np.int16),
            items=spec.items,
            inventory=inventory,
        )

    @staticmethod
    def steps_2022(length=30, task="FindCave", seed=0, esc=True) -> Steps:
        """Random steps of the real 2022 interface, ESC on the last tick and no other."""
        random, names = np.random.default_rng(seed), BUTTONS[2022]
        buttons = (random.random((length, len(names))) < 0.2).astype(np.uint8)
        hotbar = [i for i, name in enumerate(names) if name.startswith("hotbar")]
        # Keys to change the slot are pressed one at a time, for one tick, and never for the slot held.
        buttons[:, hotbar] = 0
        for press, tick in enumerate(range(3, length, 7)):
            buttons[tick, hotbar[(press + 1) % 9]] = 1
        buttons[:, names.index("ESC")] = 0
        buttons[-1, names.index("ESC")] = esc
        return Steps(
            task=find_task(task).name,
            era=2022,
            button_names=names,
            buttons=buttons,
            camera=random.normal(scale=5, size=(length, 2)).astype(np.float32),
            equip_values=("none",),
            equip=np.zeros(length, np.int16),
            equipped=np.zeros(length + 1, np.int16),
            items=(),
            inventory=np.zeros((length + 1, 0), np.int32),
        )

    @staticmethod
    def frame(number, height=64, width=64):
        """A frame that shows 16 bits as a 4x4 board, to survive any codec and resizing."""
        board = np.array([(number >> bit) & 1 for bit in range(16)], np.uint8).reshape(4, 4)
        board = np.kron(board * 160 + 40, np.ones((height // 4, width // 4), np.uint8))
        return np.repeat(board[..., None], 3, axis=2)

    @staticmethod
    def number(frame):
        """The number of a stored frame (3, size, size)."""
        size = frame.shape[1] // 4
        bits = frame[0].reshape(4, size, 4, size).mean(axis=(1, 3)).reshape(16) > 120
        return int((bits * (1 << np.arange(16))).sum())

    def write_2021(self, root, name="v4_calm_fig_troll-1_0-30", steps=None, lead_in=0, after=0, **extra):
        """Write a stream whose state k is frame 1000 + k, after lead-in frames 0, 1, ..."""
        steps = steps or self.steps_2021()
        folder = root / find_task(steps.task).env_id / name
        folder.mkdir(parents=True)
        numbers = [*range(lead_in), *range(1000, 1000 + steps.length + 1), *range(after)]
        write_video(folder / era2021.VIDEO, map(self.frame, numbers))
        wear = np.full((steps.length + 1, 2), -1)
        era2021.write_stream(folder, steps, wear, lead_in + steps.length + 1, extra)
        return folder

    def write_2022(self, root, demo="calm-fig-troll-000000000001", steps=None, sizes=None, **about):
        """Write a demo in chunks of the given ticks (one chunk unless told); state k is frame 1000 + k."""
        steps = steps or self.steps_2022()
        folder = root / find_task(steps.task).env_id
        folder.mkdir(parents=True, exist_ok=True)
        sizes = sizes or [steps.length]
        pairs = [era2022.Pair(folder / f"{demo}-20220701-00{5 * i:02}00") for i in range(len(sizes))]
        start = 0
        for i, (pair, size) in enumerate(zip(pairs, sizes, strict=True)):
            count = size + (i == len(sizes) - 1)
            frames = (self.frame(1000 + k, 90, 160) for k in range(start, start + count))
            write_video(pair.video, frames)
            start += size
        era2022.write_actions_of(pairs, steps, about, sizes)
        return pairs


@pytest.fixture
def demos():
    return Demos()


@pytest.fixture
def make_steps():
    return Demos.steps


@pytest.fixture
def fill():
    """fill(store, name, steps): a trajectory whose frame k is all k."""

    def fill(store: Store, name: str, steps: Steps):
        with store.writer(name) as writer:
            for k in range(steps.length + 1):
                writer.append(np.full((3, store.size, store.size), k % 256, np.uint8))
            writer.commit(steps)

    return fill


@pytest.fixture
def same():
    """same(a, b): two Steps or trajectories hold the same actions and states."""

    def same(one, other):
        names = ("buttons", "camera", "equip", "equipped", "inventory")
        arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
        facts = ("task", "era", "button_names", "equip_values", "items")
        return arrays and all(getattr(one, name) == getattr(other, name) for name in facts)

    return same

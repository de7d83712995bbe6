"""The real minerl 0.4.4 reads what we write: its Python package without Java, in its own environment."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from fixtures import foreign

from basalt_iq.contract import find_task
from basalt_iq.data.era2021 import Stream2021
from basalt_iq.data.sources import find_sources
from basalt_iq.play.record import Recipe, record

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def minerl_python():
    """The Python of the environment, made on first use and kept between runs."""
    try:
        return foreign.interpreter("minerl-0.4")
    except RuntimeError as error:
        pytest.skip(str(error))


def read_with_minerl(python, root, env_id, out):
    command = [python, HERE / "read_with_minerl.py", root, env_id, out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(out) as arrays:
        return {key: arrays[key] for key in arrays.files}


def read_with_ours(folder, task):
    frames = []
    steps = Stream2021(folder, find_task(task)).read(64, frames.append)
    return steps, np.array(frames).transpose(0, 2, 3, 1)


def assert_same_actions(theirs, steps):
    for i, button in enumerate(steps.button_names):
        assert np.array_equal(theirs[f"action/{button}"], steps.buttons[:, i]), button
    assert np.array_equal(theirs["action/camera"], steps.camera)
    assert theirs["action/equip"].tolist() == [steps.equip_values[i] for i in steps.equip]


def assert_same_states(theirs, steps):
    for i, item in enumerate(steps.items):
        assert np.array_equal(theirs[f"observation/inventory/{item}"], steps.inventory[:-1, i]), item
    held = theirs["observation/equipped_items/mainhand/type"].tolist()
    assert held == [steps.equip_values[i] for i in steps.equipped[:-1]]


def assert_same_frames(theirs, frames):
    """Equal up to the colour conversion; the other reader repeats the last frame but one as the last."""
    shown = [*frames[:-1], frames[-2]]
    for one, other in ((theirs["observation/pov"], shown[:-1]), (theirs["next_pov"], shown[1:])):
        assert np.abs(one.astype(int) - np.array(other)).mean(axis=(1, 2, 3)).max() < 3


@pytest.mark.slow
@pytest.mark.parametrize("task", ["FindCave", "BuildVillageHouse"])
def test_the_real_reader_sees_every_step_as_we_do(tmp_path, demos, minerl_python, task):
    root = tmp_path / "data"
    demos.write_2021(root, "v4_calm_fig_troll-1_0-30", demos.steps_2021(task=task, seed=1))
    demos.write_2021(root, "v4_calm_fig_troll-2_0-45", demos.steps_2021(45, task, seed=2), lead_in=7)
    if task == "FindCave":
        record(Recipe(root, task, max_steps=50), 1, 3, workers=1)
    (root / "VERSION").write_text("4")
    env_id = find_task(task).env_id
    read = read_with_minerl(minerl_python, root, env_id, tmp_path / "out.npz")
    folders = [source.folder for source in find_sources(root)[0]]
    assert {key.split("/")[0] for key in read} == {folder.name for folder in folders} | {"batches"}
    seen = {}
    for folder in folders:
        steps, frames = read_with_ours(folder, task)
        theirs = {key.partition("/")[2]: array for key, array in read.items() if key.startswith(folder.name)}
        assert_same_actions(theirs, steps)
        assert_same_states(theirs, steps)
        assert_same_frames(theirs, frames)
        assert theirs["done"].tolist() == [False] * (steps.length - 1) + [True]
        seen[folder.name] = steps
    batches = {key.partition("/")[2]: array for key, array in read.items() if key.startswith("batches/")}
    assert_batches_hold_the_same(batches, seen)


def assert_batches_hold_the_same(batches, demonstrations):
    """BufferedBatchIter shuffles steps of all streams; the camera tells them apart in the synthetic ones."""
    actions = {}
    for steps in demonstrations.values():
        for tick in range(steps.length):
            key = (*steps.camera[tick].tolist(), *steps.inventory[tick].tolist())
            actions.setdefault(key, []).append(steps.buttons[tick].tolist())
    total = sum(steps.length for steps in demonstrations.values())
    assert len(batches["done"]) == total - total % 5
    names = next(iter(demonstrations.values()))
    for row in range(len(batches["done"])):
        items = [int(batches[f"observation/inventory/{item}"][row]) for item in names.items]
        buttons = [int(batches[f"action/{button}"][row]) for button in names.button_names]
        assert buttons in actions[(*batches["action/camera"][row].tolist(), *items)]

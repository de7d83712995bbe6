import contextlib
import dataclasses
import json
import socket
import subprocess
import sys

import numpy as np
import pytest

from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.files import PARTIAL, sweep


def test_a_trajectory_comes_back_as_it_was_written(tmp_path, make_steps, fill):
    store = Store.create(tmp_path / "store", size=8)
    written = make_steps(length=5, success=True)
    fill(store, "brave", written)
    (read,) = Store.open(tmp_path / "store").select("FindCave")
    assert (read.name, read.task, read.era, read.length) == ("brave", "FindCave", 2021, 5)
    assert read.button_names == ("attack", "forward")
    assert read.items == ("snowball",)
    assert read.equip_values == ("none", "snowball")
    assert read.meta == {"success": True}
    assert read.frames.shape == (6, 3, 8, 8)
    assert read.frames[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    for name in ("buttons", "camera", "equip", "inventory", "equipped"):
        array, original = getattr(read, name), getattr(written, name)
        assert array.dtype == original.dtype
        assert np.array_equal(array, original)


def test_an_era_without_inventory_is_stored_too(tmp_path, make_steps, fill):
    store = Store.create(tmp_path, size=8)
    fill(store, "a", dataclasses.replace(make_steps(), items=(), inventory=np.zeros((6, 0), np.int32)))
    assert store.select()[0].inventory.shape == (6, 0)


def test_select_sorts_by_name_and_filters_by_task(tmp_path, make_steps, fill):
    store = Store.create(tmp_path, size=8)
    for name, task in (("b", "FindCave"), ("a", "FindCave"), ("c", "MakeWaterfall")):
        fill(store, name, make_steps(task=task))
    assert [t.name for t in store.select("FindCave")] == ["a", "b"]
    assert [t.name for t in store.select()] == ["a", "b", "c"]
    assert store.select("BuildVillageHouse") == []


def test_a_failed_write_leaves_nothing(tmp_path):
    store = Store.create(tmp_path, size=8)
    with contextlib.suppress(RuntimeError), store.writer("a") as writer:
        writer.append(np.zeros((3, 8, 8), np.uint8))
        raise RuntimeError
    assert store.select() == []
    assert list((tmp_path / PARTIAL).iterdir()) == []


def test_frames_and_steps_must_agree(tmp_path, make_steps):
    store = Store.create(tmp_path, size=8)
    with store.writer("a") as writer:
        writer.append(np.zeros((3, 8, 8), np.uint8))
        with pytest.raises(ValueError, match="1 frames for 5 steps"):
            writer.commit(make_steps(length=5))
    assert store.select() == []


def test_the_second_writer_of_a_name_yields(tmp_path, make_steps, fill):
    store = Store.create(tmp_path, size=8)
    fill(store, "a", make_steps(seed=1))
    fill(store, "a", make_steps(seed=2))
    (only,) = store.select()
    assert np.array_equal(only.camera, make_steps(seed=1).camera)


def test_sweep_removes_what_dead_writers_left_and_nothing_else(tmp_path):
    store = Store.create(tmp_path, size=8)
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    with store.writer("mine"):
        (mine,) = (tmp_path / PARTIAL).iterdir()
        dead = tmp_path / PARTIAL / f"{socket.gethostname()}-{int(child.stdout)}-theirs"
        dead.mkdir()
        sweep(tmp_path)
        assert not dead.exists()
        assert mine.exists()


@pytest.mark.parametrize(
    ("manifest", "message"),
    [(None, "no demo store"), ("{", "unreadable"), (json.dumps({"version": 99}), "format 99")],
)
def test_a_folder_that_is_no_store_is_named(tmp_path, manifest, message):
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(UserError, match=message) as caught:
        Store.open(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_store_keeps_its_frame_size_and_options(tmp_path):
    Store.create(tmp_path, size=64, null_ticks="keep")
    with pytest.raises(UserError, match="size 64, not 128"):
        Store.create(tmp_path, size=128)
    with pytest.raises(UserError, match="null_ticks keep, not drop"):
        Store.create(tmp_path, size=64, null_ticks="drop")


def test_damaged_arrays_are_named(tmp_path, make_steps, fill):
    store = Store.create(tmp_path, size=8)
    fill(store, "a", make_steps())
    (tmp_path / "FindCave" / "a" / "camera.npy").write_bytes(b"junk")
    np.save(tmp_path / "FindCave" / "a" / "buttons.npy", np.zeros((3, 2), np.uint8))
    (read,) = store.select()
    with pytest.raises(UserError, match="camera"):
        _ = read.camera
    with pytest.raises(UserError, match=r"buttons.npy: not \(5, 2\)"):
        _ = read.buttons

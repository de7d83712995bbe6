import contextlib
import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.scratch import PARTIAL, sweep


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


def test_folders_without_anything_of_a_trajectory_are_none_and_what_lost_its_record_is_named(
    tmp_path, make_steps, fill
):
    """File servers and unpackers leave folders of their own everywhere."""
    store = Store.create(tmp_path, size=8)
    fill(store, "a", make_steps())
    (tmp_path / "FindCave" / "@eaDir").mkdir()
    (tmp_path / "FindCave" / "stray.txt").write_text("x")
    assert [t.name for t in store.select()] == ["a"]
    (tmp_path / "FindCave" / "a" / "trajectory.json").unlink()
    with pytest.raises(UserError, match=r"a/trajectory\.json: cannot be read"):
        store.select()


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


def test_two_demos_of_one_name_are_both_kept_and_the_same_one_once(tmp_path, make_steps, fill):
    store = Store.create(tmp_path, size=8)
    for seed in (1, 2, 2, 1):
        fill(store, "a", make_steps(seed=seed))
    first, second = store.select()
    assert (first.name, second.name) == ("a", f"a~{second.digest[:12]}")
    assert np.array_equal(first.camera, make_steps(seed=1).camera)
    assert np.array_equal(second.camera, make_steps(seed=2).camera)


HOLD = """
import sys, time
from pathlib import Path
from basalt_iq.scratch import scratch
with scratch(Path(sys.argv[1]), "theirs"):
    print("ready", flush=True)
    time.sleep(600)
"""


def test_sweep_removes_what_dead_writers_left_and_nothing_else(tmp_path):
    store = Store.create(tmp_path, size=8)
    other = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE)
    other.stdout.readline()
    old = tmp_path / PARTIAL / "host-name-with-dashes-12x-named-as-once"
    old.mkdir()
    with store.writer("mine"):
        sweep(tmp_path)
        held = {folder.name.split("-")[0] for folder in (tmp_path / PARTIAL).iterdir() if folder.is_dir()}
        assert held == {"trajectory", "theirs"}
        other.kill()
        other.wait()
        sweep(tmp_path)
        (mine,) = (folder for folder in (tmp_path / PARTIAL).iterdir() if folder.is_dir())
        assert mine.name.startswith("trajectory")
    assert list((tmp_path / PARTIAL).iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "no demo store"),
        ("{", "not what it should be"),
        ("[1]", "not what it should be"),
        (json.dumps({"version": 99, "size": 8}), "format 99"),
        (json.dumps({"version": 2, "size": 0}), "not what it should be"),
    ],
)
def test_a_folder_that_is_no_store_is_named(tmp_path, manifest, message):
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(UserError, match=message) as caught:
        Store.open(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_store_keeps_its_frame_size(tmp_path):
    Store.create(tmp_path, size=64)
    with pytest.raises(UserError, match="size 64, not 128"):
        Store.create(tmp_path, size=128)


@pytest.fixture
def one(tmp_path, make_steps, fill):
    """A stored demonstration of 5 steps and the folder it lies in."""
    store = Store.create(tmp_path, size=8)
    fill(store, "a", make_steps())
    return tmp_path / "FindCave" / "a"


def reopened(folder):
    (found,) = Store.open(folder.parents[1]).select()
    return found


def flip(file, at):
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


def test_changed_steps_and_frames_are_noticed_when_they_are_read(one):
    flip(one / "frames.npy", 128 + 3 * 192 + 5)
    read = reopened(one)
    assert read.frames[2].shape == (3, 8, 8)
    with pytest.raises(UserError, match=r"frames.npy: frame 3 is damaged; restore it, or move"):
        _ = read.frames[1:5]
    flip(one / "steps.npy", -20)
    with pytest.raises(UserError, match=r"steps.npy: damaged"):
        _ = reopened(one).camera


def test_files_cut_short_are_named(one):
    content = (one / "frames.npy").read_bytes()
    (one / "frames.npy").write_bytes(content[:-1])
    with pytest.raises(UserError, match=r"frames.npy: 1279 bytes, not the 1280 of 6 frames"):
        _ = reopened(one).frames[0]
    (one / "steps.npy").write_bytes(b"junk")
    with pytest.raises(UserError, match=r"steps.npy: 4 bytes"):
        _ = reopened(one).buttons


def test_a_record_that_lies_about_the_steps_is_noticed(one):
    about = json.loads((one / "trajectory.json").read_text())
    about["button_names"] = about["button_names"][::-1]
    (one / "trajectory.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match=r"steps.npy: damaged"):
        _ = reopened(one).buttons


def test_digests_tell_content_and_nothing_else(tmp_path, make_steps, fill):
    first, second = Store.create(tmp_path / "one", size=8), Store.create(tmp_path / "two", size=8)
    fill(first, "a", make_steps(seed=1))
    fill(first, "b", make_steps(seed=2))
    fill(second, "x", make_steps(seed=2, note="elsewhere"))
    assert first.fingerprint() != second.fingerprint()
    fill(second, "y", make_steps(seed=1))
    assert first.fingerprint() == second.fingerprint()
    assert {t.digest for t in first.select()} == {t.digest for t in second.select()}
    fill(second, "z", make_steps(seed=3))
    assert first.fingerprint() != second.fingerprint()


def test_many_trajectories_keep_few_files_open(tmp_path, make_steps, fill):
    store = Store.create(tmp_path, size=8)
    for k in range(100):
        fill(store, f"d{k:03d}", make_steps(seed=k))
    before = len(os.listdir("/proc/self/fd"))
    found = store.select()
    for read in found:
        assert read.frames[3].shape == (3, 8, 8)
        assert read.camera.shape == (5, 2)
    assert len(os.listdir("/proc/self/fd")) - before <= 64

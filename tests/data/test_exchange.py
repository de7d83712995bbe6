"""Stores as other tools' data sets, and back: held to those tools' own readers."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from basalt_iq.cli import main
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError

pytest.importorskip("pyarrow")
GOLDEN = Path(__file__).parents[1] / "golden/store-0.1"
#: An interpreter that has LeRobot, whose many pins hardly fit beside ours.
LEROBOT = os.environ.get("BASALT_IQ_LEROBOT_PYTHON")


@pytest.fixture
def store(tmp_path, demos):
    made = Store.create(tmp_path / "store", 16)
    for seed, length in enumerate((3, 300)):
        random = np.random.default_rng(seed)
        with made.writer(f"demo{seed}") as writer:
            for frame in random.integers(0, 256, (length + 1, 3, 16, 16)).astype(np.uint8):
                writer.append(frame)
            writer.commit(demos.steps(length, seed=seed, success=True, source="/home/me/demo"))
    return made


def run(*words):
    """A command line that ends with success."""
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, words)))
    assert ended.value.code == 0


@pytest.mark.parametrize("tool", ["lerobot", "minari"])
def test_there_and_back_is_the_same(tool, store, tmp_path):
    pytest.importorskip("minari")
    out, back = tmp_path / "out", tmp_path / "back"
    run("data", "export", store.path, "--to", tool, "--out", out)
    run("data", "import", out, "--from", tool, "--store", back)
    ours, theirs = store.select(), Store.open(back).select()
    assert [one.name for one in theirs] == ["demo0", "demo1"]
    assert [one.digest for one in theirs] == [one.digest for one in ours]
    assert theirs[0].success is True
    assert b"/home/me" not in b"".join(p.read_bytes() for p in out.rglob("*") if p.is_file())
    run("data", "import", out, "--from", tool, "--store", back)
    assert len(Store.open(back).select()) == 2


@pytest.mark.parametrize("tool", ["lerobot", "minari"])
def test_a_store_of_version_0_1(tool, tmp_path):
    pytest.importorskip("minari")
    out, back = tmp_path / "out", tmp_path / "back"
    run("data", "export", GOLDEN, "--to", tool, "--out", out, "--task", "FindCave")
    run("data", "import", out, "--from", tool, "--store", back)
    one, same = Store.open(GOLDEN).select("FindCave")[0], Store.open(back).select()[0]
    assert (one.frames[:] == same.frames[:]).all()
    assert (one.camera == same.camera).all()


def test_minari_reads_it(store, tmp_path, monkeypatch):
    minari = pytest.importorskip("minari")
    run("data", "export", store.path, "--to", "minari", "--out", tmp_path / "out")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "out"))
    read = minari.load_dataset("basalt/FindCave-2021-v0")
    assert read.total_episodes == 2
    assert read.total_steps == 303
    demo, episode = store.select()[1], read[1]
    assert (episode.observations["pov"] == np.moveaxis(demo.frames[:], 1, -1)).all()
    assert (episode.actions[:, :2] == demo.buttons).all()
    assert (episode.actions[:, 2:4] == demo.camera).all()
    assert episode.terminations.tolist() == [False] * 299 + [True]


LOOK = """
import sys, torch
from torch.library import Library
vision = Library("torchvision", "DEF")  # its build may be for another torch; only transforms are used
for name in ("nms", "qnms"):
    vision.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from lerobot.datasets.lerobot_dataset import LeRobotDataset
read = LeRobotDataset("basalt/demos", root=sys.argv[1], video_backend="pyav")
assert (read.num_episodes, read.num_frames, read.fps) == (2, 305, 20), read
row = read[4 + 7]
assert row["task"] == "FindCave" and row["episode_index"] == 1 and row["frame_index"] == 7
picture = (row["observation.images.pov"] * 255).round().to(torch.uint8)
print(picture.flatten().tolist(), row["action"].tolist(), row["observation.state"].tolist(), sep="|")
ahead = {"action": [0.0, 0.05]}
window = LeRobotDataset("basalt/demos", root=sys.argv[1], delta_timestamps=ahead, video_backend="pyav")
assert window[4]["action"].shape == (2, 5)
"""


@pytest.mark.skipif(not LEROBOT, reason="BASALT_IQ_LEROBOT_PYTHON names no interpreter with LeRobot")
def test_lerobot_reads_it(store, tmp_path):
    run("data", "export", store.path, "--to", "lerobot", "--out", tmp_path / "out")
    told = subprocess.run(
        [LEROBOT, "-c", LOOK, tmp_path / "out"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    picture, action, state = map(eval, told.stdout.strip().splitlines()[-1].split("|"))
    demo = store.select()[1]
    assert picture == demo.frames[7].flatten().tolist()
    assert np.allclose(action, [*demo.buttons[7], *demo.camera[7], demo.equip[7]])
    assert state == [*demo.inventory[7], demo.equipped[7]]


@pytest.mark.parametrize("tool", ["lerobot", "minari"])
def test_what_is_no_export_or_was_changed_is_refused(tool, store, tmp_path):
    pytest.importorskip("minari")
    from basalt_iq.data import lerobot, minari_data

    module = {"lerobot": lerobot, "minari": minari_data}[tool]
    with pytest.raises(UserError, match=r"no basalt_iq\.json"):
        module.load(tmp_path, store)
    out = tmp_path / "out"
    module.export(store.select(), out)
    with pytest.raises(UserError, match="is there already"):
        module.export(store.select(), out)
    about = out / "basalt_iq.json"
    about.write_text(
        about.read_text().replace('"length": 3', '"length": 4').replace('"length":3', '"length":4')
    )
    with pytest.raises(UserError, match="export it again"):
        module.load(out, Store.create(tmp_path / "back", 16))
    assert Store.open(tmp_path / "back").select() == []


def test_interfaces_are_not_mixed(store, tmp_path, demos):
    from basalt_iq.data import lerobot

    steps = demos.steps_2021(5, task="MakeWaterfall")
    with store.writer("other") as writer:
        for _ in range(6):
            writer.append(np.zeros((3, 16, 16), np.uint8))
        writer.commit(steps)
    with pytest.raises(UserError, match="name one by --task"):
        lerobot.export(store.select(), tmp_path / "out")
    assert not (tmp_path / "out").exists()

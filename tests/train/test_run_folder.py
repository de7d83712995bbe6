"""Runs travel, are interrupted and damaged, and go on to the same weights, or say what is wrong."""

import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fixtures import tiny_training as tiny
from fixtures.rule import steps

from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.agent.places import find_agent
from basalt_iq.data.marks import mark
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.files import digest
from basalt_iq.locks import owned
from basalt_iq.train.settings import read_config


def weights(run):
    return digest(max(f for f in (run / "checkpoints").iterdir() if f.name.isdigit()) / "weights.safetensors")


def records(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{**line, "seconds": 0} for line in lines]


@pytest.fixture(scope="module")
def whole(store, tmp_path_factory):
    """The same training in one go, to 8 updates."""
    run = tmp_path_factory.mktemp("whole") / "run"
    tiny.run(store, run, steps=4)
    tiny.run(store, run, steps=8)
    return run


def copied(trained, folder):
    return Path(shutil.copytree(trained.run, folder / "copy"))


def zipped(trained, folder):
    """Without links, times and modes, as cloud drives and zip keep it."""
    shutil.make_archive(str(folder / "run"), "zip", trained.run)
    shutil.unpack_archive(str(folder / "run.zip"), folder / "unzipped")
    return folder / "unzipped"


def without_agent(trained, folder):
    run = copied(trained, folder)
    shutil.rmtree(run / "agent")
    return run


def without_config(trained, folder):
    run = copied(trained, folder)
    (run / "config.json").unlink()
    return run


def without_records(trained, folder):
    """A kill between a checkpoint and its line in metrics.jsonl, at worst of the whole file."""
    run = copied(trained, folder)
    lines = (run / "metrics.jsonl").read_text().splitlines(True)
    (run / "metrics.jsonl").write_text("".join(line for line in lines if json.loads(line)["step"] < 3))
    return run


@pytest.mark.parametrize("moved", [copied, zipped, without_agent, without_config, without_records])
def test_a_run_goes_on_wherever_it_and_its_store_lie(trained, whole, tmp_path, moved):
    run = moved(trained, tmp_path)
    store = shutil.copytree(trained.store, tmp_path / "elsewhere")
    assert (find_agent(run) / "agent.json").exists()
    result = tiny.run(Path(store), run, steps=8, device="auto", log_every=1)
    assert result.steps == 8
    assert weights(run) == weights(whole)
    assert records(run) == records(whole)
    assert digest(run / "agent" / "weights.safetensors") == digest(whole / "agent" / "weights.safetensors")
    assert not [path for path in run.rglob("*") if path.is_symlink()]


def test_demos_are_known_by_content_not_by_name(trained, whole, tmp_path):
    run, store = copied(trained, tmp_path), tmp_path / "store"
    shutil.copytree(trained.store, store)
    for number, folder in enumerate(sorted((store / "FindCave").iterdir())):
        folder.rename(folder.with_name(f"renamed-{9 - number}"))
    tiny.run(store, run, steps=8)
    assert weights(run) == weights(whole)


def rewritten(store, name):
    """A demo of this name with other content."""
    record, bright = steps(30, np.random.default_rng(5))
    with Store.open(store).writer(name) as writer:
        for value in bright:
            writer.append(np.full((3, 64, 64), 200 * value, np.uint8))
        writer.commit(record)


def test_other_demos_are_named_and_refused(trained, tmp_path):
    run, store = copied(trained, tmp_path), tmp_path / "store"
    shutil.copytree(trained.store, store)
    before = weights(run)
    (third,) = (t for t in Store.open(store).select() if t.name == "demo-3")
    mark(store, third, excluded=True, note="")
    with pytest.raises(UserError, match="1 excluded: demo-3"):
        tiny.run(store, run, steps=8)
    mark(store, third, excluded=False, note="")
    shutil.move(store / "FindCave" / "demo-3", tmp_path / "demo-3")
    with pytest.raises(UserError, match="1 missing: demo-3"):
        tiny.run(store, run, steps=8)
    shutil.copytree(store / "FindCave" / "demo-4", store / "FindCave" / "demo-7")
    rewritten(store, "demo-3")
    with pytest.raises(UserError, match="1 changed: demo-3"):
        tiny.run(store, run, steps=8)
    assert weights(run) == before


@pytest.mark.parametrize("name", ["weights.safetensors", "state.safetensors", "run.json", "agent.json"])
def test_a_damaged_newest_checkpoint_is_put_aside_with_a_word(trained, whole, tmp_path, name):
    run, heard = copied(trained, tmp_path), tiny.Heard()
    path = run / "checkpoints" / "000000004" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    tiny.run(trained.store, run, heard, steps=8)
    assert [
        line for line in heard.lines if name in line and "continuing from" in line and "000000002" in line
    ]
    assert (run / "checkpoints" / "000000004.damaged" / name).read_bytes() == bytes(content)
    assert weights(run) == weights(whole)
    assert records(run) == records(whole)


def test_state_that_cannot_be_found_is_no_new_start(trained, tmp_path):
    for number, lost in enumerate(("checkpoints", "state")):
        run = Path(shutil.copytree(trained.run, tmp_path / str(number)))
        if lost == "checkpoints":
            shutil.rmtree(run / "checkpoints")
        else:
            for path in run.glob("checkpoints/*/state.safetensors"):
                path.write_bytes(path.read_bytes()[:1000])
        kept = {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and not p.name.startswith(".")}
        with pytest.raises(UserError, match="restore"):
            tiny.run(trained.store, run, steps=8)
        assert all(path.read_bytes() == content for path, content in kept.items())


def test_a_failed_start_leaves_nothing_that_binds(store, tmp_path):
    run = tmp_path / "run"
    for device in ("cuda", "gpu", "cuda:99"):
        if device == "cuda" and __import__("torch").cuda.is_available():
            continue
        with pytest.raises(UserError, match=f"--device {device}"):
            tiny.run(store, run, device=device)
    assert not run.exists()
    assert tiny.run(store, run, steps=2).steps == 2


def test_two_trainings_do_not_share_a_folder(trained, tmp_path):
    run = copied(trained, tmp_path)
    with owned(run, "training"), pytest.raises(UserError, match=r"in use by training, process \d+"):
        tiny.run(trained.store, run, steps=8)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_a_checkpoint_between_two_updates(store, tmp_path, number):
    run, straight = tmp_path / "run", tmp_path / "straight"

    class Impatient(tiny.Heard):
        def update(self, step, seconds, values):
            if step == 3:
                os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    result = tiny.run(store, run, Impatient(), steps=50, check_every=20)
    assert signal.getsignal(number) is before
    assert (result.signal, result.steps) == (number, 4)
    assert max((run / "checkpoints").iterdir()).name == "000000004"
    assert tiny.run(store, run, steps=7, check_every=20).signal is None
    tiny.run(store, straight, steps=7, check_every=20)
    assert weights(run) == weights(straight)
    assert records(run) == records(straight)


def test_weights_carry_a_digest(trained, tmp_path):
    run = copied(trained, tmp_path)
    path = run / "agent" / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 0x01
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"weights\.safetensors is damaged"):
        load_agent(run / "agent")


def test_other_settings_are_refused_by_name_and_places_are_free(trained, tmp_path):
    run = copied(trained, tmp_path)
    with pytest.raises(UserError, match="this run has batch = 2, not 4"):
        tiny.run(trained.store, run, batch=4)
    assert tiny.run(trained.store, run, minutes=1.0, log_every=7).steps == 4
    assert read_config(run).config["batch"] == 2


def test_a_hanging_tracker_does_not_hold_the_training_up(store, tmp_path, monkeypatch):
    from basalt_iq.train import trackers

    monkeypatch.setattr(trackers, "PATIENCE", 0.2)
    monkeypatch.setattr(trackers, "TensorBoard", lambda *_: time.sleep(600))
    heard = tiny.Heard()
    began = time.monotonic()
    assert tiny.run(store, tmp_path / "run", heard, steps=2, track="tensorboard").steps == 2
    assert time.monotonic() - began < 120
    assert [line for line in heard.lines if "no answer" in line]
    assert threading.active_count() < 50


def test_a_run_has_its_own_name_at_wandb(tmp_path):
    from basalt_iq.train.trackers import run_id

    names = []
    for parent in ("a", "b"):
        folder = tmp_path / parent / "iq"
        folder.mkdir(parents=True)
        names.append(run_id(folder))
        assert run_id(folder) == names[-1]
    assert names[0] != names[1]

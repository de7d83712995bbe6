"""A package trains its agent anew from demonstrations, by its own means."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

import pytest

from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.errors import UserError
from basalt_iq.play.commands import Record
from basalt_iq.submission.building import AICROWD_2021, Particulars, build_package
from basalt_iq.submission.retraining import MAX_MINUTES, read_settings, retrain
from basalt_iq.train.config import TrainConfig

SMALL = NetworkConfig(width=1, features=16, hidden=8, stack=2)


@pytest.fixture
def package(checkpoint, tmp_path):
    """Of a run folder, as `train` leaves it."""
    run = tmp_path / "run"
    run.mkdir()
    checkpoint.rename(run / "agent")
    config = TrainConfig(task="FindCave", steps=2, batch=2, length=8, repeat=4, mirror=True, network=SMALL)
    said = {"config": asdict(config) | {"store": str(tmp_path)}, "command": [str(tmp_path)]}
    (run / "config.json").write_text(json.dumps(said))
    build_package(AICROWD_2021, [run], tmp_path / "package", Particulars())
    return tmp_path / "package"


def test_the_settings_of_the_run_come_along_without_its_places(package, tmp_path):
    path = package / "train/FindCave/training.json"
    assert str(tmp_path) not in path.read_text()
    config = read_settings(path)
    assert (config.network, config.steps, config.track) == (SMALL, 2, "none")
    assert config.minutes == MAX_MINUTES < 4 * 24 * 60
    path.write_text('{"network": {"hidden": "many"}}')
    with pytest.raises(UserError, match=r"training\.json"):
        read_settings(path)


def test_without_demonstrations_there_is_nothing_to_train_from(package, tmp_path):
    with pytest.raises(UserError, match="MINERL_DATA_ROOT"):
        retrain(package, tmp_path / "nowhere")


@pytest.mark.slow
def test_the_training_entry_replaces_the_weights(package, tmp_path):
    Record(out=tmp_path / "demos", task="FindCave", n=2, max_steps=60, keep_failures=True).run()
    folder = package / "train" / "FindCave"
    before = (folder / "weights.safetensors").read_bytes()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MINERL_DATA_ROOT": str(tmp_path / "demos"),
    }
    command = [sys.executable, "train_submission_code.py"]
    environment |= {"PYTHONPATH": str(package), "OMP_WAIT_POLICY": "passive"}
    subprocess.run(command, cwd=package, env=environment, check=True, capture_output=True, timeout=300)
    spec, _ = load_agent(folder)
    assert (spec.network, spec.repeat) == (SMALL, 4)
    assert spec.trained["step"] == 2
    assert (folder / "weights.safetensors").read_bytes() != before
    assert sorted(path.name for path in (package / "train").iterdir()) == ["FindCave"]
    assert (folder / "training.json").exists()

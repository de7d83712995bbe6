"""A run folder of version 0.1 (golden/run-0.1.tar.xz) opens and continues, whatever a copy made of its links.

It was made with `train --steps 4 --batch 2 --length 8 --burn-in 2 --grid 4 --check-every 2 --log-every 1
--action-count 8 --held-out 0.2 --features 8 --hidden 8 --stack 2 --precision float32` on the store of
conftest; most of its weights were then set to zero, to keep it small.
"""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from fixtures import tiny_training as tiny

from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.agent.places import find_agent
from basalt_iq.errors import UserError
from basalt_iq.files import digest
from basalt_iq.train.commands import Train

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "run-0.1.tar.xz"


@pytest.fixture
def old(tmp_path):
    with tarfile.open(GOLDEN) as file:
        file.extractall(tmp_path)
    return tmp_path / "run"


def kept(run, folder):
    return run


def followed(run, folder):
    return Path(shutil.copytree(run, folder / "followed", symlinks=False))


def lost(run, folder):
    for name in ("agent", "last"):
        (run / name).unlink()
    return run


def settings_of(run):
    """What `train --run RUN` takes where nothing else is given."""
    preset = Train.preset(["train", "--run", str(run)])
    return {name: getattr(preset, name) for name in Train.__dataclass_fields__ if hasattr(tiny.CONFIG, name)}


@pytest.mark.parametrize("links", [kept, followed, lost])
def test_it_opens_and_continues(old, store, tmp_path, links):
    run = links(old, tmp_path)
    spec, _ = load_agent(find_agent(run))
    assert (spec.repeat, spec.reward.absorbing, spec.reward.value_bound) == (1, 0.0, None)
    settings = settings_of(run)
    assert (settings["objective"].name, settings["repeat"], settings["learner"].learning_rate) == (
        "iq",
        1,
        3e-4,
    )
    assert tiny.run(store, run, **settings | {"steps": 6}).steps == 6
    assert not [path for path in run.rglob("*") if path.is_symlink()]
    assert find_agent(run) == run / "agent"
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 2, 3, 4, 4, 5, 6, 6]
    assert {f.name for f in (run / "checkpoints").iterdir()} == {"000000004", "000000006"}


def test_its_ways_of_travel_lead_to_the_same(old, store, tmp_path):
    found = set()
    for number, links in enumerate((followed, kept, lost)):
        copy = Path(shutil.copytree(old, tmp_path / f"copy-{number}", symlinks=True))
        run = links(copy, tmp_path / str(number))
        tiny.run(store, run, **settings_of(run) | {"steps": 6})
        found.add(digest(run / "checkpoints" / "000000006" / "weights.safetensors"))
    assert len(found) == 1


def test_lost_it_is_not_begun_anew(old, store):
    settings = settings_of(old)
    shutil.rmtree(old / "checkpoints")
    with pytest.raises(UserError, match="restore"):
        tiny.run(store, old, **settings | {"steps": 6})

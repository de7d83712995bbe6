"""Agents pushed and pulled by the real huggingface_hub, against a hub on loopback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures import fake_hub

pytest.importorskip("huggingface_hub")

import basalt_iq
from basalt_iq.submission.hub import fill

REPO = "me/cave-finder"


@pytest.fixture
def hub(tmp_path):
    with fake_hub.served() as hub:
        yield hub


@pytest.fixture
def run(tmp_path, make_agent, synthetic):
    folder = synthetic.run(tmp_path / "run", count=2, players=("agent",))
    make_agent(folder / "agent")
    return folder


def command(hub, tmp_path, *words, token="hf_test"):
    environment = {
        **os.environ, "HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": token,
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }  # fmt: skip
    line = [sys.executable, "-m", "basalt_iq", *map(str, words)]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


def test_there_and_back(hub, run, tmp_path):
    pushed = command(hub, tmp_path, "push", run, REPO, "--json")
    assert pushed.returncode == 0, pushed.stderr
    files = hub.files[REPO]
    assert sorted(files) == ["README.md", "SHA256SUMS", "agent.json", "episode.mp4", "weights.safetensors"]
    files["evil.py"] = b"print('never taken')"
    pulled = command(hub, tmp_path, "pull", REPO, "--out", tmp_path / "got", "--json")
    assert pulled.returncode == 0, pulled.stderr
    assert json.loads(pulled.stdout)["task"] == "FindCave"
    assert sorted(p.name for p in (tmp_path / "got").iterdir()) == sorted(set(files) - {"evil.py"})
    ours, theirs = (basalt_iq.load_agent(folder) for folder in (run, tmp_path / "got"))
    assert theirs.spec == ours.spec
    for name, weights in ours.player.network.state_dict().items():
        assert (theirs.player.network.state_dict()[name] == weights).all()
    again = command(hub, tmp_path, "pull", REPO, "--out", tmp_path / "got")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_the_card_says_how_it_did_and_names_no_place(run, tmp_path):
    from huggingface_hub import ModelCard

    folder = tmp_path / "filled"
    folder.mkdir()
    fill(folder, run, REPO)
    card = ModelCard.load(folder / "README.md")
    assert card.data.library_name == "basalt-iq"
    assert card.data.eval_results[0].metric_value == 0.5
    assert "| agent | stand-in, era 2021 | 2 | 50% | 9% to 91% | 100 to 101 |" in card.text
    assert "basalt-iq pull me/cave-finder" in card.text
    assert str(Path.home()) not in card.content
    assert str(tmp_path) not in card.content


def test_what_was_damaged_on_the_way_is_refused(hub, run, tmp_path):
    command(hub, tmp_path, "push", run, REPO)
    weights = hub.files[REPO]["weights.safetensors"]
    hub.files[REPO]["weights.safetensors"] = weights[:-1] + bytes([weights[-1] ^ 1])
    done = command(hub, tmp_path, "pull", REPO, "--out", tmp_path / "got")
    assert done.returncode == 2
    assert not (tmp_path / "got").exists()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("trouble", ["absent", "name", "account", "network"])
def test_trouble_is_one_line(trouble, hub, run, tmp_path):
    words = ("pull", REPO, "--out", tmp_path / "got")
    if trouble == "name":
        words = ("push", run, "no/such/name")
    elif trouble == "account":
        hub.refuse, words = 401, ("push", run, REPO)
    elif trouble == "network":
        hub.address = "http://127.0.0.1:9"
    done = command(hub, tmp_path, *words)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not (tmp_path / "got").exists()

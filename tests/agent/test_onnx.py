"""Agents as ONNX files, run by onnxruntime."""

import json

import numpy as np
import pytest
import torch

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

import basalt_iq
from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.agent.onnx_file import export_onnx, load_onnx
from basalt_iq.cli import main
from basalt_iq.errors import UserError


@pytest.fixture(scope="module")
def exported(tmp_path_factory, make_agent):
    folder = make_agent(tmp_path_factory.mktemp("agent") / "checkpoint")
    out = folder.parent / "agent.onnx"
    export_onnx(folder, out)
    return folder, out


@pytest.mark.parametrize("batch", [1, 3])
def test_it_says_what_the_network_says(batch, exported):
    folder, out = exported
    (spec, network), (same, onnx) = load_agent(folder), load_onnx(out)
    assert same == spec
    torch.manual_seed(batch)
    frames = torch.randint(0, 256, (batch, spec.network.history, 3, 64, 64), dtype=torch.uint8)
    vector = torch.randn(batch, 1, network.vector_size)
    ours, theirs = network.initial_carry(batch), onnx.initial_carry(batch)
    for _ in range(5):
        with torch.inference_mode():
            q, ours = network(frames, vector, ours)
        r, theirs = onnx(frames, vector, theirs)
        assert (q - r).abs().max() < 1e-4
        assert (ours[0] - theirs[0]).abs().max() < 1e-4
        frames = 255 - frames


def test_it_plays_the_same_episode(exported):
    env = basalt_iq.make("FindCave", max_steps=30)
    played = [basalt_iq.rollout(env, basalt_iq.load_agent(path), seed=5) for path in exported]
    assert repr(played[0].actions) == repr(played[1].actions)
    assert np.array_equal(played[0].frames, played[1].frames)


def test_the_command(checkpoint, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["export", str(checkpoint), "--out", str(tmp_path / "a.onnx"), "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["task"] == "FindCave"


def test_what_is_no_agent_is_refused(exported, tmp_path):
    other = tmp_path / "other.onnx"
    other.write_bytes(b"nonsense")
    with pytest.raises(UserError, match=r"other\.onnx: not an agent"):
        load_onnx(other)
    other.write_bytes(exported[1].read_bytes()[:-100])
    with pytest.raises(UserError, match=r"other\.onnx"):
        load_onnx(other)
    with pytest.raises(UserError, match="not an agent"):
        load_onnx(tmp_path / "absent.onnx")

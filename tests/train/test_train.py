"""The training command, end to end on a small store."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

SMALL = [
    "--features", "16", "--hidden", "16", "--stack", "2", "--batch", "4", "--length", "16", "--burn-in", "4",
    "--precision", "float32", "--grid", "8", "--check-every", "10", "--log-every", "5", "--repeat", "1",
    "--no-mirror", "--learning-rate", "3e-4", "--weight-decay", "0",
]  # fmt: skip


def command(store, run, *options):
    places = ["--store", str(store), "--run", str(run)]
    return [sys.executable, "-m", "basalt_iq", "train", *places, *SMALL, *options]


def train(store, run, *options):
    return subprocess.run(command(store, run, *options), capture_output=True, text=True)


def newest(run):
    return max((run / "checkpoints").iterdir())


def test_learns_a_rule_and_writes_a_run(store, tmp_path):
    run = tmp_path / "run"
    done = train(store, run, "--steps", "60", "--learning-rate", "3e-3", "--json", "--profile")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["steps"] == result["profile"]["updates"] == 60
    assert {"convolutions", "memory and head", "backward", "waiting for a batch"} <= set(
        result["profile"]["parts"]
    )
    assert "drawing batches" in done.stderr
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    nll = [line["held_out/nll"] for line in lines if "held_out/nll" in line]
    assert min(nll) < 0.6 * nll[0]
    rows = [line for line in lines if "held_out/decisions" in line]
    best = min(rows, key=lambda line: line["held_out/decisions"])
    assert (result["step"], result["held_out/nll"]) == (best["step"], best["held_out/nll"])
    assert {"config.json", "README.txt", "agent", "checkpoints"} <= {p.name for p in run.iterdir()}
    spec = json.loads((run / "agent" / "agent.json").read_text())
    assert spec["trained"]["held_out/nll"] == best["held_out/nll"]


@pytest.mark.parametrize("objective", ["iq", "bc"])
def test_killed_and_resumed_gives_the_same_weights(store, tmp_path, objective):
    options = ("--steps", "40", "--objective", objective)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert train(store, whole, *options).returncode == 0
    process = subprocess.Popen(command(store, broken, *options), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not (broken / "config.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert train(store, broken, *options).returncode == 0
    first, second = (load_file(newest(run) / "weights.safetensors") for run in (whole, broken))
    assert all(torch.equal(first[name], second[name]) for name in first)
    metrics = [(run / "metrics.jsonl").read_text().splitlines() for run in (whole, broken)]
    without_time = [[{**json.loads(line), "seconds": 0} for line in lines] for lines in metrics]
    assert without_time[0] == without_time[1]


def test_another_configuration_is_refused_by_name(store, tmp_path):
    run = tmp_path / "run"
    assert train(store, run, "--steps", "10").returncode == 0
    again = train(store, run, "--steps", "10", "--temperature", "0.5")
    assert again.returncode == 2
    assert "temperature" in again.stderr
    assert "Traceback" not in again.stderr


def test_bad_input_is_one_line(store, tmp_path):
    cases = {
        "no demo store": train(tmp_path / "nowhere", tmp_path / "a"),
        "unknown task": train(store, tmp_path / "b", "--task", "FindDiamonds"),
        "at least 2": train(store, tmp_path / "c", "--task", "MakeWaterfall"),
        "cannot write": train(store, "/proc/run"),
    }
    for words, done in cases.items():
        assert done.returncode == 2, words
        assert words in done.stderr.replace("\n", " ")
        assert "Traceback" not in done.stderr
    assert not any((tmp_path / name).exists() for name in "abc")


def test_without_regulariser_iq_learn_is_cloning(store, tmp_path):
    common = ("--steps", "10", "--temperature", "1")
    assert train(store, tmp_path / "bc", *common, "--objective", "bc").returncode == 0
    assert train(store, tmp_path / "iq", *common, "--objective", "iq", "--alpha", "inf").returncode == 0
    bc, iq = (load_file(newest(tmp_path / name) / "weights.safetensors") for name in ("bc", "iq"))
    for name in bc:
        np.testing.assert_allclose(bc[name], iq[name], atol=1e-4)

"""Two processes learn what one does from the same batches."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from basalt_iq.errors import UserError
from basalt_iq.train.config import OnlineConfig, TrainConfig
from basalt_iq.train.loop import train
from basalt_iq.train.parallel import Team

SMALL = [
    "--features", "16", "--hidden", "16", "--stack", "2", "--batch", "4", "--length", "16", "--burn-in", "4",
    "--precision", "float32", "--grid", "8", "--check-every", "4", "--log-every", "4",
    "--repeat", "1", "--no-mirror",
    "--json",
]  # fmt: skip
# Half a batch is summed in another order than the whole, which Adam magnifies where a gradient is next to
# nothing. How much depends on the processor's kernels; these are the same on all.
PLAIN = {"ONEDNN_MAX_CPU_ISA": "SSE41"}


def run(store, folder, steps, processes=1, *options):
    command = ["train", "--store", store, "--run", folder, *SMALL, "--steps", steps, *options]
    start = ["-m", "basalt_iq"]
    if processes > 1:
        torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", processes]
        start = [*torchrun, "-m", "--", "basalt_iq"]
    line = [sys.executable, *map(str, [*start, *command])]
    done = subprocess.run(line, capture_output=True, text=True, env=os.environ | PLAIN)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # one result, whatever the number of processes


def weights(folder):
    return load_file(max((folder / "checkpoints").iterdir()) / "weights.safetensors")


@pytest.mark.slow
def test_two_processes_equal_one_and_continue_its_run(store, tmp_path):
    """Windows run past the ends of the demos, so the halves of a batch differ in how many steps count."""
    one, two = tmp_path / "one", tmp_path / "two"
    run(store, one, 8)
    run(store, two, 4, 2)
    result = run(store, two, 8, 2)
    assert result["steps"] == 8
    for name, value in weights(one).items():
        torch.testing.assert_close(weights(two)[name], value, atol=5e-6, rtol=0)  # a step is up to 3e-4
    lines = [[json.loads(x) for x in (f / "metrics.jsonl").read_text().splitlines()] for f in (one, two)]
    for mine, other in zip(*lines, strict=True):
        mine.pop("seconds"), other.pop("seconds")
        assert mine == pytest.approx(other, rel=1e-3, abs=1e-5)


def test_what_cannot_be_shared_is_refused(store, tmp_path):
    config, team = TrainConfig(batch=4), Team(0, 2)
    playing = replace(config, online=OnlineConfig(online=True))
    for refused, words in ((playing, "without torchrun"), (replace(config, batch=5), "evenly over 2")):
        with pytest.raises(UserError, match=words):
            train(refused, store, tmp_path / "run", team=team)
    assert not (tmp_path / "run").exists()

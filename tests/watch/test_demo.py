"""The demo command: the whole loop, small."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_whole_loop(tmp_path):
    out = tmp_path / "demo"
    options = ["--demos", "4", "--minutes", "0.1", "--episodes", "2", "--max-steps", "300"]
    command = [sys.executable, "-m", "basalt_iq", "demo", "--out", str(out), *options, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result["players"]) == ["demonstrator", "IQ-Learn", "behaviour cloning", "random"]
    for summary in result["players"].values():
        assert summary["episodes"] == 2
        assert summary["max_steps"] == 300
        assert 0 <= summary["low"] <= summary["rate"] <= summary["high"] <= 1
        assert min(summary["seeds"]) >= 100_000
    assert (out / "report.html").stat().st_size > 10_000
    assert len(list((out / "iq" / "evaluations" / "agent").glob("*.mp4"))) == 2
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    repeated = json.loads(again.stdout)["players"]
    for name, summary in result["players"].items():  # nothing was played again: only a moment was spent
        assert {**repeated[name], "seconds": 0} == {**summary, "seconds": 0}
        assert repeated[name]["seconds"] < summary["seconds"] + 2

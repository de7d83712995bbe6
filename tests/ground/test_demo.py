"""The demo command: the whole loop, small."""

import json
import subprocess

import pytest


@pytest.mark.slow
def test_the_whole_loop(small_demo):
    out, result = small_demo.out, small_demo.result
    assert list(result["players"]) == ["demonstrator", "IQ-Learn", "behaviour cloning", "random"]
    for summary in result["players"].values():
        assert summary["episodes"] == 2
        assert summary["max_steps"] == 300
        assert 0 <= summary["low"] <= summary["rate"] <= summary["high"] <= 1
        assert min(summary["seeds"]) >= 100_000
    assert (out / "report.html").stat().st_size > 10_000
    assert len(list((out / "iq" / "evaluations" / "agent").glob("*.mp4"))) == 2
    again = subprocess.run(small_demo.command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    repeated = json.loads(again.stdout)["players"]
    for name, summary in result["players"].items():  # nothing was played again: only a moment was spent
        assert {**repeated[name], "seconds": 0} == {**summary, "seconds": 0}
        assert repeated[name]["seconds"] < summary["seconds"] + 2

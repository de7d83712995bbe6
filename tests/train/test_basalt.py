"""The comparison of ways to learn runs, on demos and trainings too small to learn anything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TINY = "--steps 8 --check-every 4 --start-after 4 --worlds 2 --online-steps 40 --features 16 --hidden 16"
pytestmark = pytest.mark.slow


def run(script, *options):
    command = [sys.executable, BENCHMARKS / script, *options]
    env = os.environ | {"COLUMNS": "120"}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder of a comparison, its arguments and what it printed."""
    out = tmp_path_factory.mktemp("basalt")
    options = [
        "--tasks", "FindCave", "--ways", "bc", "iq online", "--trainings", 1, "--demos", 2, "--episodes", 2,
        "--max-steps", 40, "--jobs", 1, "--out", out, f"--settings={TINY}",
    ]  # fmt: skip
    return out, options, run("basalt.py", *options)


def test_every_way_is_trained_and_plays_the_same_seeds(compared):
    out, options, printed = compared
    assert "iq online" in printed
    assert "0/2" in printed
    for way in ("bc-0", "iq-online-0"):
        found = json.loads((out / "FindCave" / way / "success-2.json").read_text())
        assert found == {"300000": False, "300001": False}
    assert run("basalt.py", *options) == printed  # what was found is read


def test_endings_tells_what_each_guard_would_have_given(compared):
    agent = compared[0] / "FindCave" / "bc-0"
    printed = run("endings.py", agent, "--episodes", 1, "--max-steps", 40)
    assert "in 0 episodes" in printed
    assert "its own" in printed

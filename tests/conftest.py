"""For every room: one thread per process (pytest-xdist gives each core one), no account, one demo."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import filelock
import pytest

pytest_plugins = ["fixtures.agents", "fixtures.browser", "fixtures.demos"]

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("WANDB_MODE", "disabled")

DEMO = ("--demos", "4", "--minutes", "0.1", "--episodes", "2", "--max-steps", "300", "--json")


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory):
    """A small `basalt-iq demo`, once for all workers: its folder `out`, its `command` and its `result`."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out, told = shared / "demo", shared / "demo.json"
    command = [sys.executable, "-m", "basalt_iq", "demo", "--out", str(out), *DEMO]
    with filelock.FileLock(shared / "demo.lock"):
        if not told.exists():
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            told.write_text(done.stdout)
    return SimpleNamespace(out=out, command=command, result=json.loads(told.read_text()))


@pytest.fixture(scope="session")
def synthetic():
    """Makes episodes, evaluations and run folders; see synthetic.py."""
    from fixtures import synthetic

    return synthetic


@pytest.fixture
def fake_worlds():
    """A class to put in VectorWorld's place; see fake_world.py."""
    from fixtures import fake_world

    return type("Worlds", (fake_world.FakeWorlds,), {"played": [], "busiest": 0})

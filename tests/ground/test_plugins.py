"""What other packages add by entry point: a real one, installed by pip, and broken ones."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from basalt_iq import contract, plugins
from basalt_iq.agent import config as agent_config
from basalt_iq.agent import network
from basalt_iq.errors import UserError
from basalt_iq.train import config as train_config
from basalt_iq.train import objectives

PACKAGE = Path(__file__).parents[1] / "fixtures" / "plugin_package"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where the example package is installed, as pip does it."""
    work = tmp_path_factory.mktemp("plugin")
    shutil.copytree(PACKAGE, work / "source")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*command, "--target", str(work / "site"), str(work / "source")], check=True)
    return work / "site"


@pytest.mark.slow
def test_a_package_adds_a_task_an_objective_an_encoder_a_world_and_an_evaluator(installed, tmp_path):
    """The whole way of a task that is not ours, by the command line alone."""

    def basalt(*words, rc=0):
        places = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-m", "basalt_iq", *map(str, words), "--json"]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": places}
        )
        assert done.returncode == rc, done.stderr
        return json.loads(done.stdout) if rc == 0 else done.stderr

    demos, store, run = tmp_path / "demos", tmp_path / "store", tmp_path / "run"
    basalt("data", "record", demos, "--task", "ClimbHill", "--n", 2, "--keep-failures", "--workers", 1)
    assert any((demos / "ClimbHill-v0").iterdir())
    assert basalt("data", "ingest", demos, "--store", store)["ok"]
    chosen = ["--objective", "margin", "--encoder", "small"]
    basalt(
        "train", "--store", store, "--run", run, "--task", "ClimbHill", "--steps", 2, "--batch", 2, *chosen
    )
    assert json.loads((run / "config.json").read_text())["config"]["objective"]["name"] == "margin"

    play = ["evaluate", "--run", run, "--episodes", 1, "--max-steps", 40, "--workers", 1]
    assert basalt(*play)["task"] == "ClimbHill"
    assert basalt(*play, "--world", "grey-room")["world"] == "grey-room"
    scripted = basalt(
        "evaluate", "--player", "scripted", "--task", "ClimbHill", "--episodes", 1, "--out", tmp_path / "s"
    )
    assert scripted["rate"] in (0.0, 1.0)

    built = basalt(
        "submit",
        "build",
        run,
        "--target",
        "climbing-league",
        "--out",
        tmp_path / "package",
        "--authors",
        "me",
    )
    assert built["target"] == "climbing-league"
    assert basalt("submit", "check", tmp_path / "package")["checks"][0]["ok"]
    refused = basalt("train", "--store", store, "--run", run, "--encoder", "tiny", rc=2)
    assert "unknown encoder 'tiny': choose from nature, impala, none, small" in refused


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Adds a distribution of one module to this process's path."""

    def add(name, code, **groups):
        (tmp_path / f"{name}.py").write_text(code)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [line for kind, entry in groups.items() for line in (f"[basalt_iq.{kind}]", entry)]
        (info / "entry_points.txt").write_text("\n".join(lines))
        plugins._entries.cache_clear()

    monkeypatch.syspath_prepend(tmp_path)
    yield add
    plugins._entries.cache_clear()


def test_a_package_that_cannot_be_imported_is_named(package):
    package("crumbling", "import no_such_thing", tasks="Fly = crumbling:fly")
    assert contract.find_task("FindCave").name == "FindCave"  # nobody else's trouble
    with pytest.raises(
        UserError, match=r"task 'Fly' of the package crumbling cannot be loaded .*no_such_thing"
    ):
        contract.find_task("Fly")


def test_what_a_package_calls_something_that_it_is_not_is_named(package):
    package(
        "mistaken",
        "fly, small = 3, lambda channels, width: 5",
        tasks="Fly = mistaken:fly",
        encoders="odd = mistaken:small",
    )
    with pytest.raises(UserError, match=r"package mistaken: mistaken:fly is not a contract.AddedTask"):
        contract.find_task("Fly")
    with pytest.raises(UserError, match=r"package mistaken: must make an nn.Sequential"):
        network.make_encoder(agent_config.NetworkConfig(encoder="odd"))


def test_a_task_goes_by_the_name_of_its_entry_point(package):
    task = "Task('Soar', 'Soar-v0', 9, (), (), {2021: {}})"
    code = f"from basalt_iq.contract import AddedTask, Task\nfly = AddedTask({task})"
    package("renamed", code, tasks="Fly = renamed:fly")
    with pytest.raises(UserError, match="calls itself Soar"):
        contract.find_task("Fly-v0")


def test_two_packages_with_one_name_are_both_named(package):
    package("one", "", objectives="hinge = one:hinge")
    package("two", "", objectives="hinge = two:hinge")
    with pytest.raises(UserError, match=r"several packages \((one, two|two, one)\)"):
        plugins.load("objective", "hinge", callable, "a function")


def test_an_unknown_name_is_refused_with_the_choices_and_an_installed_one_is_not_imported(package):
    package("unread", "raise SystemExit", encoders="huge = unread:huge")
    assert agent_config.NetworkConfig(encoder="huge").encoder == "huge"
    with pytest.raises(UserError, match="unknown encoder 'hug': choose from nature, impala, none, huge"):
        agent_config.NetworkConfig(encoder="hug")
    with pytest.raises(UserError, match="unknown objective 'gail': choose from iq, bc, sqil"):
        train_config.ObjectiveConfig(name="gail")


def test_what_the_options_name_is_what_there_is():
    assert tuple(network.ENCODERS) == agent_config.ENCODERS
    assert tuple(objectives.OBJECTIVES) == train_config.OBJECTIVES

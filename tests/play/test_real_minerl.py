"""Our side against the real minerl 0.4.4: its wrapper stack, spaces and endings, without Minecraft."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from fixtures import foreign

from basalt_iq.contract import STEPS_AFTER_THROW
from basalt_iq.play.minerl import MinerlWorld
from basalt_iq.submission.building import AICROWD_2021, Particulars, build_package
from basalt_iq.submission.entries import EpisodePlayer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "submission"))
import originals  # noqa: E402

pytestmark = pytest.mark.slow
NEVER = 10**9


@pytest.fixture(scope="module")
def python():
    try:
        return str(foreign.interpreter("minerl-0.4"))
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture
def world_of(python):
    worlds = []

    def build(task, throw_at):
        worlds.append(MinerlWorld(task, command=[python, str(HERE / "fake_minerl.py"), str(throw_at)]))
        return worlds[-1]

    yield build
    for world in worlds:
        world.close()


def test_the_real_stack_behind_our_interface(world_of):
    world = world_of("FindCave", throw_at=5)
    for seed in (7, 70):  # the seed is sent before every reset, as MineRL forgets it
        seen, _ = world.reset(seed=seed)
        assert world.observation_space.contains(seen)
        assert seen["pov"].flags.c_contiguous
        assert (seen["pov"][:, 0, 0] == 3 * np.arange(64)).all()  # upright
        assert seen["pov"][10, 10, 0] == 3 * seed
        assert seen["equipped_items"]["mainhand"]["type"] == "snowball"
        steps, ended = 0, False
        while not ended:
            seen, _, ended, truncated, info = world.step({"forward": 1, "camera": [0.0, 5.0]})
            steps += 1
            assert seen["pov"][50, 10, 0] == steps
            assert seen["inventory"]["snowball"] == (steps < 5)
            assert not truncated
            assert not info.get("error")
        assert steps == 5 - 1 + STEPS_AFTER_THROW


def test_every_action_of_the_contract_is_one_of_the_real_space(world_of):
    for task in ("MakeWaterfall", "BuildVillageHouse"):
        world = world_of(task, NEVER)
        world.reset(seed=1)
        for item in world.task.equip:
            assert not world.step({"equip": item, "use": 1})[4].get("error"), (task, item)


def test_an_action_that_the_real_space_refuses_is_a_fault_with_its_reason(world_of):
    world = world_of("FindCave", NEVER)
    world.reset(seed=1)
    *_, truncated, info = world.step({"equip": "diamond_sword"})
    assert truncated
    assert "diamond_sword" in info["error"] or "AssertionError" in info["error"]


def test_the_real_time_limit_is_a_truncation(world_of):
    world = world_of("FindCave", NEVER)
    world.reset(seed=3)
    ends = [world.step({})[2:4] for _ in range(3600)]
    assert ends[-1] == (False, True)
    assert set(ends[:-1]) == {(False, False)}


#: No network, nothing of the package may be written, and there is no home.
SEALED = (
    "unshare", "--net", "--mount", "sh", "-c",
    'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && HOME=/proc/none exec "$@"', "sh",
)  # fmt: skip


@pytest.mark.parametrize("whose", ["as built", "with originals copied over it", "as built, sealed off"])
def test_a_package_plays_through_the_real_stack_as_its_agent_plays_at_home(
    python, world_of, checkpoint, tmp_path, whose
):
    package, report = tmp_path / "package", tmp_path / "report.json"
    seal = [*SEALED, str(package)] if "sealed" in whose else []
    if seal and subprocess.run([*SEALED, str(tmp_path), "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs root for a file system and a network of its own")
    build_package(AICROWD_2021, [checkpoint], package, Particulars())
    if "originals" in whose:
        pytest.importorskip("crowdai_api")
        originals.write(package, 2021)
    command = [
        python,
        str(HERE.parent / "submission" / "package_in_minerl.py"),
        str(package),
        sysconfig.get_path("purelib"),
        "9",
    ]
    environment = {**os.environ, "MINERL_MAX_EVALUATION_EPISODES": "2"}
    result = subprocess.run(
        [*seal, *command, str(report)], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    told = json.loads(report.read_text())
    assert told["envs"] == ["MineRLBasaltFindCaveHighRes-v0"]
    assert (told["gym"], told["numpy"].split(".")[:2]) == ("0.19.0", ["1", "23"])
    assert Path(told["source"]).is_relative_to(package)
    assert told["crowdai_api"] == ("originals" in whose)
    assert [len(episode) for episode in told["episodes"]] == [9 - 1 + STEPS_AFTER_THROW] * 2

    # The same agent at home, on 64x64 frames that need no downscaling, does the same.
    player = EpisodePlayer(checkpoint, "FindCave", 2021)
    at_home = Told(world_of("FindCave", 9))
    for episode in told["episodes"]:
        at_home.actions = []
        player.play(at_home)
        assert at_home.actions == episode


class Told:
    """Our world by the old gym API, noting the actions."""

    def __init__(self, world):
        self.world, self.actions = world, []

    def reset(self):
        return self.world.reset(seed=0)[0]

    def step(self, action):
        self.actions.append({k: v.tolist() if hasattr(v, "tolist") else v for k, v in action.items()})
        seen, reward, ended, truncated, info = self.world.step(action)
        return seen, reward, ended or truncated, info

"""MineRL's failures, on an environment in a process of its own that fails on request."""

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from basalt_iq.contract import find_task, noop
from basalt_iq.play import rollout
from basalt_iq.play.minerl import Limits, MinerlWorld, WorldFault, observation
from basalt_iq.play.worlds import Maker
from basalt_iq.spaces import observation_space
from basalt_iq.video import read_video

SCRIPT = Path(__file__).with_name("faulty_instance.py")
TASK = find_task("FindCave")
#: Seconds of patience; the injected hangs last far longer. A start takes its time on a busy machine.
PATIENCE, START, HANG = 2.0, 30.0, 120.0


def build_of(length=8, **limits):
    """Makes worlds, as rollouts want it: from (task, era, max_steps), picklable."""
    command = [sys.executable, str(SCRIPT), str(length), str(HANG)]
    limits = {"step": PATIENCE, "reset": START} | limits
    return partial(MinerlWorld, command=command, limits=Limits(**limits))


def build(max_steps=None, **options):
    return build_of(**options)("FindCave", 2021, max_steps)


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("FAULTS_SEEN", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def world():
    world = build()
    yield world
    world.close()


def started_by_us():
    """Processes that a world of these tests started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
        except OSError:
            continue
        if (
            b"BASALT_IQ_INSTANCE=" in environ
            and f"FAULTS_SEEN={os.environ['FAULTS_SEEN']}".encode() in environ
        ):
            found.append((folder / "cmdline").read_bytes())
    return found


def gone_within(seconds):
    deadline = time.monotonic() + seconds
    while started_by_us() and time.monotonic() < deadline:
        time.sleep(0.1)
    return started_by_us() == []


def seed_and_step(frame):
    return round(frame[40:].mean() / 3), round(frame[:24].mean() / 10)


def test_an_episode_without_faults(world):
    seen, info = world.reset(seed=70)
    assert info == {}
    assert world.observation_space.contains(seen)
    assert seen["pov"].flags.c_contiguous
    assert seen["pov"].flags.writeable
    assert seen["inventory"]["snowball"].dtype == np.int32
    assert seen["equipped_items"]["mainhand"]["type"] == "snowball"
    for step in range(1, 9):
        seen, reward, ended, truncated, info = world.step({"forward": 1})
        assert seed_and_step(seen["pov"]) == (70, step)
        assert (reward, ended, truncated) == (0.0, step == 8, False)
        assert not info.get("error")
    with pytest.raises(RuntimeError, match="reset first"):
        world.step({})


def test_our_own_limit_is_a_truncation():
    world = build(max_steps=3)
    world.reset(seed=10)
    assert [world.step({})[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]
    world.close()
    with pytest.raises(RuntimeError, match="reset first"):
        world.step({})


@pytest.mark.parametrize(
    ("seed", "step", "reason"),
    [
        (11, 3, "no answer to step for 2 s"),
        (12, 5, "died (exit code 3): java.lang.OutOfMemoryError"),
        (13, 4, "timed out waiting for the observation"),
    ],
)
def test_a_fault_ends_the_episode_with_its_reason_and_the_next_one_plays(world, seed, step, reason):
    world.reset(seed=seed)
    for _ in range(step - 1):
        assert world.step({})[3] is False
    began = time.monotonic()
    seen, _, ended, truncated, info = world.step({})
    assert time.monotonic() - began < HANG / 4
    assert (ended, truncated) == (False, True)
    assert reason in info["error"]
    assert not seen["pov"].any()  # neither the noise nor the last frame again
    assert started_by_us() == []
    seen, _ = world.reset(seed=20)
    assert seed_and_step(seen["pov"]) == (20, 0)


@pytest.mark.parametrize("seed", [15, 16])
def test_a_start_that_fails_is_tried_again(seed):
    world = build(reset=2 * START if seed == 15 else START)
    seen, _ = world.reset(seed=seed)
    assert seed_and_step(seen["pov"]) == (seed, 0)
    world.close()


def test_a_start_that_always_fails_says_why():
    world = build(attempts=1, reset=START / 2)
    with pytest.raises(WorldFault, match="no episode after 1 attempts: no answer to reset"):
        world.reset(seed=16)
    assert started_by_us() == []


def test_an_instance_is_refreshed_after_so_many_episodes():
    world = build(length=1, refresh_every=2)
    processes = []
    for seed in (20, 30, 40, 50, 60):
        world.reset(seed=seed)
        processes.append(world._instance._process.pid)
        world.step({})
    world.close()
    assert processes[0] == processes[1] != processes[2] == processes[3] != processes[4]
    assert started_by_us() == []


def test_an_interpreter_without_minerl_is_named(tmp_path):
    command = Maker("minerl-1.0").command("FindCave")
    world = MinerlWorld("FindCave", 2022, command=command, limits=Limits(attempts=1))
    with pytest.raises(WorldFault, match=r"No module named '(gym|minerl)'"):
        world.reset(seed=1)


def test_an_instance_whose_parent_is_killed_ends_itself():
    code = f"""
import sys, time
from basalt_iq.play.minerl import Instance
instance = Instance([sys.executable, {str(SCRIPT)!r}, "8", "60", "any"])
instance.answer("start", 60)
print("up", flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"up\n"
    assert len(started_by_us()) == 2  # the instance and its own child
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone_within(30)


def test_what_is_not_the_contract_is_no_observation():
    space = observation_space(TASK, 2021)
    good = space.sample()
    assert observation(space, good)["equipped_items"] == good["equipped_items"]
    hand = {"mainhand": good["equipped_items"]["mainhand"] | {"type": "diamond_sword"}}
    for bad in (
        {k: v for k, v in good.items() if k != "inventory"},
        good | {"pov": np.zeros((64, 63, 3), np.uint8)},
        good | {"inventory": good["inventory"] | {"snowball": 9999}},
        good | {"equipped_items": hand},
    ):
        with pytest.raises(WorldFault, match="not the contract's"):
            observation(space, bad)


def test_negative_strides_are_copied():
    space = observation_space(TASK, 2021)
    raw = space.sample()
    flipped = raw | {"pov": raw["pov"][::-1]}
    pov = observation(space, flipped)["pov"]
    assert pov.flags.c_contiguous
    assert (pov == raw["pov"][::-1]).all()
    assert not np.shares_memory(pov, raw["pov"])


class Waiting:
    """Presses nothing."""

    task, era = "FindCave", 2021
    action_names, repeat, reward = ["wait"], 1, None

    def start(self, slots, seeds=None):
        pass

    def act(self, observations, slots):
        from basalt_iq.play.player import Decision

        none = np.zeros(1, np.float32)
        return [Decision(noop(TASK), 0, none, none + 1, 0.0, 0.0, 0.0) for _ in observations]


@pytest.mark.slow
def test_fifty_episodes_with_every_kind_of_fault_are_all_accounted_for(tmp_path):
    seeds = list(range(50))
    out = tmp_path / "episodes"
    episodes = rollout.play(
        "FindCave", Waiting(), seeds, out=out, workers=2, worlds=2, build=build_of(reset=20.0)
    )
    assert [e.facts.seed for e in episodes] == seeds
    assert gone_within(30)
    length = {1: 2, 2: 4, 3: 3, 4: 2}
    for episode in episodes:
        kind = episode.facts.seed % 10
        assert bool(episode.facts.error) == (kind in (1, 2, 3)), episode.facts
        assert episode.facts.steps == length.get(kind, 8)
        frames = [seed_and_step(frame) for frame in read_video(episode.video)]
        assert frames == [(episode.facts.seed, step) for step in range(episode.facts.steps + 1)]
        assert episode.facts.success is None  # MineRL judges nobody, and a fault is no failure

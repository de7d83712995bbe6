import math
import multiprocessing as mp
import os
import signal

import numpy as np
import pytest

from basalt_iq.errors import UserError
from basalt_iq.play.vector import VectorWorld, WorkerError
from basalt_iq.world import make


def test_slots_equal_single_worlds_frame_by_frame():
    actions = [{"forward": 1, "camera": np.array([0, 5 * slot], np.float32)} for slot in range(3)]
    with VectorWorld("FindCave", 3, workers=2, max_steps=6) as worlds:
        first = worlds.reset({slot: 40 + slot for slot in range(3)})
        steps = [worlds.step(dict(enumerate(actions))) for _ in range(6)]
        progress = worlds.progress(range(3))
    for slot in range(3):
        env = make("FindCave", max_steps=6)
        observation, _ = env.reset(seed=40 + slot)
        assert np.array_equal(first[slot][0]["pov"], observation["pov"])
        for step in steps:
            observation, _, terminated, truncated, info = env.step(actions[slot])
            ours, *rest = step[slot]
            assert np.array_equal(ours["pov"], observation["pov"])
            assert ours["inventory"] == observation["inventory"]
            assert rest == [terminated, truncated, info]
        assert truncated
        assert progress[slot] == env.unwrapped.progress()


def test_a_tick_asked_not_to_be_drawn_has_no_picture_unless_it_is_the_last():
    turn = {"camera": np.array([0, 9], np.float32)}
    with VectorWorld("FindCave", 1, workers=1, max_steps=5) as worlds, VectorWorld("FindCave", 1) as watched:
        worlds.reset({0: 3})
        watched.reset({0: 3})
        for tick in range(5):
            told = worlds.step({0: turn}, draw=tick == 2)[0][0]
            seen = watched.step({0: turn})[0][0]
            assert ("pov" in told) == (tick in (2, 4))
            assert told["inventory"] == seen["inventory"]
            assert np.array_equal(told.get("pov", seen["pov"]), seen["pov"])


def test_only_the_slots_asked_for_answer():
    with VectorWorld("FindCave", 3, workers=2, max_steps=4) as worlds:
        assert list(worlds.reset({2: 1, 0: 1})) == [0, 2]
        before = worlds.step({0: {}})[0][0]["pov"].copy()
        worlds.step({2: {"camera": np.array([0, 90], np.float32)}})
        assert np.array_equal(worlds._frames[0], before)
        with pytest.raises(KeyError, match="slot 3"):
            worlds.step({3: {}})


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_hung_worker_is_named_and_nothing_is_left_running(blow):
    worlds = VectorWorld("FindCave", 2, workers=2, max_steps=50, timeout=120)
    worlds.reset({0: 1, 1: 2})
    worlds.timeout = 1.0
    victim = next(child for child in mp.active_children() if child.name == "world-1")
    os.kill(victim.pid, blow)
    with pytest.raises(WorkerError, match=r"worker 1 \(slots 1\) (died|did not answer)"):
        _step_forever(worlds)
    assert not [child for child in mp.active_children() if child.name.startswith("world-")]
    with pytest.raises(RuntimeError, match="closed"):
        worlds.step({0: {}})


def _step_forever(worlds):
    while True:
        worlds.step({0: {}, 1: {}})


def test_an_exception_in_a_world_arrives_with_its_text():
    with (
        VectorWorld("FindCave", 1, build=math.hypot) as worlds,
        pytest.raises(WorkerError, match="TypeError"),
    ):
        worlds.reset({0: 1})


def test_nothing_starts_for_an_unknown_task():
    with pytest.raises(UserError, match="choose from"):
        VectorWorld("FindCaves", 1)
    assert not mp.active_children()


def test_a_held_decision_is_so_many_steps_of_which_the_last_is_drawn():
    turn, walk = {"camera": np.array([0, 9], np.float32), "use": 0}, {"forward": 1}
    with VectorWorld("FindCave", 1, workers=1, max_steps=10) as worlds:
        worlds.reset({0: 3})
        held = [worlds.hold({0: (turn, walk)}, 4)[0] for _ in range(3)]
    env, told = make("FindCave", max_steps=10), []
    env.reset(seed=3)
    for tick in range(10):
        observation, _, *rest = env.step(walk if tick % 4 else turn)
        if tick in (3, 7, 9):  # the limit comes in the middle of the last decision
            told.append((observation, *rest))
    for ours, theirs in zip(held, told, strict=True):
        assert np.array_equal(ours[0]["pov"], theirs[0]["pov"])
        assert ours[0]["inventory"] == theirs[0]["inventory"]
        assert list(ours[1:]) == list(theirs[1:])
    assert held[-1][2]

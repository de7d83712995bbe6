"""The stand-in as a citizen of gymnasium."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces.utils import flatten, flatten_space, unflatten
from gymnasium.utils.env_checker import check_env

import basalt_iq  # noqa: F401  makes the ids known
from basalt_iq.contract import TASKS

IDS = [f"basalt_iq/{task.name}-{era}-v0" for task in TASKS.values() for era in task.start]


def test_every_task_and_era_has_an_id():
    assert [name for name in gymnasium.registry if name.startswith("basalt_iq/")] == IDS
    assert len(IDS) == 8


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["basalt_iq/FindCave-2021-v0", "basalt_iq/MakeWaterfall-2022-v0"])
def test_gymnasium_finds_nothing_wrong(name):
    check_env(gymnasium.make(name, max_steps=30, resolution=32).unwrapped)


def test_spaces_flatten_and_unflatten():
    env = gymnasium.make("basalt_iq/BuildVillageHouse-2021-v0", resolution=16)
    env.action_space.seed(0)
    action = env.action_space.sample()
    flat = flatten(env.action_space, action)
    assert flatten_space(env.action_space).shape == flat.shape
    back = unflatten(env.action_space, flat)
    assert back["equip"] == action["equip"]
    assert np.allclose(back["camera"], action["camera"])
    seen, _ = env.reset(seed=0)
    assert flatten_space(env.observation_space).shape == flatten(env.observation_space, seen).shape


def test_two_worlds_abreast():
    worlds = gymnasium.make_vec("basalt_iq/FindCave-2021-v0", num_envs=2, max_steps=5, resolution=16)
    seen, _ = worlds.reset(seed=3)
    assert seen["pov"].shape == (2, 16, 16, 3)
    assert worlds.step(worlds.action_space.sample())[1].tolist() == [0, 0]
    worlds.close()


@pytest.mark.parametrize(
    "action", [{"forwrd": 1}, {"hotbar.1": 1}, {"camera": [1.0]}, {"camera": [np.nan, 0.0]}], ids=str
)
def test_what_is_no_action_is_refused_and_nothing_moves(action):
    env = gymnasium.make("basalt_iq/FindCave-2021-v0", resolution=16).unwrapped
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"unknown keys|camera is"):
        env.step(action)
    assert env.steps == 0


@pytest.mark.parametrize("order", ["basalt_iq, gymnasium", "gymnasium, basalt_iq"])
def test_the_ids_are_known_in_either_order_of_imports(order):
    code = f"import {order}; print(sum(name.startswith('basalt_iq/') for name in gymnasium.registry))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "8\n"

"""Digging, placing, pouring, opening: items do what they do in Minecraft."""

import math

import numpy as np
import pytest

from basalt_iq.world import make
from basalt_iq.world.blocks import BLOCKS, ID
from basalt_iq.world.items import Inventory, dig_progress
from basalt_iq.world.physics import PITCH, YAW


@pytest.fixture(scope="module")
def env():
    return make("MakeWaterfall")


def stand(env, seed: int = 1):
    """Puts the player on a platform of stone in the open; returns its cell."""
    env.reset(seed=seed)
    x, z = 88, 88
    y = 60
    for a in range(x - 6, x + 7):
        for c in range(z - 6, z + 7):
            env.world.put(a, y - 1, c, ID["stone"])
    env.world.animals[:-1, 1] = -100.0
    env.body[:] = 0.0
    env.body[:3] = x + 0.5, y, z + 0.5
    env.step({})
    return x, y, z


def look_at(env, x: float, y: float, z: float) -> None:
    dx, dy, dz = np.array([x, y, z]) - env.eye
    env.body[YAW], env.body[PITCH] = math.atan2(-dx, dz), -math.atan2(dy, math.hypot(dx, dz))


@pytest.mark.parametrize(
    ("block", "item", "ticks"),
    [
        ("stone", "stone_pickaxe", 12),
        ("stone", "air", 150),
        ("dirt", "air", 15),
        ("dirt", "stone_shovel", 4),
        ("tall_grass", "air", 1),
    ],
)
def test_digging_takes_minecrafts_time(block: str, item: str, ticks: int) -> None:
    assert math.ceil(1 / dig_progress(ID[block], item, False) - 1e-9) == ticks


def test_digging_stone_gives_cobblestone_and_wears_the_pickaxe(env) -> None:
    x, y, z = stand(env)
    env.world.put(x, y, z + 2, ID["stone"])
    look_at(env, x + 0.5, y + 0.5, z + 2.0)
    env.step({"equip": "stone_pickaxe"})
    for _ in range(14):
        obs, *_ = env.step({"attack": 1})
    assert env.world.at(x, y, z + 2) == ID["air"]
    assert obs["inventory"]["cobblestone"] == 21
    assert obs["equipped_items"]["mainhand"]["damage"] == 1
    assert obs["equipped_items"]["mainhand"]["maxDamage"] == 131


def test_placing_uses_up_and_never_into_the_player(env) -> None:
    x, y, z = stand(env)
    look_at(env, x + 0.5, y, z + 2.5)
    obs, *_ = env.step({"equip": "cobblestone", "use": 1})
    assert env.world.at(x, y, z + 2) == ID["cobblestone"]
    assert obs["inventory"]["cobblestone"] == 19
    env.body[PITCH] = math.pi / 2
    for _ in range(8):
        obs, *_ = env.step({"use": 1})
    assert obs["inventory"]["cobblestone"] == 19


def test_bucket_pours_falls_and_is_filled_again(env) -> None:
    x, y, z = stand(env)
    for i in range(3):
        env.world.put(x, y + i, z + 3, ID["stone"])
    env.world.put(x, y + 3, z + 3, ID["stone"])
    look_at(env, x + 0.5, y + 2.5, z + 3.0)
    obs, *_ = env.step({"equip": "water_bucket", "use": 1})
    assert obs["inventory"]["water_bucket"] == 0
    assert obs["inventory"]["bucket"] == 1
    assert env.world.at(x, y + 2, z + 2) == ID["water"]
    for _ in range(40):
        env.step({})
    assert env.world.at(x, y + 1, z + 2) == ID["falling_water"]
    assert BLOCKS[env.world.at(x + 1, y + 2, z + 2)].level == 7  # a source spreads on its own level too
    assert env.world.at(x + 1, y, z + 2) == ID["falling_water"]
    assert BLOCKS[env.world.at(x + 2, y, z + 2)].level == 7
    assert BLOCKS[env.world.at(x + 3, y, z + 2)].level == 6
    look_at(env, x + 0.5, y + 2.5, z + 2.5)
    obs, *_ = env.step({"use": 1})
    assert obs["inventory"]["water_bucket"] == 1
    for _ in range(120):
        env.step({})
    left = env.world.blocks[x - 6 : x + 7, y : y + 5, z - 6 : z + 7]
    assert not any(BLOCKS[b].level for b in np.unique(left))


def test_door_opens_and_shuts_both_halves() -> None:
    env = make("BuildVillageHouse")
    x, y, z = stand(env)
    look_at(env, x + 0.5, y, z + 2.5)
    env.step({"equip": "wooden_door", "use": 1})
    lower, upper = (BLOCKS[env.world.at(x, y + i, z + 2)] for i in (0, 1))
    assert (lower.group, upper.group, lower.is_open) == ("door", "door", False)
    look_at(env, x + 0.5, y + 0.8, z + 2.1)
    env.step({})
    env.step({"use": 1})
    assert all(BLOCKS[env.world.at(x, y + i, z + 2)].is_open for i in (0, 1))


def test_equip_swaps_from_the_back_of_the_inventory() -> None:
    inventory = Inventory({f"item{i}": 1 for i in range(12)})
    inventory.equip("item11")
    assert inventory.held == "item11"
    assert inventory.count("item0") == 1
    inventory.equip("nothing of the kind")
    assert inventory.held == "item11"

import json
from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces

from basalt_iq.contract import (
    BUTTONS,
    ENVIRONMENTS,
    TASKS,
    find_task,
    noop,
)
from basalt_iq.errors import UserError
from basalt_iq.spaces import Enum, action_space, observation_space

SPACES = Path(__file__).parent / "spaces"
REAL = {
    (era, env_id): spec
    for era, name in ((2021, "minerl-0.4.4.json"), (2022, "minerl-1.0.2.json"))
    for env_id, spec in json.loads((SPACES / name).read_text()).items()
}
CASES = pytest.mark.parametrize(("era", "env_id"), REAL, ids=str)


def as_json(space):
    """The form in which the spaces of the real packages were written down."""
    if isinstance(space, spaces.Dict):
        return {"type": "dict", "spaces": {key: as_json(value) for key, value in space.spaces.items()}}
    if isinstance(space, spaces.Discrete):
        return {"type": "discrete", "n": int(space.n)}
    if isinstance(space, Enum):
        return {"type": "enum", "values": list(space.values), "default": space.default}
    assert np.unique(space.low).size == np.unique(space.high).size == 1
    low, high = float(space.low.flat[0]), float(space.high.flat[0])
    return {"type": "box", "shape": list(space.shape), "dtype": str(space.dtype), "low": low, "high": high}


def keys_in_order(tree):
    return [(key, keys_in_order(value)) for key, value in tree.items()] if isinstance(tree, dict) else None


@CASES
def test_spaces_equal_the_real_ones_value_by_value_and_in_order(era, env_id):
    task, spec = find_task(env_id), REAL[era, env_id]
    for ours, real in (
        (observation_space(task, era), spec["observation_space"]),
        (action_space(task, era), spec["action_space"]),
    ):
        assert as_json(ours) == real
        assert keys_in_order(as_json(ours)["spaces"]) == keys_in_order(real["spaces"])


@CASES
def test_limits_and_start_inventories(era, env_id):
    task, spec = find_task(env_id), REAL[era, env_id]
    assert task.max_steps == spec["max_episode_steps"]
    real = [
        (item["type"] + (f"#{item['metadata']}" if "metadata" in item else ""), item["quantity"])
        for item in spec["inventory"]
    ]
    assert list(task.start[era].items()) == real


def test_every_real_environment_is_known_and_no_other():
    assert {env_id for _, env_id in REAL} == set(ENVIRONMENTS)
    assert {(era, env_id) for env_id, task in ENVIRONMENTS.items() for era in task.start} == set(REAL)
    assert list(TASKS) == ["FindCave", "MakeWaterfall", "CreateVillageAnimalPen", "BuildVillageHouse"]


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
@pytest.mark.parametrize("era", [2021, 2022])
def test_noop_and_samples_lie_in_the_space(task, era):
    space = action_space(task, era)
    space.seed(1)
    assert space.contains(noop(task, era))
    assert list(noop(task, era)) == list(space.spaces)
    assert all(space.contains(space.sample()) for _ in range(20))
    assert len(BUTTONS[era]) == {2021: 9, 2022: 23}[era]
    observations = observation_space(task, era)
    assert observations.contains(observations.sample())


def test_enum_is_per_task_and_compares_by_value():
    cave, house = find_task("FindCave"), find_task("BuildVillageHouse")
    assert Enum(cave.equip) == Enum(cave.equip)
    assert Enum(cave.equip) != Enum(house.equip)
    assert "air" in Enum(cave.equip)
    assert "air" not in Enum(house.equip)
    with pytest.raises(ValueError, match="default"):
        Enum(["a"], default="b")


def test_unknown_names_are_answered_with_the_choices():
    with pytest.raises(UserError, match=r"'Cave'.*FindCave, MakeWaterfall"):
        find_task("Cave")
    with pytest.raises(UserError, match="no era 2022: choose from 2021"):
        action_space(find_task("MineRLBasaltFindCaveHighRes-v0"), 2022)

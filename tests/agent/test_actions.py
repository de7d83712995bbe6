import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basalt_iq import contract, spaces
from basalt_iq.agent.action_presets import entry_2021, factored_from_demos, from_demos
from basalt_iq.agent.actions import Action, ActionSet, Factors, Ticks
from basalt_iq.agent.agent_file import ActionsRecord
from basalt_iq.errors import UserError

BUTTONS = contract.BUTTONS[2021]


def ticks_of(actions: list[dict], names=BUTTONS) -> Ticks:
    buttons = np.array([[a.get(name, 0) for name in names] for a in actions], np.uint8)
    camera = np.array([a["camera"] for a in actions], np.float32)
    return Ticks(tuple(names), buttons, camera, np.array([a.get("equip", "none") for a in actions]))


def tick(*keys, camera=(0, 0), equip="none"):
    return {**dict.fromkeys(keys, 1), "camera": camera, "equip": equip}


def demo_set(size=40, build=from_demos) -> ActionSet:
    rng = np.random.default_rng(0)
    keys = [(), ("forward",), ("forward", "sprint"), ("forward", "jump"), ("left",), ("attack",)]
    played = [tick(*keys[rng.integers(6)], camera=rng.normal(0, 4, 2)) for _ in range(2000)]
    return build("FindCave", 2021, [ticks_of([*played, tick("use"), tick(equip="snowball")])], size=size)


SETS = [entry_2021(task) for task in contract.TASKS] + [demo_set(build=factored_from_demos), demo_set()]


@pytest.mark.parametrize("actions", SETS, ids=lambda a: f"{a.task}-{a.origin}")
def test_every_action_survives_the_round_trip(actions):
    ticks = ticks_of([actions.decode(i) for i in range(len(actions))])
    assert actions.encode(ticks).tolist() == list(range(len(actions)))


@pytest.mark.parametrize("actions", SETS, ids=lambda a: f"{a.task}-{a.origin}")
def test_decoded_actions_are_the_environments(actions):
    space = spaces.action_space(contract.find_task(actions.task), 2021)
    assert all(space.contains(actions.decode(i)) for i in range(len(actions)))


def test_the_set_like_the_entrys_takes_first_what_cannot_be_undone():
    actions = entry_2021("FindCave")
    assert len(actions) == 13 + 1  # the entry's thirteen, and waiting
    cases = {
        "use": tick("use", "forward", camera=(9, 0)),
        "equip snowball": tick("forward", equip="snowball"),
        "yaw+10": tick("forward", camera=(1, 9)),
        "pitch-10": tick(camera=(-8, 2)),
        "forward+jump": tick("forward", "jump", "sprint", camera=(0, 2)),
        "forward": tick("forward", camera=(1, -2)),
        "wait": tick("left", "right"),
        "attack": tick("attack", camera=(1, 1)),
    }
    found = [actions.action_names[i] for i in actions.encode(ticks_of(list(cases.values())))]
    assert found == list(cases)


def test_demo_sets_hold_the_most_frequent_and_the_ending():
    many = [tick("forward")] * 50 + [tick("forward", "sprint")] * 30 + [tick(camera=(0, 4))] * 10
    actions = from_demos("FindCave", 2021, [ticks_of([*many, tick("back"), tick("use")])], size=4)
    assert actions.action_names == ["wait", "use", "forward", "forward+sprint"]
    assert actions.ends_episode("snowball").tolist() == [False, True, False, False]
    assert not actions.ends_episode("cobblestone").any()


def test_factored_sets_hold_every_turn_with_all_keys_and_what_is_decisive_apart():
    many = [tick("forward")] * 50 + [tick("left", camera=(0, 4))] * 9 + [tick("back")] * 4
    actions = factored_from_demos("FindCave", 2021, [ticks_of([*many, tick("use", camera=(0, 1.4))])], size=5)
    assert actions.factors.keys == ((), ("forward",), ("left",), ("right",))  # "back" is rarer
    assert actions.factors.sizes == (4, 7, 9)
    assert [action.name for action in actions.alone] == ["use yaw+1.5"]
    assert len(actions) == 4 * 7 * 9 + 1
    assert actions.action_names[0] == "wait"
    assert actions.ends_episode("snowball").nonzero()[0].tolist() == [len(actions) - 1]
    mixed = ticks_of(
        [tick("forward", camera=(-4, 18)), tick("use", "forward"), tick("right", camera=(0, -9))]
    )
    found = [actions.action_names[i] for i in actions.encode(mixed)]
    assert found == ["forward pitch-4 yaw+18", "use yaw+1.5", "right yaw-9"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(BUTTONS), max_size=4), st.floats(-30, 30), st.floats(-30, 30))
def test_part_by_part_the_same_action_is_nearest_as_among_all_written_out(keys, pitch, yaw):
    actions, ticks = SETS[-2], ticks_of([tick(*keys, camera=(pitch, yaw))])
    written = ActionSet(actions.task, actions.era, actions.actions, "written out")
    one, other = (s.actions[int(s.encode(ticks)[0])] for s in (actions, written))
    if one != other:  # only where both are as near
        gaps = [
            written._embed(*written._arrays([action]))[0] - _point(written, ticks) for action in (one, other)
        ]
        assert np.abs(gaps[0]).sum() == pytest.approx(np.abs(gaps[1]).sum())


def _point(actions, ticks):
    return actions._embed(ticks.buttons, ticks.camera, ticks.equip)[0]


def test_what_is_fed_back_names_the_parts_of_an_action():
    actions = factored_from_demos("FindCave", 2021, [ticks_of([tick("forward"), tick("use")])], size=4)
    assert actions.factors.sizes == (2, 7, 9)
    taken = np.array([-1, 0, len(actions) - 1, actions.encode(ticks_of([tick("forward", camera=(0, 4))]))[0]])
    rows = actions.one_hot(taken)
    assert rows.shape == (4, 2 + 7 + 9 + 1)
    assert rows.sum(1).tolist() == [0, 3, 1, 3]
    assert rows[1].nonzero()[0].tolist() == [0, 2, 9]
    assert rows[2].nonzero()[0].tolist() == [18]
    assert rows[3].nonzero()[0].tolist() == [1, 2, 9 + actions.factors.yaw.index(4.0)]


def test_mirror_images_swap_sides_in_every_part():
    actions = SETS[-2]
    twins = actions.mirror()
    assert twins[twins].tolist() == list(range(len(actions)))
    assert all(actions.actions[t] == a.mirrored() for a, t in zip(actions.actions, twins, strict=True))


def test_a_product_of_what_is_decisive_is_refused():
    with pytest.raises(UserError, match="decisive"):
        ActionSet("FindCave", 2021, [], "mine", Factors(((), ("use",)), (0.0,), (0.0,)))
    with pytest.raises(UserError, match="decisive"):
        ActionSet("FindCave", 2021, [Action(("back",))], "mine", Factors(((),), (0.0,), (0.0,)))


def test_fidelity_is_hand_counted():
    actions = from_demos("FindCave", 2021, [ticks_of([tick("forward")] * 3)], size=2)
    ticks = ticks_of([tick("forward", camera=(0, 2)), tick("forward"), tick("back"), tick()])
    assert actions.fidelity(ticks) == {"same_keys": 0.75, "camera_error": 0.25}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(BUTTONS), max_size=4), st.floats(-180, 180), st.floats(-180, 180))
def test_any_tick_has_a_nearest_action_and_it_is_a_fixed_point(keys, pitch, yaw):
    actions = SETS[-1]
    index = actions.encode(ticks_of([tick(*keys, camera=(pitch, yaw))]))
    again = actions.encode(ticks_of([actions.decode(int(index[0]))]))
    assert index == again


def test_era_2022_ends_by_escape_alone():
    names = contract.BUTTONS[2022]
    actions = from_demos("FindCave", 2022, [ticks_of([tick("ESC"), tick("use"), tick("use")], names)], size=3)
    assert actions.action_names == ["wait", "ESC", "use"]
    assert actions.ends_episode("none").tolist() == [False, True, False]
    assert "equip" not in actions.decode(1)


def test_era_2022_escape_and_the_hotbar_are_decisive():
    names = contract.BUTTONS[2022]
    played = [tick("ESC"), tick("hotbar.2"), tick("forward", camera=(0, 4)), tick("sneak")]
    actions = factored_from_demos("FindCave", 2022, [ticks_of(played, names)], size=5)
    assert actions.factors.keys == ((), ("forward",), ("sneak",))
    assert [action.name for action in actions.alone] == ["ESC", "hotbar.2"]
    index = actions.encode(ticks_of(played, names))
    assert [actions.action_names[i] for i in index] == ["ESC", "hotbar.2", "forward yaw+4", "sneak"]
    assert actions.ends_episode("none").nonzero()[0].tolist() == [index[0]]


def test_json_round_trip():
    for actions in SETS:
        assert msgspec.convert(json.loads(json.dumps(actions.to_json())), ActionsRecord).build() == actions


def test_what_the_task_does_not_have_is_refused():
    with pytest.raises(UserError, match="equip torch"):
        ActionSet("FindCave", 2021, [Action(), Action(equip="torch")], "mine")
    with pytest.raises(UserError, match="waiting first"):
        ActionSet("FindCave", 2021, [Action(("use",))], "mine")


def test_held_ticks_are_what_holding_one_action_would_do():
    ticks = ticks_of(
        [
            tick("forward", "jump", camera=(1, 4)),
            tick("forward", "use", camera=(1, 0)),
            tick("forward", camera=(2, 0), equip="snowball"),
            tick(camera=(0, 0)),
            tick("left"),  # a rest of less than four
        ]
    )
    held = ticks.held(4)
    names = [name for name, down in zip(held.names, held.buttons[0], strict=True) if down]
    assert len(held) == 1
    assert sorted(names) == ["forward", "use"]  # jump was down for a quarter of the ticks only
    assert held.camera.tolist() == [[1, 1]]
    assert held.equip.tolist() == ["snowball"]


def test_a_press_is_not_repeated_while_its_action_is_held():
    actions = entry_2021("FindCave")
    use, equip = actions.action_names.index("use"), actions.action_names.index("equip snowball")
    assert actions.decode(use)["use"] == 1
    assert actions.decode(use, held=True)["use"] == 0
    assert actions.decode(equip, held=True)["equip"] == "none"
    forward = actions.action_names.index("forward")
    assert actions.decode(forward, held=True)["forward"] == 1


@pytest.mark.parametrize("actions", SETS, ids=lambda a: f"{a.task}-{a.origin}")
def test_the_mirror_exchanges_left_and_right_and_back(actions):
    twin = actions.mirror()
    for i, j in enumerate(twin):
        here, there = actions.actions[i], actions.actions[j]
        assert there.camera == (here.camera[0], -here.camera[1])
        assert ("left" in here.buttons, "right" in here.buttons) == (
            "right" in there.buttons,
            "left" in there.buttons,
        )
    assert twin[twin].tolist() == list(range(len(actions)))

"""A 2021 agent in the 2022 interface, and back."""

import numpy as np
import pytest

from basalt_iq.agent.actions import Action, ActionSet
from basalt_iq.agent.reward import RewardSpec
from basalt_iq.contract import TASKS
from basalt_iq.errors import UserError
from basalt_iq.frames import shrink
from basalt_iq.play.player import Decision
from basalt_iq.play.ticks import ticks
from basalt_iq.play.translation import (
    BackTranslatedPlayer,
    TranslatedPlayer,
    as_seen_in_2021,
    as_seen_in_2022,
    fitted,
    hotbar,
)
from basalt_iq.spaces import action_space
from basalt_iq.world import make

POV = {"pov": np.zeros((360, 640, 3), np.uint8)}


class Scripted:
    """Plays a list of actions of an interface and notes what it sees."""

    def __init__(self, task, *actions, era=2021):
        self.task, self.era, self.set = (
            task,
            era,
            ActionSet(task, era, list(dict.fromkeys([Action(), *actions])), "test"),
        )
        self.action_names, self.repeat = self.set.action_names, 1
        self.reward = RewardSpec(0.9)
        self.seen, self.left = [], [self.set.actions.index(action) for action in actions]

    def start(self, slots, seeds=None):
        pass

    def act(self, observations, slots):
        self.seen += observations
        q = np.zeros(len(self.set), np.float32)
        index = self.left.pop(0)
        return [Decision(self.set.decode(index), index, q, q, 0.0, 0.0, 0.0)]


def translate(player, task):
    translated = TranslatedPlayer(player, task)
    translated.start([0], [0])
    actions = [translated.act([POV], [0])[0].action for _ in list(player.left)]
    space = action_space(TASKS[task], 2022)
    assert all(space.contains(action) for action in actions)
    return [{k: v for k, v in action.items() if k != "camera" and v} for action in actions]


def test_equipping_is_a_hotbar_key_where_the_item_is_within_reach():
    actions = [Action(equip="stone_pickaxe"), Action(("forward", "jump")), Action(equip="bucket")]
    player = Scripted("MakeWaterfall", *actions)
    assert translate(player, "MakeWaterfall") == [{"hotbar.4": 1}, {"forward": 1, "jump": 1}, {}]
    hands = [seen["equipped_items"]["mainhand"]["type"] for seen in player.seen]
    assert hands == ["water_bucket", "stone_pickaxe", "stone_pickaxe"]
    assert player.seen[0]["inventory"]["cobblestone"] == 20


def test_throwing_the_snowball_ends_the_episode_and_using_something_else_does_not():
    use = Action(("use",))
    assert translate(Scripted("FindCave", use), "FindCave") == [{"ESC": 1}]
    player = Scripted("MakeWaterfall", use, Action(equip="snowball"), Action(("use", "sneak")))
    assert translate(player, "MakeWaterfall") == [{"use": 1}, {}, {"ESC": 1, "sneak": 1}]


def test_items_have_other_names_and_the_backpack_is_out_of_reach():
    pen = hotbar(TASKS["CreateVillageAnimalPen"])
    assert pen == {"fence": 1, "fence_gate": 2, "carrot": 3, "wheat_seeds": 4, "wheat": 5}
    assert hotbar(TASKS["FindCave"]) == {}
    house = hotbar(TASKS["BuildVillageHouse"])
    assert house["log#0"] == 4
    assert house["red_flower"] == 9
    assert "log2#0" not in house  # acacia logs are the eleventh stack


def test_the_camera_is_kept():
    player = TranslatedPlayer(Scripted("FindCave", Action(camera=(-3.5, 12.0))), "MakeWaterfall")
    player.start([0])
    decision = player.act([POV], [0])[0]
    assert decision.action["camera"].tolist() == [-3.5, 12.0]
    assert player.reward == RewardSpec(0.9)


def test_a_thing_is_seen_at_the_same_angle():
    """Half a frame is tan 35 high in 2022 and tan 65 in 2021: 257.07 and 14.92 pixels for tan 45."""
    pov = np.zeros((360, 640, 3), np.uint8)
    pov[325:332, 574:581] = 255  # 45 degrees right of the middle: 320 + 257.07, and 30 below: 180 + 148.42
    seen = as_seen_in_2021(pov)
    assert (seen.shape, seen.dtype) == ((64, 64, 3), np.uint8)
    weight = seen[..., 0].astype(float)
    row, column = (weight.sum(axis) @ (np.arange(64) + 0.5) / weight.sum() for axis in (1, 0))
    assert (row, column) == pytest.approx((32 + 8.62, 32 + 14.92), abs=0.15)


def test_what_only_the_old_camera_sees_is_the_edge():
    pov = np.zeros((360, 640, 3), np.uint8)
    pov[:180], pov[180:] = 200, 100
    seen = as_seen_in_2021(pov)
    assert (seen[:31] == 200).all()
    assert (seen[33:] == 100).all()


def test_a_scene_looks_as_it_did_in_2021():
    """The same place drawn in both interfaces; above what the hand and the bar of 2022 cover."""
    old, new = (make("FindCave", era).reset(seed=31)[0]["pov"] for era in (2021, 2022))
    middle = (slice(17, 40), slice(5, 59))
    true, built, squeezed = (
        frame[middle].astype(float) for frame in (old, as_seen_in_2021(new), shrink(new, 64))
    )
    assert np.abs(built - true).mean() < 0.5 * np.abs(squeezed - true).mean()


def test_a_player_fits_where_its_items_do():
    player = Scripted("FindCave")
    assert fitted(player, "MineRLBasaltFindCave-v0", 2021) is player
    with pytest.raises(
        UserError, match=r"FindCave of 2021 cannot play MakeWaterfall in .*; train one on 2021"
    ):
        fitted(player, "MakeWaterfall", 2021)
    player = Scripted("FindCave", era=2022)
    assert fitted(player, "BuildVillageHouse", 2022) is player
    assert fitted(player, "BuildVillageHouse", 2021).era == 2021


def back(player, task, hands):
    """What a 2022 player does in 2021 with these items in hand."""
    translated, told = BackTranslatedPlayer(player, task), []
    translated.start([0], [0])
    for hand in hands:
        seen = {"pov": np.zeros((64, 64, 3), np.uint8), "equipped_items": {"mainhand": {"type": hand}}}
        told.append(translated.act([seen], [0])[0].action)
    assert all(action_space(TASKS[task], 2021).contains(action) for action in told)
    assert [action["camera"].tolist() for action in told[:1]] == [[0.0, 0.0]]
    return [{k: v for k, v in action.items() if k != "camera" and v not in (0, "none")} for action in told]


def test_a_hotbar_key_equips_what_lies_there_and_an_empty_place_is_an_empty_hand():
    keys = [Action(("hotbar.4",)), Action(("hotbar.9", "use")), Action(("drop", "inventory", "jump"))]
    hands = ["water_bucket", "stone_pickaxe", "air"]
    assert back(Scripted("MakeWaterfall", *keys, era=2022), "MakeWaterfall", hands) == [
        {"equip": "stone_pickaxe"}, {"equip": "air", "use": 1}, {"jump": 1},
    ]  # fmt: skip
    assert back(Scripted("FindCave", *keys[:1], era=2022), "BuildVillageHouse", ["fence"]) == [
        {"equip": "log#0"}
    ]


def test_the_snowball_is_kept_until_the_end_and_then_thrown_whatever_is_in_hand():
    keys = [Action(("use", "forward")), Action(("ESC",)), Action(("back",)), Action(("back",))]
    player = Scripted("MakeWaterfall", *keys, era=2022)
    hands = ["snowball", "water_bucket", "snowball", "snowball"]
    assert back(player, "MakeWaterfall", hands) == [
        {"forward": 1}, {"equip": "snowball"}, {"use": 1}, {"use": 1}
    ]  # fmt: skip


@pytest.mark.parametrize("task", ["FindCave", "MakeWaterfall"])
def test_esc_ends_a_real_2021_episode_soon(task):
    player = BackTranslatedPlayer(Scripted(task, *[Action(("ESC",))] * 20, era=2022), task)
    player.start([0], [0])
    env = make(task, 2021, 60)
    *_, last = ticks(env, 3, lambda seen: player.act([seen], [0])[0].action)
    assert (last.seen.terminated, env.steps < 16) == (True, True)


def test_there_and_back_a_thing_is_where_it_was():
    """What the 2022 camera sees of a 2021 picture is at the same angle: tan 30 is 148.42 and 8.62 pixels."""
    old = np.zeros((640, 640, 3), np.uint8)  # a pixel for tan 2.1445 / 320
    old[320 + 80 : 320 + 92, 320 + 144 : 320 + 154] = 255  # middles 86 and 149 from the centre
    seen = as_seen_in_2022(old)
    assert (seen.shape, seen.dtype) == ((360, 640, 3), np.uint8)
    weight = seen[..., 0].astype(float)
    row, column = (
        weight.sum(axis) @ (np.arange(len(weight.sum(axis))) + 0.5) / weight.sum() for axis in (1, 0)
    )
    scale = 2.144507 / 320 / (0.700208 / 180)
    assert (row, column) == pytest.approx((180 + 86 * scale, 320 + 149 * scale), abs=0.6)

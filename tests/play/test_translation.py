"""A 2021 agent in the 2022 interface."""

import numpy as np
import pytest

from basalt_iq.agent.actions import Action, ActionSet
from basalt_iq.agent.reward import RewardSpec
from basalt_iq.contract import TASKS
from basalt_iq.errors import UserError
from basalt_iq.frames import shrink
from basalt_iq.play.player import Decision
from basalt_iq.play.translation import TranslatedPlayer, as_seen_in_2021, fitted, hotbar
from basalt_iq.spaces import action_space
from basalt_iq.world import make

POV = {"pov": np.zeros((360, 640, 3), np.uint8)}


class Scripted:
    """Plays a list of actions of the 2021 interface and notes what it sees."""

    era = 2021

    def __init__(self, task, *actions):
        self.task, self.set = task, ActionSet(task, 2021, [Action(), *actions], "test")
        self.action_names, self.repeat = self.set.action_names, 1
        self.reward = RewardSpec(0.9)
        self.seen, self.left = [], list(range(1, len(actions) + 1))

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


def test_there_is_no_way_from_2022_to_2021_nor_between_tasks_of_2021():
    player = Scripted("FindCave")
    assert fitted(player, "MineRLBasaltFindCave-v0", 2021) is player
    with pytest.raises(
        UserError, match=r"FindCave of 2021 cannot play MakeWaterfall in .*; train one on 2021"
    ):
        fitted(player, "MakeWaterfall", 2021)
    player.era = 2022
    assert fitted(player, "BuildVillageHouse", 2022) is player
    with pytest.raises(UserError, match="FindCave of 2022 cannot play FindCave in the 2021"):
        fitted(player, "FindCave", 2021)

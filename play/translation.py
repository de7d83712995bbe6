"""Lets an agent of one interface play through the other.

2021 in 2022, which shows no inventory and has no equip: its frames are brought to the angle of the 2021
camera. What the agent would see of its hands follows from what it did: it starts with its own task's items,
and an item is in hand when it was equipped last. Equipping becomes the hotbar key of the played task's stack
of that item, where it has one within reach; throwing the snowball, the end of a 2021 episode, becomes ESC.

2022 in 2021: it sees the middle of the wider picture, enlarged, and hotbar keys equip what lies there at the
start of a 2022 episode. The snowball, which 2022 has not, is kept until ESC, which throws it. What only 2022
has (drop, the inventory, picking, swapping hands) does nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from basalt_iq.agent.observation import equipped
from basalt_iq.contract import BUTTONS, FIELD_OF_VIEW, Task, find_task, noop
from basalt_iq.errors import UserError
from basalt_iq.frames import shrink
from basalt_iq.play.player import Actor, Decision

#: Minecraft 1.11 names of 2021 whose item has another name in 1.16.
RENAMED = {
    "fence": "oak_fence", "fence_gate": "oak_fence_gate", "glass": "glass_pane", "log#0": "oak_log",
    "log#1": "spruce_log", "log2#0": "acacia_log", "sandstone#0": "sandstone",
    "sandstone#2": "smooth_sandstone", "red_flower": "poppy",
}  # fmt: skip
#: Throwing it ends an episode of 2021.
SNOWBALL = "snowball"
#: Side of a frame of the 2021 interface.
FRAME_2021 = 64
#: Height and width of one of the 2022 interface.
FRAME_2022 = (360, 640)
#: Stacks beyond these lie in the backpack, which no key reaches.
HOTBAR = 9


class TranslatedPlayer:
    """A 2021 `player` as an actor of the 2022 interface in ``task``, which may be another than its own."""

    era = 2022

    def __init__(self, player: Actor, task: str):
        self.player, self.task = player, find_task(task).name
        self.action_names, self.reward = player.action_names, player.reward
        self.repeat = player.repeat
        self._own = find_task(player.task)
        self._slots = hotbar(find_task(task))
        self._held: dict[int, str] = {}

    def start(self, slots: Sequence[int], seeds: Sequence[int] | None = None) -> None:
        """As the player's; in hand is the first of its own task's items."""
        self.player.start(slots, seeds)
        self._held.update(dict.fromkeys(slots, next(iter(self._own.start[2021]))))

    def act(self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]) -> list[Decision]:
        """As the player's, with the actions of the 2022 interface."""
        seen = [self._see(o["pov"], self._held[slot]) for o, slot in zip(observations, slots, strict=True)]
        decisions = self.player.act(seen, slots)
        return [
            replace(d, action=self._translate(d.action, slot))
            for d, slot in zip(decisions, slots, strict=True)
        ]

    def _see(self, pov: np.ndarray, held: str) -> dict[str, Any]:
        start = self._own.start[2021]
        inventory = {item: start.get(item, 0) for item in self._own.items}
        hands = {"mainhand": {"type": held}}
        return {"pov": as_seen_in_2021(pov), "inventory": inventory, "equipped_items": hands}

    def _translate(self, action: Mapping[str, Any], slot: int) -> dict[str, Any]:
        result = noop(find_task(self.task), 2022)
        result.update({name: action[name] for name in BUTTONS[2021]}, camera=action["camera"])
        item = action["equip"]
        if item != "none":
            self._held[slot] = item
            if item in self._slots:
                result[f"hotbar.{self._slots[item]}"] = 1
        if result["use"] and self._held[slot] == SNOWBALL:
            result.update(use=0, ESC=1)
        return result


class BackTranslatedPlayer:
    """A 2022 `player` as an actor of the 2021 interface in ``task``; 2022 tasks share one interface."""

    era = 2021

    def __init__(self, player: Actor, task: str):
        self.player, self.task = player, find_task(task).name
        self.action_names, self.reward = player.action_names, player.reward
        self.repeat = player.repeat
        equip = find_task(task).equip
        lying = {place: item for item, place in hotbar(find_task(task)).items()}
        # An empty place is an empty hand where the task has a word for it.
        empty = "air" if "air" in equip else "none"
        self._items = {f"hotbar.{place}": lying.get(place, empty) for place in range(1, HOTBAR + 1)}
        self._ending: set[int] = set()

    def start(self, slots: Sequence[int], seeds: Sequence[int] | None = None) -> None:
        """As the player's."""
        self.player.start(slots, seeds)
        self._ending.difference_update(slots)

    def act(self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]) -> list[Decision]:
        """As the player's, with the actions of the 2021 interface."""
        decisions = self.player.act([{"pov": as_seen_in_2022(o["pov"])} for o in observations], slots)
        return [
            replace(d, action=self._translate(d.action, slot, equipped(o)))
            for d, o, slot in zip(decisions, observations, slots, strict=True)
        ]

    def _translate(self, action: Mapping[str, Any], slot: int, held: str) -> dict[str, Any]:
        result = noop(find_task(self.task), 2021)
        if action["ESC"]:
            self._ending.add(slot)
        if slot in self._ending:  # throwing takes a tick or two, and the end comes some ticks after it
            return result | ({"use": 1} if held == SNOWBALL else {"equip": SNOWBALL})
        result.update({name: action[name] for name in BUTTONS[2021]}, camera=action["camera"])
        for key, item in self._items.items():
            if action[key]:
                result["equip"] = item
        if held == SNOWBALL:
            result["use"] = 0
        return result


def fitted(player: Actor, task: str, era: int) -> Actor:
    """`player` as one that plays `task` in the interface of `era`. Raises UserError if there is no way.

    The tasks of 2021 have different items to equip, so an agent of 2021 plays only its own there; those of
    2022 share one interface.
    """
    name = find_task(task).name
    if player.era == era and (era == 2022 or player.task == name):
        return player
    if player.era != era:
        return TranslatedPlayer(player, name) if era == 2022 else BackTranslatedPlayer(player, name)
    raise UserError(
        f"an agent of {player.task} of {player.era} cannot play {name} in the {era} interface;"
        f" train one on {era} demos of {name}"
    )


def as_seen_in_2021(pov: np.ndarray) -> np.ndarray:
    """A 2022 frame (360, 640, 3) uint8 as the camera of 2021 would show it, (64, 64, 3) uint8.

    That camera sees 130 degrees each way, where 2022's sees 70 down and 102 across: what lies beyond is
    filled with the frame's edge. Merely squeezed, everything would look twice as tall as it did in training.
    """
    old, new = (math.tan(math.radians(FIELD_OF_VIEW[era]) / 2) for era in (2021, 2022))
    height, width, _ = pov.shape
    side = round(height * old / new)
    margins = ((side - height) // 2, (side - width) // 2)
    return shrink(np.pad(pov, [(margin, margin) for margin in margins] + [(0, 0)], "edge"), FRAME_2021)


def as_seen_in_2022(pov: np.ndarray) -> np.ndarray:
    """A square 2021 frame (H, H, 3) uint8 as the camera of 2022 would show it, (360, 640, 3) uint8.

    It is the middle of that picture, of 64x64 some 21 by 37 pixels: as sharp as 2022 it cannot be.
    """
    old, new = (math.tan(math.radians(FIELD_OF_VIEW[era]) / 2) for era in (2021, 2022))
    (height, width), side = FRAME_2022, pov.shape[0]
    scale = new / old * side / height  # pixels of the old frame for one of the new
    shift = [(side - scale * length) / 2 + (scale - 1) / 2 for length in (width, height)]
    matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        np.ascontiguousarray(pov), matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def hotbar(task: Task) -> dict[str, int]:
    """Where the 2021 items of ``task`` lie in the hotbar (1 to 9) at the start of its 2022 episodes."""
    places = {item: place for place, item in enumerate(task.start[2022], 1) if place <= HOTBAR}
    named = {item: RENAMED.get(item, item) for item in task.items}
    return {item: places[name] for item, name in named.items() if name in places}

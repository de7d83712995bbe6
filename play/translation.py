"""Lets an agent of the 2021 interface play through the 2022 one, which shows no inventory and has no equip.

Its frames are brought to the angle of the 2021 camera. What the agent would see of its hands follows from
what it did: it starts with its own task's items, and an item is in hand when it was equipped last. Equipping
becomes the hotbar key of the played task's stack of that item, where it has one within reach, and throwing
the snowball, the end of a 2021 episode, becomes ESC.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

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
#: Side of a frame of the 2021 interface.
FRAME_2021 = 64
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
        if result["use"] and self._held[slot] == "snowball":
            result.update(use=0, ESC=1)
        return result


def fitted(player: Actor, task: str, era: int) -> Actor:
    """`player` as one that plays `task` in the interface of `era`. Raises UserError if there is no way.

    The tasks of 2021 have different items to equip, so there an agent plays only its own; those of 2022 share
    one interface.
    """
    name = find_task(task).name
    if player.era == era and (era == 2022 or player.task == name):
        return player
    if (player.era, era) == (2021, 2022):
        return TranslatedPlayer(player, name)
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


def hotbar(task: Task) -> dict[str, int]:
    """Where the 2021 items of ``task`` lie in the hotbar (1 to 9) at the start of its 2022 episodes."""
    places = {item: place for place, item in enumerate(task.start[2022], 1) if place <= HOTBAR}
    named = {item: RENAMED.get(item, item) for item in task.items}
    return {item: places[name] for item, name in named.items() if name in places}

"""The 2022 interface's keys and screen: hotbar, hearts, hand, and the inventory with the camera as mouse.

Measures are those of Minecraft's own screen at 640x360 and GUI scale 1.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from basalt_iq.world.avatar import Avatar
from basalt_iq.world.hands import Hands
from basalt_iq.world.icons import heart, item_icon, number, stamp
from basalt_iq.world.items import STACK, Stack

PIXELS_PER_DEGREE: Final = 2400 / 360 / 2
"""How far the camera moves the cursor: a turn is 2400 counts of a mouse on a screen twice as large."""
PANEL: Final = (166, 176)
"""Height and width of the inventory's panel."""
LEAST: Final = (180, 200)
"""Height and width of the smallest screen; a smaller picture shows its middle."""
SLOT: Final = 18
GRID: Final = (84, 8)
"""Top and left of the 27 slots within the panel; the hotbar's nine lie 58 below."""
HOTBAR_BELOW: Final = 58
SWING: Final = 6
"""Ticks of a swing of the hand."""


class Gui:
    """What the keys of 2022 do beyond moving, and what the screen shows over a view (height, width)."""

    def __init__(self, avatar: Avatar, hands: Hands, frame_size: tuple[int, int]):
        self._avatar, self._hands = avatar, hands
        high, wide = frame_size
        self.screen = max(high, LEAST[0]), max(wide, LEAST[1])
        self.reset()

    def reset(self) -> None:
        self.is_open = False
        self.cursor = np.zeros(2)
        self.carried: Stack | None = None
        self.offhand: Stack | None = None
        self._before: dict[str, bool] = {}
        self._swing = 0

    def filter(self, action: dict[str, Any]) -> dict[str, Any]:
        """Handles the keys of the screen; returns what is left for the body."""
        pressed = {key: bool(value) for key, value in action.items() if key not in ("camera", "equip")}
        fresh = {key for key, on in pressed.items() if on and not self._before.get(key)}
        self._before = pressed
        if "inventory" in fresh:
            self._toggle()
        if self.is_open:
            self._mouse(action, fresh)
            return {}
        self._hotbar(fresh)
        swings = self._swing == 0 and (pressed.get("attack") or "use" in fresh)
        self._swing = SWING if swings else max(self._swing - 1, 0)
        return action

    # ------------------------------------------------------------------ keys
    def _hotbar(self, fresh: set[str]) -> None:
        inventory = self._avatar.inventory
        for slot in range(9):
            if f"hotbar.{slot + 1}" in fresh:
                inventory.select(slot)
        if "drop" in fresh:
            inventory.use_up()
        if "swapHands" in fresh:
            slot = inventory.selected
            inventory.slots[slot], self.offhand = self.offhand, inventory.slots[slot]
            inventory.version += 1
        if "pickItem" in fresh:
            self._pick()

    def _pick(self) -> None:
        """Takes in hand the item of the block looked at, if there is one in the inventory."""
        item = self._hands.aimed_item()
        if item and self._avatar.inventory.count(item):
            self._avatar.inventory.equip(item)

    def _toggle(self) -> None:
        self.is_open = not self.is_open
        self.cursor[:] = self.screen[0] / 2, self.screen[1] / 2
        if not self.is_open and self.carried:
            self._put_back()

    def _put_back(self) -> None:
        slots = self._avatar.inventory.slots
        if None in slots:
            slots[slots.index(None)] = self.carried
        self.carried = None
        self._avatar.inventory.version += 1

    # ------------------------------------------------------------------ mouse
    def _mouse(self, action: dict[str, Any], fresh: set[str]) -> None:
        move = np.asarray(action.get("camera", (0.0, 0.0)), np.float64) * PIXELS_PER_DEGREE
        self.cursor = np.clip(self.cursor + move, 0, np.array(self.screen) - 1.0)
        slot = self._slot_under_cursor()
        if slot is None:
            return
        if "attack" in fresh:
            self._click(slot)
        elif "use" in fresh:
            self._click_one(slot)

    def corner(self) -> tuple[int, int]:
        """Top and left of the panel."""
        high, wide = self.screen
        return (high - PANEL[0]) // 2, (wide - PANEL[1]) // 2

    def slot_corner(self, slot: int) -> tuple[int, int]:
        """Top and left of a slot's picture; slots 0..8 are the hotbar."""
        top, left = self.corner()
        row, column = divmod(slot - 9, 9) if slot >= 9 else (0, slot)
        below = HOTBAR_BELOW if slot < 9 else row * SLOT
        return top + GRID[0] + below, left + GRID[1] + column * SLOT

    def _slot_under_cursor(self) -> int | None:
        for slot in range(36):
            top, left = self.slot_corner(slot)
            if 0 <= self.cursor[0] - top < SLOT and 0 <= self.cursor[1] - left < SLOT:
                return slot
        return None

    def _click(self, slot: int) -> None:
        """Left button: takes the stack, lays the carried one down, or swaps them."""
        inventory = self._avatar.inventory
        there = inventory.slots[slot]
        inventory.version += 1
        if there and self.carried and there.item == self.carried.item:
            moved = min(self.carried.count, STACK.get(there.item, 64) - there.count)
            there.count += moved
            self.carried.count -= moved
            self.carried = self.carried if self.carried.count else None
            return
        inventory.slots[slot], self.carried = self.carried, there

    def _click_one(self, slot: int) -> None:
        """Right button: lays one of the carried stack down, or takes half of what lies there."""
        inventory = self._avatar.inventory
        there = inventory.slots[slot]
        inventory.version += 1
        if self.carried is None:
            if there:
                half = (there.count + 1) // 2
                self.carried = Stack(there.item, half, there.damage)
                there.count -= half
                inventory.slots[slot] = there if there.count else None
        elif there is None or (there.item == self.carried.item and there.count < STACK.get(there.item, 64)):
            inventory.slots[slot] = Stack(self.carried.item, (there.count if there else 0) + 1)
            self.carried.count -= 1
            self.carried = self.carried if self.carried.count else None

    # ------------------------------------------------------------------ drawing
    def draw(self, frame: np.ndarray) -> None:
        """Draws hand, hotbar and hearts, and the inventory if it is open, onto a frame (H, W, 3)."""
        if frame.shape[:2] == self.screen:
            self._draw(frame)
            return
        top, left = ((whole - part) // 2 for whole, part in zip(self.screen, frame.shape, strict=False))
        screen = np.zeros((*self.screen, 3), np.uint8)
        middle = screen[top : top + frame.shape[0], left : left + frame.shape[1]]
        middle[:] = frame
        self._draw(screen)
        frame[:] = middle

    def _draw(self, frame: np.ndarray) -> None:
        if not self.is_open:
            self._draw_hand(frame)
        self._draw_bars(frame)
        if self.is_open:
            self._draw_panel(frame)

    def _draw_hand(self, frame: np.ndarray) -> None:
        high, wide = frame.shape[:2]
        lift = 6 * min(self._swing, SWING - self._swing + 1)
        stack = self._avatar.inventory.hand
        if stack:
            stamp(frame, item_icon(stack.item), high - 90 - lift, wide - 170 - 2 * lift, scale=6)
            return
        for row in range(80 + lift):
            x = wide - 130 + (80 - row) // 3
            frame[high - 80 - lift + row, x : x + 46] = (196, 148, 118) if row % 16 else (180, 132, 104)

    def _draw_bars(self, frame: np.ndarray) -> None:
        high, wide = frame.shape[:2]
        left, top = (wide - 182) // 2, high - 22
        inventory = self._avatar.inventory
        frame[top:high, left : left + 182] = frame[top:high, left : left + 182] // 2 + 40
        for slot in range(9):
            x = left + 1 + 20 * slot
            edge = (240, 240, 240) if slot == inventory.selected else (90, 90, 90)
            frame[[top, high - 1], x : x + 20] = edge
            frame[top:high, [x, x + 19]] = edge
            self._draw_stack(frame, inventory.slots[slot], top + 3, x + 2)
        outline = heart()
        for i in range(10):
            frame[high - 39 : high - 30, left + 8 * i : left + 8 * i + 9][outline] = (216, 24, 24)
            right = left + 182 - 9 - 8 * i
            frame[high - 39 : high - 30, right : right + 9][outline.T] = (150, 96, 50)
        frame[high - 29 : high - 24, left : left + 182] = (30, 44, 24)
        if not self.is_open:
            cross = frame[high // 2, wide // 2 - 4 : wide // 2 + 5]
            cross[:] = 255 - cross
            column = frame[high // 2 - 4 : high // 2 + 5, wide // 2]
            column[:] = 255 - column

    def _draw_stack(self, frame: np.ndarray, stack: Stack | None, top: int, left: int) -> None:
        if stack is None:
            return
        stamp(frame, item_icon(stack.item), top, left)
        if stack.count > 1:
            digits = number(stack.count)
            y, x = top + 11, left + 17 - digits.shape[1]
            for dy, dx, colour in ((1, 1, 40), (0, 0, 255)):
                region = frame[y + dy : y + dy + 5, x + dx : x + dx + digits.shape[1]]
                region[digits[: region.shape[0], : region.shape[1]]] = colour

    def _draw_panel(self, frame: np.ndarray) -> None:
        top, left = self.corner()
        frame[:] = frame // 3
        frame[top : top + PANEL[0], left : left + PANEL[1]] = 198
        for slot, stack in enumerate(self._avatar.inventory.slots):
            y, x = self.slot_corner(slot)
            frame[y - 1 : y + 17, x - 1 : x + 17] = 55
            frame[y : y + 17, x : x + 17] = 255
            frame[y : y + 16, x : x + 16] = 139
            self._draw_stack(frame, stack, y, x)
        y, x = (int(c) for c in self.cursor)
        self._draw_stack(frame, self.carried, max(y - 8, 0), max(x - 8, 0))
        for i in range(10):
            frame[min(y + i, frame.shape[0] - 1), x : x + max(1, (10 - i) * 2 // 3)] = 255

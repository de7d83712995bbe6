"""Everything of a demonstration but its pixels, the same for both eras."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Steps:
    """T actions and what the T+1 states held besides pixels.

    In 2022 nothing but pixels is observed: `items` is empty, and `equip` and `equipped` are all "none".
    Raises ValueError when shapes disagree.
    """

    task: str
    era: int
    button_names: tuple[str, ...]
    buttons: np.ndarray
    """(T, B) uint8, 0 or 1, columns as in `button_names`"""
    camera: np.ndarray
    """(T, 2) float32: change of pitch and yaw in degrees"""
    equip_values: tuple[str, ...]
    equip: np.ndarray
    """(T,) int16: the item asked for, an index into `equip_values` ("none": keep)"""
    equipped: np.ndarray
    """(T+1,) int16: the item in hand, an index into `equip_values`"""
    items: tuple[str, ...]
    """Names of the columns of `inventory`."""
    inventory: np.ndarray
    """(T+1, I) int32 counts"""
    meta: dict[str, Any] = field(default_factory=dict)
    """JSON-ready: where it came from and how it went."""

    def __post_init__(self) -> None:
        steps = len(self.buttons)
        expected = {
            "buttons": ((steps, len(self.button_names)), np.uint8),
            "camera": ((steps, 2), np.float32),
            "equip": ((steps,), np.int16),
            "equipped": ((steps + 1,), np.int16),
            "inventory": ((steps + 1, len(self.items)), np.int32),
        }
        for name, (shape, dtype) in expected.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != dtype:
                raise ValueError(f"{name} is {array.dtype}{array.shape}, not {np.dtype(dtype)}{shape}")

    @property
    def length(self) -> int:
        """T, the number of steps (20 a second)."""
        return len(self.buttons)


#: Columns of actions; the others are of states.
ACTION_COLUMNS = ("buttons", "camera", "equip")
STATE_COLUMNS = ("inventory", "equipped")


def row_type(buttons: int, items: int) -> np.dtype:
    """One state and the action taken in it, as a store keeps them; `frame_sum` is the CRC-32 of its frame."""
    fields = [("buttons", "u1", (buttons,)), ("camera", "<f4", (2,)), ("equip", "<i2")]
    fields += [("inventory", "<i4", (items,)), ("equipped", "<i2"), ("frame_sum", "<u4")]
    return np.dtype(fields, align=True)  # unaligned columns take twice as long to copy


def to_rows(steps: Steps, frame_sums: np.ndarray) -> np.ndarray:
    """(T+1,) rows; in the last state no action is taken: its row holds zeros there."""
    rows = np.zeros(steps.length + 1, row_type(len(steps.button_names), len(steps.items)))
    for name in ACTION_COLUMNS:
        rows[name][:-1] = getattr(steps, name)
    for name in STATE_COLUMNS:
        rows[name] = getattr(steps, name)
    rows["frame_sum"] = frame_sums
    return rows

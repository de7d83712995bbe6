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
    """(T, B) uint8"""
    camera: np.ndarray
    """(T, 2) float32: change of pitch and yaw in degrees"""
    equip_values: tuple[str, ...]
    equip: np.ndarray
    """(T,) int16 index into equip_values"""
    equipped: np.ndarray
    """(T+1,) int16 index into equip_values"""
    items: tuple[str, ...]
    inventory: np.ndarray
    """(T+1, I) int32"""
    meta: dict[str, Any] = field(default_factory=dict)
    """JSON-ready."""

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
        return len(self.buttons)

    def about(self) -> dict[str, Any]:
        """What describes the arrays, JSON-ready."""
        return {
            "task": self.task,
            "era": self.era,
            "length": self.length,
            "button_names": list(self.button_names),
            "equip_values": list(self.equip_values),
            "items": list(self.items),
        }

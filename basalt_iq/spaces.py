"""Observation and action spaces of the BASALT tasks, as gymnasium has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import utils

from basalt_iq.contract import BUTTONS, MAX_DAMAGE, MAX_STACK_SUM, Task


class Enum(spaces.Space[str]):
    """One of a sorted set of strings, as MineRL's own Enum space; ``values`` gives their indices."""

    def __init__(self, values: Sequence[str], default: str = "none", seed: int | None = None):
        self.values = tuple(sorted(values))
        if default not in self.values:
            raise ValueError(f"default {default!r} is not one of {self.values}")
        self.default = default
        super().__init__((), np.str_, seed)

    @property
    def is_np_flattenable(self) -> bool:
        return True

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        return self.values[int(self.np_random.integers(len(self.values)))]

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and x in self.values

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Enum) and (self.values, self.default) == (other.values, other.default)

    def __repr__(self) -> str:
        return f"Enum({', '.join(self.values)})"


# How gymnasium flattens it: one-hot, as it does a Discrete space.
@utils.flatdim.register(Enum)
def _flatdim(space: Enum) -> int:
    return len(space.values)


@utils.flatten_space.register(Enum)
def _flatten_space(space: Enum) -> spaces.Box:
    return spaces.Box(0, 1, (len(space.values),), np.int64)


@utils.flatten.register(Enum)
def _flatten(space: Enum, x: str) -> np.ndarray:  # type: ignore[misc]
    return np.eye(len(space.values), dtype=np.int64)[space.values.index(x)]


@utils.unflatten.register(Enum)
def _unflatten(space: Enum, x: np.ndarray) -> str:  # type: ignore[misc]
    return space.values[int(np.flatnonzero(x)[0])]


def observation_space(task: Task, era: int = 2021) -> spaces.Dict:
    """pov (H,W,3) uint8; in 2021 also ``inventory`` counts and ``equipped_items.mainhand``."""
    pov = spaces.Box(0, 255, task.pov_shape(era), np.uint8)
    if era == 2022:
        return spaces.Dict({"pov": pov})
    wear = spaces.Box(-1, MAX_DAMAGE, (), np.int64)
    hand = spaces.Dict({"damage": wear, "maxDamage": wear, "type": Enum(task.equip)})
    counts: dict[str, spaces.Space] = {
        item: spaces.Box(0, MAX_STACK_SUM, (), np.int32) for item in task.items
    }
    equipped = spaces.Dict({"mainhand": hand})
    return spaces.Dict({"equipped_items": equipped, "inventory": spaces.Dict(counts), "pov": pov})


def action_space(task: Task, era: int = 2021) -> spaces.Dict:
    """Buttons Discrete(2); camera (2,) float32 degrees per tick [pitch, yaw]; in 2021 also ``equip``."""
    task.check_era(era)
    keys: dict[str, spaces.Space] = {button: spaces.Discrete(2) for button in BUTTONS[era]}
    keys["camera"] = spaces.Box(-180.0, 180.0, (2,), np.float32)
    if era == 2021:
        keys["equip"] = Enum(task.equip)
    return spaces.Dict(keys)

"""What a person sees of the world they play in: the stand-in draws a picture for them, others show theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

import cv2
import gymnasium
import numpy as np

from basalt_iq.contract import Task

if TYPE_CHECKING:
    from basalt_iq.world.env import BasaltEnv

#: Height and width of the picture that people look at, whatever is recorded: what MineRL's players saw.
PICTURE: Final = (360, 640)


class Window(Protocol):
    """Onto one world, from its reset on."""

    def see(self, observation: Mapping[str, Any]) -> None:
        """What the world has just answered."""

    def draw(self) -> np.ndarray:
        """The picture of now, (H, W, 3) uint8; may be asked for in another thread."""
        ...

    def items(self) -> list[tuple[str, int]]:
        """What the task starts with, and how much of it is left as far as the world tells."""
        ...


class DrawnWindow:
    """Onto the stand-in, whose picture is drawn as often as somebody asks."""

    def __init__(self, world: BasaltEnv, task: Task, era: int):
        from basalt_iq.world.view import View

        self._view, self._world, self._names = View(world.simulation, PICTURE), world, list(task.start[era])

    def see(self, observation: Mapping[str, Any]) -> None:
        """The view looks for itself."""

    def draw(self) -> np.ndarray:
        return self._view.draw()

    def items(self) -> list[tuple[str, int]]:
        return [(name, int(self._world.inventory.count(name))) for name in self._names]


class ObservedWindow:
    """Onto a world that only answers: what an agent sees, no smaller than people can look at."""

    def __init__(self, task: Task, era: int):
        self._pov = np.zeros((*PICTURE, 3), np.uint8)
        self._items = dict(task.start[era])

    def see(self, observation: Mapping[str, Any]) -> None:
        self._pov = observation["pov"]
        left = observation.get("inventory", {})  # the 2022 interface tells of none
        self._items.update({name: int(left[name]) for name in self._items if name in left})

    def draw(self) -> np.ndarray:
        pov, height = self._pov, PICTURE[0]
        if len(pov) >= height:
            return pov
        width = round(pov.shape[1] * height / len(pov))
        return cv2.resize(pov, (width, height), interpolation=cv2.INTER_CUBIC)

    def items(self) -> list[tuple[str, int]]:
        return list(self._items.items())


def window_onto(env: gymnasium.Env, task: Task, era: int) -> Window:
    """The window that suits a world."""
    from basalt_iq.world.env import BasaltEnv

    world = env.unwrapped
    return DrawnWindow(world, task, era) if isinstance(world, BasaltEnv) else ObservedWindow(task, era)

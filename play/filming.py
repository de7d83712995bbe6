"""What a person would have seen, filmed beside the agent's own picture: 640x360, whatever the interface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from basalt_iq.play.episode import LARGE
from basalt_iq.play.window import PICTURE
from basalt_iq.video import VideoWriter
from basalt_iq.world.env import BasaltEnv
from basalt_iq.world.view import View

#: Of the encoder: people look, nothing learns from it.
_QUALITY = 26


class Filming(gymnasium.Wrapper):
    """Films every episode of a stand-in world into `folder`; what is cut short leaves no film."""

    def __init__(self, env: gymnasium.Env, folder: Path):
        super().__init__(env)
        world = env.unwrapped
        assert isinstance(world, BasaltEnv)
        self._view, self._folder = View(world.simulation, PICTURE), folder
        self._film: VideoWriter | None = None

    def reset(self, *, seed: int | None = None, **options: Any) -> Any:
        self._cut()
        answer = self.env.reset(seed=seed, **options)
        self._film = VideoWriter(self._folder / f"seed_{seed}{LARGE}", crf=_QUALITY)
        self._film.append(self._shot())
        return answer

    def step(self, action: Any) -> Any:
        answer = self.env.step(action)
        if self._film is not None:
            self._film.append(self._shot())
            if answer[2] or answer[3]:
                self._film.close()
                self._film = None
        return answer

    def close(self) -> None:
        self._cut()
        super().close()

    def _shot(self) -> np.ndarray:
        return self._view.draw()

    def _cut(self) -> None:
        if self._film is not None:
            self._film.discard()
            self._film = None

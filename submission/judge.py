"""The evaluator's side of a check: it holds the worlds, and sees every call that a package makes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import gymnasium
import numpy as np

from basalt_iq.contract import find_task
from basalt_iq.play.faults import REFUSAL
from basalt_iq.play.gym_api import GymEnv
from basalt_iq.play.instances import instance
from basalt_iq.play.worlds import Maker
from basalt_iq.spaces import action_space

#: AIcrowd counts an instance that takes no step for so many seconds as dead.
SILENCE_SECONDS = 180.0
#: A package that steps on this often after the end of an episode will not stop by itself.
PATIENCE_STEPS = 100
#: Judging needs no fine pictures: frames are rendered this much smaller, and their pixels repeated.
COARSENESS = {2021: 16, 2022: 4}


class Stop(Exception):
    """The judge has seen enough; the message says of what."""


@dataclass
class Played:
    """An episode as the judge saw it."""

    task: str
    steps: int = 0
    done: bool = False
    late: int = 0
    """Steps asked for after the end."""
    thinking: list[float] = field(default_factory=list)
    """Seconds from each answer to the step that followed."""


@dataclass
class Log:
    """All that a package did."""

    episodes: list[Played] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    """Environment ids."""
    closed: int = 0
    refused: list[str] = field(default_factory=list)
    """Actions that are not of the task's action space, and calls out of order."""
    source: str | None = None
    """The basalt_iq that the package ran on, once it made an environment."""


class Judge:
    """Answers a package's calls with stand-in worlds of `era` until it hangs up."""

    def __init__(self, era: int, max_steps: int | None, build: Callable[..., gymnasium.Env] | None = None):
        self.era, self.max_steps = era, max_steps
        self.build = build or coarse_world
        self.log = Log()
        self._worlds: list[GymEnv] = []
        self._playing: list[Played | None] = []
        self._spaces: list[gymnasium.spaces.Dict] = []

    def serve(self, pipe: Connection, silence: float = SILENCE_SECONDS) -> None:
        """Until the package's process ends its side. Raises Stop for a package that must be stopped."""
        try:
            while True:
                answered = time.monotonic()
                if not pipe.poll(silence):
                    raise Stop(f"no step for {silence:g} s")
                kind, value = instance.receive(pipe)
                self._answer(pipe, kind, value, time.monotonic() - answered)
        except (EOFError, BrokenPipeError):
            return
        finally:
            for world in self._worlds:
                world.close()

    def _answer(self, pipe: Connection, kind: str, value: Any, thinking: float) -> None:
        jobs: dict[str, Callable[..., Any]] = {
            "make": self._make,
            "seed": self._seed,
            "reset": self._reset,
            "step": partial(self._step, thinking=thinking),
            "close": self._close,
        }
        try:
            answer = jobs[kind](*value)
        except Stop:
            raise
        except Exception as error:  # noqa: BLE001  the package hears of it, as it would of MineRL's
            instance.send(pipe, "raised", str(error))
        else:
            instance.send(pipe, "ok", answer)

    def _make(self, env_id: str, source: str | None) -> tuple[int, int]:
        task = find_task(env_id)
        self.log.source = source
        self.log.made.append(env_id)
        self._worlds.append(GymEnv(self.build(env_id, self.era, self.max_steps)))
        self._playing.append(None)
        self._spaces.append(action_space(task, self.era))
        return len(self._worlds) - 1, self.era

    def _seed(self, handle: int, seed: int | None) -> None:
        self._worlds[handle].seed(seed)

    def _reset(self, handle: int) -> dict[str, Any]:
        played = Played(find_task(self.log.made[handle]).name)
        self.log.episodes.append(played)
        self._playing[handle] = played
        return self._worlds[handle].reset()

    def _step(self, handle: int, action: dict[str, Any], thinking: float) -> tuple[Any, ...]:
        played = self._playing[handle]
        if played is None:
            self._refuse("a step before the first reset")
        elif played.done:
            played.late += 1
            if played.late > PATIENCE_STEPS:
                raise Stop(f"{played.task}: the agent never ends its episode")
            raise RuntimeError(REFUSAL)
        assert played is not None
        self._inspect(handle, action)
        played.thinking.append(thinking)
        observation, reward, done, info = self._worlds[handle].step(action)
        played.steps += 1
        played.done = done
        return observation, reward, done, {k: v for k, v in info.items() if k == "error"}

    def _close(self, handle: int) -> None:
        self.log.closed += 1
        self._worlds[handle].close()

    def _inspect(self, handle: int, action: dict[str, Any]) -> None:
        """MineRL answers a wrong action with nonsense or not at all, so the judge does not let it through."""
        space = self._spaces[handle]
        camera = np.asarray(action.get("camera"), np.float32)
        if not space.contains({**action, "camera": camera}):
            wrong = [
                k for k in space if k not in action or not space[k].contains({**action, "camera": camera}[k])
            ]
            extra = sorted(set(action) - set(space.spaces))
            self._refuse(
                f"{self.log.made[handle]}: {', '.join(f'{k}={action.get(k)}' for k in wrong + extra)}"
            )

    def _refuse(self, what: str) -> None:
        self.log.refused.append(what)
        raise ValueError(f"refused: {what}")


def coarse_world(env_id: str, era: int, max_steps: int | None) -> gymnasium.Env:
    """The stand-in world of an environment id, with frames of full size but of few different pixels."""
    height, width, _ = find_task(env_id).pov_shape(era)
    by = COARSENESS[era] if height > 64 else 1
    return Repeat(Maker(resolution=(height // by, width // by))(env_id, era, max_steps), by)


class Repeat(gymnasium.ObservationWrapper):
    """Repeats every pixel `by` times down and across."""

    def __init__(self, env: gymnasium.Env, by: int):
        super().__init__(env)
        self.by = by

    def observation(self, observation: dict[str, Any]) -> dict[str, Any]:
        return {**observation, "pov": observation["pov"].repeat(self.by, 0).repeat(self.by, 1)}

"""MineRL and its kin behind the interface of the stand-in world, whatever they do: crash, hang, answer noise.

Each environment lives in a process of its own (`instances/`). A fault ends the episode: the step returns
``info["error"]`` with the reason, and the next reset starts a new process. `minerl` is imported nowhere here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from basalt_iq.contract import find_task, noop
from basalt_iq.play.instances import instance
from basalt_iq.spaces import Enum, action_space, observation_space

#: How long an instance may take to close in good order; MineRL removes its copy of the game then.
CLOSING_SECONDS = 10.0


class WorldFault(RuntimeError):
    """The environment broke; the message says how, in one line."""


@dataclass(frozen=True)
class Limits:
    """Patience with an instance, in seconds; all of it within the 300 s of `VectorWorld`."""

    step: float = 60.0
    """For the answer to a step."""
    reset: float = 280.0
    """For an episode to begin, with the start of a new instance and all attempts."""
    attempts: int = 2
    """Instances that may break during one reset before it counts as failed; they share its time."""
    refresh_every: int = 10
    """Episodes that an instance plays before a fresh one takes over: MineRL's memory grows."""

    def __post_init__(self) -> None:
        if min(self.step, self.reset) <= 0 or min(self.attempts, self.refresh_every) < 1:
            raise ValueError(f"limits must be positive: {self}")


class MinerlWorld(gymnasium.Env):
    """A MineRL environment, 0.4.4 (era 2021) or 1.0.x (era 2022), as one of our worlds.

    Args:
        task: name or environment id.
        max_steps: episode limit in steps; None is the task's own.
        command: starts what holds it (see `instance.run`); the environment id is added as an argument.
    """

    def __init__(
        self,
        task: str,
        era: int = 2021,
        max_steps: int | None = None,
        *,
        command: Sequence[str],
        limits: Limits | None = None,
    ):
        self.task, self.era = find_task(task), era
        self.observation_space = observation_space(self.task, era)
        self.action_space = action_space(self.task, era)
        self.max_steps = min(max_steps or self.task.max_steps, self.task.max_steps)
        self.limits = limits or Limits()
        self._command = [*command, self.task.env_id]
        self._instance: Instance | None = None
        self._played = 0  # episodes of this instance
        self._steps: int | None = None  # of this episode; None outside of one

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode, with a new instance where the old one broke. Raises Fault if none comes up."""
        super().reset(seed=seed)
        self._steps = None
        number = int(self.np_random.integers(2**31)) if seed is None else seed
        faults: list[WorldFault] = []
        while len(faults) < self.limits.attempts:
            seen = self._attempt(number)
            if not isinstance(seen, WorldFault):
                self._steps = 0
                return seen, {}
            faults.append(seen)
        raise WorldFault(f"no episode after {len(faults)} attempts: {faults[-1]}")

    def step(self, action: Mapping[str, Any]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """As the stand-in world's. After a fault the observation is blank and ``info`` has the ``error``."""
        if self._steps is None or self._instance is None:
            raise RuntimeError("the episode is over: reset first")
        full = {**noop(self.task, self.era), **action}
        try:
            raw, _, done, info = self._instance.ask("step", full, self.limits.step)
            if info.get("error"):
                raise WorldFault(str(info["error"]))
            seen = observation(self.observation_space, raw)
        except WorldFault as fault:
            self._abandon()
            return blank(self.observation_space), 0.0, False, True, {"error": str(fault)}
        self._steps += 1
        timed_out = self._timed_out(done, info, bool(full.get("ESC")))
        if done or timed_out:
            self._steps = None
        return seen, 0.0, done and not timed_out, timed_out, info

    def _timed_out(self, done: bool, info: Mapping[str, Any], escaped: bool) -> bool:
        """Whether this step is the last that time allows. MineRL 1.0 then says done, and nothing else."""
        if self._steps is None or self._steps < self.max_steps:
            return bool(info.get("TimeLimit.truncated"))
        silent = self.era == 2022 and self.max_steps == self.task.max_steps and not info and not escaped
        return not done or silent or bool(info.get("TimeLimit.truncated"))

    def close(self) -> None:
        """End the instance and every process it started. The next reset starts a new one."""
        if self._instance:
            self._instance.close()
        self._instance, self._steps = None, None

    def _attempt(self, seed: int) -> dict[str, Any] | WorldFault:
        try:
            return self._begin(seed, time.monotonic() + self.limits.reset / self.limits.attempts)
        except WorldFault as fault:
            self._abandon()
            return fault

    def _begin(self, seed: int, until: float) -> dict[str, Any]:
        if self._instance and self._played >= self.limits.refresh_every:
            self.close()
        if self._instance is None:
            self._instance, self._played = Instance(self._command), 0
            self._instance.answer("start", until - time.monotonic())
        self._played += 1
        self._instance.ask("seed", seed, until - time.monotonic())  # MineRL forgets it with every reset
        raw = self._instance.ask("reset", None, until - time.monotonic())
        return observation(self.observation_space, raw)

    def _abandon(self) -> None:
        """Kill a broken instance: it may never answer to a polite request."""
        if self._instance:
            self._instance.kill()
        self._instance, self._steps = None, None


class Instance:
    """A process that holds one environment; closing it ends all its descendants."""

    def __init__(self, command: Sequence[str]):
        self._mark = uuid.uuid4().hex
        # MineRL's copies of the game land here too.
        self._folder = Path(tempfile.mkdtemp(prefix="basalt-iq-"))
        ours, theirs = Pipe()
        try:
            self._process = self._start([*command, str(theirs.fileno())], theirs.fileno())
        except OSError as error:
            ours.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise WorldFault(f"{command[0]} cannot be run ({error.strerror})") from None
        finally:
            theirs.close()
        self._pipe: Connection = ours

    def _start(self, command: Sequence[str], descriptor: int) -> subprocess.Popen:
        with (self._folder / "output").open("wb") as output:
            return subprocess.Popen(
                command,
                pass_fds=[descriptor],
                env={**os.environ, instance.MARK: self._mark, "TMPDIR": str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ask(self, kind: str, value: Any, timeout: float) -> Any:
        """Send a request and wait for its answer. Raises Fault."""
        try:
            instance.send(self._pipe, kind, value)
        except (BrokenPipeError, ConnectionResetError):
            raise WorldFault(self._epitaph()) from None
        return self.answer(kind, timeout)

    def answer(self, kind: str, timeout: float) -> Any:
        """Wait for the answer to what was asked."""
        try:
            if not self._pipe.poll(max(0.0, timeout)):
                raise WorldFault(f"no answer to {kind} for {timeout:.0f} s")
            verdict, answer = instance.receive(self._pipe)
        except EOFError:
            raise WorldFault(self._epitaph()) from None
        if verdict != "ok":
            raise WorldFault(str(answer))
        return answer

    def close(self) -> None:
        """Let the process end in good order, then as `kill`."""
        self._pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSING_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process and all that it started; remove its files."""
        self._pipe.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        instance.end_marked(self._mark)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _epitaph(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSING_SECONDS)
        said = (self._folder / "output").read_bytes()[-4000:].decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(said) if line.strip()), "no last words")
        return f"the environment's process died (exit code {self._process.returncode}): {last}"


def observation(space: gymnasium.Space, raw: Mapping[str, Any]) -> dict[str, Any]:
    """An observation of the contract's `space` from MineRL's, copied: its pov comes with negative strides.

    Raises Fault if a part is missing or not of the contract.
    """
    try:
        return _shaped(space, raw)
    except (KeyError, TypeError, ValueError) as error:
        raise WorldFault(f"the observation is not the contract's: {error!r}") from None


def _shaped(space: gymnasium.Space, raw: Any) -> Any:
    if isinstance(space, gymnasium.spaces.Dict):
        return {name: _shaped(part, raw[name]) for name, part in space.items()}
    if isinstance(space, Enum):
        value: Any = str(raw)
    else:
        value = np.array(raw, space.dtype, order="C")
        if np.shape(raw) != space.shape:
            raise ValueError(f"shape {np.shape(raw)} instead of {space.shape}")
    if not space.contains(value):
        raise ValueError(f"{str(raw)[:80]} is not in {space}")
    return value


def blank(space: gymnasium.Space) -> Any:
    """An observation of nothing: a black frame, no items."""
    if isinstance(space, gymnasium.spaces.Dict):
        return {name: blank(part) for name, part in space.items()}
    return space.default if isinstance(space, Enum) else np.zeros(space.shape or (), space.dtype)

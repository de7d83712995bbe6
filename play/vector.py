"""Many worlds stepped in parallel processes, their frames in shared memory."""

from __future__ import annotations

import multiprocessing as mp
import traceback
from collections import defaultdict
from collections.abc import Iterable, Mapping
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import gymnasium
import numpy as np

from basalt_iq.contract import find_task
from basalt_iq.play.minerl import WorldFault, blank
from basalt_iq.play.worlds import Build, Maker

Observation = dict[str, Any]


class WorkerError(RuntimeError):
    """A worker process failed, died or did not answer; the message names it and its slots."""


class VectorWorld:
    """``count`` worlds of one task, slot i in worker i % workers. A context manager.

    Args:
        task: name or environment id.
        count: number of worlds (slots 0..count-1).
        workers: number of processes.
        era: 2021 or 2022.
        max_steps: episode limit; None is the task's own.
        build: makes one environment from (task, era, max_steps); must be picklable.
        timeout: seconds to wait for a worker before it counts as hung.
    """

    def __init__(
        self,
        task: str,
        count: int,
        workers: int = 2,
        era: int = 2021,
        max_steps: int | None = None,
        build: Build = Maker(),  # noqa: B008  frozen
        timeout: float = 300.0,
    ):
        if count < 1 or workers < 1:
            raise ValueError(f"need at least one world and one worker, not {count} and {workers}")
        shape = (count, *find_task(task).pov_shape(era))
        context = mp.get_context("spawn")
        memory = context.RawArray("B", int(np.prod(shape)))
        self.count, self.timeout = count, timeout
        self._frames = np.frombuffer(memory, np.uint8).reshape(shape)
        self._pipes: list[Connection] = []
        self._processes = []
        self._workers = min(workers, count)
        for worker in range(self._workers):
            ours, theirs = context.Pipe()
            job = (theirs, memory, shape, build, (task, era, max_steps))
            process = context.Process(target=_work, args=job, name=f"world-{worker}", daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def reset(self, seeds: Mapping[int, int | None]) -> dict[int, tuple[Observation, dict[str, Any]]]:
        """{slot: seed} -> {slot: (observation, info)}. Raises WorkerError.

        Where no episode began, as a Minecraft did not start, ``info`` has the ``error``: the others play on.
        """
        return {slot: (self._whole(slot, obs), info) for slot, (obs, info) in self._ask("reset", seeds)}

    def step(
        self, actions: Mapping[int, dict[str, Any]], draw: bool = True
    ) -> dict[int, tuple[Observation, bool, bool, dict[str, Any]]]:
        """{slot: action} -> {slot: (observation, terminated, truncated, info)}. Raises WorkerError.

        Without `draw`, worlds that can do without draw no picture unless the episode ends: their
        observations have no "pov". Ended slots wait for their next reset; there is no automatic one.
        """
        answers = self._ask("step" if draw else "blind step", actions)
        return {slot: (self._whole(slot, obs), *rest) for slot, (obs, *rest) in answers}

    def hold(
        self, actions: Mapping[int, tuple[dict[str, Any], dict[str, Any]]], ticks: int
    ) -> dict[int, tuple[Observation, bool, bool, dict[str, Any]]]:
        """A decision of `ticks` steps in every slot: {slot: (its first action, that of the others)}.

        As so many steps of which only the last is drawn, in one message. An episode may end before.
        """
        told = self._ask("hold", {slot: (*pair, ticks) for slot, pair in actions.items()})
        return {slot: (self._whole(slot, obs), *rest) for slot, (obs, *rest) in told}

    def progress(self, slots: Iterable[int]) -> dict[int, float]:
        """Ground truth 0..1 of each slot's episode, for measurement only."""
        return dict(self._ask("progress", dict.fromkeys(slots)))

    def close(self) -> None:
        """End every worker; leaves no process. May be called twice."""
        for pipe in self._pipes:
            pipe.close()  # a worker that is not hung reads the end of its pipe and returns
        for process in self._processes:
            process.join(1.0)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        self._pipes, self._processes = [], []

    def __enter__(self) -> VectorWorld:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _whole(self, slot: int, told: tuple[Observation, bool]) -> Observation:
        observation, drawn = told
        return {**observation, "pov": self._frames[slot].copy()} if drawn else observation

    def _ask(self, request: str, by_slot: Mapping[int, Any]) -> list[tuple[int, Any]]:
        if not self._pipes:
            raise RuntimeError("this VectorWorld is closed")
        shares: dict[int, dict[int, Any]] = defaultdict(dict)
        for slot, value in by_slot.items():
            if not 0 <= slot < self.count:
                raise KeyError(f"slot {slot} of {self.count} worlds")
            shares[slot % self._workers][slot] = value
        for worker, share in shares.items():
            self._send(worker, request, share)
        answers = [answer for worker in shares for answer in self._receive(worker)]
        return sorted(answers, key=lambda answer: answer[0])

    def _send(self, worker: int, request: str, share: dict[int, Any]) -> None:
        try:
            self._pipes[worker].send((request, share))
        except (BrokenPipeError, ConnectionResetError):
            self._fail(worker, self._epitaph(worker))

    def _receive(self, worker: int) -> list[tuple[int, Any]]:
        pipe = self._pipes[worker]
        try:
            if not pipe.poll(self.timeout):
                self._fail(worker, f"did not answer for {self.timeout:g} s")
            answer: list[tuple[int, Any]] | str = pipe.recv()
        except (EOFError, ConnectionResetError):
            self._fail(worker, self._epitaph(worker))
        if isinstance(answer, str):
            self._fail(worker, f"failed:\n{answer}")
        return answer

    def _epitaph(self, worker: int) -> str:
        self._processes[worker].join(5.0)
        return f"died (exit code {self._processes[worker].exitcode})"

    def _fail(self, worker: int, what: str) -> NoReturn:
        slots = ", ".join(map(str, range(worker, self.count, self._workers)))
        self.close()
        raise WorkerError(f"world worker {worker} (slots {slots}) {what}")


def _reset(world: gymnasium.Env, seed: int | None) -> tuple[Any, ...]:
    """A reset; one that a world's own process broke is answered as a step would be that it broke."""
    try:
        return world.reset(seed=seed)
    except WorldFault as fault:
        return blank(world.observation_space), {"error": str(fault)}


def _step(world: gymnasium.Env, action: dict[str, Any], drawn: bool) -> tuple[Any, ...]:
    """A step, without its picture if nobody looks and the world can do without one."""
    if hasattr(world.unwrapped, "draws"):
        setattr(world.unwrapped, "draws", drawn)  # noqa: B010  not every environment's
    return world.step(action)


def _hold(world: gymnasium.Env, action: dict[str, Any], held: dict[str, Any], ticks: int) -> tuple[Any, ...]:
    """The last of the steps that a decision is held for."""
    answer = _step(world, action, drawn=ticks == 1)
    for tick in range(1, ticks):
        _, _, terminated, truncated, info = answer
        if terminated or truncated or info.get("error"):
            break
        answer = _step(world, held, drawn=tick == ticks - 1)
    return answer


class _Slots:
    """The worlds of a worker process, made when first asked for; their pictures go into shared memory."""

    def __init__(self, frames: np.ndarray, build: Build, job: tuple[str, int, int | None]):
        self._frames, self._build, self._job = frames, build, job
        self._worlds: dict[int, gymnasium.Env] = {}

    def answer(self, request: str, slot: int, value: Any) -> Any:
        if slot not in self._worlds:
            self._worlds[slot] = self._build(*self._job)
        world = self._worlds[slot]
        if request == "progress":
            return world.unwrapped.progress()  # type: ignore[attr-defined]
        observation, *rest = self._do(world, request, value)
        drawn = "pov" in observation
        if drawn:
            self._frames[slot] = observation.pop("pov")
        return ((observation, drawn), *rest)

    def _do(self, world: gymnasium.Env, request: str, value: Any) -> list[Any]:
        """A reset, a step or several, without the reward, which is always 0."""
        if request == "reset":
            return list(_reset(world, value))
        answer = _hold(world, *value) if request == "hold" else _step(world, value, drawn=request == "step")
        observation, _, *rest = answer
        return [observation, *rest]

    def close(self) -> None:
        for world in self._worlds.values():
            world.close()


def _work(
    pipe: Connection, memory: Any, shape: tuple[int, ...], build: Build, job: tuple[str, int, int | None]
) -> None:
    """A worker's life: answer requests until the pipe ends. An exception is answered with its text."""
    slots = _Slots(np.frombuffer(memory, np.uint8).reshape(shape), build, job)
    try:
        while True:
            request, share = pipe.recv()
            try:
                pipe.send([(slot, slots.answer(request, slot, value)) for slot, value in share.items()])
            except Exception:  # noqa: BLE001  whatever the world raised, the parent must hear of it
                pipe.send(traceback.format_exc())
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        pass
    finally:
        slots.close()

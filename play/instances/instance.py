"""An environment in a process of its own, spoken to over a pipe.

The scripts beside this file hold MineRL and its kin, whose pins (gym < 0.24, for 0.4.4 numpy < 1.24) then
bind no one else: any interpreter that has the package will do. This file needs Python 3.7, numpy and nothing
of ours. Messages are JSON with arrays behind, never pickles, so neither side can make the other run code.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

#: Names an instance and everything it starts, so that all of it can be found and ended.
MARK = "BASALT_IQ_INSTANCE"
ARRAY = "__array__"


def send(pipe: Connection, kind: str, value: Any = None) -> None:
    """One message: its kind, and a value of JSON types, numpy scalars and arrays."""
    arrays: list[np.ndarray] = []

    def encode(item: Any) -> Any:
        if isinstance(item, (np.generic, np.ndarray)) and not np.ndim(item):
            return item.item()
        if isinstance(item, np.ndarray):
            arrays.append(np.ascontiguousarray(item))
            return {ARRAY: len(arrays) - 1, "dtype": item.dtype.str, "shape": item.shape}
        return str(item)

    body = json.dumps(value, default=encode)
    pipe.send_bytes(f"[{json.dumps(kind)}, {len(arrays)}, {body}]".encode())
    for array in arrays:
        pipe.send_bytes(array.tobytes())


def receive(pipe: Connection) -> tuple[str, Any]:
    """The next message; its arrays are writable copies. Raises EOFError when the other side is gone."""
    arrays: list[np.ndarray] = []
    try:
        kind, count, value = json.loads(pipe.recv_bytes())
        arrays += (np.frombuffer(bytearray(pipe.recv_bytes()), np.uint8) for _ in range(count))
    except ConnectionResetError:
        raise EOFError from None

    def decode(item: Any) -> Any:
        if isinstance(item, dict) and ARRAY in item:
            return arrays[item[ARRAY]].view(np.dtype(item["dtype"])).reshape(item["shape"])
        if isinstance(item, dict):
            return {name: decode(part) for name, part in item.items()}
        return [decode(part) for part in item] if isinstance(item, list) else item

    return kind, decode(value)


def serve(pipe: Connection, make: Callable[[], Any]) -> None:
    """Make a gym environment, say "ok", and answer requests until the other side hangs up.

    Requests are ``seed`` (number), ``reset`` and ``step`` (action); an exception is answered with "raised".
    """
    env = _answer(pipe, make)
    jobs = {"seed": lambda n: env.seed(n), "reset": lambda _: env.reset(), "step": lambda a: env.step(a)}
    if env is None:
        return
    try:
        while True:
            kind, value = receive(pipe)
            _answer(pipe, jobs[kind], value)
    except (EOFError, BrokenPipeError):
        env.close()


def _answer(pipe: Connection, job: Callable[..., Any], *arguments: Any) -> Any:
    """Do the job, tell the parent how it went, and hand back the result."""
    try:
        result = job(*arguments)
    except Exception as error:  # noqa: BLE001  whatever the environment raised, the parent must hear of it
        send(pipe, "raised", f"{type(error).__name__}: {error}")
        return None
    send(pipe, "ok", result if arguments else None)
    return result


def end_marked(mark: str, seconds: float = 5.0) -> None:
    """Kill every process of an instance but this one, wherever in the process tree it is (Linux).

    Repeated until none is left, as a process may start another before it dies.
    """
    needle = f"{MARK}={mark}".encode()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = [pid for pid in _processes() if pid != os.getpid() and needle in _environment(pid)]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return []


def die_with_parent() -> None:
    """Take everything down when the parent is gone: a hung environment reads no end of a pipe."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        end_marked(os.environ.get(MARK, ""))
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def run(make: Callable[[], Any]) -> None:
    """What an instance's process does: ``argv[-1]`` is the descriptor of its pipe."""
    die_with_parent()
    try:
        serve(Connection(int(sys.argv[-1])), make)
    finally:
        end_marked(os.environ.get(MARK, ""))


def old_numpy_names() -> None:
    """MineRL uses names of types that numpy 1.24 has removed."""
    for name, kind in {"bool": bool, "float": float, "int": int, "object": object, "str": str}.items():
        if name not in vars(np):
            setattr(np, name, kind)


def restart_counters(env: Any) -> None:
    """Set every wrapper's count of steps to 0: MineStudio's time limit forgets to, so episodes end early."""
    while env is not None:
        if isinstance(vars(env).get("num_steps"), int):
            env.num_steps = 0
        env = vars(env).get("env")


class Counted:
    """An environment of the old gym API whose time limit begins anew with every episode."""

    def __init__(self, env: Any):
        self.env = env

    def seed(self, seed: int) -> None:
        self.env.seed(seed)

    def reset(self) -> Any:
        restart_counters(self.env)
        return self.env.reset()

    def step(self, action: Any) -> Any:
        return self.env.step(action)

    def close(self) -> None:
        self.env.close()

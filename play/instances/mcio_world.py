"""A current Minecraft through the `mcio-ctrl` package, with MineRL 1.0's spaces, in its own interpreter.

usage: mcio_world.py START_ITEMS ENV_ID DESCRIPTOR; START_ITEMS is a JSON object of item and count.

Server commands set up what they can of a BASALT episode: survival, health, the start inventory, a clear day
that does not pass. Where it begins: with BASALT_IQ_MCIO_INSTANCE in a new world of the seed, in a game of its
own; in a game that runs already, at a place that the seed chooses. They cannot choose a biome or find a
village: what `locate` finds is told to the chat, not to a program.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import instance

INSTANCE = "BASALT_IQ_MCIO_INSTANCE"
WIDTH, HEIGHT = 640, 360
#: Slots that keys reach; stacks beyond lie in the backpack.
HOTBAR = 9
#: Blocks from the middle of a running world within which an episode begins.
SPREAD = 100_000
#: Ticks until commands have taken effect; the package's documentation speaks of about 20.
SETTLING = 40
#: Seconds between looks at whether the game is still there.
LOOK_EVERY = 0.5


def commands(start: Mapping[str, int], place: tuple[int, int] | None = None) -> list[str]:
    """What sets up an episode with these stacks; `place` is (x, z) to go to."""
    slots = [f"hotbar.{i}" if i < HOTBAR else f"inventory.{i - HOTBAR}" for i in range(len(start))]
    gifts = [
        f"item replace entity @p {slot} with minecraft:{item} {count}"
        for slot, (item, count) in zip(slots, start.items(), strict=True)
    ]
    go = [] if place is None else [f"spreadplayers {place[0]} {place[1]} 0 64 false @p"]
    return [
        "gamerule doDaylightCycle false", "gamerule doWeatherCycle false", "weather clear", "time set 1000",
        "gamemode survival @p", *go, "effect clear @p", "effect give @p minecraft:instant_health 1 10 true",
        "clear @p", *gifts,
    ]  # fmt: skip


class McioWorld:
    """The old gym API around MinerlEnv: in a game of an instance of ours, or in one that runs already."""

    def __init__(self, start: Mapping[str, int]):
        refuse_unreadable()
        self.start, self.seed_of_next = start, 0
        self.env: Any = None
        self.instance = os.environ.get(INSTANCE)
        threading.Thread(target=self._end_with_the_game, daemon=True).start()

    def seed(self, seed: int) -> None:
        self.seed_of_next = seed

    def reset(self) -> Any:
        from mcio_ctrl.envs.minerl_env import MinerlEnv

        self.close()
        options = self._launched() if self.instance else self._joined()
        self.env = MinerlEnv(options)
        self.env.reset(options={"commands": commands(self.start, self._place())})
        observation, *_ = self.env.skip_steps(SETTLING)
        return observation

    def step(self, action: dict[str, Any]) -> tuple[Any, float, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, float(reward), bool(terminated or truncated), dict(info)

    def close(self) -> None:
        env, self.env = self.env, None  # from now on its end is no accident
        if env is not None:
            env.close()

    def _launched(self) -> Any:
        """A game that this process starts, on ports of its own, in a world of the seed."""
        return self._options(
            instance_name=self.instance,
            world_name=new_world(str(self.instance), self.seed_of_next),
            hide_window=True,
            action_port=free_port(),
            observation_port=free_port(),
        )

    def _joined(self) -> Any:
        options = self._options()
        for port in (options.action_port, options.observation_port):
            with socket.socket() as probe:
                if probe.connect_ex(("localhost", port)):
                    raise RuntimeError(
                        f"no game listens on port {port}: start it with `mcio inst launch NAME`, or name its"
                        f" instance by {INSTANCE}"
                    )
        return options

    def _options(self, **more: Any) -> Any:
        from mcio_ctrl.types import MCioMode, RunOptions

        return RunOptions(width=WIDTH, height=HEIGHT, mcio_mode=MCioMode.SYNC, **more)

    def _place(self) -> tuple[int, int] | None:
        """Where in a running world; a world of the seed has a place of its own to begin at."""
        if self.instance:
            return None
        chosen = random.Random(self.seed_of_next)
        return chosen.randint(-SPREAD, SPREAD), chosen.randint(-SPREAD, SPREAD)

    def _end_with_the_game(self) -> None:
        """The package waits for ever for a game that is gone: end then, with a last line that says why."""
        connected = False
        while True:
            time.sleep(LOOK_EVERY)
            env = self.env
            connected, gone = look(env, connected)
            if gone and env is self.env:
                print(f"Minecraft is gone: {gone}", flush=True)
                instance.end_marked(os.environ.get(instance.MARK, ""))
                os._exit(1)


def look(env: Any, connected: bool) -> tuple[bool, str | None]:
    """Whether an environment's game is connected by now, and why it is gone, if it is."""
    process = getattr(getattr(env, "launcher", None), "_process", None)
    if process is not None and process.poll() is not None:
        return False, f"it ended with exit code {process.returncode}"
    connection = getattr(getattr(env, "ctrl", None), "_mcio_conn", None)
    there = connection is not None and connection.observation_connected.is_set()
    return there, "it hung up" if connected and connection is not None and not there else None


def refuse_unreadable() -> None:
    """mcio-ctrl 1.5 cannot read its own packets with cbor2 6, which its pins allow. Raises RuntimeError."""
    import cbor2
    from mcio_ctrl.network import ActionPacket

    if ActionPacket.unpack(ActionPacket().pack()) is None:
        version = getattr(cbor2, "__version__", "6")
        raise RuntimeError(f"mcio-ctrl cannot read its packets with cbor2 {version}: pip install 'cbor2<6'")


def new_world(instance_name: str, seed: int) -> str:
    """An unplayed world of the seed in an instance; generated once and kept in the package's storage."""
    from mcio_ctrl.world import STORAGE_LOCATION, WorldManager

    name, manager = f"basalt-iq-{seed}", WorldManager()
    with alone(manager.mcio_dir):
        if not manager.world_exists(STORAGE_LOCATION, name):
            manager.create(name, seed=seed)
        manager.copy(STORAGE_LOCATION, name, instance_name, force=True)
    return name


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The package's settings and its one server are every process's: one at a time."""
    with (folder / ".basalt-iq.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    instance.run(lambda: McioWorld(json.loads(sys.argv[1])))

"""A current Minecraft through the `mcio-ctrl` package, with MineRL 1.0's spaces, in its own interpreter.

usage: mcio_world.py START_ITEMS ENV_ID DESCRIPTOR; START_ITEMS is a JSON object of item and count.

Server commands set up what they can of a BASALT episode: survival, health, the start inventory, a clear day
that does not pass. Where it begins: with BASALT_IQ_MCIO_INSTANCE in a new world of the seed; in a game that
runs already, at a place that the seed chooses. They cannot choose a biome or find a village.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
from collections.abc import Mapping
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


class World:
    """The old gym API around MinerlEnv."""

    def __init__(self, start: Mapping[str, int]):
        from mcio_ctrl.types import MCioMode, RunOptions

        self.start, self.seed_of_next = start, 0
        self.env: Any = None
        self.instance = os.environ.get(INSTANCE)
        size = {"width": WIDTH, "height": HEIGHT, "mcio_mode": MCioMode.SYNC}
        ports = {"action_port": free_port(), "observation_port": free_port()} if self.instance else {}
        self.options = lambda **more: RunOptions(**size, **ports, **more)

    def seed(self, seed: int) -> None:
        self.seed_of_next = seed

    def reset(self) -> Any:
        from mcio_ctrl.envs.minerl_env import MinerlEnv

        self.close()
        chosen = random.Random(self.seed_of_next)
        if self.instance:
            world = new_world(self.instance, self.seed_of_next)
            options, place = (
                self.options(instance_name=self.instance, world_name=world, hide_window=True),
                None,
            )
        else:
            options, place = (
                self.options(),
                (chosen.randint(-SPREAD, SPREAD), chosen.randint(-SPREAD, SPREAD)),
            )
        self.env = MinerlEnv(options)
        self.env.reset(options={"commands": commands(self.start, place)})
        observation, *_ = self.env.skip_steps(SETTLING)
        return observation

    def step(self, action: dict[str, Any]) -> tuple[Any, float, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, float(reward), bool(terminated or truncated), dict(info)

    def close(self) -> None:
        if self.env is not None:
            self.env.close()
            self.env = None


def new_world(instance_name: str, seed: int) -> str:
    """An unplayed world of the seed in an instance; generated once and kept in the package's storage."""
    from mcio_ctrl.world import STORAGE_LOCATION, WorldManager

    name, manager = f"basalt-iq-{seed}", WorldManager()
    if not manager.world_exists(STORAGE_LOCATION, name):
        manager.create(name, seed=seed)
    manager.copy(STORAGE_LOCATION, name, instance_name, force=True)
    return name


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    instance.run(lambda: World(json.loads(sys.argv[1])))

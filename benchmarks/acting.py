"""Time of one decision of `Player.act` at batch 1, one thread: `python benchmarks/acting.py`.

The network is the default one with fresh weights (how long it takes does not depend on them), the
observations noise as the environment gives it. Wall-clock and CPU milliseconds; on a busy machine the wall
clock's 99th percentile is the machine's, the CPU's the code's.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import numpy as np
import torch
import tyro

from basalt_iq import contract
from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.play.player import Player


@dataclass(frozen=True)
class Options:
    """Milliseconds per decision."""

    steps: int = 2000
    """Measured decisions, after 100 to warm up."""
    task: str = "BuildVillageHouse"
    """The task with the most actions."""
    pov: int = 64
    """Height and width of the environment's frames in pixels: 64, or 360 for 640x360 frames to shrink."""
    encoders: tuple[str, ...] = ("nature", "impala")
    """Encoders to measure."""


def player(options: Options, encoder: str) -> Player:
    task, network = contract.find_task(options.task).name, NetworkConfig(encoder=encoder)  # type: ignore[arg-type]
    look = ObservationSpec.of(task, 2021, network.size)
    spec = AgentSpec(task, 2021, entry_2021(task), look, network, temperature=0.1, discount=0.99)
    return Player(spec, spec.build())


def observations(options: Options) -> list[dict]:
    """A few frames of noise, with inventory and hand."""
    rng, task = np.random.default_rng(0), contract.find_task(options.task)
    shape = (64, 64, 3) if options.pov == 64 else (360, 640, 3)
    rest = {
        "inventory": dict.fromkeys(task.items, 1),
        "equipped_items": {"mainhand": {"type": task.equip[0], "damage": 0, "maxDamage": 0}},
    }
    return [{"pov": rng.integers(0, 256, shape, dtype=np.uint8), **rest} for _ in range(16)]


def milliseconds(agent: Player, seen: list[dict], steps: int) -> dict[str, dict[str, float]]:
    agent.start([0])
    clocks = {"wall": time.perf_counter, "cpu": time.process_time}
    taken = []
    for step in range(steps + 100):
        began = [clock() for clock in clocks.values()]
        agent.act([seen[step % len(seen)]], [0])
        taken.append([clock() - start for clock, start in zip(clocks.values(), began, strict=True)])
    found = 1000 * np.array(taken[100:])
    return {
        name: {"p50": float(np.percentile(column, 50)), "p99": float(np.percentile(column, 99))}
        for name, column in zip(clocks, found.T, strict=True)
    }


def main(options: Options) -> None:
    torch.set_num_threads(1)
    seen = observations(options)
    table = {
        encoder: milliseconds(player(options, encoder), seen, options.steps) for encoder in options.encoders
    }
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main(tyro.cli(Options))

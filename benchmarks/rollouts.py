"""Steps per second of recorded rollouts: what batching and a second world process bring.

    python benchmarks/rollouts.py [--run RUN] [--steps 200]

Without a run an untrained agent of the default network plays. Compare the lines of one run of this
script with each other, not with those of another day.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.play.player import Player
from basalt_iq.play.rollout import play

#: (world processes, worlds at once)
SETTINGS = ((1, 1), (1, 8), (2, 2), (2, 8), (2, 16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="run or checkpoint folder whose agent plays")
    parser.add_argument("--steps", type=int, default=200, help="of an episode")
    options = parser.parse_args()
    torch.set_num_threads(1)
    player = Player.load(options.run, end_guard=2.0) if options.run else untrained()
    base = None
    for workers, worlds in SETTINGS:
        speed = measure(player, workers, worlds, options.steps)
        base = base or speed
        print(f"{workers} processes, {worlds:2d} worlds: {speed:6.0f} steps/s, {speed / base:4.1f} x first")


def untrained() -> Player:
    """No action ends the episode early: every setting plays equally many steps."""
    look = ObservationSpec.of("FindCave", 2021, 64)
    spec = AgentSpec("FindCave", 2021, entry_2021("FindCave"), look, NetworkConfig(), 0.1, 0.99)
    return Player(spec, spec.build(), end_guard=2.0)


def measure(player: Player, workers: int, worlds: int, steps: int) -> float:
    """Steps per second from the first finished episode on: starting the processes is not counted."""
    ended: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        play(
            "FindCave",
            player,
            range(3 * worlds),
            out=Path(folder),
            max_steps=steps,
            workers=workers,
            worlds=worlds,
            on_done=lambda episode: ended.append((time.perf_counter(), episode.facts.steps)),
        )
    first = ended[worlds - 1][0]  # all of the first round are through
    return sum(count for at, count in ended if at > first) / (ended[-1][0] - first)


if __name__ == "__main__":
    main()

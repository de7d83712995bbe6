"""How fast the policy plays while it learns: decisions per second of worlds side by side.

    python benchmarks/playing.py                      # 32 worlds in one process, the demo's network
    python benchmarks/playing.py --head factored --worlds 64 --workers 2

Three ways on the same seeds in one run: every tick drawn and told; drawn only when a decision is due, with a
message a tick; and as the online actors do, a message a decision. Fresh weights that never end an episode.
Nothing learns beside; `basalt-iq train --online --profile` tells the whole.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import tyro

from basalt_iq import contract
from basalt_iq.agent.action_presets import factored_from_demos, from_demos
from basalt_iq.agent.actions import Ticks
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.play.player import Player
from basalt_iq.play.vector import VectorWorld
from basalt_iq.train.config import DEMO_NETWORK, TrainConfig

MARK = 2_000_000
WARM_UP = 5


@dataclass(frozen=True)
class Options:
    """Decisions per second."""

    task: str = "FindCave"
    """Where to play."""
    worlds: int = 32
    """Episodes at once."""
    workers: int = 1
    """Processes that step worlds."""
    decisions: int = 60
    """Measured decisions of every world."""
    head: Literal["joint", "factored"] = "joint"
    """Of the network."""


def agent(options: Options) -> Player:
    """With about as many actions as demos give."""
    rng, names, count = np.random.default_rng(0), contract.BUTTONS[2021], 4000
    likely = [0.01 if name in ("use", "attack", "back") else 0.3 for name in names]
    keys = (rng.random((count, len(names))) < likely).astype(np.uint8)
    demos = [Ticks(names, keys, rng.normal(0, 5, (count, 2)).astype(np.float32), np.full(count, "none"))]
    actions = (factored_from_demos if options.head == "factored" else from_demos)(options.task, 2021, demos)
    look, repeat = ObservationSpec.of(options.task, 2021, 64), TrainConfig().repeat
    spec = AgentSpec(actions.task, 2021, actions, look, DEMO_NETWORK, 0.1, 0.99, repeat=repeat)
    return Player(spec, spec.build(), end_guard=2.0)


Seen = dict[int, Any]


def by_tick(player: Player, worlds: VectorWorld, seen: Seen, drawn: bool) -> Seen:
    """A decision as so many steps; `drawn`: each with its picture."""
    slots, last = list(seen), player.repeat - 1
    for tick in range(player.repeat):
        chosen = player.act([seen[slot] for slot in slots], slots)
        actions = {slot: decision.action for slot, decision in zip(slots, chosen, strict=True)}
        seen = {slot: answer[0] for slot, answer in worlds.step(actions, drawn or tick == last).items()}
    return seen


def at_once(player: Player, worlds: VectorWorld, seen: Seen) -> Seen:
    """As the online actors do."""
    slots = list(seen)
    chosen = player.decide([seen[slot] for slot in slots], slots)
    held = {slot: (first, then) for slot, (_, first, then) in zip(slots, chosen, strict=True)}
    return {slot: answer[0] for slot, answer in worlds.hold(held, player.repeat).items()}


WAYS: dict[str, Callable[[Player, VectorWorld, Seen], Seen]] = {
    "every tick drawn": lambda *all_: by_tick(*all_, drawn=True),
    "drawn when due": lambda *all_: by_tick(*all_, drawn=False),
    "a message a decision": at_once,
}


def measure(way: str, options: Options) -> dict[str, float]:
    player = agent(options)
    with VectorWorld(options.task, options.worlds, options.workers) as worlds:
        seen = {
            slot: answer[0] for slot, answer in worlds.reset({i: i for i in range(options.worlds)}).items()
        }
        player.start(list(seen))
        for step in range(WARM_UP + options.decisions):
            if step == WARM_UP:
                began, mine = time.perf_counter(), time.process_time()
            seen = WAYS[way](player, worlds, seen)
    seconds, mine = time.perf_counter() - began, time.process_time() - mine
    count = options.worlds * options.decisions
    return {
        "decisions_per_second": count / seconds,
        "milliseconds_of_this_process": 1000 * mine / count,
        "minutes_for_two_million": MARK * seconds / count / 60,
    }


def main(options: Options) -> None:
    torch.set_num_threads(1)
    print(json.dumps({way: measure(way, options) for way in WAYS}, indent=1))


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))

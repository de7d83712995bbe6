"""Environments, and experts, of others: the product's own learner on any of gymnasium's, from a few demos.

    python benchmarks/foreign.py                                   # what is missing, then the table
    python benchmarks/foreign.py --environments CartPole-v1 --ways bc iq --seeds 10
    python benchmarks/foreign.py --page                            # the table of what is there

Each cell is one training from `--demos` whole demonstrations of a stable-baselines3 expert, kept as a JSON
line as soon as it is done. Returns are of the last weights over 100 episodes, sampled actions and best ones.
Settings were chosen on demo seeds from 1000 up; reported are demo seeds 0 and up.
"""

from __future__ import annotations

import argparse
import functools
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from control_experts import ENVIRONMENTS, demonstrations

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.data.sampler import SampledEpisode
from basalt_iq.train.config import LearnerConfig, ObjectiveConfig
from basalt_iq.train.elsewhere import Imitation, Interface, Setting

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "foreign.jsonl"
NETWORK = NetworkConfig(encoder="none", stack=1, features=64, hidden=64, memory=False)
TAU, TAU_ONLINE = 0.01, 1 / 30
OFFLINE = Setting(NETWORK, ObjectiveConfig(name="bc", temperature=TAU), LearnerConfig(learning_rate=1e-3))
ONLINE = replace(
    OFFLINE, worlds=8, start_after=500,
    objective=ObjectiveConfig(
        temperature=TAU_ONLINE, alpha=0.25, value_term="value", regularise="mixture", absorbing_reward=0.5
    ),
    learner=LearnerConfig(learning_rate=1e-3, target_rate=0.02),
)  # fmt: skip
WAYS = {
    "bc": (OFFLINE, 3000),
    "iq": (replace(OFFLINE, objective=ObjectiveConfig(temperature=TAU, alpha=TAU / (4 * 3e-3))), 3000),
    "iq_online": (ONLINE, 13_000),
}


def remembering(setting: Setting) -> Setting:
    """The same with an LSTM."""
    return replace(setting, network=replace(setting.network, memory=True), burn_in=8)


def whole(env: str, seed: int, count: int, cache: Path) -> list[SampledEpisode]:
    """The first `count` demonstrations of a demo seed."""
    rows, found = demonstrations(ENVIRONMENTS[env], seed, cache), []
    for episode in range(count):
        at = np.flatnonzero(rows["episode"] == episode)
        seen = np.concatenate([rows["state"][at], rows["next_state"][at[-1:]]]).astype(np.float32)
        steps = {"action": rows["action"][at].astype(np.int64), "vector": seen}
        frames = np.zeros((len(seen), 3, 1, 1), np.uint8)
        found.append(SampledEpisode(frames, steps, bool(rows["done"][at[-1]])))
    return found


def measure(cell: dict[str, Any], cache: Path) -> dict[str, Any]:
    """Train one agent and let it play."""
    make = functools.partial(gymnasium.make, cell["environment"])
    demos = whole(cell["environment"], cell["seed"], cell["demos"], cache)
    setting, updates = WAYS[cell["way"]]
    setting = remembering(setting) if cell["memory"] else setting
    if any(demo.terminal for demo in demos):  # experts who end their episodes themselves
        setting = replace(setting, objective=replace(setting.objective, absorbing_reward=0.0))
    imitation = Imitation(make, Interface(make(), 64), demos, replace(setting, seed=cell["seed"]))
    began = time.process_time()
    for _ in range(updates):
        imitation.update()
    spent, seeds = time.process_time() - began, range(500_000, 500_100)
    told = {
        mode: float(np.mean([played.total for played in imitation.play(seeds, best)]))
        for mode, best in (("sampled", False), ("best", True))
    }
    imitation.close()
    return cell | told | {"updates": updates, "steps": imitation.steps, "cpu_s": round(spent, 1)}


def known() -> list[dict[str, Any]]:
    """The cells that are done."""
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def table(cells: list[dict[str, Any]]) -> str:
    """Mean of the trainings (lowest to highest) for each environment and way."""
    lines = [
        "| environment | demos | way | memory | trainings | sampled | best actions |",
        "| --- " * 7 + "|",
    ]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for cell in cells:
        key = tuple(cell[name] for name in ("environment", "demos", "way", "memory"))
        groups.setdefault(key, []).append(cell)
    for (env, demos, way, memory), found in sorted(groups.items()):
        told = []
        for mode in ("sampled", "best"):
            values = [cell[mode] for cell in found]
            told.append(f"{np.mean(values):.0f} ({min(values):.0f} to {max(values):.0f})")
        lines.append(
            f"| {env} | {demos} | {way} | {'LSTM' if memory else 'none'} | {len(found)} | "
            + " | ".join(told)
            + " |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--environments", nargs="+", default=["CartPole-v1", "Acrobot-v1"], choices=list(ENVIRONMENTS)
    )
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--demos", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0, help="tune on 1000 and above only")
    parser.add_argument("--memory", action="store_true", help="an LSTM instead of none")
    parser.add_argument("--cache", type=Path, default=HERE.parent / "build" / "control")
    parser.add_argument("--page", action="store_true", help="only the table of what is there")
    args = parser.parse_args()
    torch.set_num_threads(1)
    done = known()
    wanted = [
        {"environment": env, "way": way, "demos": args.demos, "memory": args.memory, "seed": seed}
        for seed in range(args.first_seed, args.first_seed + args.seeds)
        for env in args.environments
        for way in args.ways
    ]
    for cell in [] if args.page else wanted:
        if any(all(old[name] == value for name, value in cell.items()) for old in done):
            continue
        found = measure(cell, args.cache)
        print(json.dumps(found), flush=True)
        if cell["seed"] < 1000:
            RESULTS.parent.mkdir(exist_ok=True)
            with RESULTS.open("a") as file:
                file.write(json.dumps(found) + "\n")
    print(table(known()))


if __name__ == "__main__":
    main()

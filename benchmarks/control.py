"""Imitation on CartPole-v1, Acrobot-v1 and LunarLander-v3 from a few thinned demos, beside the paper's.

    python benchmarks/control.py                                       # the table, and results/control.json
    python benchmarks/control.py --environments Acrobot-v1 --algorithms bc iq

Offline (bc, iq): nothing but the demonstrations. Online (sqil, iq_online): the environment too, never its
reward. Settings were chosen on demo seeds from 1000 up; reported are demo seeds 0 to 4. Experts and demos are
made by stable-baselines3 the first time and cached. Results are written after every algorithm, and what is
there is kept, so an interrupted run goes on where it was (--fresh begins anew).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from control_experts import ENVIRONMENTS, Environment, demonstrations
from control_nets import Setting, returns, train

from basalt_iq.train.config import ObjectiveConfig


def endings_at_0(setting: Setting) -> Setting:
    """Without a reward after endings: for experts who end their episodes themselves."""
    return replace(setting, objective=replace(setting.objective, absorbing_reward=0.0))


HERE = Path(__file__).resolve().parent
TAU, TAU_ONLINE = 0.01, 1 / 30
OFFLINE = Setting(ObjectiveConfig(temperature=TAU))
ONLINE = Setting(ObjectiveConfig(temperature=TAU_ONLINE), updates=6000, environment_steps=6000)
IQ_ONLINE = replace(
    ONLINE,
    objective=ObjectiveConfig(
        temperature=TAU_ONLINE, alpha=0.25, value_term="value", regularise="mixture", absorbing_reward=0.5
    ),
    target_rate=0.02,
)
SETTINGS = {
    "bc": replace(OFFLINE, objective=ObjectiveConfig(name="bc", temperature=TAU)),
    "iq": replace(OFFLINE, objective=ObjectiveConfig(temperature=TAU, alpha=TAU / (4 * 3e-3))),
    "sqil": replace(ONLINE, objective=ObjectiveConfig(name="sqil", temperature=TAU_ONLINE)),
    "iq_online": IQ_ONLINE,
}
#: What shows why the method collapses: the paper's scales (offline); without a value of endings, and with
#: gradients through the targets (online).
ABLATIONS = {
    "iq_paper_scales": replace(OFFLINE, objective=ObjectiveConfig(temperature=0.001, alpha=0.5)),
    "iq_online_endings_at_0": endings_at_0(IQ_ONLINE),
    "iq_online_no_target_network": replace(IQ_ONLINE, target_rate=1.0),
}
#: Garg et al. 2021, figure 2, read off the plot (+-3 %): mean return by number of demonstrations.
PAPER = {
    "CartPole-v1": {"iq": [459, 484, 500, 500], "bc": [170, 300, 400, 450]},
    "Acrobot-v1": {"iq": [-82, -75], "bc": [-160, -90]},
    "LunarLander-v3": {"iq": [127, 238, 285, 285], "bc": [-50, 70, 242, 252]},
}


def thinned(env: Environment, seed: int, count: int, cache: Path) -> dict[str, torch.Tensor]:
    """Every env.every-th transition of the first `count` demonstrations, each from an offset at random."""
    whole = demonstrations(env, seed, cache)
    rng = np.random.default_rng(seed)
    parts, firsts = [], []
    for episode in range(count):
        steps = np.flatnonzero(whole["episode"] == episode)
        kept = np.arange(rng.integers(env.every), len(steps), env.every)
        parts.append(steps[kept])
        firsts.append(kept == 0)
    rows = {name: whole[name][np.concatenate(parts)] for name in ("state", "next_state", "action", "done")}
    rows["first"] = np.concatenate(firsts)
    return {
        name: torch.from_numpy(x.astype(np.float32) if x.dtype == float else x) for name, x in rows.items()
    }


def measure(env: Environment, setting: Setting, args: argparse.Namespace) -> dict[str, Any]:
    """Train every (demos, seed) at once; returns as lists by number of demos, then by seed."""
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    counts = args.demos or env.demos
    demos = [thinned(env, seed, count, args.cache) for count in counts for seed in seeds]
    if any(demonstrations(env, seed, args.cache)["done"].any() for seed in seeds):
        setting = endings_at_0(setting)
    began = time.process_time()
    trained = train(env.name, demos, setting, args.first_seed)
    trained_in = time.process_time() - began
    found: dict[str, Any] = {}
    which = {"last": trained.last} | ({} if setting.environment_steps else {"chosen": trained.chosen})
    for name, networks in which.items():
        for mode, best in (("sampled", False), ("argmax", True)):
            mean = returns(env.name, networks, setting.objective.temperature, best, args.episodes)
            found[f"{name}_{mode}"] = np.reshape(mean, (len(counts), len(seeds))).tolist()
    found["chosen_at"] = np.reshape(trained.chosen_at, (len(counts), len(seeds))).tolist()
    transitions = np.reshape([len(d["action"]) for d in demos], (len(counts), len(seeds))).tolist()
    return found | {
        "demos": list(counts), "seeds": list(seeds), "transitions": transitions, "episodes": args.episodes,
        "setting": asdict(setting), "train_cpu_s": round(trained_in, 1),
        "cpu_s": round(time.process_time() - began, 1),
    }  # fmt: skip


def table(results: dict[str, Any]) -> str:
    """Mean of the seeds per cell, the paper's below."""
    lines = []
    for env, found in results.items():
        counts = next(iter(found.values()))["demos"]
        lines.append(f"| {env}, demos | " + " | ".join(map(str, counts)) + " |")
        lines.append("| --- |" + " --- |" * len(counts))
        for algorithm, result in found.items():
            for key in ("last_sampled", "last_argmax", "chosen_sampled", "chosen_argmax"):
                if key in result:
                    cells = [f"{np.mean(r):.0f} ({min(r):.0f} to {max(r):.0f})" for r in result[key]]
                    lines.append(f"| {algorithm} {key.replace('_', ', ')} | " + " | ".join(cells) + " |")
        for algorithm, numbers in PAPER[env].items():
            known = dict(zip(ENVIRONMENTS[env].demos, numbers, strict=True))
            cells = [str(known.get(count, "")) for count in counts]
            lines.append(f"| paper: {algorithm} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--environments", nargs="+", default=list(ENVIRONMENTS), choices=list(ENVIRONMENTS))
    parser.add_argument("--algorithms", nargs="+", default=list(SETTINGS), choices=[*SETTINGS, *ABLATIONS])
    parser.add_argument("--demos", type=int, nargs="+", help="numbers of demonstrations; default the paper's")
    parser.add_argument("--seeds", type=int, default=5, help="demo seeds, one network each")
    parser.add_argument("--first-seed", type=int, default=0, help="tune on 1000 and above only")
    parser.add_argument("--episodes", type=int, default=100, help="episodes of each evaluation")
    parser.add_argument("--updates", type=int, help="other than the setting's, to look quickly")
    parser.add_argument("--cache", type=Path, default=HERE.parent / "build" / "control")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "control.json")
    parser.add_argument("--fresh", action="store_true", help="forget the results in --out")
    return parser.parse_args()


def shortened(setting: Setting, updates: int | None) -> Setting:
    """The same setting over fewer updates, with environment steps in proportion."""
    if updates is None:
        return setting
    steps = setting.environment_steps * updates // setting.updates
    return replace(setting, updates=updates, environment_steps=steps)


def main() -> None:
    args = arguments()
    torch.set_num_threads(1)
    results = json.loads(args.out.read_text()) if args.out.exists() and not args.fresh else {}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for name in args.environments:
        for algorithm in args.algorithms:
            if algorithm in results.setdefault(name, {}):
                continue
            setting = shortened((SETTINGS | ABLATIONS)[algorithm], args.updates)
            results[name][algorithm] = measure(ENVIRONMENTS[name], setting, args)
            partial = args.out.with_suffix(".partial")
            partial.write_text(json.dumps(results, indent=1) + "\n")
            os.replace(partial, args.out)
            print(f"{name} {algorithm}: {results[name][algorithm]['cpu_s']} CPU-seconds", flush=True)
    print(table(results))


if __name__ == "__main__":
    main()

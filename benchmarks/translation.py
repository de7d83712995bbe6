"""What an agent loses in the other interface: the same agent, on the same seeds, at home and translated.

    python benchmarks/translation.py --runs runs/iq-2021 runs/iq-2022 --near --max-steps 900 \\
        --json benchmarks/results/translation.json

Both play in the stand-in world, which has both interfaces. An episode counts as a success where the world's
judge says so; the difference is tested over pairs of the same seed (McNemar, exact). The same command again
plays what is missing in the file.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from basalt_iq.agent.places import find_agent
from basalt_iq.play.evaluation import fingerprint
from basalt_iq.play.player import Actor, Player
from basalt_iq.play.stats import mcnemar, wilson
from basalt_iq.play.ticks import ticks
from basalt_iq.play.translation import fitted
from basalt_iq.world import make

Outcomes = dict[str, dict[str, Any]]


def play(actor: Actor, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """One episode, drawn only where the agent decides."""
    env = make(actor.task, actor.era, options.max_steps, distance="near" if options.near else "real")
    actor.start([0], [seed])
    looked: Mapping[str, Any] = {}

    def act(seen: Mapping[str, Any]) -> Mapping[str, Any]:
        nonlocal looked
        looked = seen if "pov" in seen else {**seen, "pov": looked["pov"]}
        env.draws = (env.steps + 1) % actor.repeat == 0
        return actor.act([looked], [0])[0].action

    *_, last = ticks(env, seed, act)
    return {"success": bool(last.seen.info["success"]), "steps": env.steps, "ended": last.seen.terminated}


def part(outcomes: Outcomes) -> dict[str, Any]:
    won = sum(one["success"] for one in outcomes.values())
    count = len(outcomes)
    return {
        "episodes": count,
        "successes": won,
        "interval": [round(bound, 3) for bound in wilson(won, count)],
        "ended": sum(one["ended"] for one in outcomes.values()),
        "mean_steps": round(sum(one["steps"] for one in outcomes.values()) / count, 1),
    }


def compared(home: Outcomes, away: Outcomes) -> dict[str, Any]:
    pairs = [(home[seed]["success"], away[seed]["success"]) for seed in home if seed in away]
    only = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    return {
        "at_home": part(home),
        "translated": part(away),
        "only_at_home": only[0],
        "only_translated": only[1],
        "p": round(mcnemar(*only), 4),
    }


def summary(told: dict[str, Any]) -> dict[str, Any]:
    """The comparison of each agent of whom both parts have begun."""
    played = told["episodes"]
    return {
        f"agent of {era}": compared(played[f"{era} in {era}"], played[f"{era} in {4043 - era}"])
        for era in (2021, 2022)
        if played.get(f"{era} in {era}") and played.get(f"{era} in {4043 - era}")
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, nargs="+", help="runs of agents, one of each interface")
    parser.add_argument("--episodes", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=100_000)
    parser.add_argument("--max-steps", type=int, default=900)
    parser.add_argument("--near", action="store_true")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop then; the same command goes on")
    parser.add_argument("--json", type=Path, required=True, help="keep the result here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    until = time.monotonic() + 60 * options.minutes
    told: dict[str, Any] = json.loads(options.json.read_text()) if options.json.exists() else {}
    players = {player.era: player for player in map(Player.load, options.runs)}
    told["conditions"] = {
        "agents": {player.era: fingerprint(find_agent(run))
                   for player, run in zip(players.values(), options.runs, strict=True)},
        "task": next(iter(players.values())).task,
        **{name: getattr(options, name) for name in ("first_seed", "max_steps", "near")},
    }  # fmt: skip
    episodes = told.setdefault("episodes", {})
    for seed in range(options.first_seed, options.first_seed + options.episodes):
        for era, player in players.items():
            for where in (era, 4043 - era):
                outcomes = episodes.setdefault(f"{era} in {where}", {})
                if str(seed) in outcomes or time.monotonic() > until:
                    continue
                outcomes[str(seed)] = play(fitted(player, player.task, where), seed, options)
                told["summary"] = summary(told)
                options.json.write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps(told["summary"], indent=1))


if __name__ == "__main__":
    main()

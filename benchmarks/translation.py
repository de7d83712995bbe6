"""What an agent loses in the other interface: the same agent, on the same seeds, at home and translated.

    python benchmarks/translation.py --of-2021 runs/iq-2021 --of-2022 runs/iq-2022 --near --max-steps 900

Both play in the stand-in world, which has both interfaces. An episode counts as a success where the world's
judge says so; the difference is tested over pairs of the same seed (McNemar, exact).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from basalt_iq.agent.places import find_agent
from basalt_iq.play import rollout
from basalt_iq.play.evaluation import fingerprint
from basalt_iq.play.player import Player
from basalt_iq.play.stats import mcnemar, wilson
from basalt_iq.play.translation import fitted
from basalt_iq.play.worlds import Maker


@dataclass(frozen=True)
class Part:
    """One agent in one interface."""

    agent: str
    """The interface that it was trained in, and the first digits of its weights' digest."""
    plays: int
    """The interface that it played in."""
    task: str
    episodes: int
    successes: int
    interval: tuple[float, float]
    mean_steps: float
    ended: int
    """Episodes that were over before time ran out."""


def play(run: Path, era: int, seeds: Sequence[int], options: argparse.Namespace) -> tuple[Part, list[bool]]:
    player = Player.load(run)
    actor = fitted(player, player.task, era)
    with tempfile.TemporaryDirectory() as out:
        episodes = rollout.play(
            player.task, actor, seeds, out=Path(out), era=era, max_steps=options.max_steps, workers=1,
            worlds=options.worlds, build=Maker(near=options.near),
        )  # fmt: skip
    won = [bool(episode.facts.success) for episode in episodes]
    steps = [episode.facts.steps for episode in episodes]
    low, high = wilson(sum(won), len(won))
    return Part(
        f"{player.era}, {fingerprint(find_agent(run))[:8]}", era, player.task, len(won), sum(won),
        (round(low, 3), round(high, 3)), round(sum(steps) / len(steps), 1),
        sum(n != options.max_steps for n in steps),
    ), won  # fmt: skip


def compare(run: Path, seeds: Sequence[int], options: argparse.Namespace) -> dict[str, Any]:
    """An agent at home and in the other interface."""
    home = Player.load(run).era
    (at_home, one), (away, two) = (play(run, era, seeds, options) for era in (home, 4043 - home))
    pairs = list(zip(one, two, strict=True))
    only = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    told = {"at_home": asdict(at_home), "translated": asdict(away)}
    return told | {"only_at_home": only[0], "only_translated": only[1], "p": round(mcnemar(*only), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--of-2021", type=Path, help="run whose agent learned from 2021 demos")
    parser.add_argument("--of-2022", type=Path, help="run whose agent learned from 2022 demos")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=100_000)
    parser.add_argument("--max-steps", type=int, default=900)
    parser.add_argument("--near", action="store_true")
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--json", type=Path, help="keep the result here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(options.first_seed, options.first_seed + options.episodes)
    conditions = {
        "first_seed": options.first_seed, "max_steps": options.max_steps, "near": options.near
    }  # fmt: skip
    told: dict[str, Any] = {"conditions": conditions}
    for run in filter(None, (options.of_2021, options.of_2022)):
        told[f"agent of {Player.load(run).era}"] = compare(run, seeds, options)
        print(json.dumps(told, indent=1), flush=True)
        if options.json:
            options.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()

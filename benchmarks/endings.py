"""Does an agent end its episodes where it should? What every end guard would have given, from one evaluation.

    python benchmarks/endings.py runs/cave --episodes 32

The agent plays without ever ending an episode, while the world's judge says at every decision what an end
there would have been worth. Success at any guard follows, without playing again. For analysis: to choose a
guard by it is to learn from the judge.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from basalt_iq.agent.observation import equipped
from basalt_iq.play.player import Player
from basalt_iq.play.ticks import ticks
from basalt_iq.world import make
from basalt_iq.world.tasks import JUDGES, ending

GUARDS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
NEVER = 2.0
DRAWS = 50


@dataclass
class Ends:
    """Of each decision of an episode: how likely the agent was to end it, and whether that was right."""

    probability: np.ndarray
    right: np.ndarray

    def outcome(self, guard: float, rng: np.random.Generator) -> tuple[bool, bool]:
        """Ended at all, and with success, had the guard been this."""
        p = self.probability
        at = np.flatnonzero((p >= guard) & (rng.random(len(p)) < p))
        return len(at) > 0, len(at) > 0 and bool(self.right[at[0]])


def observe(player: Player, seed: int, max_steps: int | None) -> Ends:
    """One episode of a player that never ends it."""
    env = make(player.task, player.era, max_steps)
    player.start([0], [seed])
    probability, right = [], []

    def act(seen: Any) -> Any:
        (decision,) = player.act([seen], [0])
        if env.steps % player.repeat == 0:
            ends = player.spec.actions.ends_episode(equipped(seen))
            verdict = JUDGES[env.task.name](env.world, ending(env.simulation, True))
            probability.append(float(decision.policy[ends].sum()))
            right.append(verdict.success)
        return decision.action

    for _ in ticks(env, seed, act):
        pass
    return Ends(np.array(probability), np.array(right))


def table(episodes: list[Ends], own: float) -> Table:
    """Success and endings for each guard, the agent's own among them."""
    rng, result = np.random.default_rng(0), Table("end guard", "success", "ended by the agent")
    for guard in sorted({*GUARDS, own}):
        drawn = [[e.outcome(guard, rng) for e in episodes] for _ in range(DRAWS)]
        ended, won = np.mean(drawn, 0).sum(0)
        mark = " (its own)" if guard == own else ""
        result.add_row(f"{guard:.3f}{mark}", f"{won:.1f} of {len(episodes)}", f"{ended:.1f}")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="run or checkpoint folder")
    parser.add_argument("--episodes", type=int, default=32)
    parser.add_argument("--first-seed", type=int, default=200_000)
    parser.add_argument("--max-steps", type=int, help="of an episode; default the task's own")
    args = parser.parse_args()
    torch.set_num_threads(1)
    player, console = Player.load(args.run), Console()
    own, player.end_guard = player.end_guard, NEVER
    seeds = range(args.first_seed, args.first_seed + args.episodes)
    episodes = [observe(player, seed, args.max_steps) for seed in seeds]
    p, right = (np.concatenate([getattr(e, name) for e in episodes]) for name in ("probability", "right"))
    console.print(
        f"an end would have been right at some time in {sum(e.right.any() for e in episodes)} episodes"
    )
    for name, where in (("right", right), ("wrong", ~right)):
        share = np.mean(p[where] > 0.5) if where.any() else 0.0
        console.print(
            f"decisions where it is {name}: {where.sum()}, more likely than not to end: {share:.1%}"
        )
    console.print(table(episodes, own))


if __name__ == "__main__":
    main()

"""True and recovered reward of a small grid, side by side, as in figure 4 of the IQ-Learn paper's setting.

    python benchmarks/grid_world.py --out build/grid_world.png

An agent may go up, down, left, right or stay on an 8x8 grid whose cells are worth something (random numbers,
smoothed, of each seed). The expert is the soft-optimal policy, from value iteration on the true reward. The
product's learner sees a cell's number alone, and recovers r(s) = sum_a pi(a|s) (Q(s,a) - gamma V(s')).
"""

from __future__ import annotations

import argparse
import functools
import json
from pathlib import Path

import cv2
import gymnasium
import numpy as np
import torch
from gymnasium import spaces

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.policy import policy, soft_value
from basalt_iq.train.config import LearnerConfig, ObjectiveConfig
from basalt_iq.train.elsewhere import Imitation, Interface, Setting, play

SIDE, STEPS, DISCOUNT, TAU = 8, 50, 0.9, 0.3
MOVES = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
RESULTS = Path(__file__).resolve().parent / "results" / "grid_world.json"


def worth(seed: int) -> np.ndarray:
    """(SIDE, SIDE) true rewards between 0 and 1."""
    rough = np.random.default_rng(seed).random((SIDE, SIDE))
    smooth = cv2.GaussianBlur(rough, (0, 0), 1.0)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


def after(cell: int, action: int) -> int:
    """The cell that a move leads to; the edge stops it."""
    y, x = (np.array(divmod(cell, SIDE)) + MOVES[action]).clip(0, SIDE - 1)
    return int(y * SIDE + x)


AFTER = np.array([[after(cell, action) for action in range(len(MOVES))] for cell in range(SIDE * SIDE)])


class Grid(gymnasium.Env):
    """Fifty steps from a random cell."""

    def __init__(self, reward: np.ndarray):
        self.reward = reward.reshape(-1)
        self.observation_space, self.action_space = spaces.Discrete(SIDE * SIDE), spaces.Discrete(len(MOVES))

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[int, dict]:
        super().reset(seed=seed)
        self.cell, self.steps = int(self.np_random.integers(SIDE * SIDE)), 0
        return self.cell, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict]:
        reward = float(self.reward[self.cell])
        self.cell, self.steps = int(AFTER[self.cell, action]), self.steps + 1
        return self.cell, reward, False, self.steps == STEPS, {}


def soft_optimal(reward: np.ndarray) -> np.ndarray:
    """(cells, actions) the policy softmax(Q / tau) of soft value iteration."""
    q = torch.zeros(SIDE * SIDE, len(MOVES), dtype=torch.float64)
    for _ in range(500):
        q = torch.from_numpy(reward.reshape(-1, 1)) + DISCOUNT * soft_value(q, TAU)[AFTER]
    return policy(q, TAU).numpy()


def learned(imitation: Imitation) -> tuple[np.ndarray, np.ndarray]:
    """The recovered reward r(s, a) = Q(s, a) - gamma V(s'), and pi: (cells, actions) each."""
    cells, network = torch.eye(SIDE * SIDE)[:, None], imitation.network
    black = torch.zeros(len(cells), 1, 3, 1, 1, dtype=torch.uint8)
    with torch.inference_mode():
        q = network(black, cells, network.initial_carry(len(cells)))[0][:, 0].double()
    return (q - DISCOUNT * soft_value(q, TAU)[AFTER]).numpy(), policy(q, TAU).numpy()


def of_cells(reward: np.ndarray, pi: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE) mean over pi(a|s) of r(s, a) + gamma phi(s') - phi(s), with the potential phi that leaves
    least for a to say. Policies know rewards up to a potential alone (Ng et al. 1999); least squares."""
    step = DISCOUNT * np.eye(SIDE * SIDE)[AFTER] - np.eye(SIDE * SIDE)[:, None]

    def apart(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.sqrt(weights) * (x - (weights * x).sum(1, keepdims=True))

    rows = apart(step, pi[..., None]).reshape(-1, SIDE * SIDE)
    phi = np.linalg.lstsq(rows, -apart(reward, pi).reshape(-1), rcond=1e-6)[0]
    return (pi * (reward + step @ phi)).sum(1).reshape(SIDE, SIDE)


def measure(
    seed: int, demos: int, updates: int, online: bool, alpha: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(SIDE, SIDE) each: the true reward of a seed, the recovered one as it is and as a reward of cells."""
    reward = worth(seed)
    make, likely = functools.partial(Grid, reward), soft_optimal(reward)
    rng, interface = np.random.default_rng(seed), Interface(make(), 1)

    def expert(cell: int) -> int:
        return int(rng.choice(len(MOVES), p=likely[cell]))

    experts = [play(make(), interface, expert, 1000 * seed + i).episode for i in range(demos)]
    objective = ObjectiveConfig(
        temperature=TAU, discount=DISCOUNT, alpha=alpha,
        value_term="value" if online else "value_expert", regularise="mixture" if online else "expert",
    )  # fmt: skip
    setting = Setting(
        NetworkConfig(encoder="none", stack=1, features=64, hidden=64, memory=False), objective,
        LearnerConfig(learning_rate=1e-3), batch=32, worlds=8 if online else 0, start_after=0, seed=seed,
    )  # fmt: skip
    imitation = Imitation(make, interface, experts, setting)
    for _ in range(updates):
        imitation.update()
    found, pi = learned(imitation)
    imitation.close()
    return reward, (pi * found).sum(1).reshape(SIDE, SIDE), of_cells(found, pi)


def picture(found: list[tuple[np.ndarray, ...]]) -> np.ndarray:
    """True above recovered, a column a seed; dark is worth little. BGR."""

    def tile(values: np.ndarray) -> np.ndarray:
        scaled = (255 * (values - values.min()) / (values.max() - values.min())).astype(np.uint8)
        coloured = cv2.applyColorMap(scaled, cv2.COLORMAP_VIRIDIS)
        big = cv2.resize(coloured, (240, 240), interpolation=cv2.INTER_NEAREST)
        return cv2.copyMakeBorder(big, 6, 6, 6, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255))

    return np.hstack([np.vstack([tile(true), tile(of_cell)]) for true, _, of_cell in found])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0, help="tune on 1000 and above only")
    parser.add_argument("--demos", type=int, default=1000)
    parser.add_argument("--updates", type=int, default=5000)
    parser.add_argument("--alpha", type=float, default=0.5)
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--out", type=Path, help="a picture (png)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    found = [measure(s, args.demos, args.updates, not args.offline, args.alpha) for s in seeds]
    alike = [[float(np.corrcoef(true.ravel(), x.ravel())[0, 1]) for x in others] for true, *others in found]
    told = {
        "demos": args.demos, "updates": args.updates, "alpha": args.alpha, "seeds": list(seeds),
        "correlation_as_it_is": [a for a, _ in alike], "correlation_of_cells": [b for _, b in alike],
    }  # fmt: skip
    print(json.dumps(told))
    if args.first_seed < 1000:
        kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        kept["offline" if args.offline else "online"] = told
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(args.out), picture(found))


if __name__ == "__main__":
    main()

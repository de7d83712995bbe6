"""Experts of the control benchmark (stable-baselines3 PPO) and their demonstrations, cached on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

#: Demonstrations kept per environment and demo seed: enough for the largest cell.
KEPT = 10


@dataclass(frozen=True)
class Environment:
    """An environment of the benchmark: how its expert is trained, how its demos are thinned."""

    name: str
    every: int
    """Every how many-th step of a demonstration is kept (the paper's)."""
    demos: tuple[int, ...]
    """Numbers of demonstrations to learn from (the paper's)."""
    good_enough: float
    """The expert stops training at this mean return over 48 episodes."""
    steps: int
    """Training steps at most."""
    workers: int
    ppo: dict[str, Any] = field(default_factory=dict)


ENVIRONMENTS = {
    e.name: e
    for e in (
        Environment(
            "CartPole-v1", 20, (1, 3, 7, 10), 500, 300_000, 8,
            {
                "n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98, "n_epochs": 20,
                "learning_rate": 1e-3,
            },
        ),
        Environment(
            "Acrobot-v1", 5, (1, 3), -75, 1_000_000, 16,
            {"n_steps": 256, "gae_lambda": 0.94, "gamma": 0.99, "n_epochs": 4},
        ),
        Environment(
            "LunarLander-v3", 5, (1, 3, 7, 10), 275, 2_500_000, 16,
            {
                "n_steps": 512, "batch_size": 256, "gae_lambda": 0.98, "gamma": 0.999, "n_epochs": 6,
                "ent_coef": 0.01, "learning_rate": 5e-4,
            },
        ),
    )
}  # fmt: skip


def train_expert(env: Environment, path: Path) -> None:
    """PPO from a fixed seed, until good enough; the best of the evaluations on the way is kept at `path`."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import EvalCallback, StopTrainingOnRewardThreshold
    from stable_baselines3.common.env_util import make_vec_env

    enough = StopTrainingOnRewardThreshold(env.good_enough)
    watch = EvalCallback(
        make_vec_env(env.name, 16, seed=999), callback_on_new_best=enough, n_eval_episodes=48, verbose=0,
        eval_freq=max(1, env.steps // 40 // env.workers), best_model_save_path=str(path.with_suffix("")),
    )  # fmt: skip
    model = PPO("MlpPolicy", make_vec_env(env.name, env.workers, seed=0), seed=0, device="cpu", **env.ppo)
    model.learn(env.steps, callback=watch)
    os.replace(path.with_suffix("") / "best_model.zip", path)


def demonstrate(env: Environment, expert: Any, seed: int) -> dict[str, np.ndarray]:
    """KEPT whole episodes of the expert's best actions: state, action, next_state, done, episode, return."""
    world = gymnasium.make(env.name)
    rows: dict[str, list[Any]] = {k: [] for k in ("state", "action", "next_state", "done", "episode")}
    returns = np.zeros(KEPT)
    for episode in range(KEPT):
        state, over = world.reset(seed=10_000 * (seed + 1) + episode)[0], False
        while not over:
            action = int(expert.predict(state, deterministic=True)[0])
            next_state, reward, done, truncated, _ = world.step(action)
            for name, value in zip(rows, (state, action, next_state, done, episode), strict=True):
                rows[name].append(value)
            returns[episode] += float(reward)
            state, over = next_state, done or truncated
    return {name: np.asarray(values) for name, values in rows.items()} | {"return": returns}


def demonstrations(env: Environment, seed: int, cache: Path) -> dict[str, np.ndarray]:
    """The demonstrations of that demo seed, from the cache or made now (the expert too)."""
    path, expert_path = cache / f"{env.name}-demos-{seed}.npz", cache / f"{env.name}-expert.zip"
    if not path.exists():
        from stable_baselines3 import PPO

        cache.mkdir(parents=True, exist_ok=True)
        if not expert_path.exists():
            train_expert(env, expert_path)
        made = demonstrate(env, PPO.load(expert_path, device="cpu"), seed)
        partial = path.with_suffix(f".{os.getpid()}.npz")
        np.savez_compressed(partial, **made)
        os.replace(partial, path)
    with np.load(path) as kept:
        return dict(kept)

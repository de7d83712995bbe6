"""The control benchmark still runs, learns and resumes, on demos of a rule that balances the pole."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))


def balance(state: np.ndarray) -> int:
    """Push towards where the pole falls."""
    return int(state @ np.array([0.05, 0.2, 1.0, 0.5]) > 0)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Demonstrations of demo seed 1000, as the benchmark caches them."""
    from control_experts import KEPT

    folder, world = tmp_path_factory.mktemp("control"), gymnasium.make("CartPole-v1")
    rows = {name: [] for name in ("state", "action", "next_state", "done", "episode")}
    for episode in range(KEPT):
        state, over = world.reset(seed=episode)[0], False
        while not over:
            action = balance(state)
            next_state, _, done, truncated, _ = world.step(action)
            step = (state, action, next_state, done, episode)
            for values, value in zip(rows.values(), step, strict=True):
                values.append(value)
            state, over = next_state, done or truncated
    np.savez(folder / "CartPole-v1-demos-1000.npz", **{name: np.asarray(v) for name, v in rows.items()})
    return folder


def control(cache, out, *options):
    command = [
        sys.executable, BENCHMARKS / "control.py", "--environments", "CartPole-v1", "--demos", "10",
        "--seeds", "1", "--first-seed", "1000", "--episodes", "5", "--cache", cache, "--out", out, *options,
    ]  # fmt: skip
    env = os.environ | {"OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_quick_run_learns_to_balance_and_resumes(cache, tmp_path):
    out = tmp_path / "control.json"
    printed = control(cache, out, "--updates", "300", "--algorithms", "bc", "iq")
    found = json.loads(out.read_text())["CartPole-v1"]
    assert found["iq"]["last_argmax"][0][0] > 200  # a random player reaches 22
    assert found["iq"]["chosen_at"][0][0] % 100 == 0
    assert "| paper: iq | 500 |" in printed
    control(cache, out, "--updates", "300", "--algorithms", "iq", "sqil", "iq_online")
    again = json.loads(out.read_text())["CartPole-v1"]
    assert again["iq"] == found["iq"]
    assert list(again) == ["bc", "iq", "sqil", "iq_online"]


def test_demos_are_thinned_to_every_twentieth_step_from_an_offset(cache):
    from control import thinned
    from control_experts import ENVIRONMENTS

    env = ENVIRONMENTS["CartPole-v1"]
    with np.load(cache / "CartPole-v1-demos-1000.npz") as whole:
        steps = whole["state"][whole["episode"] == 0]
    kept = thinned(env, 1000, 1, cache)
    at = [int(np.flatnonzero((steps == state).all(1))[0]) for state in kept["state"].numpy()]
    assert at == list(range(at[0], len(steps), env.every))
    assert at[0] < env.every == 20
    assert kept["first"].tolist() == [step == 0 for step in at]


@pytest.mark.slow
def test_expert_is_trained_and_kept(tmp_path):
    pytest.importorskip("stable_baselines3")
    from control_experts import ENVIRONMENTS, KEPT, demonstrations

    env = replace(ENVIRONMENTS["CartPole-v1"], good_enough=0)  # met at the first look
    made = demonstrations(env, 1000, tmp_path)
    assert len(np.unique(made["episode"])) == KEPT
    assert made["return"].sum() == len(made["state"]) == len(made["action"])
    (tmp_path / "CartPole-v1-expert.zip").unlink()  # the demonstrations are cached on their own
    kept = demonstrations(env, 1000, tmp_path)
    assert all(np.array_equal(made[name], kept[name]) for name in made)

"""Evaluation on a local Ray cluster is evaluation."""

import os

import pytest

from basalt_iq.play.evaluation import evaluate
from basalt_iq.play.plan import Plan
from basalt_iq.play.unknowing import RandomPlayer

os.environ.setdefault("RAY_raylet_start_wait_time_s", "240")  # its own 60 are short on a busy machine
ray = pytest.importorskip("ray", reason="Ray is an extra: pip install 'basalt-iq[ray]'")


@pytest.mark.slow
def test_a_cluster_plays_the_same_episodes(synthetic, tmp_path):
    plan, player = Plan("FindCave", "random", max_steps=8), RandomPlayer(synthetic.ACTIONS, seed=1)
    heard = []
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        there = evaluate(plan, [3, 4, 5], tmp_path / "ray", player, worlds=2, on_done=heard.append, ray=True)
    finally:
        ray.shutdown()
    here = evaluate(plan, [3, 4, 5], tmp_path / "here", player, worlds=2, workers=1)
    assert (there.seeds, there.phases, there.mean_steps) == (here.seeds, here.phases, here.mean_steps)
    assert sorted(episode.facts.seed for episode in heard) == [3, 4, 5]
    for name in ("seed_3.npz", "seed_5.npz"):
        assert (tmp_path / "ray" / name).exists()

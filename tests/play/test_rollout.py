"""Rollouts over a fake of VectorWorld; the real one is in test_real_world.py."""

import json

import numpy as np
import pytest

from basalt_iq.agent.reward import RewardSpec
from basalt_iq.errors import UserError
from basalt_iq.play import rollout
from basalt_iq.play.episode import load_all
from basalt_iq.play.evaluation import evaluate
from basalt_iq.play.plan import Plan
from basalt_iq.play.player import Player
from basalt_iq.play.unknowing import RandomPlayer
from basalt_iq.play.vector import WorkerError
from basalt_iq.video import read_video


@pytest.fixture
def fake(monkeypatch, fake_worlds):
    monkeypatch.setattr(rollout, "VectorWorld", fake_worlds)
    return fake_worlds


@pytest.fixture
def player(synthetic):
    return RandomPlayer(synthetic.ACTIONS, seed=1)


def test_every_seed_is_played_once_and_recorded(fake, player, tmp_path):
    heard = []
    seeds = [11, 4, 7, 8, 20, 1, 2]
    episodes = rollout.play("FindCave", player, seeds, out=tmp_path, worlds=4, on_done=heard.append)
    assert [e.facts.seed for e in episodes] == seeds
    assert sorted(fake.played) == sorted(seeds)
    assert fake.busiest == 2  # four worlds in two groups
    assert {e.facts.seed for e in heard} == set(seeds)
    for e in episodes:
        assert e.facts.steps == 5 + e.facts.seed % 4
        assert e.facts.success == (e.facts.seed % 2 == 0)
        assert e.facts.reasons == ["because"]
        assert e.arrays["progress"] == pytest.approx(np.arange(e.facts.steps + 1) / 10)
        brightness = [frame.mean() for frame in read_video(e.video)]
        assert brightness == pytest.approx(10 * np.arange(e.facts.steps + 1), abs=4)


def test_a_time_limit_is_no_end_of_the_task(fake, player, tmp_path):
    player.reward = RewardSpec(0.99)
    (episode,) = rollout.play("FindCave", player, [3], out=tmp_path, max_steps=4)
    assert (episode.facts.steps, episode.facts.max_steps, episode.facts.success) == (4, 4, False)
    assert np.isnan(episode.arrays["reward"][-1])


def test_a_world_that_dies_is_a_failed_episode_and_the_rest_goes_on(fake, player, tmp_path):
    fake.BREAKS = frozenset([5])
    episodes = rollout.play("FindCave", player, range(5, 11), out=tmp_path, workers=1, worlds=2)
    broken = [e for e in episodes if e.facts.error]
    assert {e.facts.seed for e in broken} == {5, 6}  # the worker took its other episode with it
    assert all(e.facts.success is None and "died (exit code -9)" in e.facts.error for e in broken)
    assert [e.facts.steps for e in broken] == [2, 2]
    assert sum(1 for _ in read_video(broken[0].video)) == 3
    assert all(e.facts.steps == 5 + e.facts.seed % 4 for e in episodes if not e.facts.error)


def test_a_random_observation_after_a_socket_fault_is_not_stored(fake, player, tmp_path):
    fake.NOISE = frozenset([2])
    first, second = rollout.play("FindCave", player, [2, 4], out=tmp_path)
    assert (first.facts.error, first.facts.steps, second.facts.error) == ("timed out", 2, None)


def test_a_world_that_is_slow_to_start_gets_a_second_try(fake, player, tmp_path, monkeypatch):
    calls = []
    reset = fake.reset

    def late(self, seeds):
        calls.append(list(seeds.values()))
        if len(calls) == 1:
            raise WorkerError("world worker 0 (slots 0, 1) did not answer for 300 s")
        return reset(self, seeds)

    monkeypatch.setattr(fake, "reset", late)
    episodes = rollout.play("FindCave", player, range(4), out=tmp_path, workers=1, worlds=2)
    assert [e.facts.error for e in episodes] == [None] * 4
    assert sorted(fake.played) == [0, 1, 2, 3]


def test_a_seed_that_breaks_its_world_twice_is_a_failed_episode(fake, player, tmp_path, monkeypatch):
    reset = fake.reset

    def refuse_seven(self, seeds):
        if 7 in seeds.values():
            raise WorkerError("world worker 0 (slots 0) died (exit code -11)")
        return reset(self, seeds)

    monkeypatch.setattr(fake, "reset", refuse_seven)
    first, second = rollout.play("FindCave", player, [7, 8], out=tmp_path, workers=1, worlds=1)
    assert (first.facts.steps, first.facts.success) == (0, None)
    assert "exit code -11" in first.facts.error
    assert (second.facts.seed, second.facts.error) == (8, None)


def test_a_world_that_never_starts_is_the_users_to_hear(fake, player, tmp_path, monkeypatch):
    def refuse(self, seeds):
        raise WorkerError("world worker 0 (slots 0) failed:\nTraceback\nOSError: no memory")

    monkeypatch.setattr(fake, "reset", refuse)
    with pytest.raises(UserError, match=r"broke 3 times in a row.*no memory"):
        rollout.play("FindCave", player, range(50), out=tmp_path)


def test_an_interrupted_evaluation_plays_only_what_is_missing(fake, player, tmp_path):
    plan = Plan("FindCave", "random")

    class Stop(Exception):
        pass

    def stop_after_three(_):
        if len(fake.played) >= 3:
            raise Stop

    with pytest.raises(Stop):
        evaluate(plan, range(8), tmp_path, player, on_done=stop_after_three, workers=1, worlds=1)
    summary = json.loads((tmp_path / "summary.json").read_text())
    recorded = {e.facts.seed for e in load_all(tmp_path)}
    assert not summary["complete"]
    assert set(summary["seeds"]) == recorded
    fake.played.clear()
    summary = evaluate(plan, range(8), tmp_path, player)
    assert sorted(fake.played) == sorted(set(range(8)) - recorded)
    assert summary.complete
    assert (summary.episodes, summary.successes, summary.rate) == (8, 4, 0.5)
    assert summary.mean_steps == 6.5
    assert summary.low < 0.5 < summary.high
    fake.played.clear()
    assert evaluate(plan, range(8), tmp_path, player).seconds >= summary.seconds
    assert fake.played == []
    assert not list(tmp_path.glob(".seed*"))


@pytest.mark.parametrize("at", [1, 3, 5])
def test_an_episode_on_record_is_whole_wherever_the_play_was_interrupted(fake, player, tmp_path, at):
    ended = []

    def stop(episode):
        ended.append(episode)
        if len(ended) == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # while the other group's worlds move
        rollout.play("FindCave", player, range(20), out=tmp_path, workers=2, worlds=8, on_done=stop)
    on_record = load_all(tmp_path)
    assert {e.facts.seed for e in ended} <= {e.facts.seed for e in on_record}
    for episode in on_record:
        assert len(list(read_video(episode.video))) == episode.facts.steps + 1
        assert len(episode.arrays["buttons"]) == episode.facts.steps
    assert not list(tmp_path.glob(".seed*"))


def test_a_folder_holds_one_plan(fake, player, tmp_path):
    evaluate(Plan("FindCave", "random", max_steps=9), range(2), tmp_path, player)
    with pytest.raises(UserError, match="max_steps 9, not None; give another --name"):
        evaluate(Plan("FindCave", "random"), range(2), tmp_path, player)
    (tmp_path / "summary.json").unlink()
    with pytest.raises(UserError, match=r"without summary\.json"):
        evaluate(Plan("FindCave", "random"), range(2), tmp_path, player)


def test_what_a_network_thought_is_recorded(fake, synthetic, tmp_path):
    from basalt_iq.agent.checkpoint import AgentSpec
    from basalt_iq.agent.config import NetworkConfig
    from basalt_iq.agent.observation import ObservationSpec

    look = ObservationSpec(64, (), (), ())
    spec = AgentSpec("FindCave", 2021, synthetic.ACTIONS, look, NetworkConfig(width=1, hidden=8), 0.1, 0.9)
    player = Player(spec, spec.build(), seed=3)
    (episode,) = rollout.play("FindCave", player, [4], out=tmp_path)
    arrays = episode.arrays
    assert episode.facts.discount == 0.9
    assert episode.facts.action_names == player.action_names
    chosen = arrays["top_action"] == arrays["action"][:, None]
    rows = chosen.any(1)
    q_a = arrays["top_q"][chosen].astype(float)
    following = np.append(arrays["v"][1:], 0.0)
    assert arrays["reward"][rows] == pytest.approx(q_a - 0.9 * following[rows], abs=5e-3)
    assert (arrays["memory_norm"] > 0).all()
    assert (arrays["act_ms"] > 0).all()

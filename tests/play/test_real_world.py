"""Rollouts in the stand-in world itself, through its processes."""

import multiprocessing as mp

import numpy as np
import pytest

from basalt_iq.play.rollout import play, play_scripted
from basalt_iq.play.unknowing import RandomPlayer
from basalt_iq.video import read_video
from basalt_iq.world import make


@pytest.mark.slow
def test_a_recorded_episode_is_what_the_world_did(synthetic, tmp_path):
    first, _ = play(
        "FindCave", RandomPlayer(synthetic.ACTIONS), [5, 6], out=tmp_path, max_steps=25, workers=2, worlds=2
    )
    assert not mp.active_children()
    steps = first.facts.steps
    assert 0 < steps <= 25  # less where chance throws the snowball
    assert (first.facts.success, first.facts.error) == (False, None)
    env = make("FindCave", max_steps=25)
    observation, _ = env.reset(seed=5)
    frames, progress = [observation["pov"]], [env.unwrapped.progress()]
    for index in first.arrays["action"]:
        observation, *_ = env.step(synthetic.ACTIONS.decode(int(index)))
        frames.append(observation["pov"])
        progress.append(env.unwrapped.progress())
    assert first.arrays["progress"] == pytest.approx(progress)
    decoded = list(read_video(first.video))
    assert len(decoded) == steps + 1
    assert np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(frames, decoded, strict=True)]) < 10


@pytest.mark.slow
def test_the_demonstrator_is_recorded_alike(tmp_path):
    (episode,) = play_scripted("FindCave", [3], out=tmp_path, max_steps=40, workers=1)
    assert episode.facts.player == "scripted"
    assert episode.facts.steps <= 40
    assert set(episode.arrays) == {"buttons", "camera", "equip", "position", "progress"}
    assert len(list(read_video(episode.video))) == episode.facts.steps + 1

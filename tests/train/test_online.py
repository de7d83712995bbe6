"""Online learning on the stand-in world, with short episodes."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.data.sampler import SampledEpisode
from basalt_iq.train.actors import Actors
from basalt_iq.train.config import OnlineConfig
from basalt_iq.train.replay import Replay
from basalt_iq.train.stored_states import StoredStates
from basalt_iq.world import make

SAMPLING = {"batch": 2, "length": 4, "stack": 2, "seed": 0, "grid": 4, "burn_in": 1}


def episode(value, length=5, terminal=True):
    frames = np.full((length + 1, 3, 64, 64), value, np.uint8)
    steps = {"action": np.full(length, value), "vector": np.zeros((length + 1, 2), np.float32)}
    return SampledEpisode(frames, steps, terminal=terminal)


def test_replay_keeps_the_newest_within_its_bytes(tmp_path):
    one = episode(1).frames.nbytes
    replay = Replay(tmp_path, int(2.5 * one), StoredStates([], 3, 4), **SAMPLING)
    assert replay.sample() is None
    for value in range(1, 6):
        replay.add(episode(value))
    assert len(replay) == 2
    assert set(replay.sample().arrays["action"][:, 1].tolist()) <= {4, 5}
    assert len(list(tmp_path.iterdir())) == 5  # an older checkpoint may still need them
    replay.sweep()  # a first checkpoint needs the newest two; the one before it, which may be kept, all
    assert len(list(tmp_path.iterdir())) == 5
    replay.sweep()
    assert len(list(tmp_path.iterdir())) == 2


def test_replay_comes_back_as_it_was(tmp_path):
    replay = Replay(tmp_path, 10**9, StoredStates([], 3, 4), **SAMPLING)
    replay.add(episode(1))
    replay.add(episode(2, terminal=False))
    state = json.loads(json.dumps(replay.state_dict()))
    expected = [replay.sample().arrays["action"].copy() for _ in range(5)]
    replay.add(episode(3))  # after the checkpoint: a resumed run plays it again
    again = Replay(tmp_path, 10**9, StoredStates([], 3, 4), **SAMPLING)
    again.load_state_dict(state)
    assert len(again) == 2
    for batch in expected:
        np.testing.assert_array_equal(again.sample().arrays["action"], batch)


def actors(repeat=1, **options):
    torch.manual_seed(0)
    network = NetworkConfig(features=8, hidden=8, stack=2)
    spec = AgentSpec(
        "FindCave", 2021, entry_2021("FindCave"), ObservationSpec.of("FindCave", 2021, 64), network,
        temperature=1.0, discount=0.99, repeat=repeat,
    )  # fmt: skip
    config = OnlineConfig(**{"online": True, "worlds": 2, "online_steps": 25} | options)
    return Actors(spec, spec.build(), config, seed=0)


def play(players, decisions):
    return [e for _ in range(decisions) for e in players.decide()]


@pytest.mark.slow
def test_actors_hand_over_whole_episodes_and_repeat_exactly():
    first = actors()
    try:
        done = play(first, 30)
        state = first.state_dict()
        rest = play(first, 30)
    finally:
        first.close()
    assert len(done) >= 2
    for e in done:
        assert e.length <= 25
        assert len(e.steps["action"]) == e.length == len(e.steps["vector"]) - 1
        assert e.terminal or e.length == 25  # an episode may also end by itself on the last step

    second = actors()
    try:
        second.load_state_dict(state)
        again = play(second, 30)
    finally:
        second.close()
    assert len(again) == len(rest) > 0
    for a, b in zip(rest, again, strict=True):
        np.testing.assert_array_equal(a.frames, b.frames)
        np.testing.assert_array_equal(a.steps["action"], b.steps["action"])


@pytest.mark.slow
def test_a_decision_is_held_and_the_replay_holds_what_it_was_made_from():
    players = actors(repeat=4, worlds=1)
    try:
        done = play(players, 7)  # at most 25 steps: six decisions and a quarter of the seventh
    finally:
        players.close()
    env, over = make("FindCave", max_steps=25), False
    frames = [env.reset(seed=1_000_000)[0]["pov"]]
    for index in done[0].steps["action"]:
        for tick in range(4):
            if not over:
                observation, _, *ends, _ = env.step(players.spec.actions.decode(int(index), held=tick > 0))
                over = any(ends)
                frames.append(observation["pov"])
    assert over
    seen = [*range(0, len(frames) - 1, 4), -1]
    np.testing.assert_array_equal(done[0].frames, np.stack(frames)[seen].transpose(0, 3, 1, 2))


@pytest.mark.slow
def test_a_killed_online_run_continues_to_the_same_weights(store, tmp_path):
    shape = "--features 16 --hidden 16 --stack 2 --batch 2 --length 16 --burn-in 4 --grid 8"
    pace = "--steps 80 --check-every 20 --log-every 10"
    online = "--online --worlds 2 --online-steps 20 --start-after 5"

    def command(run):
        places = ["--store", str(store), "--run", str(run)]
        options = f"{shape} {pace} {online}".split()
        return [sys.executable, "-m", "basalt_iq", "train", *places, *options]

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = subprocess.run(command(whole), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    process = subprocess.Popen(command(broken), stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 240
    while not (broken / "config.json").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = subprocess.run(command(broken), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second = (load_file(run / "agent" / "weights.safetensors") for run in (whole, broken))
    assert all(torch.equal(first[name], second[name]) for name in first)
    lines = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["online/episodes"] > 0
    assert lines[-1]["online/faults"] == 0
    trained = json.loads((whole / "agent" / "agent.json").read_text())["trained"]
    assert trained["step"] == 80  # whatever held-out demos say

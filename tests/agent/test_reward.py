"""The recovered reward by hand, and that loss, held-out demos, recorder and report all say the same."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.agent.reward import RewardSpec, episode_rewards
from basalt_iq.play.episode import Facts
from basalt_iq.play.player import Decision
from basalt_iq.play.recorder import Recorder
from basalt_iq.play.ticks import Seen, Tick
from basalt_iq.train.config import ObjectiveConfig
from basalt_iq.train.held_out import measure
from basalt_iq.train.objectives import Transitions, chosen, target

Q_A, V = np.array([1.0, 2.0, 3.0], np.float32), np.array([10.0, 20.0, 30.0], np.float32)
HALF = RewardSpec(0.5)


def test_by_hand():
    assert episode_rewards(HALF, Q_A, V, ended=True, expert=True).tolist() == [1 - 10, 2 - 15, 3]
    cut = episode_rewards(HALF, Q_A, V, ended=False, expert=True)
    assert cut[:2].tolist() == [-9, -13]
    assert math.isnan(cut[2])
    assert episode_rewards(HALF, Q_A, V, ended=False, expert=True, last=8.0)[2] == 3 - 4


def test_endings_and_bounds_by_hand():
    """1/5 a step for ever is worth 2/5, discounted once 1/5; values are no further from 0 than 12."""
    spec = RewardSpec(0.5, absorbing=0.2, value_bound=12.0)
    for expert, last in ((True, 3 - 0.2), (False, 3 + 0.2)):
        found = episode_rewards(spec, Q_A, V, ended=True, expert=expert)
        assert found == pytest.approx([1 - 6, 2 - 6, last])


def test_the_readmes_own_ending():
    """--absorbing-reward 0.005 with gamma 0.99: an expert's ending with Q = V = 0 costs 0.495."""
    zero = np.zeros(1, np.float32)
    found = episode_rewards(RewardSpec(0.99, 0.005), zero, zero, ended=True, expert=True)
    assert found == pytest.approx([-0.495])


OBJECTIVES = [
    ObjectiveConfig(),
    ObjectiveConfig(absorbing_reward=0.005),
    ObjectiveConfig(absorbing_reward=0.1, clip_targets=True, alpha=0.01, discount=0.9),
]


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("expert", [True, False])
@pytest.mark.parametrize("config", OBJECTIVES)
def test_loss_held_out_and_recorder_agree(config, expert, ended, tmp_path):
    rng = np.random.default_rng(0)
    actions = entry_2021("FindCave")
    q = rng.normal(size=(6, len(actions))).astype(np.float32)
    taken = rng.integers(0, len(actions), 5)
    spec = spec_of(config)
    wanted = in_the_loss(config, q, taken, ended, expert)
    assert json.loads(json.dumps(spec.to_json()))["absorbing_reward"] == config.absorbing_reward
    assert AgentSpec.from_json(json.loads(json.dumps(spec.to_json()))).reward == config.reward
    if expert:
        found = measure(spec, torch.from_numpy(q), torch.from_numpy(taken), ended)["reward"]
        assert found.numpy() == pytest.approx(wanted, abs=1e-5)
    else:
        found = on_record(spec, q, taken, ended, tmp_path)
        known = slice(None) if ended else slice(-1)  # what followed the time limit nobody looked at
        assert found[known] == pytest.approx(wanted[known], abs=1e-5)
        assert math.isnan(found[-1]) != ended


@pytest.mark.parametrize("repeat", [1, 2, 4])
def test_a_held_decision_says_its_reward_at_every_tick(repeat, tmp_path):
    """Ten ticks: of the last decision only a part was played before the episode ended."""
    config = ObjectiveConfig(absorbing_reward=0.005)
    spec = replace(spec_of(config), repeat=repeat)
    rng, count = np.random.default_rng(1), -(-10 // repeat)
    q = rng.normal(size=(count + 1, len(spec.actions))).astype(np.float32)
    taken = rng.integers(0, len(spec.actions), count)
    rows = np.repeat(np.arange(count), repeat)[:10]
    found = on_record(spec, q[rows], taken[rows], True, tmp_path)
    wanted = in_the_loss(config, q, taken, True, expert=False)
    assert found == pytest.approx(wanted[rows], abs=1e-5)


def spec_of(config):
    return AgentSpec(
        "FindCave", 2021, entry_2021("FindCave"), ObservationSpec.of("FindCave", 2021, 64), NetworkConfig(),
        config.temperature, config.discount, absorbing_reward=config.reward.absorbing,
        value_bound=config.reward.value_bound,
    )  # fmt: skip


def in_the_loss(config, q, taken, ended, expert):
    """r = Q - y of one sequence of T + 1 states, as the objectives have it."""
    q = torch.from_numpy(q)[None]
    v = torch.logsumexp(q / config.temperature, -1) * config.temperature
    no = torch.zeros(1, len(taken), dtype=torch.bool)
    done = no.clone()
    done[0, -1] = ended
    a_t = torch.from_numpy(taken)[None]
    batch = Transitions(
        q_t=q[:, :-1], v_tp1=v[:, 1:], a_t=a_t, done_t=done, weight=torch.ones(no.shape),
        expert=torch.tensor([expert]), first=no,
    )  # fmt: skip
    return (chosen(batch.q_t, a_t) - target(batch, config))[0].numpy()


def on_record(spec, q, taken, ended, folder):
    facts = Facts(
        spec.task, spec.era, 0, "agent", discount=spec.discount, repeat=spec.repeat,
        absorbing_reward=spec.absorbing_reward, value_bound=spec.value_bound,
        action_names=spec.actions.action_names,
    )  # fmt: skip
    recorder, seen = Recorder(folder, facts), {"pov": np.zeros((64, 64, 3), np.uint8)}
    recorder.tick(Tick(None, Seen(seen)))
    for row, index in zip(q, taken, strict=False):
        v = float(np.log(np.exp(row / spec.temperature).sum()) * spec.temperature)
        pi = np.exp((row - v) / spec.temperature)
        recorder.tick(Tick({}, Seen(seen)), Decision({}, int(index), row, pi, v, 0.0, 0.0))
    return recorder.end(Seen({}, terminated=ended, truncated=not ended)).arrays["reward"]

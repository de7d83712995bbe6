"""A factored agent from demos to play."""

import json

import numpy as np
import pytest
import torch
from fixtures import tiny_training as tiny

from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.agent.soft_head import FactoredHead
from basalt_iq.errors import UserError
from basalt_iq.play.player import Player
from basalt_iq.train.config import ObjectiveConfig, TrainConfig


@pytest.mark.parametrize("objective", ["iq", "bc"])
def test_a_factored_agent_is_trained_kept_and_plays(store, tmp_path, objective):
    tiny.run(store, tmp_path / "run", head="factored", objective=ObjectiveConfig(objective))
    agent = tmp_path / "run" / "agent"
    told = json.loads((agent / "agent.json").read_text())["actions"]
    assert all(action["buttons"] == ["use"] or action["equip"] != "none" for action in told["actions"])
    spec, network = load_agent(agent)
    assert isinstance(network.soft, FactoredHead)
    assert network.head.out_features == len(told["factors"]["keys"]) + 7 + 9 + len(told["actions"])
    player, frame = Player(spec, network), np.zeros((64, 64, 3), np.uint8)
    counts = dict.fromkeys(spec.observation.items, 0)
    seen = {"pov": frame, "inventory": counts, "equipped_items": {"mainhand": {"type": "snowball"}}}
    player.start([0])
    (decision,) = player.act([seen], [0])
    assert decision.q.shape == (len(spec.actions),)
    assert decision.policy.sum() == pytest.approx(1, abs=1e-5)
    outputs = network.values(player._slots[0].h.clone())
    assert decision.v == pytest.approx(network.soft.value(outputs, spec.temperature).item(), abs=1e-5)


def test_a_factored_run_continues_to_the_same_weights(store, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    tiny.run(store, whole, head="factored")
    tiny.run(store, parts, head="factored", steps=2)
    tiny.run(store, parts, head="factored")
    first, second = (load_agent(run / "checkpoints" / "000000004")[1] for run in (whole, parts))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_only_what_demos_hold_is_factored():
    with pytest.raises(UserError, match="--head factored"):
        TrainConfig(head="factored", actions="entry-2021")

"""What an agent looked at: hiding parts of the picture, on episodes that are played again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from basalt_iq.errors import UserError
from basalt_iq.play.episode import LOOKED_SIDE, load
from basalt_iq.play.evaluation import evaluate, fingerprint
from basalt_iq.play.looking import changes_by_hiding, look_again
from basalt_iq.play.plan import Plan
from basalt_iq.play.player import Player
from basalt_iq.play.worlds import Maker


class Corner(torch.nn.Module):
    """Q of two actions: how bright the top left corner is, and nothing."""

    def forward(self, frames, vector, carry):
        bright = frames[:, -1, :, :8, :8].float().mean((1, 2, 3)) / 255
        return torch.stack([bright, torch.zeros_like(bright)], -1)[:, None], carry


def test_only_what_the_network_sees_changes_its_choice():
    frames = torch.full((1, 2, 3, 64, 64), 255, dtype=torch.uint8)
    carry = torch.zeros(1, 4), torch.zeros(1, 4)
    vector, network = torch.zeros(1, 1, 3), Corner()
    q, _ = network(frames, vector, carry)
    changes = changes_by_hiding(network, frames, vector, carry, q, 0.5)
    assert changes.shape == (LOOKED_SIDE**2,)
    before, after = (torch.softmax(torch.tensor([bright, 0.0]) / 0.5, 0) for bright in (1.0, 128 / 255))
    assert changes[0] == pytest.approx(float((before * (before / after).log()).sum()), rel=1e-4)
    assert changes[1:].max() == 0
    assert (frames == 255).all()  # what was given is not touched


@pytest.fixture
def played(checkpoint, tmp_path):
    """An episode of an untrained agent in the stand-in, its plan and its weights."""
    plan = Plan(
        "FindCave", "agent", 2021, 40, "checkpoint", fingerprint(checkpoint), "sampled", distance="near"
    )
    build = Maker(near=True, progress=True)
    evaluate(plan, [3], tmp_path / "agent", Player.load(checkpoint), workers=1, worlds=1, build=build)
    return load(tmp_path / "agent", 3), plan, checkpoint


def test_an_episode_is_played_again_and_told_what_was_looked_at(played):
    episode, plan, checkpoint = played
    before = episode.arrays
    assert "looked" not in before
    look_again(episode, plan, checkpoint)
    after = load(episode.folder, 3).arrays
    assert all(np.array_equal(after[name], before[name], equal_nan=True) for name in before)
    looked = after["looked"].astype(float)
    assert looked.shape == (40, LOOKED_SIDE**2)
    assert (looked[0] == looked[2]).all()  # a decision is held for three ticks
    assert looked.max() > 0
    assert np.isfinite(looked).all()


def test_what_cannot_be_played_again_is_refused(played, make_agent, tmp_path):
    episode, plan, checkpoint = played
    with pytest.raises(UserError, match="only an agent's own episodes in the stand-in"):
        look_again(episode, replace(plan, world="minerl-0.4"), checkpoint)
    with pytest.raises(UserError, match="went another way"):
        look_again(episode, replace(plan, distance="real"), checkpoint)
    assert "looked" not in load(episode.folder, 3).arrays

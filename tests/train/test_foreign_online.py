"""Learning while playing in every other world, through its real package: whatever breaks is accounted for."""

import contextlib

import pytest
from fixtures.painted.interpreters import WORLDS, paint, strike, struck

from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.agent.actions import Action, ActionSet
from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.errors import UserError
from basalt_iq.play.worlds import era_of, use_world
from basalt_iq.train.actors import Actors
from basalt_iq.train.config import OnlineConfig

FIRST = 7
#: What goes wrong with which of the first seeds.
STRIKES = {7: "crash", 9: "crash at reset", 11: "garbage", 12: "crash once at reset"}


@pytest.fixture(params=sorted(WORLDS))
def world(request, tmp_path, monkeypatch):
    """A world that can be had here, with a painted Minecraft."""
    try:
        python = paint(request.param, tmp_path)
    except RuntimeError as error:
        pytest.skip(str(error))
    for name, value in strike(STRIKES, tmp_path / "notes").items():
        monkeypatch.setenv(name, value)
    use_world(request.param, str(python))
    return request.param


def agent(era):
    keys = [Action(), Action(("forward",), (0.0, 9.0)), Action(("hotbar.2", "use"))]
    actions = entry_2021("FindCave") if era == 2021 else ActionSet("FindCave", 2022, keys, "test")
    network = NetworkConfig(width=1, features=32, hidden=16, stack=2)
    spec = AgentSpec(
        "FindCave", era, actions, ObservationSpec.of("FindCave", era, 64), network, 1.0, 0.99, repeat=3
    )
    return spec, spec.build()


@pytest.mark.slow
def test_every_episode_of_online_play_is_accounted_for(world, tmp_path):
    said = []
    config = OnlineConfig(online=True, world=world, worlds=2, workers=2, online_steps=8, first_seed=FIRST)
    actors = Actors(*agent(era_of(world)), config, seed=0, say=said.append)
    episodes = []
    try:
        while actors.finished < 5:
            episodes += actors.decide()
    finally:
        actors.close()
    assert actors.begun == actors.finished + actors.faults + actors.under_way
    assert len(episodes) == actors.finished
    assert len(said) == actors.faults >= 3
    assert all("lost: " in line for line in said)
    assert set(range(FIRST, FIRST + actors.begun)) >= set(struck(tmp_path / "notes"))
    for one in episodes:
        assert len(one.frames) == len(one.steps["action"]) + 1
        if era_of(world) == 2022:
            assert not one.terminal, "time ran out: that is no ending of the agent's"


@pytest.mark.slow
def test_a_world_that_never_begins_is_said_and_ends_the_training(world, tmp_path, monkeypatch):
    for name, value in strike(dict.fromkeys(range(100), "crash at reset"), tmp_path / "notes").items():
        monkeypatch.setenv(name, value)
    config = OnlineConfig(online=True, world=world, worlds=1, online_steps=8, first_seed=FIRST)
    actors = Actors(*agent(era_of(world)), config, seed=0)
    with contextlib.closing(actors), pytest.raises(UserError, match=f"--world {world}: no episode goes on"):
        all(actors.decide() == [] for _ in range(20))

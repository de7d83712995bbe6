"""What `import basalt_iq` offers."""

import subprocess
import sys

import numpy as np
import pytest

import basalt_iq
from basalt_iq.errors import UserError

ROOT = "tests/golden/store-0.1"


def test_an_agent_plays_an_episode(checkpoint):
    agent = basalt_iq.load_agent(checkpoint)
    env = basalt_iq.make("FindCave", max_steps=12, near=True)
    played = basalt_iq.rollout(env, agent, seed=3)
    assert played.length == len(played.actions) <= 12
    assert played.frames.shape == (played.length + 1, 64, 64, 3)
    assert played.frames.dtype == np.uint8
    assert played.success in (True, False)
    again = basalt_iq.rollout(env, basalt_iq.load_agent(checkpoint), seed=3)
    assert repr(again.actions) == repr(played.actions)
    assert (again.frames == played.frames).all()


def test_an_agent_tells_what_it_thinks(checkpoint):
    agent = basalt_iq.load_agent(checkpoint, argmax=True)
    env = basalt_iq.make("FindCave")
    seen, _ = env.reset(seed=0)
    agent.reset()
    action = agent.act(seen)
    assert set(action) <= set(env.action_space.spaces)
    assert agent.decision.q.shape == agent.decision.policy.shape
    assert agent.spec.task == "FindCave"


def test_any_function_plays():
    played = basalt_iq.rollout(basalt_iq.make("MakeWaterfall", max_steps=3), lambda seen: {"jump": 1})
    assert [action["jump"] for action in played.actions] == [1, 1, 1]
    assert not played.terminated


def test_a_store_is_read(request):
    store = basalt_iq.read_store(request.config.rootpath / ROOT)
    demo = store.select("FindCave")[0]
    assert demo.frames[0].shape == (3, store.size, store.size)
    assert len(demo.camera) == demo.length


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(UserError, match="no demo store"):
        basalt_iq.read_store(tmp_path)
    with pytest.raises(UserError, match="neither a run"):
        basalt_iq.load_agent(tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'mak'"):
        basalt_iq.mak  # noqa: B018


def test_every_name_is_there_and_none_is_imported_before_it_is_used():
    assert all(getattr(basalt_iq, name) for name in basalt_iq.__all__)
    code = "import basalt_iq, sys; sys.exit(bool({'numpy', 'torch', 'gymnasium'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

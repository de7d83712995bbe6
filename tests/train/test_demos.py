"""Demos as decisions: what was seen when, and what was then done."""

import shutil
from dataclasses import replace

import numpy as np

from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.agent.stored_ticks import ticks
from basalt_iq.train.demos import decisions, episodes, load_demos


def spec_of(store, repeat):
    demos = load_demos(store, "FindCave", 0.2)
    look = ObservationSpec.of("FindCave", 2021, 64)
    spec = AgentSpec("FindCave", 2021, demos.action_set("demos", 64, repeat), look, NetworkConfig(), 1.0, 0.9)
    return demos, replace(spec, repeat=repeat)


def test_each_decision_stands_beside_the_frame_it_was_made_in(store):
    demos, spec = spec_of(store, 4)
    demo = demos.train[0]
    for first in range(4):
        episode = decisions(demo, spec, first)
        assert episode.length == (demo.length - first) // 4
        for i in range(episode.length + 1):
            assert np.array_equal(episode.frames[i], demo.frames[first + 4 * i])
        wanted = spec.actions.encode(ticks(demo).held(1))
        assert episode.length < len(wanted)


def test_every_start_gives_an_episode_and_its_mirror_image(store):
    demos, spec = spec_of(store, 4)
    plain, mirrored = episodes(demos.train, spec), episodes(demos.train, spec, mirrored=True)
    assert len(plain) == len(mirrored) == 4 * len(demos.train)
    twin = spec.actions.mirror()
    for here, there in zip(plain, mirrored, strict=True):
        assert np.array_equal(there.frames, here.frames[..., ::-1])
        assert np.array_equal(there.steps["action"], twin[here.steps["action"]])


def test_a_decision_of_one_tick_is_the_tick(store):
    demos, spec = spec_of(store, 1)
    for demo, episode in zip(demos.train, episodes(demos.train, spec), strict=True):
        assert episode.length == demo.length
        assert np.array_equal(episode.steps["action"], spec.actions.encode(ticks(demo)))


def test_a_copy_of_a_demo_counts_once_whatever_it_is_called(store, tmp_path):
    copy = tmp_path / "store"
    shutil.copytree(store, copy)
    for number in range(6):
        shutil.copytree(copy / "FindCave" / f"demo-{number}", copy / "FindCave" / f"zz-{number}")
    demos = load_demos(copy, "FindCave", 0.5)
    assert len(demos.train) == len(demos.held_out) == 3
    assert not {t.digest for t in demos.train} & {t.digest for t in demos.held_out}

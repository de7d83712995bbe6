"""The packages of the demo's own run, built and checked by the commands that people use."""

import json
from functools import partial

import numpy as np
import pytest

from basalt_iq.agent.checkpoint import load_spec
from basalt_iq.contract import TASKS
from basalt_iq.submission import bedd
from basalt_iq.submission.commands import Build, Check
from basalt_iq.submission.manifest import AICROWD_2021, AICROWD_2022, BEDD
from basalt_iq.video import read_video
from basalt_iq.world import make

pytestmark = pytest.mark.slow
STEPS = 10
#: Grey levels, on average, by which two frames must differ to be told apart in a compressed video.
VISIBLE = 3.0


@pytest.fixture
def run(small_demo):
    run = small_demo.out / "iq"
    assert load_spec(run / "agent").repeat > 1  # decisions are held: an episode ends within one, too
    return run


@pytest.mark.parametrize("target", [AICROWD_2021, AICROWD_2022])
def test_an_aicrowd_package_passes_and_is_left_as_it_was(run, target, tmp_path):
    package = tmp_path / "package"
    Build(runs=(run,), target=target, out=package).run()
    before = sorted(package.rglob("*"))
    checked = Check(folder=package, episodes=2, max_steps=STEPS).run().to_json()
    assert checked["ok"], checked
    found = {row["check"]: row["detail"] for row in checked["checks"]}
    played = found["plays every episode from its reset to its end"].split(", ")
    assert played == [f"{task} 2 of 2" for task in (TASKS if target == AICROWD_2022 else ["FindCave"])]
    assert sorted(package.rglob("*")) == before


def test_every_frame_of_bedd_is_what_the_world_shows_after_the_actions_before_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr(bedd, "SEEDS", {task: seeds[:2] for task, seeds in bedd.SEEDS.items()})
    folder = tmp_path / "bedd"
    Build(runs=(run,), target=BEDD, out=folder, max_steps=STEPS, workers=1).run()
    checked = Check(folder=folder).run().to_json()
    assert checked["ok"], checked
    for task, seeds in bedd.SEEDS.items():
        world = make(task, 2022)
        for seed in seeds:
            look_at_every_frame(folder / TASKS[task].env_id / f"seed_{seed}.mp4", world, seed)


def look_at_every_frame(video, world, seed):
    actions = [json.loads(line).get("action", {}) for line in video.with_suffix(".jsonl").open()]
    frames = [frame[::4, ::4].astype(float) for frame in read_video(video)]
    assert 0 < len(actions) <= STEPS
    assert len(frames) == len(actions) + 1
    seen = [world.reset(seed=seed)[0], *(world.step(action)[0] for action in actions)]
    shown = [observation["pov"][::4, ::4].astype(float) for observation in seen]
    for number, (frame, true) in enumerate(zip(frames, shown, strict=True)):
        nearest = min(shown, key=partial(apart, frame))
        assert apart(frame, true) < bedd.MAX_DIFFERENCE, (video, number)
        assert apart(nearest, true) < VISIBLE, (video, number)


def apart(frame, other):
    return np.abs(frame - other).mean()

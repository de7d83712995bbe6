"""Episodes of MineStudio's recorder as demonstrations: by its real code, and as its format has them."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from fixtures import foreign

from basalt_iq.data.check import examine
from basalt_iq.data.defects import DemoError
from basalt_iq.data.ingest import ingest
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store
from basalt_iq.video import write_video

STEPS = 6


def write(folder, steps=STEPS, frames=STEPS + 1, first=({},), name="episode_1", **keys):
    """An episode as `record_with_minestudio.py` has it."""
    folder.mkdir(parents=True, exist_ok=True)
    actions = [{"forward": k % 2, "attack": 1, "camera": [0.0, k], **keys} for k in range(steps)]
    (folder / f"{name}_action.json").write_text(json.dumps([*first, *actions]))
    write_video(folder / f"{name}.mp4", [np.full((360, 640, 3), 20 * k, np.uint8) for k in range(frames)])
    return folder


def read(folder):
    ((source,), findings, *_) = find_sources(folder)
    assert findings == []
    frames = []
    steps = source.read(64, lambda frame: frames.append(round(frame.mean() / 20)))
    return steps, frames


def hold(steps, frames, seen):
    assert (steps.task, steps.era, steps.length) == ("FindCave", 2022, STEPS)
    forward = steps.buttons[:, steps.button_names.index("forward")]
    assert forward.tolist() == [0, 1, 0, 1, 0, 1]
    assert steps.buttons[:, steps.button_names.index("attack")].all()
    assert steps.camera.tolist() == [[0.0, k] for k in range(STEPS)]
    assert frames == seen


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6]),
        ({"frames": STEPS}, [0, 1, 2, 3, 4, 5, 5]),  # stopped in the midst: the last action has no frame
        ({"first": ()}, [0, 1, 2, 3, 4, 5, 6]),  # begun in the midst: no reset
        ({"hotbar.3": [[0]], "ESC": 0, "chat": ""}, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_action_k_lies_between_frames_k_and_k_plus_1(options, seen, tmp_path):
    hold(*read(write(tmp_path / "FindCave", **options)), seen)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"frames": STEPS + 3}, r"episode_1\.mp4: 9 frames, but 6 actions"),
        ({"forward": 2}, r"_action\.json: action 1: forward is '2', not 0 or 1"),
        ({"camera": [0.0]}, r"action 1: camera is \[0\.0\], not two numbers"),
        ({"first": ({}, {})}, r"_action\.json: action 1 is empty"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(options, told, tmp_path):
    with pytest.raises(DemoError, match=told):
        read(write(tmp_path / "FindCave", **options))


def test_a_half_is_named_and_a_recording_without_actions_gets_the_recorders_own_remedy(tmp_path):
    folder = write(tmp_path / "FindCave")
    (folder / "episode_1.mp4").rename(folder / "episode_2.mp4")
    said = {str(finding) for source in find_sources(folder).sources for finding in examine(source).findings}
    assert len(said) == 2
    assert any("episode_1.mp4: missing; restore it; episode_1_action.json alone" in line for line in said)
    assert any("episode_2.mp4: a video without actions" in s and "record_actions=True" in s for s in said)


def test_they_are_stored_beside_other_demonstrations_of_2022(tmp_path):
    write(tmp_path / "demos" / "FindCave" / "a")
    write(tmp_path / "demos" / "FindCave" / "b", ESC=1)  # of the same name, and another
    ingest(find_sources(tmp_path / "demos").sources, Store.create(tmp_path / "store"), workers=1)
    trajectories = Store.open(tmp_path / "store").select("FindCave")
    assert [(one.length, one.era) for one in trajectories] == [(STEPS, 2022)] * 2


@pytest.mark.slow
def test_what_the_real_recorder_writes_is_read_as_it_was_played(tmp_path):
    try:
        python = foreign.interpreter("minestudio")
    except RuntimeError as error:
        pytest.skip(str(error))
    folder = tmp_path / "FindCave"
    script = Path(__file__).with_name("record_with_minestudio.py")
    done = subprocess.run([python, script, folder, str(STEPS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for source in find_sources(folder).sources:
        frames = []
        steps = source.read(64, lambda frame, to=frames: to.append(round(frame.mean() / 20)))
        hold(steps, frames, list(range(STEPS + 1)))
    assert len(find_sources(folder).sources) == 2

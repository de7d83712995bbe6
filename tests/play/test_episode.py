import json

import numpy as np
import pytest

from basalt_iq.errors import UserError
from basalt_iq.play.episode import Episode, Facts, load, load_all, save
from basalt_iq.video import VideoWriter, read_video


def test_an_episode_reads_back_as_it_was_played(tmp_path, synthetic):
    played = synthetic.episode(tmp_path, seed=7, steps=25)
    read = load(tmp_path, 7)
    assert read.facts == played.facts
    assert (read.facts.steps, read.facts.success, read.facts.score) == (25, True, 1.0)
    arrays = read.arrays
    assert {name: len(array) for name, array in arrays.items()} == dict.fromkeys(arrays, 25) | {
        "progress": 26,
        "position": 26,
    }
    assert arrays["top_action"].shape == (25, 5)
    assert (np.diff(arrays["top_policy"].astype(float)) <= 0).all()
    assert len(list(read_video(read.video))) == 26
    pressed = [read.facts.button_names[i] for i in np.flatnonzero(arrays["buttons"][3])]
    name = read.facts.action_names[arrays["action"][3]]
    assert name.split(" ")[0] == "+".join(pressed) or not pressed
    assert not list(tmp_path.glob(".*"))


def test_missing_and_misfitting_arrays_are_tolerated(tmp_path):
    facts = Facts("FindCave", 2021, 3, "agent", steps=4)
    save(tmp_path, facts, {"v": np.zeros(4), "entropy": np.zeros(9)})
    assert set(load(tmp_path, 3).arrays) == {"v"}
    (tmp_path / "seed_3.npz").unlink()
    assert Episode(tmp_path, facts).arrays == {}
    assert load(tmp_path, 99) is None


def test_facts_of_a_later_version_are_read(tmp_path, synthetic):
    synthetic.episode(tmp_path, seed=1, steps=3)
    path = tmp_path / "seed_1.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weather": "rain"}))
    assert load(tmp_path, 1).facts.seed == 1


@pytest.mark.parametrize("damage", ["", "[1]", '{"task": 1}'])
def test_damaged_facts_name_the_file_and_the_remedy(tmp_path, damage):
    (tmp_path / "seed_5.json").write_text(damage)
    with pytest.raises(UserError, match=r"seed_5\.json: .*restore it, or evaluate under another"):
        load_all(tmp_path)


def test_a_damaged_npz_names_the_file(tmp_path, synthetic):
    episode = synthetic.episode(tmp_path, seed=2, steps=5)
    (tmp_path / "seed_2.npz").write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(UserError, match=r"seed_2\.npz"):
        _ = load(tmp_path, episode.facts.seed).arrays


def test_video_frames_come_back_in_order_and_alike(tmp_path, synthetic):
    frames = [synthetic.picture(1, step) for step in range(60)]
    with VideoWriter(tmp_path / "a.mp4") as video:
        for frame in frames:
            video.append(frame)
    decoded = list(read_video(tmp_path / "a.mp4"))
    assert len(decoded) == 60
    errors = [np.abs(a.astype(int) - b).mean() for a, b in zip(frames, decoded, strict=True)]
    assert max(errors) < 8


def test_odd_sizes_are_padded_and_a_broken_recording_leaves_nothing(tmp_path):
    with VideoWriter(tmp_path / "odd.mp4") as video:
        video.append(np.zeros((5, 7, 3), np.uint8))
    assert next(iter(read_video(tmp_path / "odd.mp4"))).shape == (6, 8, 3)

    def break_off():
        with VideoWriter(tmp_path / "b.mp4") as video:
            video.append(np.zeros((4, 4, 3), np.uint8))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert [path.name for path in tmp_path.iterdir()] == ["odd.mp4"]


def test_a_file_that_is_no_video_is_named(tmp_path):
    (tmp_path / "c.mp4").write_bytes(b"no video")
    with pytest.raises(UserError, match=r"c\.mp4"):
        list(read_video(tmp_path / "c.mp4"))

import json
import shutil
import zipfile

import numpy as np
import pytest

from basalt_iq.contract import find_task
from basalt_iq.data.defects import DemoError
from basalt_iq.data.era2021 import ARRAYS, META, SUMS, VIDEO, Stream2021
from basalt_iq.video import write_video

CAVE = find_task("FindCave")


def read(folder, task=CAVE, size=64):
    frames = []
    return Stream2021(folder, task).read(size, lambda frame: frames.append(frame.copy())), frames


@pytest.mark.parametrize("task", ["FindCave", "BuildVillageHouse"])
def test_a_written_demo_reads_back_action_for_action(tmp_path, demos, same, task):
    written = demos.steps_2021(task=task)
    folder = demos.write_2021(tmp_path, steps=written, seed=7, success=False)
    steps, frames = read(folder, find_task(task))
    assert same(steps, written)
    assert [demos.number(frame) for frame in frames] == list(range(1000, 1031))
    assert steps.meta["seed"] == 7
    assert steps.meta["success"] is False
    assert steps.meta["ended"] is True


def test_leading_frames_are_skipped_and_later_ones_ignored(tmp_path, demos):
    folder = demos.write_2021(tmp_path, lead_in=6, after=3)
    steps, frames = read(folder)
    assert [demos.number(frame) for frame in frames] == list(range(1000, 1031))
    counts = steps.meta["video"]
    assert (counts["decoded_frames"], counts["container_frames"], counts["lead_in_frames"]) == (40, 40, 6)


def test_the_codec_keeps_frames_close(tmp_path, demos):
    """The recorder's quality, on a picture with detail, as a signal to noise ratio of what was written."""
    random = np.random.default_rng(0)
    coarse = random.integers(40, 216, (16, 16, 3), dtype=np.uint8)
    scene = np.kron(coarse, np.ones((6, 6, 1), np.uint8))
    written = [scene[k : k + 64, k : k + 64] for k in range(31)]
    folder = demos.write_2021(tmp_path)
    write_video(folder / VIDEO, written)
    (folder / SUMS).unlink()
    _, frames = read(folder)
    luma = np.array([0.299, 0.587, 0.114])
    errors = [
        ((a @ luma - b.transpose(1, 2, 0) @ luma) ** 2).mean() for a, b in zip(written, frames, strict=True)
    ]
    assert 10 * np.log10(255**2 / np.mean(errors)) > 32


def test_a_single_missing_last_frame_repeats_the_one_before(tmp_path, demos):
    folder = demos.write_2021(tmp_path)
    write_video(folder / VIDEO, map(demos.frame, range(1000, 1030)))
    (folder / SUMS).unlink()
    _, frames = read(folder)
    assert [demos.number(frame) for frame in frames] == [*range(1000, 1030), 1029]


def test_an_empty_hand_in_the_house_task_is_none(tmp_path, demos):
    house = find_task("BuildVillageHouse")
    folder = demos.write_2021(tmp_path, steps=demos.steps_2021(task="BuildVillageHouse"))
    edit(folder, **{"observation$equipped_items$mainhand$type": np.array(["air"] * 31)})
    steps, _ = read(folder, house)
    assert set(steps.equipped.tolist()) == {house.equip.index("none")}


def edit(folder, drop=(), **changes):
    """Change arrays of rendered.npz, leaving no checksums."""
    (folder / SUMS).unlink(missing_ok=True)
    with np.load(folder / ARRAYS) as arrays:
        kept = {key: arrays[key] for key in arrays.files if key not in drop}
    np.savez_compressed(folder / ARRAYS, **(kept | changes))


def camera(row, value):
    array = np.zeros((30, 2), np.float32)
    array[row, 1] = value
    return {"action$camera": array}


@pytest.mark.parametrize("missing", [VIDEO, ARRAYS, META])
def test_a_missing_file_is_named(tmp_path, demos, missing):
    folder = demos.write_2021(tmp_path)
    (folder / missing).unlink()
    with pytest.raises(DemoError, match=f"{missing}: missing; fetch it again or leave it out"):
        read(folder)


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.9])
def test_a_truncated_video_is_named(tmp_path, demos, keep):
    folder = demos.write_2021(tmp_path)
    (folder / SUMS).unlink()
    content = (folder / VIDEO).read_bytes()
    (folder / VIDEO).write_bytes(content[: int(keep * len(content)) if keep < 1 else keep])
    with pytest.raises(DemoError, match=f"{VIDEO}: (cannot be decoded|holds no video stream)"):
        read(folder)


def test_a_video_that_is_too_short_is_named(tmp_path, demos):
    folder = demos.write_2021(tmp_path)
    (folder / SUMS).unlink()
    write_video(folder / VIDEO, map(demos.frame, range(20)))
    with pytest.raises(DemoError, match=f"{VIDEO}: breaks off: 20 frames decode of 31"):
        read(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"action$forward": np.zeros(29, int)}, "action\\$forward has 29 rows, not 30"),
        (
            {"observation$inventory$snowball": np.zeros(30, int)},
            "observation\\$inventory\\$snowball has 30 rows, not 31",
        ),
        ({"reward": np.zeros(0)}, "reward has 0 rows, not 30"),
        ({"action$camera": np.zeros((0, 2))}, "action\\$camera is empty"),
        ({"action$forward": np.full(30, 2)}, "action\\$forward is 2 at row 0, not a whole number of 0 to 1"),
        (camera(3, np.nan), "action\\$camera is not finite at row 3"),
        (camera(4, 1e5), "action\\$camera is .* degrees at row 4, beyond 36000"),
        ({"action$equip": np.array(["diamond"] * 30)}, "action\\$equip holds unknown items: 'diamond'"),
        ({"action$equip": np.zeros(30)}, "action\\$equip is float64"),
        ({"action$equip": np.array([None] * 30)}, "is no readable npz .*pickle"),
        ({"drop": ["action$jump"]}, "no action\\$jump; it is not a demonstration of this task"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, demos, changes, message):
    folder = demos.write_2021(tmp_path)
    edit(folder, **changes)
    with pytest.raises(DemoError, match=f"{ARRAYS}: {message}"):
        read(folder)


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"reward": np.r_[np.zeros(29), np.nan]}, "reward is not finite on 1 ticks; it is not used"),
        ({"drop": ["reward"]}, "no reward; none is needed"),
        ({"action$hotbar.1": np.ones(30, int)}, "action$hotbar.1 means nothing here; not 0 on 30 ticks"),
        (
            {"observation$inventory$diamond": np.ones(31, int)},
            "observation$inventory$diamond means nothing here; not 0 on 31 ticks",
        ),
    ],
)
def test_what_is_not_used_is_said_and_refuses_nothing(tmp_path, demos, changes, remark):
    folder = demos.write_2021(tmp_path)
    whole, _ = read(folder)
    edit(folder, **changes)
    steps, _ = read(folder)
    assert np.array_equal(steps.buttons, whole.buttons)
    assert steps.meta["remarks"] == [[str(folder / ARRAYS), remark]]


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ('{"true_video_frame_count": null}', "true_video_frame_count is None"),
        ('{"true_video_frame_count": "31"}', "true_video_frame_count is '31'"),
        ('{"true_video_frame_count": 30}', "30 video frames cannot show 31 states"),
    ],
)
def test_wrong_metadata_is_named(tmp_path, demos, meta, message):
    folder = demos.write_2021(tmp_path)
    (folder / SUMS).unlink()
    (folder / META).write_text(meta)
    with pytest.raises(DemoError, match=f"{META}: {message}"):
        read(folder)


def test_metadata_of_another_length_is_named(tmp_path, demos):
    folder = demos.write_2021(tmp_path)
    (folder / SUMS).unlink()
    meta = json.loads((folder / META).read_text())
    (folder / META).write_text(json.dumps(meta | {"duration_steps": 12}))
    with pytest.raises(DemoError, match=r"30 steps, but metadata\.json says 12"):
        read(folder)


def test_an_archive_that_claims_too_much_is_not_unpacked(tmp_path, demos):
    folder = demos.write_2021(tmp_path)
    (folder / SUMS).unlink()
    with (
        zipfile.ZipFile(folder / ARRAYS, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("reward.npy", "w", force_zip64=True) as file,
    ):
        for _ in range(300):
            file.write(bytes(1 << 20))
    with pytest.raises(DemoError, match=r"reward\.npy claims more than 256 MiB"):
        read(folder)


def test_any_flipped_bit_is_caught_by_the_checksums(tmp_path, demos):
    folder = demos.write_2021(tmp_path)
    for name in (VIDEO, ARRAYS, META):
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
        with pytest.raises(DemoError, match=f"{name}: differs from its checksum in SHA256SUMS"):
            read(copy)
        shutil.rmtree(copy)


def test_frames_cannot_grow(tmp_path, demos):
    with pytest.raises(DemoError, match="frames of 64x64; read it with --size 64 or less"):
        read(demos.write_2021(tmp_path), size=128)

"""Videos as people bring them: other containers, turned, at another pace, no videos at all."""

import os

import numpy as np
import pytest
from fixtures.pairs_2022 import pair, parts_of, read, tick

from basalt_iq.data.check import check
from basalt_iq.data.defects import DemoError
from basalt_iq.data.ingest import ingest
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store
from basalt_iq.frames import shrink
from basalt_iq.video import decode, to_rgb, write_video


@pytest.mark.parametrize(("video", "actions"), [(".MP4", ".JSONL"), (".mkv", ".jsonl"), (".Mov", ".jsonl")])
def test_other_suffixes_and_containers_are_read(tmp_path, demos, video, actions):
    written = pair(tmp_path, [tick(i) for i in range(5)])
    written.actions.rename(written.stem.with_name(written.stem.name + actions))
    file = written.stem.with_name(written.stem.name + video)
    write_as(file, [demos.frame(1000 + k, 90, 160) for k in range(5)])
    ((steps, frames),), findings = parts_of(tmp_path)
    assert not findings
    assert [demos.number(frame) for frame in frames] == [1000, 1001, 1002, 1003, 1004, 1004]
    told = [what for _, what in steps.meta["remarks"]]
    if video == ".MP4":
        assert told == [f"has its suffix as {suffix}; read all the same" for suffix in (".JSONL", ".MP4")]
    else:
        assert told == ["is in another container than .mp4; read all the same"]


def write_as(path, frames, rate=20):
    """In the container that the suffix tells."""
    import av

    with av.open(
        str(path), "w", format={".mkv": "matroska", ".mov": "mov"}.get(path.suffix.lower(), "mp4")
    ) as file:
        stream = file.add_stream("libx264", rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        file.mux(stream.encode(None))


def place_in_container(file, matrix):
    """Tell the container how to show its pictures: the matrix (a, b, c, d) of the track's header."""
    raw = bytearray(file.read_bytes())
    at = raw.index(b"tkhd") + 4 + 4 + 20 + 16
    a, b, c, d = (round(value * (1 << 16)) for value in matrix)
    values = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    raw[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    file.write_bytes(raw)


@pytest.mark.parametrize(
    ("matrix", "stored", "told"),
    [
        ((0, 1, -1, 0), lambda p: np.rot90(p), "turned by 90 degrees clockwise"),
        ((-1, 0, 0, -1), lambda p: np.rot90(p, 2), "turned by 180 degrees clockwise"),
        ((0, -1, 1, 0), lambda p: np.rot90(p, 3), "turned by 270 degrees clockwise"),
        ((-1, 0, 0, 1), lambda p: p[:, ::-1], "mirrored"),
        ((1, 0, 0, -1), lambda p: p[::-1], "mirrored"),
        ((0, 1, 1, 0), lambda p: p.swapaxes(0, 1), "mirrored"),
        ((0, -1, -1, 0), lambda p: np.rot90(p, 2).swapaxes(0, 1), "mirrored"),
    ],
)
def test_a_video_turned_in_its_container_is_turned_back(tmp_path, demos, matrix, stored, told):
    """A phone stores what it sees sideways and says so; players turn it."""
    written = pair(tmp_path, [tick(i) for i in range(3)])
    upright = demos.frame(1000, 160, 160)
    write_video(written.video, [stored(upright).copy()] * 3)
    place_in_container(written.video, matrix)
    steps, frames = read([written])
    assert [demos.number(frame) for frame in frames] == [1000] * 4
    (said,) = [what for _, what in steps.meta["remarks"]]
    assert said == f"is to be {told}, as its container says; {told.split()[0]}"


def test_a_video_turned_by_no_right_angle_is_read_as_it_is_stored(tmp_path, demos):
    written = pair(tmp_path, [tick(i) for i in range(3)], demos=demos)
    place_in_container(written.video, (0.7, 0.7, -0.7, 0.7))
    steps, frames = read([written])
    assert [demos.number(frame) for frame in frames] == [1000, 1001, 1002, 1002]
    assert "no right angle" in steps.meta["remarks"][0][1]


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile other.bin\n", "#EXTM3U\n#EXTINF:1,\nother\n"])
def test_a_play_list_is_no_video(tmp_path, demos, text):
    """It would have any other file of the machine read, or a server."""
    written = pair(tmp_path, [tick(i) for i in range(3)], demos=demos)
    written.video.rename(tmp_path / "other.bin")
    written.video.write_text(text)
    with pytest.raises(DemoError, match="cannot be decoded"):
        read([written])


@pytest.mark.parametrize("half", ["video", "actions"])
def test_a_pipe_is_not_waited_for(tmp_path, demos, half):
    written = pair(tmp_path, [tick(i) for i in range(3)], demos=demos)
    getattr(written, half).unlink()
    os.mkfifo(getattr(written, half))
    store = Store.create(tmp_path / "store")
    (finding,) = ingest(find_sources(tmp_path, "FindCave").sources, store, workers=1).findings
    assert (finding.what, finding.fault) == ("is not a regular file", True)
    (diagnosis,), _ = check(find_sources(tmp_path, "FindCave").sources, workers=1)
    assert diagnosis.findings == (finding,)


def test_a_video_at_another_pace_is_said(tmp_path, demos):
    written = pair(tmp_path, [tick(i) for i in range(3)])
    write_as(written.video, [demos.frame(1000 + k, 90, 160) for k in range(3)], rate=30)
    steps, _ = read([written])
    assert [what for _, what in steps.meta["remarks"]] == [
        "shows 30 frames a second by its container, not 20; each is taken for a tick all the same"
    ]


def test_frames_made_from_planes_equal_shrunken_pictures(tmp_path):
    """Preparation takes a shorter way than acting; both must see the same."""
    random = np.random.default_rng(0)
    scene = np.kron(random.integers(30, 226, (23, 40, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))[
        :360
    ]
    write_video(tmp_path / "video.mp4", [scene])
    (frame,) = decode(tmp_path / "video.mp4")
    prepared = to_rgb(frame, 64).transpose(1, 2, 0).astype(int)
    acted = shrink(full(frame), 64)
    assert np.abs(prepared - acted).max() <= 1


def full(frame):
    """The whole picture by the same colour matrix, without any averaging."""
    y, cb, cr = (
        np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in frame.planes
    )
    cb, cr = (np.kron(plane, np.ones((2, 2))) for plane in (cb, cr))
    luma, blue, red = 1.164384 * (y - 16.0), cb - 128, cr - 128
    rgb = [luma + 1.596027 * red, luma - 0.391762 * blue - 0.812968 * red, luma + 2.017232 * blue]
    return np.clip(np.rint(np.stack(rgb, axis=-1)), 0, 255).astype(np.uint8)

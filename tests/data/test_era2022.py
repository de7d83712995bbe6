import json
import os
import shutil

import numpy as np
import pytest

from basalt_iq.contract import find_task
from basalt_iq.data.actions2022 import KEYS, NAMES, ending, read_actions
from basalt_iq.data.check import check
from basalt_iq.data.cursor import draw_cursor
from basalt_iq.data.defects import DemoError, Finding
from basalt_iq.data.era2022 import Demo2022, Pair
from basalt_iq.data.ingest import ingest
from basalt_iq.data.reading import read_around
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store
from basalt_iq.frames import shrink
from basalt_iq.video import decode, to_rgb, write_video

CAVE = find_task("FindCave")


def read(pairs, size=64, **options):
    frames = []
    steps = Demo2022(tuple(pairs), CAVE, **options).read(size, lambda frame: frames.append(frame.copy()))
    return steps, frames


def tick(number, **changes):
    """One line; changes go where their name lives."""
    mouse = {"x": 640.0, "y": 360.0, "dx": 0.0, "dy": 0.0, "scaledX": 0.0, "scaledY": 0.0, "dwheel": 0.0}
    mouse |= {"buttons": [], "newButtons": []}
    line = {"mouse": mouse, "keyboard": {"keys": [], "newKeys": [], "chars": ""}}
    line |= {"hotbar": 0, "tick": number, "isGuiOpen": False}
    for key, value in changes.items():
        part = mouse if key in mouse else line["keyboard"] if key == "keys" else line
        part[key] = value
    return line


def pair(folder, lines, frames=None, stem="calm-fig-troll-00a1-20220701-000000", demos=None):
    """A pair with these lines; its video is as long as them unless told."""
    result = Pair(folder / stem)
    result.actions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    if demos:
        write_video(result.video, (demos.frame(1000 + k, 90, 160) for k in range(frames or len(lines))))
    return result


def column(actions, name):
    return actions.buttons[:, NAMES.index(name)].tolist()


def test_quirk_1_attack_stuck_at_the_start_is_dropped_until_pressed_again(tmp_path):
    held = {"buttons": [0, 1]}
    lines = [tick(0, buttons=[0], newButtons=[0]), tick(1, **held), tick(2, buttons=[])]
    lines += [tick(3, buttons=[0], newButtons=[0]), tick(4, buttons=[0])]
    actions = read_actions(pair(tmp_path, lines).actions)
    assert column(actions, "attack") == [0, 0, 0, 1, 1]
    assert column(actions, "use") == [0, 1, 0, 0, 0]
    assert (actions.counts["attack_recorded"], actions.counts["attack"]) == (4, 2)
    assert actions.counts["attack_held_from_start"] == 2


def test_quirk_1_attack_pressed_with_another_button_is_meant(tmp_path):
    lines = [tick(0, buttons=[0, 1], newButtons=[0, 1]), tick(1, buttons=[0])]
    assert column(read_actions(pair(tmp_path, lines).actions), "attack") == [1, 1]


def test_quirk_2_the_wheel_becomes_hotbar_keys(tmp_path):
    lines = [tick(i, hotbar=slot) for i, slot in enumerate([2, 2, 8, 0])]
    actions = read_actions(pair(tmp_path, lines).actions)
    pressed = {
        name: column(actions, name)
        for name in NAMES
        if name.startswith("hotbar") and any(column(actions, name))
    }
    assert pressed == {"hotbar.3": [1, 0, 0, 0], "hotbar.9": [0, 0, 1, 0], "hotbar.1": [0, 0, 0, 1]}
    assert actions.counts["hotbar_changes"] == 3
    # A chunk that follows one that ended on slot 3 changes nothing on its first tick.
    assert read_actions(pair(tmp_path, lines).actions, hotbar=2).counts["hotbar_changes"] == 2


def test_quirk_3_null_ticks_are_counted_and_kept(tmp_path, demos):
    lines = [tick(0), tick(1, keys=["key.keyboard.w"]), tick(2), tick(3, dx=1.0)]
    written = pair(tmp_path, lines, demos=demos)
    assert read_actions(written.actions).counts["null_ticks"] == 2
    assert read([written])[0].length == 4


def test_quirk_4_the_cursor_is_drawn_where_the_menu_is_open(tmp_path):
    lines = [tick(0), tick(1, isGuiOpen=True, x=640.0, y=360.0), tick(2)]
    written = pair(tmp_path, lines)
    grey = np.full((360, 640, 3), 90, np.uint8)
    write_video(written.video, [grey] * 3)
    _, frames = read([written], size=180)
    difference = np.abs(frames[1].astype(int) - frames[0]).max(axis=0)
    rows, columns = np.nonzero(difference > 20)
    # The tip is at half of (640, 360) in the 640x360 frame, its 16 pixels reach right and down from there;
    # the last of them hold too little of it to count.
    assert (rows.min(), rows.max()) == (90, 96)
    assert columns.min() in (89, 90)
    assert columns.max() <= 90 + 16 * 180 // 640
    assert np.abs(frames[2].astype(int) - frames[0]).max() <= 3


@pytest.mark.parametrize(("x", "y"), [(-50, 100), (1275, 715), (0, 0), (5000, 5000), (641, 361)])
def test_quirk_4_the_cursor_may_leave_the_frame(x, y):
    planes = [np.full((360, 640), 90, np.uint8), *[np.full((180, 320), 100, np.uint8)] * 2]
    drawn = draw_cursor(planes, x, y)
    assert [plane.shape for plane in drawn] == [plane.shape for plane in planes]
    assert np.all(planes[0] == 90)
    visible = 0 <= x < 1280 and 0 <= y < 720
    assert bool((drawn[0] != 90).any()) == visible
    if visible:
        assert drawn[0][int(y) // 2, int(x) // 2] == 16


def test_quirk_5_the_camera_stays_in_fractions_of_a_degree(tmp_path):
    lines = [tick(0, dx=1.0), tick(1, dy=-3.0), tick(2, dx=2400 / 360)]
    actions = read_actions(pair(tmp_path, lines).actions)
    assert np.allclose(actions.camera, [[0, 0.15], [-0.45, 0], [0, 1]])
    assert actions.counts["camera_ticks_below_one_degree"] == 2


def escape(number):
    return tick(number, keys=["key.keyboard.escape"])


def test_quirk_6_esc_ends_the_demo_where_play_ends(tmp_path, demos):
    forward = {"keys": ["key.keyboard.w"]}
    lines = [tick(0, **forward), escape(1), tick(2, **forward), escape(3), tick(4), tick(5)]
    written = pair(tmp_path, lines, demos=demos)
    assert ending(read_actions(written.actions)) == 3
    steps, frames = read([written])
    assert steps.length == 4
    assert steps.buttons[:, NAMES.index("ESC")].tolist() == [0, 0, 0, 1]
    assert [demos.number(frame) for frame in frames] == [1000, 1001, 1002, 1003, 1004]
    assert steps.meta["ended"] is True


def test_quirk_6_esc_in_an_earlier_chunk_or_before_more_play_is_no_ending(tmp_path, demos):
    early = pair(tmp_path, [tick(0), escape(1)], demos=demos)
    late = pair(tmp_path, [escape(0), tick(1, dx=5.0)], stem=early.stem.name[:-6] + "000500", demos=demos)
    steps, _ = read([early, late])
    assert steps.length == 4
    assert not steps.buttons[:, NAMES.index("ESC")].any()
    assert steps.meta["ended"] is False


@pytest.mark.parametrize(("frames", "length", "shown"), [(6, 5, 6), (5, 5, 6), (4, 4, 5)])
def test_quirk_7_one_frame_more_or_less(tmp_path, demos, frames, length, shown):
    written = pair(tmp_path, [tick(i, dx=float(i)) for i in range(5)], frames, demos=demos)
    steps, states = read([written])
    assert steps.length == length
    assert steps.camera[:, 1].tolist() == pytest.approx([0.15 * i for i in range(length)])
    numbers = [demos.number(state) for state in states]
    assert numbers == [1000 + min(k, frames - 1) for k in range(shown)]


@pytest.mark.parametrize("frames", [3, 7])
def test_quirk_7_unequal_halves_are_named(tmp_path, demos, frames):
    written = pair(tmp_path, [tick(i) for i in range(5)], frames, demos=demos)
    with pytest.raises(DemoError, match=f"mp4: {frames} frames, but .*jsonl has 5 ticks"):
        read([written])


def test_quirk_8_large_turns_are_kept_as_they_are(tmp_path):
    """The public code clips the camera at 10 degrees and quantises it; that is the agent's affair."""
    actions = read_actions(pair(tmp_path, [tick(0, dx=444.0)]).actions)
    assert actions.camera[0, 1] == pytest.approx(66.6)


def test_every_key_of_the_contract_is_read(tmp_path):
    for key, name in KEYS.items():
        actions = read_actions(
            pair(tmp_path, [tick(0, keys=[f"key.keyboard.{key}", "key.keyboard.f3"])]).actions
        )
        assert [NAMES[i] for i in np.flatnonzero(actions.buttons[0])] == [name]
    actions = read_actions(pair(tmp_path, [tick(0, buttons=[0, 1, 2, 7])]).actions)
    assert [NAMES[i] for i in np.flatnonzero(actions.buttons[0])] == ["attack", "pickItem", "use"]


@pytest.mark.parametrize("sizes", [[30], [12, 18], [10, 10, 10], [1, 28, 1]])
def test_a_written_demo_reads_back_action_for_action(tmp_path, demos, same, sizes):
    written = demos.steps_2022()
    written.buttons[0, NAMES.index("attack")] = 1
    pairs = demos.write_2022(tmp_path, steps=written, sizes=sizes, seed=3)
    steps, frames = read(pairs)
    assert same(steps, written)
    assert [demos.number(frame) for frame in frames] == list(range(1000, 1031))
    assert steps.meta["seed"] == 3


def test_chunks_are_grouped_and_ordered_and_a_bad_one_parts_them(tmp_path, demos):
    one = demos.write_2022(tmp_path / "demos", sizes=[10, 10, 10])
    demos.write_2022(tmp_path / "demos", demo="other-00b2")
    one[1].video.unlink()
    sources, *_ = find_sources(tmp_path / "demos")
    assert [len(source.parts) for source in sources] == [3, 1]
    store = Store.create(tmp_path / "store")
    report = ingest(sources, store, workers=1)
    assert [(finding.file, finding.what) for finding in report.findings] == [(str(one[1].video), "missing")]
    lengths = {trajectory.name: trajectory.length for trajectory in store.select()}
    assert lengths == {one[0].stem.name: 10, one[2].stem.name: 10, "other-00b2-20220701-000000": 30}
    # The next run finds nothing new; the chunk is read alone once it is there.
    assert ingest(sources, store, workers=1).added == []
    write_video(one[1].video, (demos.frame(k, 90, 160) for k in range(10)))
    one[1].sums.unlink()
    assert ingest(sources, store, workers=1).added == [one[1].stem.name]


def test_a_gap_in_time_parts_a_demo(tmp_path, demos):
    first = demos.write_2022(tmp_path, sizes=[10, 20])
    late = first[1].stem.name.replace("000500", "001700")
    for kind in ("video", "actions"):
        file = getattr(first[1], kind)
        shutil.move(file, getattr(Pair(first[1].stem.with_name(late)), kind))
    first[1].sums.unlink()
    assert [source.name for source in find_sources(tmp_path)[0]] == [first[0].stem.name, late]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dx": "fast"}, "mouse.dx is 'fast', not a number"),
        ({"dx": 1e9}, "mouse.dx is 1000000000.0, not a number within 240000"),
        ({"dx": float("nan")}, "mouse.dx is nan"),
        ({"buttons": [0.5]}, "mouse.buttons is"),
        ({"keys": "w"}, "keyboard.keys is 'w'"),
        ({"hotbar": 9}, "hotbar is 9, not 0 to 8"),
        ({"isGuiOpen": 1}, "isGuiOpen is 1"),
    ],
)
def test_bad_lines_are_named_and_too_many_refused(tmp_path, change, message):
    bad = [tick(number, **change) for number in range(1, 4)]
    with pytest.raises(DemoError, match=rf"jsonl: line 2: {message}.* \(and 2 more of 5\)"):
        read_actions(pair(tmp_path, [tick(0), *bad, tick(4)]).actions)


def test_ticks_that_do_not_go_on_are_refused(tmp_path):
    for second in (-1, -5):
        with pytest.raises(DemoError, match=r"line 3: tick .* follows"):
            read_actions(pair(tmp_path, [tick(6), tick(7), tick(7 + second)]).actions)


@pytest.mark.parametrize(
    ("spoil", "length", "remark"),
    [
        (lambda raw: b"\xef\xbb\xbf" + raw, 30, "begins with a byte order mark"),
        (lambda raw: raw.replace(b"\n", b"\r\n"), 30, "its lines end with a carriage return"),
        (lambda raw: raw.replace(b"\n", b"\r"), 30, "its lines end with a carriage return"),
        (lambda raw: raw.decode().encode("utf-16"), 30, "is text of UTF-16, not UTF-8"),
        (lambda raw: raw + b"\n  \n\n", 30, "3 blank lines are passed over"),
        (lambda raw: raw[:-120], 29, "line 30 is left out"),
        (lambda raw: raw + b"\0" * 512, 30, "line 31 is left out"),
        (lambda raw: raw + raw.splitlines()[-1], 30, "line 31 is left out: tick 29 is there already"),
        (lambda raw: repeated(raw, 10), 30, "line 12 is left out: tick 10 is there already"),
        (lambda raw: raw.replace(b'"x": 640.0', b'"x": NaN'), 30, None),
        (lambda raw: raw[:-1], 30, None),
    ],
)
def test_harmless_flaws_are_read_over(tmp_path, demos, spoil, length, remark):
    written = pair(tmp_path, [tick(i, dx=float(i)) for i in range(30)], demos=demos)
    whole, _ = read([written])
    written.actions.write_bytes(spoil(written.actions.read_bytes()))
    steps, frames = read([written])
    assert np.array_equal(steps.camera, whole.camera[:length])
    assert [demos.number(frame) for frame in frames] == [1000 + min(k, 29) for k in range(length + 1)]
    assert [what[: len(remark or "")] for _, what in steps.meta["remarks"]] == ([remark] if remark else [])


def repeated(raw, line):
    lines = raw.splitlines(keepends=True)
    return b"".join([*lines[: line + 1], *lines[line:]])


def parts_of(folder):
    """Steps and frames of the runs of the one demo in a folder, and what is said of it."""
    (source,) = find_sources(folder, "FindCave").sources
    found, findings = [], []

    def one(run):
        frames = []
        return run.read(64, lambda frame: frames.append(frame.copy())), frames

    for result in read_around(source, one):
        (findings if isinstance(result, Finding) else found).append(result)
    return found, findings


@pytest.mark.parametrize("video_has_them", [False, True])
def test_missing_ticks_part_a_demo_there(tmp_path, demos, video_has_them):
    ticks = [*range(10), *range(13, 33)]
    written = pair(tmp_path, [tick(i, dx=float(i)) for i in ticks])
    shown = range(33) if video_has_them else ticks
    write_video(written.video, (demos.frame(1000 + k, 90, 160) for k in shown))
    found, (finding,) = parts_of(tmp_path)
    assert (finding.what, finding.fault) == ("3 ticks are missing before line 11; parted there", False)
    lengths, numbers = [], []
    for steps, frames in found:
        lengths.append(steps.length)
        numbers.append([demos.number(frame) for frame in frames])
        assert [round(x / 0.15) for x in steps.camera[:, 1].tolist()] == [n - 1000 for n in numbers[-1][:-1]]
    assert lengths == [10, 20]
    assert numbers == [[*range(1000, 1010), 1009], [*range(1013, 1033), 1032]]


def test_an_unreadable_line_parts_a_demo_and_both_halves_are_kept(tmp_path, demos):
    written = pair(tmp_path, [tick(i, dx=float(i)) for i in range(30)], demos=demos)
    lines = written.actions.read_text().splitlines()
    written.actions.write_text("\n".join([*lines[:12], "{half", *lines[13:]]))
    store = Store.create(tmp_path / "store")
    sources = find_sources(tmp_path, "FindCave").sources
    report = ingest(sources, store, workers=1)
    assert not any(finding.fault for finding in report.findings)
    assert "1 ticks are missing before line 14; parted there" in [f.what for f in report.findings]
    stem = written.stem.name
    assert {t.name: t.length for t in store.select()} == {stem: 12, f"{stem}+12": 17}
    assert [demos.number(f) for f in store.select()[1].frames] == [*range(1013, 1030), 1029]
    again = ingest(sources, store, workers=1)
    assert (again.added, again.known) == ([], 1)


def test_a_demo_in_pieces_is_refused(tmp_path, demos):
    written = pair(tmp_path, [tick(2 * i) for i in range(30)], demos=demos)
    with pytest.raises(DemoError, match="ticks are missing in more than 20 places"):
        read([written])


@pytest.mark.parametrize("gui", [False, True])
def test_a_turn_beyond_half_way_round_is_kept_as_the_game_would_look_after_it(tmp_path, gui):
    lines = [tick(0), tick(1, dx=1300.0, isGuiOpen=gui), tick(2, dx=-3700.0, dy=1300.0)]
    actions = read_actions(pair(tmp_path, lines).actions)
    # In a menu the mouse moves a cursor, which is not brought to its place by going the other way.
    assert actions.camera.tolist() == [[0, 0], [0, 180 if gui else 195 - 360], [180, pytest.approx(165)]]
    (remark,) = actions.remarks
    assert remark.startswith("turns by more than 180 degrees on 2 ticks")


def test_keys_that_mean_nothing_are_told_and_refused_where_no_other_is_held(tmp_path, demos):
    lines = [tick(i, keys=["key.keyboard.w", "key.keyboard.f3"][: 1 + i % 2]) for i in range(10)]
    steps, _ = read([pair(tmp_path, lines, demos=demos)])
    assert [what for _, what in steps.meta["remarks"]] == [
        "key.keyboard.f3 means nothing here; held on 50.0% of ticks"
    ]
    lines = [tick(i, keys=["key.keyboard.w"], buttons=[0, 4][: 1 + i % 2]) for i in range(10)]
    steps, _ = read([pair(tmp_path, lines, demos=demos)])
    assert [what for _, what in steps.meta["remarks"]] == [
        "mouse button 4 means nothing here; held on 50.0% of ticks"
    ]
    for key in ("w", "key.keyboard.up", "key.keyboard.z"):
        with pytest.raises(DemoError, match=rf"none of the keys held is known \({key}\); name them as in"):
            read([pair(tmp_path, [tick(i, keys=[key]) for i in range(10)], demos=demos)])


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


def test_a_line_that_lacks_a_field_is_named(tmp_path):
    line = tick(0)
    del line["mouse"]["dy"]
    with pytest.raises(DemoError, match="line 1: lacks 'dy'"):
        read_actions(pair(tmp_path, [line]).actions)


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

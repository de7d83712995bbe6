import shutil

import numpy as np
import pytest
from fixtures.pairs_2022 import pair, parts_of, read, tick

from basalt_iq.data.actions2022 import KEYS, NAMES, ending, read_actions
from basalt_iq.data.cursor import draw_cursor
from basalt_iq.data.defects import DemoError
from basalt_iq.data.era2022 import Pair
from basalt_iq.data.ingest import ingest
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store
from basalt_iq.video import write_video


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


def test_a_line_that_lacks_a_field_is_named(tmp_path):
    line = tick(0)
    del line["mouse"]["dy"]
    with pytest.raises(DemoError, match="line 1: lacks 'dy'"):
        read_actions(pair(tmp_path, [line]).actions)

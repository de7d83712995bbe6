import json
import shutil
from pathlib import Path

import pytest

from basalt_iq.cli import main
from basalt_iq.data.era2021 import VIDEO
from basalt_iq.data.ingest import ingest
from basalt_iq.data.sources import find_sources
from basalt_iq.data.statistics import ActionList, Counts
from basalt_iq.data.store import Store

REAL = Path(__file__).parents[2] / ".." / "shared" / "real_demos"


def cli(capsys, *arguments):
    """Exit code, JSON and text of a data command, run in this process."""
    with pytest.raises(SystemExit) as exit:
        main(["data", *map(str, arguments), "--json"])
    streams = capsys.readouterr()
    return exit.value.code, json.loads(streams.out) if streams.out else None, streams.err


def test_sound_demos_pass(tmp_path, demos, capsys):
    demos.write_2021(tmp_path, steps=demos.steps_2021(seed=1))
    demos.write_2022(tmp_path)
    code, result, _ = cli(capsys, "check", tmp_path, "--workers", 1)
    assert code == 0
    assert result["findings"] == []
    assert [demo["steps"] for demo in result["demos"]] == [30, 30]
    assert result["actions"]["ticks"] == 60


def test_every_defect_is_named_with_its_file(tmp_path, demos, capsys):
    good = demos.write_2021(tmp_path, "v4_a-1_0-30")
    shutil.copytree(good, good.with_name("v4_copy-1_0-30"))
    (demos.write_2021(tmp_path, "v4_b-2_0-30", demos.steps_2021(seed=2)) / VIDEO).unlink()
    demos.write_2021(tmp_path, "unnamed", demos.steps_2021(seed=3))
    (tmp_path / "notes.txt").write_text("by me")
    endless = demos.steps_2021(seed=4)
    endless.inventory[:] = 1
    demos.write_2021(tmp_path, "v4_c-3_0-30", endless)
    code, result, text = cli(capsys, "check", tmp_path, "--workers", 1)
    assert code == 1
    skipped = "1 of 20 files are no part of a demonstration and are not read"
    found = {Path(f["file"]).parent.name + ": " + f["what"]: f["fault"] for f in result["findings"]}
    assert (result["files_seen"], result["files_used"]) == (20, 19)
    assert found == {
        f"v4_copy-1_0-30: is the same as {good / VIDEO}; taken once": False,
        f"{tmp_path.parent.name}: {skipped}: notes.txt": False,
        "v4_b-2_0-30: missing": True,
        "unnamed: MineRL's own reader refuses a name without v3_ or v4_": False,
        "v4_c-3_0-30: has no ending: the snowball is never thrown": False,
    }
    assert "v4_b-2_0-30/recording.mp4: missing; fetch it again" in text


@pytest.mark.skipif(
    not REAL.is_dir(), reason="the real recordings lie in ../shared/real_demos, which is not here"
)
def test_the_real_recordings(capsys):
    code, result, _ = cli(capsys, "check", REAL, "--workers", 1)
    assert code == 1
    by_name = {demo["name"]: demo for demo in result["demos"]}
    counts = by_name["buildhouse"]["recorded_actions"]
    assert counts["attack_held_from_start"] == 315
    assert (counts["attack_recorded"], counts["attack"]) == (1098, 786)
    assert counts["hotbar_changes"] == 63
    assert counts["null_ticks"] == 1100
    assert counts["gui_ticks"] == 1049
    assert counts["camera_ticks"] == 3593
    assert counts["camera_ticks_below_one_degree"] == 1535
    still = by_name["buildhouse"]["actions"]["camera_degrees"]["0"]
    assert round((1 - still) * 6000) == 3593
    for name, frames, claimed in (("caves1", 359, 555), ("caves2", 1045, 1070), ("waterfall2", 930, 981)):
        (finding,) = by_name[name]["findings"]
        wanted = f"a video without actions ({frames} frames decode, the container says {claimed})"
        assert finding["what"] == wanted


@pytest.mark.skipif(
    not REAL.is_dir(), reason="the real recordings lie in ../shared/real_demos, which is not here"
)
def test_ingesting_videos_without_actions_reports_them(tmp_path, capsys):
    code, result, _ = cli(capsys, "ingest", REAL, "--store", tmp_path / "store", "--workers", 1)
    assert code == 1
    assert result["added"] == []
    assert sum("without actions" in problem["what"] for problem in result["problems"]) == 3


@pytest.fixture
def store(tmp_path, demos):
    demos.write_2021(tmp_path / "demos", "v4_<b>-1_0-30", success=True)
    demos.write_2021(tmp_path / "demos", "v4_b-2_0-40", demos.steps_2021(length=40, seed=1), success=False)
    result = Store.create(tmp_path / "store")
    ingest(find_sources(tmp_path / "demos")[0], result, workers=1)
    return result


def test_show_counts_what_the_store_holds(store, capsys):
    code, result, text = cli(capsys, "show", store.path)
    assert code == 0
    assert [one["steps"] for one in result["trajectories"]] == [30, 40]
    assert result["actions"]["ticks"] == 70
    assert "2 trajectories" in text
    code, _, text = cli(capsys, "show", store.path, "--task", "MakeWaterfall")
    assert code == 2
    assert "no trajectories" in text


def test_coverage_by_an_action_set(store, tmp_path, capsys):
    agent = tmp_path / "agent.json"
    agent.write_text(json.dumps({"actions": {"task": "FindCave", "actions": [{"buttons": ["forward"]}]}}))
    _, result, _ = cli(capsys, "show", store.path, "--actions", agent)
    pooled = Counts.pool(one.counts() for one in store.select())
    assert result["action_set_coverage"] == pooled.combinations.get("forward", 0) / 70
    agent.write_text("{}")
    code, _, text = cli(capsys, "show", store.path, "--actions", agent)
    assert code == 2
    assert "no action set" in text


def test_a_histogram_by_hand():
    import numpy as np

    buttons = np.array([[0, 0], [1, 0], [1, 1], [0, 0]], np.uint8)
    camera = np.array([[0, 0], [0, 0.3], [-20, 5], [0, 0]], np.float32)
    counts = Counts.of(("attack", "jump"), buttons, camera, ["none", "none", "none", "snowball"])
    assert counts.noops == 1
    assert counts.combinations == {"": 2, "attack": 1, "attack+jump": 1}
    assert counts.camera == (2, 1, 0, 0, 0, 0, 0, 1, 0)
    assert counts.coverage((1, 2, 5)) == {1: 0.5, 2: 0.75, 5: 1.0}
    wide = ActionList((frozenset(), frozenset({"jump", "attack"})))
    assert wide.coverage(counts) == 0.75
    assert (counts + counts).combinations["attack"] == 2


@pytest.mark.parametrize(
    "words",
    [
        *("data ingest {0} --store {0}/s --workers 0", "data ingest {0} --store {0}/s --workers -1"),
        *("data ingest {0} --store {0}/s --size 0", "data ingest {0} --store {0}/s --size 100000"),
        *("data check {0} --size 0", "data check {0} --workers -1", "data index {0} --limit 0"),
        *("data record {0}/r --max-steps 0", "data record {0}/r --workers 0", "data record {0}/r --n -1"),
        *("data record {0}/r --seed -1", "data record --store {0}/s --size 0"),
    ],
)
def test_a_number_out_of_range_is_one_line_and_writes_nothing(tmp_path, demos, capsys, words):
    demos.write_2021(tmp_path / "demos", "v4_a-1_0-30")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as left:
        main(words.format(tmp_path).split())
    (line,) = capsys.readouterr().err.splitlines()
    assert left.value.code == 2
    assert ": must be at least" in line
    assert sorted(tmp_path.rglob("*")) == before

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from basalt_iq.cli import main
from basalt_iq.data.era2021 import SUMS, VIDEO
from basalt_iq.data.ingest import ingest, shard
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.files import PARTIAL


def run(root, path, **options):
    sources, findings = find_sources(root)
    store = Store.create(path)
    report = ingest(sources, store, **{"workers": 1, **options})
    return store, report, findings


def test_both_eras_and_several_tasks_in_one_store(tmp_path, demos, same):
    caves, houses = demos.steps_2021(seed=1), demos.steps_2021(task="BuildVillageHouse")
    demos.write_2021(tmp_path / "demos", "v4_a-1_0-30", caves, lead_in=2, seed=5, success=True)
    demos.write_2021(tmp_path / "demos", "v4_b-2_0-30", houses)
    demos.write_2022(tmp_path / "demos", steps=demos.steps_2022(task="MakeWaterfall"))
    store, report, findings = run(tmp_path / "demos", tmp_path / "store", workers=2)
    assert not findings
    assert not report.findings
    assert report.steps == 90
    (cave,) = store.select("FindCave")
    assert same(cave, caves)
    assert [demos.number(frame) for frame in cave.frames] == list(range(1000, 1031))
    assert (cave.meta["seed"], cave.meta["success"]) == (5, True)
    assert same(store.select("BuildVillageHouse")[0], houses)
    assert same(store.select("MakeWaterfall")[0], demos.steps_2022(task="MakeWaterfall"))


def test_a_second_run_does_only_what_is_new(tmp_path, demos):
    root, path = tmp_path / "demos", tmp_path / "store"
    demos.write_2021(root, "v4_a-1_0-30")
    run(root, path)
    before = (path / "FindCave" / "v4_a-1_0-30" / "frames.npy").stat().st_mtime_ns
    demos.write_2021(root, "v4_b-2_0-30")
    _, report, _ = run(root, path)
    assert (report.added, report.known) == (["v4_b-2_0-30"], 1)
    assert (path / "FindCave" / "v4_a-1_0-30" / "frames.npy").stat().st_mtime_ns == before
    _, report, _ = run(root, path)
    assert (report.added, report.known) == ([], 2)


def test_a_bad_demo_is_reported_and_the_others_are_read(tmp_path, demos):
    root, path = tmp_path / "demos", tmp_path / "store"
    demos.write_2021(root, "v4_a-1_0-30")
    (demos.write_2021(root, "v4_b-2_0-30") / VIDEO).unlink()
    store, report, _ = run(root, path)
    assert report.added == ["v4_a-1_0-30"]
    assert [f"{f.what}; {f.remedy}" for f in report.findings] == ["missing; fetch it again or leave it out"]
    assert [trajectory.name for trajectory in store.select()] == ["v4_a-1_0-30"]
    assert not list((path / PARTIAL).iterdir())


def test_a_changed_file_is_reported_not_read_twice(tmp_path, demos):
    root, path = tmp_path / "demos", tmp_path / "store"
    folder = demos.write_2021(root, "v4_a-1_0-30")
    run(root, path)
    with open(folder / VIDEO, "ab") as file:
        file.write(b"more")
    _, report, _ = run(root, path)
    assert report.added == []
    (finding,) = report.findings
    assert finding.what == "changed since it was ingested"
    assert str(path / "FindCave" / "v4_a-1_0-30") in finding.remedy


def test_demos_of_one_name_are_not_confused(tmp_path, demos):
    demos.write_2021(tmp_path / "demos" / "one", "v4_a-1_0-30")
    demos.write_2021(tmp_path / "demos" / "two", "v4_a-1_0-30", demos.steps_2021(seed=9))
    _, report, _ = run(tmp_path / "demos", tmp_path / "store")
    assert report.added == ["v4_a-1_0-30"]
    assert "has the name of" in report.findings[0].what


def test_shards_part_the_work(tmp_path, demos):
    root = tmp_path / "demos"
    first = demos.write_2021(root, "v4_s-0_0-30")
    for i in range(1, 20):
        shutil.copytree(first, first.with_name(f"v4_s-{i}_0-30"))
    sources, _ = find_sources(root)
    parts = [shard(sources, f"{i}/3") for i in (1, 2, 3)]
    names = [source.name for part in parts for source in part]
    assert sorted(names) == sorted(source.name for source in sources)
    assert all(parts)
    for bad in ("0/3", "4/3", "x", "1"):
        with pytest.raises(UserError, match="give i/n"):
            shard(sources, bad)


def test_an_unknown_task_is_reported(tmp_path, demos):
    folder = demos.write_2021(tmp_path, "v4_a-1_0-30")
    folder.parent.rename(tmp_path / "MineRLBasaltFlyToMoon-v0")
    sources, (finding,) = find_sources(tmp_path)
    assert not sources
    assert "unknown task 'MineRLBasaltFlyToMoon-v0': choose from FindCave" in finding.what
    assert find_sources(tmp_path, "FindCave")[0][0].task.name == "FindCave"
    with pytest.raises(UserError, match="unknown task 'Fly'"):
        find_sources(tmp_path, "Fly")


def test_pen_demos_in_the_plains_subfolder_belong_to_the_pen(tmp_path, demos):
    folder = demos.write_2021(tmp_path, "v4_a-1_0-30", demos.steps_2021(task="CreateVillageAnimalPen"))
    plains = folder.parent / "MineRLBasaltCreateAnimalPenPlains-v0"
    plains.mkdir()
    folder.rename(plains / folder.name)
    (source,), _ = find_sources(tmp_path)
    assert source.task.name == "CreateVillageAnimalPen"


def cli(*arguments):
    """The command's exit code, run in this process."""
    with pytest.raises(SystemExit) as exit:
        main(["data", "ingest", *map(str, arguments)])
    return exit.value.code


def test_the_command_reports_problems_by_exit_code_and_json(tmp_path, demos, capsys):
    root = tmp_path / "demos"
    demos.write_2021(root, "v4_a-1_0-30")
    assert cli(root, "--store", tmp_path / "store", "--workers", 1, "--json") == 0
    assert json.loads(capsys.readouterr().out)["added"] == ["v4_a-1_0-30"]
    (demos.write_2021(root, "v4_b-2_0-30") / VIDEO).write_bytes(b"")
    (root / "MineRLBasaltFindCave-v0" / "v4_b-2_0-30" / SUMS).unlink()
    assert cli(root, "--store", tmp_path / "store", "--workers", 1) == 1
    assert "v4_b-2_0-30/recording.mp4: cannot be decoded" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["nowhere"], ["empty"], ["demos", "--task", "Fly"], ["demos", "--size", "0"]]
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, demos, capsys, monkeypatch, wrong):
    monkeypatch.chdir(tmp_path)
    demos.write_2021(tmp_path / "demos", "v4_a-1_0-30")
    (tmp_path / "empty").mkdir()
    assert cli(*wrong, "--store", "store") == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_killed_at_random_moments_nothing_is_lost_doubled_or_corrupt(tmp_path, demos):
    """Kills only the main process: its workers must notice, and the next run must clean up."""
    root, path = tmp_path / "demos", tmp_path / "store"
    long = demos.steps_2021(length=500)
    first = demos.write_2021(root, "v4_k-0_0-30", long)
    for i in range(1, 6):
        shutil.copytree(first, first.with_name(f"v4_k-{i}_0-30"))
    command = [sys.executable, "-m", "basalt_iq", "data", "ingest", root, "--store", path, "--workers", "2"]
    random = np.random.default_rng(0)
    for _ in range(4):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        before = set(path.glob(f"{PARTIAL}/*"))
        while process.poll() is None and set(path.glob(f"{PARTIAL}/*")) <= before:
            time.sleep(0.01)
        time.sleep(0.3 * random.random())
        assert process.poll() is None, "done before it was killed: make the demonstrations longer"
        process.kill()
        process.wait()
    assert cli(root, "--store", path, "--workers", 2) == 0
    store = Store.open(path)
    trajectories = store.select("FindCave")
    assert [t.name for t in trajectories] == [f"v4_k-{i}_0-30" for i in range(6)]
    for trajectory in trajectories:
        assert np.array_equal(trajectory.camera, long.camera)
        assert [demos.number(frame) for frame in trajectory.frames[::100]] == list(range(1000, 1501, 100))
    assert {entry.name for entry in path.iterdir()} <= {"manifest.json", "FindCave", PARTIAL}
    assert not list((path / PARTIAL).iterdir())

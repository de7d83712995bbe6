import json
import os
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
from basalt_iq.scratch import PARTIAL


def run(root, path, **options):
    sources, findings, *_ = find_sources(root)
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
    """Of equal length and age too: what counts is content."""
    root, path = tmp_path / "demos", tmp_path / "store"
    (pair,) = demos.write_2022(root)
    pair.sums.unlink()
    run(root, path)
    content, facts = pair.actions.read_text(), pair.actions.stat()
    pair.actions.write_text(content.replace("key.keyboard.w", "key.keyboard.s"))
    os.utime(pair.actions, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert pair.actions.stat().st_size == facts.st_size
    _, report, _ = run(root, path)
    assert report.added == []
    (finding,) = report.findings
    assert finding.fault
    assert finding.what == "changed since it was ingested; the store keeps what it read then"
    assert f"move {path / 'FindCave' / pair.stem.name} out of the store" in finding.remedy
    pair.actions.write_text(content)
    assert run(root, path)[1].findings == []


def test_demos_of_one_name_are_both_kept_whether_they_come_together_or_not(tmp_path, demos, same):
    written = {"one": demos.steps_2021(seed=1), "two": demos.steps_2021(seed=9)}
    for who, steps in written.items():
        demos.write_2021(tmp_path / "demos" / who, "v4_a-1_0-30", steps)
    store, report, _ = run(tmp_path / "demos", tmp_path / "together")
    assert "has the name of" in report.findings[0].what
    assert "both are kept" in report.findings[0].what
    for who in written:
        apart, report, _ = run(tmp_path / "demos" / who, tmp_path / "apart")
        assert len(report.added) == 1
    assert len(report.findings) == 1
    for one in (store, apart):
        found = one.select()
        assert len(found) == 2
        assert all(any(same(read, steps) for read in found) for steps in written.values())
    assert store.fingerprint() == apart.fingerprint()
    assert run(tmp_path / "demos", tmp_path / "apart")[1].known == 2


def test_one_demo_at_two_places_is_taken_once(tmp_path, demos):
    root, path = tmp_path / "demos", tmp_path / "store"
    demos.write_2021(root / "one", "v4_a-1_0-30")
    shutil.copytree(root / "one", root / "two")
    (root / "two" / "MineRLBasaltFindCave-v0" / "v4_a-1_0-30").rename(
        root / "two" / "MineRLBasaltFindCave-v0" / "v4_b-1_0-30"
    )
    _, report, _ = run(root, path)
    assert (report.added, report.twins) == (["v4_a-1_0-30"], 1)
    (finding,) = report.findings
    assert (finding.what.split("; ")[1], finding.fault) == ("taken once", False)
    root.rename(tmp_path / "moved")
    _, report, _ = run(tmp_path / "moved", path)
    assert (report.added, report.known) == ([], 2)


def test_linked_folders_are_followed_once_and_their_own_names_count(tmp_path, demos):
    elsewhere = tmp_path / "elsewhere"
    demos.write_2022(elsewhere, "linked-a-01", demos.steps_2022(seed=1))
    cave = (elsewhere / "MineRLBasaltFindCave-v0").rename(elsewhere / "videos")
    root = tmp_path / "demos"
    demos.write_2022(root, "real-b-02", demos.steps_2022(seed=2))
    (root / "FindCave").symlink_to(cave)
    (root / "again").symlink_to(root)
    found = find_sources(root)
    assert sorted(source.name[:6] for source in found.sources) == ["linked", "real-b"]
    assert {source.task.name for source in found.sources} == {"FindCave"}
    assert ["looked into once" in finding.what for finding in found.findings] == [True]
    assert (found.seen, found.used) == (8, 8)


def test_shards_part_the_work(tmp_path, demos):
    root = tmp_path / "demos"
    first = demos.write_2021(root, "v4_s-0_0-30")
    for i in range(1, 20):
        shutil.copytree(first, first.with_name(f"v4_s-{i}_0-30"))
    sources, *_ = find_sources(root)
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
    sources, (finding,), *_ = find_sources(tmp_path)
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
    (source,), *_ = find_sources(tmp_path)
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
    written = {f"v4_k-{i}_0-30": demos.steps_2021(length=500, seed=i) for i in range(6)}
    for name, steps in written.items():
        demos.write_2021(root, name, steps)
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
    assert [t.name for t in trajectories] == list(written)
    for trajectory in trajectories:
        assert np.array_equal(trajectory.camera, written[trajectory.name].camera)
        assert [demos.number(frame) for frame in trajectory.frames[::100]] == list(range(1000, 1501, 100))
    assert {entry.name for entry in path.iterdir()} <= {"manifest.json", "FindCave", PARTIAL}
    assert not list((path / PARTIAL).iterdir())

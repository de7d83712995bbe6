"""The BEDD videos, and MineRL 1.0 behind `evaluate`, on frames that tell which they are."""

import json
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from basalt_iq.contract import TASKS
from basalt_iq.errors import UserError
from basalt_iq.play import worlds
from basalt_iq.play.commands import Evaluate
from basalt_iq.play.minerl import MinerlWorld
from basalt_iq.submission import commands
from basalt_iq.submission.bedd import SEEDS, Stage, build_rollouts
from basalt_iq.submission.checking import Trial, check_package
from basalt_iq.video import read_video

PAINTED = Path(__file__).parents[1] / "play" / "painted_instance.py"


@pytest.fixture
def stage():
    command = [sys.executable, str(PAINTED), "3"]
    return Stage("painted", partial(MinerlWorld, command=command), None, 2)


@pytest.mark.slow
def test_bedd_goes_on_where_it_was_stopped_and_its_videos_are_right_frame_by_frame(
    checkpoint, tmp_path, stage
):
    class Stopped(Exception):
        pass

    heard = []

    def stop(episode):
        heard.append(episode.facts.seed)
        if len(heard) == 5:
            raise Stopped

    with pytest.raises(Stopped):
        build_rollouts([checkpoint], tmp_path / "bedd", stage, stop)
    assert not (tmp_path / "bedd").exists()
    work = tmp_path / ".bedd.work" / "FindCave"
    (record,) = work.glob(f"seed_{heard[0]}.json")

    def break_first(episode):
        if episode.facts.seed == heard[0]:
            facts = json.loads(record.read_text())
            record.write_text(json.dumps(facts | {"error": "Minecraft died"}))

    kept = {path: path.stat().st_mtime_ns for path in work.glob("*.json") if path != record}
    with pytest.raises(UserError, match=rf"seed {heard[0]} \(Minecraft died\); the same command"):
        build_rollouts([checkpoint], tmp_path / "bedd", stage, break_first)
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    manifest = build_rollouts([checkpoint], tmp_path / "bedd", stage)
    assert manifest.tasks == dict.fromkeys(TASKS, "FindCave")
    assert not work.parent.exists()
    rows = check_package(tmp_path / "bedd", Trial())
    assert all(row.ok for row in rows), [row for row in rows if not row.ok]
    look_at_every_frame(tmp_path / "bedd")
    spoil_and_check(tmp_path / "bedd")


def look_at_every_frame(folder):
    for task, seeds in SEEDS.items():
        for seed in seeds:
            video = folder / TASKS[task].env_id / f"seed_{seed}.mp4"
            frames = list(read_video(video))
            lines = video.with_suffix(".jsonl").read_text().splitlines()
            assert len(frames) == len(lines) + 1
            assert frames[0].shape == (360, 640, 3)
            steps = [round(frame[200:].mean() / 20) for frame in frames]
            assert steps == list(range(len(frames)))  # the first is the reset's
            assert {round(frame[:160].mean() / 3) for frame in frames} == {seed % 80}
            actions = [json.loads(line).get("action", {}) for line in lines]
            assert all(value for action in actions for value in action.values())  # zeros are dropped


def spoil_and_check(folder):
    place = folder / TASKS["FindCave"].env_id
    shutil.copy(place / "seed_14169.mp4", place / "seed_1.mp4")
    (place / "seed_65101.jsonl").write_text("{}\n" * 99)
    shutil.rmtree(folder / TASKS["MakeWaterfall"].env_id)
    found = {row.check: row.detail for row in check_package(folder, Trial()) if not row.ok}
    assert found["FindCave: a video and its actions for each seed"] == "seed_1.mp4 unknown"
    assert "for 99 steps" in found["FindCave: 640x360, 20 a second, a frame more than steps"]
    assert "seed_12095.jsonl missing" in found["MakeWaterfall: a video and its actions for each seed"]


def test_bedd_refuses_what_would_leave_videos_out(checkpoint, tmp_path):
    for wrong in ({"workers": 0}, {"max_steps": 0}):
        with pytest.raises(UserError, match="at least 1"):
            commands.Build(runs=(checkpoint,), target="bedd", out=tmp_path / "new", **wrong).run()
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


@pytest.mark.slow
def test_evaluate_plays_in_minerl_and_keeps_it_apart_from_the_stand_in(
    checkpoint, tmp_path, stage, monkeypatch
):
    monkeypatch.setattr(worlds.Maker, "check", lambda self: None)
    monkeypatch.setattr(worlds.Maker, "__call__", lambda self, *job: stage.build(*job))
    monkeypatch.setattr(worlds.Maker, "__reduce__", lambda self: stage.build.__reduce__())
    common = {"run_dir": checkpoint, "episodes": 2, "first_seed": 5, "out": tmp_path / "out"}
    summary = Evaluate(**common, world="minerl-1.0", world_python="/opt/python").run().summary
    assert (summary.world, summary.era, summary.episodes, summary.faults) == ("minerl-1.0", 2022, 2, 0)
    assert summary.rate is None  # nobody judges there
    frames = [frame for seed in (5, 6) for frame in read_video(tmp_path / "out" / f"seed_{seed}.mp4")]
    assert {round(frame[:160].mean() / 3) for frame in frames} == {5, 6}
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"holds episodes with .*give another --name"):
        Evaluate(**common).run()
    with pytest.raises(UserError, match="plays nowhere else"):
        Evaluate(task="FindCave", player="scripted", world="minerl-1.0", out=tmp_path / "two").run()

"""Rollouts in BEDD's layout, as any team's."""

import json

import numpy as np
import pytest

from basalt_iq.cli import main
from basalt_iq.errors import UserError
from basalt_iq.video import write_video
from basalt_iq.watch.compare import Comparison
from basalt_iq.watch.judgements import Judgements
from basalt_iq.watch.runs import find


def rollouts(folder, tasks=("FindCave",), seeds=(14169, 65101), steps=12):
    for task in tasks:
        place = folder / f"MineRLBasalt{task}-v0"
        place.mkdir(parents=True)
        for seed in seeds:
            write_video(
                place / f"seed_{seed}.mp4",
                [np.full((360, 640, 3), 9 * t, np.uint8) for t in range(steps + 1)],
            )
            lines = [{"action": {"forward": 1, "camera": [0.0, float(t)]}} for t in range(steps)]
            (place / f"seed_{seed}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_they_are_evaluations_that_nobody_judged(tmp_path):
    ((run, one),) = find([rollouts(tmp_path / "them")])[1]
    assert run is None
    assert (one.name, one.summary.task, one.summary.era) == ("them", "FindCave", 2022)
    assert (one.summary.episodes, one.summary.rate) == (2, None)
    first = one.episodes[0]
    assert (first.facts.seed, first.facts.steps) == (14169, 12)
    assert first.arrays["camera"][:, 1].tolist() == list(range(12))
    assert first.arrays["buttons"][:, first.facts.button_names.index("forward")].all()


def test_two_teams_are_compared_and_shown(tmp_path):
    folders = [rollouts(tmp_path / name, ("FindCave", "MakeWaterfall")) for name in ("them", "us")]
    evaluations = [one for _, one in find(folders)[1]]
    assert [one.name for one in evaluations] == [
        f"{n}/{t}" for n in ("them", "us") for t in ("FindCave", "MakeWaterfall")
    ]
    comparison = Comparison("FindCave", evaluations, Judgements(tmp_path / "judged"))
    assert set(comparison.episodes) == {"them/FindCave", "us/FindCave"}
    with pytest.raises(SystemExit) as ended:
        main(["watch", *map(str, folders), "--out", str(tmp_path / "report.html")])
    assert ended.value.code == 0
    assert (
        "seed_14169" in (tmp_path / "report.html").read_text()
        or (tmp_path / "report.html").stat().st_size > 10_000
    )


@pytest.mark.parametrize(
    "line", ["nonsense", "{}", '{"action": {"camera": [1]}}', '{"action": []}', "[" * 10**5]
)
def test_a_damaged_line_is_named(line, tmp_path):
    folder = rollouts(tmp_path / "them")
    path = folder / "MineRLBasaltFindCave-v0/seed_14169.jsonl"
    path.write_text(path.read_text() + line + "\n")
    ((_, one),) = find([folder])[1]
    with pytest.raises(UserError, match=r"seed_14169\.jsonl: line 13 is no action"):
        _ = one.episodes

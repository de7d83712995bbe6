"""What an evaluation says is what was measured: broken and missing worlds, wrong options, hostile files."""

import contextlib
import json
import shutil
import threading
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from basalt_iq import cli
from basalt_iq.errors import UserError
from basalt_iq.locks import owned
from basalt_iq.play import rollout
from basalt_iq.play.episode import Facts, load, load_all
from basalt_iq.play.evaluation import evaluate
from basalt_iq.play.plan import Plan, comparable, describe, read_summary, summarise
from basalt_iq.play.seeds import BEDD_SEEDS, chosen_seeds
from basalt_iq.play.unknowing import RandomPlayer
from basalt_iq.video import read_video

GOLDEN = Path(__file__).parents[1] / "golden" / "evaluation-0.1"


@pytest.fixture
def fake(monkeypatch, fake_worlds):
    monkeypatch.setattr(rollout, "VectorWorld", fake_worlds)
    return fake_worlds


@pytest.fixture
def player(synthetic):
    return RandomPlayer(synthetic.ACTIONS, seed=1)


class Played:
    """An episode without files."""

    def __init__(self, **facts):
        self.facts = Facts("FindCave", 2022, player="agent", **facts)


def test_a_broken_episode_counts_nowhere_as_the_agents():
    whole = [Played(seed=seed, steps=3600) for seed in range(9)]
    broken = [Played(seed=9, steps=7, error="java died")]
    unjudged = summarise(Plan("FindCave", "agent", 2022, world="minerl-1.0"), whole + broken)
    assert (unjudged.episodes, unjudged.rate, unjudged.low, unjudged.faults) == (9, None, None, 1)
    assert unjudged.mean_steps == 3600
    assert describe(unjudged) == (
        "agent on FindCave: 9 episodes, not judged, 3600 steps on average;"
        " 1 broken by the world (seed 9: java died): repeat to play them again"
    )
    judged = [Played(seed=seed, steps=10, success=True, score=1.0) for seed in range(5)]
    half = summarise(Plan("FindCave", "agent"), judged + [Played(seed=5, error="x")] * 5)
    assert (half.successes, half.rate, half.episodes) == (5, 1.0, 5)


def test_a_broken_episode_is_played_again_by_the_same_command(fake, player, tmp_path):
    fake.NOISE = frozenset([2])
    plan = Plan("FindCave", "random")
    first = evaluate(plan, range(4), tmp_path, player)
    assert (first.episodes, first.faults, first.broken, first.complete) == (3, 1, {"2": "timed out"}, False)
    assert first.seeds == [0, 1, 3]
    assert load(tmp_path, 2).facts.success is None
    fake.NOISE, fake.played[:] = frozenset(), []
    again = evaluate(plan, range(4), tmp_path, player)
    assert fake.played == [2]
    assert (again.episodes, again.faults, again.complete) == (4, 0, True)


def test_an_old_records_broken_episode_is_no_failure_either(tmp_path):
    facts = {"task": "FindCave", "era": 2022, "seed": 3, "player": "agent", "success": False, "score": 0.0}
    (tmp_path / "seed_3.json").write_text(json.dumps(facts | {"error": "No module named 'gym'"}))
    assert (load(tmp_path, 3).facts.success, load(tmp_path, 3).facts.score) == (None, None)


def command(*words):
    with pytest.raises(SystemExit) as stop:
        cli.main([str(word) for word in ("evaluate", *words)])
    return stop.value.code


def test_a_world_that_is_not_there_is_an_error_with_the_way_to_install_it(
    make_agent, tmp_path, capsys, monkeypatch
):
    agent = make_agent(tmp_path / "agent", era=2022)
    monkeypatch.delenv("BASALT_IQ_MINERL_PYTHON", raising=False)
    for world, package in (("minerl-1.0", "minerl"), ("minestudio", "minestudio"), ("mcio", "mcio_ctrl")):
        options = ("--run", agent, "--episodes", 1, "--world", world, "--out", tmp_path / "out")
        assert command(*options) == 2
        said = capsys.readouterr().err
        assert f"has no package {package}" in said
        assert "pip install" in said
        assert command(*options, "--world-python", tmp_path / "none") == 2
        assert "cannot be run" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--first-seed", "-5"], "--first-seed -5: seeds are from 0"),
        (["--seeds", "1", "x"], "--seeds x: no seed"),
        (["--seeds", "1", "-1"], "--seeds -1"),
        (["--seeds", "7", "7"], "7 named twice"),
        (["--seed", "-1"], "--seed -1"),
        (["--device", "cuda:99"], "--device cuda:99"),
        (["--device", "gpu"], "--device gpu"),
        (["--episodes", "0"], "must be at least 1"),
        (["--workers", "-1"], "must be at least 1"),
        (["--worlds", "0"], "must be at least 1"),
        (["--max-steps", "0"], "--max-steps 0: must be at least 1"),
        (["--task", "FindDiamonds"], "unknown task"),
        (["--task", "MakeWaterfall"], "cannot play MakeWaterfall"),
        (["--world", "minerl-9"], ""),
        (["--player", "nobody"], ""),
        (["--era", "1999"], ""),
        (["--run", "nowhere"], "nowhere"),
    ],
)
def test_a_wrong_option_is_one_line_and_writes_nothing(checkpoint, tmp_path, capsys, words, said):
    assert command("--run", checkpoint, "--out", tmp_path / "out", *words) == 2
    error = capsys.readouterr().err
    assert said in error.replace("\n", " ")
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_seeds_by_number_and_by_name():
    assert chosen_seeds((), "FindCave", 5, 3) == [5, 6, 7]
    assert chosen_seeds(("14169", "3"), "FindCave", 5, 3) == [14169, 3]
    assert chosen_seeds(("bedd",), "MakeWaterfall", 5, 3) == list(BEDD_SEEDS["MakeWaterfall"])
    assert {len(seeds) for seeds in BEDD_SEEDS.values()} == {11}
    with pytest.raises(UserError, match="named twice"):
        chosen_seeds(("bedd", "14169"), "FindCave", 0, 1)


def test_a_second_evaluation_in_the_same_folder_is_refused(fake, player, tmp_path):
    refused = []

    def second():
        with pytest.raises(UserError, match="in use by an evaluation, process"):
            evaluate(Plan("FindCave", "random"), range(2), tmp_path, player)
        refused.append(True)

    with owned(tmp_path, "an evaluation"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert refused
    assert evaluate(Plan("FindCave", "random"), range(2), tmp_path, player).complete


def bomb(path, rows):
    """A small file of arrays that inflates to `rows` bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("v.npy", "w") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (rows // 4,)}
        )
        for _ in range(rows >> 20):
            file.write(bytes(1 << 20))


def test_arrays_that_inflate_beyond_their_steps_are_refused(synthetic, tmp_path):
    episode = synthetic.episode(tmp_path, 5, 40)
    good = (tmp_path / "seed_5.npz").read_bytes()
    bomb(tmp_path / "seed_5.npz", 64 << 20)
    assert (tmp_path / "seed_5.npz").stat().st_size < 100_000
    with pytest.raises(UserError, match=r"seed_5\.npz: damaged .*bytes of arrays for 40 steps.*restore it"):
        _ = episode.arrays
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(good)
        for at in rng.integers(len(good), size=int(rng.integers(1, 4))):
            damaged[at] = rng.integers(256)
        (tmp_path / "seed_5.npz").write_bytes(damaged[: int(rng.integers(1, len(good) + 1))])
        read_anew(lambda: load(tmp_path, 5).arrays, "seed_5.npz")


def read_anew(read, name):
    """Read a damaged file: an answer, or one line that names it."""
    load.__globals__["_read"].cache_clear()
    said = name
    with contextlib.suppress(UserError):
        try:
            read()
        except UserError as error:
            said = str(error)
            raise
    assert name in said
    assert "\n" not in said


def test_mutated_facts_and_summaries_are_read_or_refused_in_one_line(synthetic, tmp_path):
    synthetic.evaluation(tmp_path, count=1)
    rng = np.random.default_rng(1)
    for name, read in (("seed_100.json", load_all), ("summary.json", read_summary)):
        good = (tmp_path / name).read_bytes()
        for _ in range(300):
            damaged = bytearray(good)
            for at in rng.integers(len(good), size=int(rng.integers(1, 5))):
                damaged[at] = rng.choice(list(b'0-9"[]{}ein,:.\x00\xff'))
            (tmp_path / name).write_bytes(damaged)
            read_anew(partial(read, tmp_path), name)
        (tmp_path / name).write_bytes(good)


def test_only_equal_plans_are_comparable():
    plan = Plan("FindCave", "agent", max_steps=None, distance="real")
    assert comparable(plan, Plan("FindCave", "agent", max_steps=3600, distance="real")) is None
    assert comparable(plan, Plan("FindCave", "random", choice="uniform", distance="real")) is None
    for other, reason in (
        (Plan("FindCave", "agent", max_steps=100, distance="real"), "episode limits: 3600 and 100"),
        (Plan("FindCave", "agent", choice="argmax", distance="real"), "ways of choosing: sampled and argmax"),
        (Plan("FindCave", "agent", distance="near"), "distances of places: real and near"),
        (Plan("FindCave", "agent"), "distances of places: real and unknown"),
        (Plan("FindCave", "agent", 2022, world="minerl-1.0"), "interfaces: 2021 and 2022"),
        (Plan("MakeWaterfall", "agent", distance="real"), "tasks"),
    ):
        assert reason in comparable(plan, other)
        assert comparable(other, plan) is not None


def test_an_evaluation_of_version_0_1_opens(tmp_path):
    folder = shutil.copytree(GOLDEN, tmp_path / "old")
    summary = read_summary(folder)
    assert (summary.episodes, summary.rate, summary.limit, summary.distance) == (1, 0.0, 60, "")
    (episode,) = load_all(folder)
    assert episode.facts.steps == 60
    assert len(episode.arrays["buttons"]) == 60
    assert set(episode.arrays) >= {"v", "reward", "top_q", "camera", "progress"}
    assert len(list(read_video(episode.video))) == 61

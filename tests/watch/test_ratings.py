import json
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basalt_iq.errors import UserError
from basalt_iq.watch.judgements import FILE, Judgements
from basalt_iq.watch.matches import read_matches, write_matches
from basalt_iq.watch.ratings import (
    MOST_NEEDED,
    TRUESKILL,
    Judgement,
    better,
    gain,
    judgements_needed,
    next_match,
    open_ratings,
    order,
    rate,
    score,
    unsettled,
)


def said(number: int, left: str, right: str, winner: str, seed: int = 1) -> Judgement:
    return Judgement(f"m{number}", "FindCave", seed, left, right, winner, "me", "2026-01-01T00:00:00+00:00")


def test_one_win_between_fresh_ratings_moves_them_as_worked_by_hand():
    ratings = rate([said(1, "a", "b", "left")])
    assert (round(ratings["a"].mu, 3), round(ratings["a"].sigma, 3)) == (29.396, 7.171)
    assert (round(ratings["b"].mu, 3), round(ratings["b"].sigma, 3)) == (20.604, 7.171)
    assert rate([said(1, "b", "a", "right")]) == ratings
    assert score(ratings["a"]) == pytest.approx(29.396 - 3 * 7.171, abs=2e-3)
    assert order(ratings) == ["a", "b"]


def test_a_draw_moves_no_mean_of_equals_but_says_something():
    ratings = rate([said(1, "a", "b", "draw")])
    assert ratings["a"].mu == pytest.approx(25)
    assert ratings["a"].sigma < 25 / 3


def test_judgements_must_make_sense():
    with pytest.raises(ValueError, match="itself"):
        said(1, "a", "a", "left")
    with pytest.raises(ValueError, match="choose left, right or draw"):
        said(1, "a", "b", "a")


def test_needed_falls_to_zero_as_one_side_wins():
    fresh = rate([], ["a", "b"])
    assert better(fresh["a"], fresh["b"]) == 0.5
    assert unsettled(fresh) == [("a", "b")]
    assert judgements_needed(fresh) > 5  # without a difference there is much to judge
    clear = rate([said(i, "a", "b", "left") for i in range(12)])
    assert judgements_needed(clear) == 0
    one = rate([said(1, "a", "b", "left")])
    assert 0 < judgements_needed(one) < MOST_NEEDED


def test_an_uncertain_pair_teaches_more():
    new, sure = TRUESKILL.create_rating(), TRUESKILL.create_rating(25, 1)
    assert gain(new, new) > gain(new, sure) > gain(sure, sure) > 0


@given(st.integers(0, 50), st.integers(0, 3))
def test_the_next_match_is_between_two_on_a_shared_seed_and_spreads_over_seeds(chance, count):
    seeds = {"a": {1, 2, 3, 4}, "b": {2, 3, 4, 9}, "c": {77}}
    judged = [said(i, "a", "b", "left", seed=2 + i) for i in range(count)]
    a, b, seed = next_match(seeds, judged, random.Random(chance))
    assert {a, b} == {"a", "b"}
    assert seed in {2, 3, 4} - ({2 + i for i in range(count)} if count < 3 else set())


def test_sides_are_chance_and_strangers_never_meet():
    seeds = {"a": {1}, "b": {1}}
    firsts = {next_match(seeds, [], random.Random(i))[0] for i in range(20)}
    assert firsts == {"a", "b"}
    assert next_match({"a": {1}, "b": {2}}, [], random.Random(0)) is None


def test_judgements_outlive_their_process_and_a_line_cut_short(tmp_path):
    kept = Judgements(tmp_path)
    assert kept.add([said(1, "a", "b", "left"), said(2, "a", "b", "draw")]) == 2
    assert kept.add([said(1, "a", "b", "right")]) == 0
    with (tmp_path / FILE).open("a") as file:
        file.write('{"id": "m3", "task": "Find')
    again = Judgements(tmp_path)
    assert again.all == kept.all
    again.add([said(4, "b", "c", "right")])
    assert [j.id for j in Judgements(tmp_path).all] == ["m1", "m2", "m4"]


def test_taking_back_is_remembered(tmp_path):
    kept = Judgements(tmp_path)
    kept.add([said(1, "a", "b", "left"), said(2, "a", "b", "left")])
    assert kept.take_back().id == "m2"
    assert [j.id for j in Judgements(tmp_path).all] == ["m1"]
    assert kept.take_back().id == "m1"
    assert kept.take_back() is None
    assert len((tmp_path / FILE).read_text().splitlines()) == 4


def test_lines_that_say_nothing_are_counted_and_the_others_hold(tmp_path):
    good = Judgement("a", "FindCave", 1, "x", "y", "left")
    Judgements(tmp_path).add([good])
    word = '{"id": "b", "task": "T", "seed": %s, "left": "x", "right": "%s", "winner": "left"}'
    bad = ['{"id": "x"}', "{", '{"undo": 3}', word % (1, "x"), word % ("1e999", "y"), "\ud800"]
    with (tmp_path / FILE).open("ab") as file:
        file.write("\n".join(bad).encode("utf-8", "surrogatepass") + b"\n")
    found = Judgements(tmp_path)
    assert found.all == [good]
    assert found.lost == [2, 3, 4, 5, 6, 7]


def test_a_pipe_in_the_judgements_place_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(UserError, match="not a regular file"):
        Judgements(tmp_path)


def test_openskill_agrees_on_who_is_better():
    judged = [Judgement(str(i), "T", i, "a", "b", "left") for i in range(8)]
    judged += [Judgement(f"r{i}", "T", i, "b", "c", "left") for i in range(8)]
    found = open_ratings(judged, ["a", "b", "c", "idle"])
    assert found["a"][0] > found["b"][0] > found["c"][0]
    assert found["idle"] == (25.0, 25 / 3)
    assert all(sigma < 25 / 3 for name, (_, sigma) in found.items() if name != "idle")


def test_bedd_matches_round_trip_newest_first(tmp_path):
    given_ = [said(1, "a", "b", "left"), said(2, "b", "c", "right", 14169), said(3, "a", "c", "draw")]
    write_matches(tmp_path / "answers.json", given_)
    entries = json.loads((tmp_path / "answers.json").read_text())
    assert [entry["hash"] for entry in entries] == ["m3", "m2", "m1"]
    middle = entries[1]
    assert [e["agent_name"] for e in middle["episodes"]] == ["b", "c"]
    assert middle["result"]["eval_metadata"]["win_player"] == "p2"
    assert middle["result"]["ranks"] == [e["hash"] for e in middle["episodes"]][::-1]
    assert middle["episodes"][0]["video_filename"] == "b/MineRLBasaltFindCave-v0/seed_14169.mp4"
    assert read_matches(tmp_path / "answers.json") == given_


def test_bedds_own_answers_are_read(tmp_path):
    """As its data set holds them: metadata as JSON text, other keys beside, ids as strings."""
    entry = {
        "task": "MakeWaterfall",
        "worker_id": "W1",
        "episodes": [
            {"agent_name": "GoUp", "seed": "95674", "hash": "e1"},
            {"agent_name": "Human1", "seed": "95674", "hash": "e2"},
        ],
        "result": {"is_draw": False, "ranks": ["e2", "e1"], "eval_metadata": "{}", "hash": "h"},
    }
    (tmp_path / "a.json").write_text(json.dumps([entry]))
    (match,) = read_matches(tmp_path / "a.json")
    assert (match.left, match.right, match.winner, match.seed) == ("GoUp", "Human1", "right", 95674)
    entry["result"]["eval_metadata"] = {"win_player": "p1"}
    (tmp_path / "a.json").write_text(json.dumps([entry]))
    assert read_matches(tmp_path / "a.json")[0].winner == "left"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "not what it should be"),
        ("{}", "Expected `array`"),
        ("[{}]", "entry 0"),
        ('[{"episodes": [1, 2]}]', "entry 0"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path, text, fault):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(UserError, match=rf"m\.json: .*{fault}"):
        read_matches(tmp_path / "m.json")


@pytest.mark.parametrize("content", ["[" * 100_000, '[{"seed": 1e999}]', '[{"seed": NaN}]', "{}", None])
def test_matches_that_are_none_are_refused_in_a_line(tmp_path, content):
    file = tmp_path / "matches.json"
    if content is None:
        os.mkfifo(file)
    else:
        file.write_text(content)
    with pytest.raises(UserError, match=r"matches\.json") as refused:
        read_matches(file)
    assert "\n" not in str(refused.value)

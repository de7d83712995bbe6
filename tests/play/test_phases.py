"""How far an episode came, from what the judge would have said along it."""

import json

import numpy as np
import pytest

from basalt_iq import cli
from basalt_iq.agent.stored_ticks import ticks
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.play.episode import Facts, load
from basalt_iq.play.phases import Asked, Phases, PhaseShare, Step, phase_shares
from basalt_iq.play.plan import Plan, describe, summarise
from basalt_iq.play.recorder import Recorder
from basalt_iq.play.ticks import Seen, Tick
from basalt_iq.play.unknowing import walker
from basalt_iq.play.worlds import Maker

POURED, SHOWN = "water was poured", "the picture shows it"


def after(*answers, **ending):
    """What came of an episode along which the judge would have said this."""
    asked = Asked()
    for tick, (poured, shown) in enumerate(answers):
        asked.hear(5 * tick, poured and shown, {POURED: poured, SHOWN: shown})
    return asked.phases(**{"chosen": True, "success": False, "progress": 0.3} | ending)


def test_each_way_to_end_is_told_apart():
    none, half, both = (False, False), (True, False), (True, True)
    assert after(none, both, success=True).end == "right"
    assert after(none, half, chosen=False).end == "ran out"
    assert after(none, both, chosen=False) == Phases(
        5, "ran out", (Step(POURED, True, True), Step(SHOWN, True, True))
    )
    assert after(none, both, half, progress=0.8).end == "left"
    assert after(none, half, progress=0.59).end == "far"
    assert after(none, half, progress=0.6).end == "near"
    assert after(both, none).steps == (Step(POURED, True, False), Step(SHOWN, True, False))
    assert after(none, half).reached is None


def test_shares_are_counted_over_what_is_known():
    known = [after((True, True), success=True), after((True, False)), after((False, False), chosen=False)]
    rows = {row.name: row for row in phase_shares([*known, None])}
    assert [(name, row.count, row.of) for name, row in rows.items()] == [
        ("reached", 1, 3), ("ended right", 1, 3), ("ended wrong, near", 0, 3), ("ended wrong, far", 1, 3),
        ("ended wrong, after having left", 0, 3), ("ran out of time", 1, 3),
        (f"at some time: {POURED}", 2, 3), (f"at some time: {SHOWN}", 1, 3),
    ]  # fmt: skip
    assert rows["reached"] == PhaseShare.over("reached", [True, False, False])
    assert rows["reached"].low == pytest.approx(0.0615, abs=1e-3)  # Wilson, 1 of 3
    assert phase_shares([None]) == []


@pytest.fixture
def cave():
    env = Maker(progress=True)("FindCave", 2021, 60)
    yield env
    env.close()


def play(env, *stays, throw):
    """Stand in the dark of a cave or at the start, as `stays` say, six ticks each; then throw or wait."""
    env.reset(seed=9)
    world = env.unwrapped
    start, dark = world.body[:3].copy(), np.argwhere(world.world.walk == 0)[200]
    for inside in stays:
        world.body[:3] = dark + np.array([0.5, 0.0, 0.5]) if inside else start
        for _ in range(6):
            *_, info = env.step({})
            assert "phases" not in info
    over = False
    action = {"use": 1} if throw else {}
    while not over:
        *_, terminated, truncated, info = env.step(action)
        action, over = {}, terminated or truncated
    return info["phases"]


@pytest.mark.slow
def test_the_world_is_asked_along_the_way(cave):
    right = play(cave, False, True, throw=True)
    assert (right.end, 5 <= right.reached <= 12) == ("right", True)
    assert [(step.reached, step.at_end) for step in right.steps] == [(True, True), (True, True)]
    left = play(cave, True, False, throw=True)
    assert (left.end, left.reached <= 6) == ("left", True)
    assert [(step.reached, step.at_end) for step in left.steps] == [(True, False), (True, False)]
    far = play(cave, False, throw=True)
    assert (far.end, far.reached) == ("far", None)
    late = play(cave, True, throw=False)
    assert (late.end, late.reached <= 6) == ("ran out", True)


def test_they_are_kept_with_the_episode_and_summed(tmp_path):
    phases = after((True, True), (True, False))
    pov = {"pov": np.zeros((64, 64, 3), np.uint8)}
    recorder = Recorder(tmp_path, Facts("MakeWaterfall", 2021, 4, "agent"))
    recorder.tick(Tick(None, Seen(pov)))
    recorder.tick(Tick({}, Seen(pov, terminated=True)))
    recorder.end(Seen(pov, terminated=True, info={"success": False, "reasons": [], "phases": phases}))
    kept = load(tmp_path, 4)
    assert kept.facts.phases == phases
    summary = summarise(Plan("MakeWaterfall", "agent"), [kept])
    assert summary.phases == phase_shares([phases])
    assert "1 of 1 (21% to 100%)  ended wrong, after having left" in describe(summary)


@pytest.fixture
def store(tmp_path, demos, fill):
    made = Store.create(tmp_path / "store", size=64)
    for i in range(2):
        fill(made, f"demo-{i}", demos.steps_2021(200, seed=i))
    return made.path


def test_the_walker_does_what_demos_do_as_often(store):
    player = walker(store, "FindCave", seed=0, repeat=1)
    taken = np.concatenate([player.actions.encode(ticks(t)) for t in Store.open(store).select("FindCave")])
    np.testing.assert_allclose(player.shares, np.bincount(taken, minlength=len(player.actions)) / len(taken))
    player.start(range(40))
    drawn = [d.index for _ in range(100) for d in player.act([{}] * 40, range(40))]
    found = np.bincount(drawn, minlength=len(player.actions)) / len(drawn)
    assert np.abs(found - player.shares).max() < 0.02
    with pytest.raises(UserError, match="no demos of MakeWaterfall"):
        walker(store, "MakeWaterfall")


@pytest.mark.slow
def test_the_walker_is_a_baseline_of_evaluate(store, tmp_path, capsys):
    out = tmp_path / "walks"
    words = ["--player", "walker", "--task", "FindCave", "--episodes", "1", "--max-steps", "20"]
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", *words, "--store", str(store), "--out", str(out), "--workers", "1", "--json"])
    assert stop.value.code in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert (told["player"], told["choice"]) == ("walker", "frequencies")
    assert told["phases"][0]["name"] == "reached"
    with pytest.raises(SystemExit):
        cli.main(["evaluate", *words, "--out", str(out)])
    assert "--store" in capsys.readouterr().err

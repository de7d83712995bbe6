import errno
import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest

import basalt_iq.world
import basalt_iq.world.players
from basalt_iq.contract import find_task
from basalt_iq.data import era2021
from basalt_iq.data.era2021 import META, VIDEO
from basalt_iq.data.era2022 import CHUNK_TICKS
from basalt_iq.data.sources import find_sources
from basalt_iq.errors import UserError
from basalt_iq.play.record import Recipe, person_of, record


class Tape:
    """An environment of known episodes: frame t shows the number t, a seed divisible by 3 fails."""

    def __init__(self, demos, task, era, max_steps):
        self.demos, self.task, self.era, self.limit = demos, find_task(task), era, max_steps or 20

    def reset(self, seed):
        self.seed, self.time = seed, 0
        return self._see(), {}

    def step(self, action):
        self.time += 1
        over = self.time == self.limit
        success = self.seed % 3 != 0
        info = {"success": success, "score": float(success), "reasons": ["because"]} if over else {}
        return self._see(), 0.0, over, False, info

    def close(self):
        pass

    def _see(self):
        height, width, _ = (64, 64, 3) if self.era == 2021 else (90, 160, 3)
        observation = {"pov": self.demos.frame(self.time, height, width)}
        if self.era == 2021:
            counts = {item: np.int32(self.time % 60) for item in self.task.items}
            hand = {"type": "snowball", "damage": -1, "maxDamage": -1}
            observation |= {"inventory": counts, "equipped_items": {"mainhand": hand}}
        return observation


class Metronome:
    """Turns by its time, jumps on every third tick, takes the snowball once."""

    done = False

    def __init__(self, era):
        self.era, self.time = era, 0

    def reset(self, env):
        pass

    def act(self):
        self.time += 1
        action = {"camera": np.array([0.0, self.time / 7], np.float32), "jump": int(self.time % 3 == 0)}
        return action | ({"equip": "snowball"} if self.time == 5 and self.era == 2021 else {})


@pytest.fixture
def tape(monkeypatch, demos):
    """Put the tape in the world's place; its list tells which seeds were played."""
    played = []

    def make(task, era, max_steps, resolution=None, distance="real"):
        era_of.append(era)
        return Tape(demos, task, era, max_steps)

    def make_player(task, seed):
        played.append(seed)
        return Metronome(era_of[-1])

    era_of = []
    monkeypatch.setattr(basalt_iq.world, "make", make)
    monkeypatch.setattr(basalt_iq.world.players, "make_player", make_player)
    return played


def read_all(root, demos):
    found = []
    for source in find_sources(root)[0]:
        frames = []
        steps = source.read(64, frames.append)
        found.append((steps, [demos.number(frame) for frame in frames]))
    return found


@pytest.mark.parametrize("era", [2021, 2022])
def test_what_was_played_is_what_is_read(tmp_path, demos, tape, era):
    outcomes = record(Recipe(tmp_path, "FindCave", era), 2, 4, workers=1)
    assert [(one.seed, one.steps, one.success) for one in outcomes] == [(4, 20, True), (5, 20, True)]
    assert (tmp_path / "VERSION").read_text() == "4"
    for steps, frames in read_all(tmp_path, demos):
        assert frames == list(range(21))
        assert steps.camera[:, 1].tolist() == pytest.approx([(t + 1) / 7 for t in range(20)])
        assert steps.buttons[:, steps.button_names.index("jump")].tolist() == [t % 3 == 2 for t in range(20)]
        asked = [steps.equip_values[i] for i in steps.equip]
        assert asked == ["none"] * 4 + ["snowball" if era == 2021 else "none"] + ["none"] * 15
        assert steps.inventory.tolist() == [[t] * len(steps.items) for t in range(21)]
        assert steps.meta["player"] == "Metronome"
        assert steps.meta["seed"] in (4, 5)


def test_names_are_those_of_the_real_sets_and_follow_from_the_seed(tmp_path, tape):
    for part in ("one", "two"):
        record(Recipe(tmp_path / part, "FindCave"), 1, 7, workers=1)
        record(Recipe(tmp_path / part, "FindCave", 2022), 1, 7, workers=1)
    one, two = (sorted(p.name for p in (tmp_path / part).glob("*/*")) for part in ("one", "two"))
    assert one == two
    assert any(re.fullmatch(r"v4_[a-z]+_[a-z]+_[a-z]+-7_0-20", name) for name in one)
    assert any(
        re.fullmatch(r"[a-z]+-[a-z]+-[a-z]+-000000000007-20220701-000000\.jsonl", name) for name in one
    )


def test_only_missing_seeds_are_played(tmp_path, tape):
    recipe = Recipe(tmp_path, "FindCave")
    first = record(recipe, 2, 1, workers=1)
    assert record(recipe, 3, 1, workers=1)[:2] == first
    assert tape == [1, 2, 3]


@pytest.mark.parametrize("era", [2021, 2022])
def test_only_successful_goes_on_to_further_seeds(tmp_path, tape, era):
    recipe = Recipe(tmp_path, "FindCave", era, only_successful=True)
    outcomes = record(recipe, 4, 3, workers=1)
    assert [(one.seed, one.kept) for one in outcomes] == [
        (3, False),
        (4, True),
        (5, True),
        (6, False),
        (7, True),
        (8, True),
    ]
    assert len(find_sources(tmp_path)[0]) == 4
    assert record(recipe, 4, 3, workers=1) == outcomes
    assert len(tape) == 6


def test_failures_are_kept_and_marked_by_default(tmp_path, tape):
    (outcome,) = record(Recipe(tmp_path, "FindCave"), 1, 3, workers=1)
    assert (outcome.success, outcome.kept) == (False, True)
    (meta,) = (json.loads(file.read_text()) for file in tmp_path.glob(f"*/*/{META}"))
    assert (meta["success"], meta["score"], meta["reasons"]) == (False, 0.0, ["because"])


def test_a_long_2022_episode_is_cut_into_chunks(tmp_path, demos, tape, monkeypatch):
    assert CHUNK_TICKS == 6000
    monkeypatch.setattr("basalt_iq.data.era2022.CHUNK_TICKS", 8)
    record(Recipe(tmp_path, "FindCave", 2022), 1, 1, workers=1)
    assert len(list(tmp_path.glob("*/*.mp4"))) == 3
    ((steps, frames),) = read_all(tmp_path, demos)
    assert frames == list(range(21))
    assert steps.length == 20


def test_a_broken_world_leaves_nothing_and_says_so(tmp_path, tape, monkeypatch):
    monkeypatch.setattr(
        Tape, "step", lambda self, action: (self._see(), 0.0, True, False, {"error": "socket"})
    )
    with pytest.raises(UserError, match=r"broke at seed 1 \(socket\); run again"):
        record(Recipe(tmp_path, "FindCave"), 1, 1, workers=1)
    assert not list(tmp_path.glob(f"*/*/{VIDEO}"))
    assert not list((tmp_path / ".partial").iterdir())


def test_an_unknown_task_or_era_is_refused(tmp_path):
    with pytest.raises(UserError, match="unknown task"):
        Recipe(tmp_path, "Fly")
    with pytest.raises(UserError, match="has no era 2020"):
        Recipe(tmp_path, "FindCave", 2020)


@pytest.mark.slow
def test_the_stand_in_world_is_recorded(tmp_path):
    """The real thing, cut short."""
    recipe = Recipe(tmp_path, "FindCave", max_steps=40)
    outcomes = record(recipe, 2, 11, workers=1)
    assert [one.steps for one in outcomes] == [40, 40]
    sources, findings, *_ = find_sources(tmp_path)
    assert not findings
    for source in sources:
        frames = []
        assert source.read(64, frames.append).length == 40
        assert len({frame.mean() for frame in frames}) > 20


def content(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("era", [2021, 2022])
def test_two_recordings_are_the_same_to_the_last_byte(tmp_path, tape, era):
    for part in ("one", "two"):
        record(Recipe(tmp_path / part, "FindCave", era), 2, 4, workers=1)
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    assert one == two
    assert sum(name.endswith(".mp4") for name in one) == 2


@pytest.mark.parametrize("era", [2021, 2022])
def test_what_differs_has_another_name(tmp_path, tape, era):
    """Another limit, and every person; each is found again under its own name."""
    recipes = [Recipe(tmp_path, "FindCave", era, max_steps=limit) for limit in (None, 10, 12)]
    recipes += [replace(recipes[0], who=person_of(tmp_path / who)) for who in ("alice", "bob")]
    for recipe in recipes:
        record(recipe, 1, 4, workers=1)
        record(recipe, 1, 4, workers=1)
    assert len(tape) == len(recipes)
    assert len(find_sources(tmp_path).sources) == len(recipes)
    assert person_of(tmp_path / "alice") == recipes[3].who
    if era == 2021:
        assert all(re.fullmatch(r"v4_[a-z]+_[a-z]+_[a-z]+-\d+_0-\d+", p.name) for p in tmp_path.glob("M*/*"))


def test_a_full_disk_is_one_line_and_leaves_nothing_half(tmp_path, tape, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(era2021, "write_sums", full)
        with pytest.raises(UserError, match=r"cannot write \(No space left on device\); make room"):
            record(Recipe(tmp_path, "FindCave"), 1, 1, workers=1)
    assert not list(tmp_path.glob("*/*"))
    assert record(Recipe(tmp_path, "FindCave"), 1, 1, workers=1)[0].kept


def test_a_recordings_word_is_not_taken_for_granted(tmp_path, tape):
    record(Recipe(tmp_path, "FindCave"), 1, 1, workers=1)
    (meta,) = tmp_path.glob(f"*/*/{META}")
    for text in ("[]", "{", '{"steps": "x", "success": true, "score": 1}', "[" * 100_000):
        meta.write_text(text)
        with pytest.raises(UserError, match=r"metadata.json: .*; restore it"):
            record(Recipe(tmp_path, "FindCave"), 1, 1, workers=1)

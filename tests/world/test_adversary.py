"""The adversary's own bookkeeping: what is kept, what is played again, and from where."""

import sys
from pathlib import Path

import numpy as np
import pytest

from basalt_iq.contract import find_task

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import adversary
import blind_scripts
from policy_rows import Job, Row, Table, hold_out


class Here:
    """A pool of one: this process."""

    imap = staticmethod(map)


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    played: list[tuple[str, int]] = []

    def play(job: Job) -> list[bool]:
        rows, seed = job
        played.extend((row.policy, seed) for row in rows)
        return [seed % 2 == 0 for _ in rows]

    path = tmp_path / "rows.json"
    table = Table(path)
    hold_out(Here(), table, [Row("FindCave", "a", first=10)], 2, play)
    later = Table(path)
    kept = later.find("FindCave", "a")
    assert kept is not None
    assert (kept.tried, kept.won) == (2, (10,))
    hold_out(Here(), later, [kept, Row("FindCave", "b", first=10)], 3, play)
    assert played == [("a", 10), ("a", 11), ("b", 10), ("b", 11), ("a", 12), ("b", 12)]
    found = Table(path).find("FindCave", "b")
    assert found is not None
    assert (found.tried, found.won) == (3, (10, 12))
    assert Table(path, again=["FindCave"]).find("FindCave", "a") is None


def test_the_best_moment_is_the_one_that_wins_most_then_scores_most() -> None:
    episodes = [[(False, 0.9), (True, 0.5), (True, 0.6)], [(False, 0.9), (True, 0.5)]]
    assert adversary._best(episodes, every=10) == (1.0, 0.5, 20)


@pytest.mark.parametrize("task", blind_scripts.FIXED)
def test_scripts_hold_what_the_task_gives(task: str) -> None:
    rng = np.random.default_rng(0)
    drawn = [blind_scripts.changed(blind_scripts.DRAWN[task](rng), rng) for _ in range(20)]
    for script in [*blind_scripts.FIXED[task]().values(), *drawn]:
        held = {action["equip"] for _, action in script if "equip" in action}
        assert held <= set(find_task(task).start[2021])
        assert all(ticks >= 0 for ticks, _ in script)


def test_every_script_begins_in_the_same_world() -> None:
    env, start = adversary.begun("MakeWaterfall", 3)
    script = blind_scripts.waterfall_scripts()["climb, pillar, pour, walk off, turn"]

    def after() -> tuple[bytes, bytes, bytes, int]:
        start.again()
        for action in adversary.actions(script):
            env.simulation.advance(action)
        world = env.world
        return world.blocks.tobytes(), world.light.tobytes(), env.body.tobytes(), len(world.placed)

    assert after() == after()

"""Hands that move as in the one real action file: distances between distributions of actions."""

from pathlib import Path

import numpy as np
import pytest

from basalt_iq.world import make
from basalt_iq.world.players import make_player
from basalt_iq.world.players.manner import REAL, Manner, apart, lengths, manner
from basalt_iq.world.players.motor import Fingers

REAL_FILE = Path(__file__).parents[3] / "shared/real_demos/basalt2022_actions/buildhouse.jsonl"
KEYS = ("attack", "back", "forward", "jump", "left", "right", "sneak", "sprint", "use")


def played(task: str, seeds: tuple[int, ...], ticks: int = 4000) -> Manner:
    """The manner of a task's players over some episodes, long enough to hold what they came to do."""
    actions = []
    env = make(task)
    env.draws = False
    for seed in seeds:
        player = make_player(task, seed)
        env.reset(seed=seed)
        player.reset(env)
        for _ in range(ticks):
            actions.append(player.act())
            if player.done or env.step(actions[-1])[2]:
                break
    camera = np.array([action.get("camera", (0.0, 0.0)) for action in actions])
    return manner(camera, {key: np.array([action.get(key, 0) for action in actions]) for key in KEYS})


def test_statistics_by_hand() -> None:
    camera = np.array([[0, 0], [0, 2], [0, 2], [0, 20], [1, 0], [0, 0], [0, 0], [0, 0]], float)
    found = manner(camera, {"use": [0, 0, 0, 0, 0, 1, 1, 0]})
    assert found.turning == 3 / 8
    assert found.wide == 1 / 8
    assert found.null == 2 / 8
    assert found.turns[0] == 2
    assert found.uses[0] == 2
    assert lengths(np.array([1, 1, 0, 1])).tolist() == [2, 1]
    assert apart((1.0, 2.0), (1.5, 3.5)) == 1.0


@pytest.mark.parametrize("task", ["MakeWaterfall", "CreateVillageAnimalPen"])
def test_players_move_the_mouse_as_people_do(task: str) -> None:
    ours = played(task, (20001, 20002, 20003))
    assert apart(ours.turns, REAL.turns) < 2.5  # degrees; steady turns of 8 a tick were 4 off
    assert np.abs(np.subtract(ours.carried, REAL.carried)).max() < 0.12
    assert abs(ours.turning - REAL.turning) < 0.15
    assert 0.03 < ours.wide < 0.15
    assert abs(ours.null - REAL.null) < 0.12
    assert apart(ours.uses, REAL.uses) < 0.5


def test_keys_are_held_for_some_ticks() -> None:
    fingers = Fingers(np.random.default_rng(0))
    held = [
        bool(fingers.hold({"forward": 1} if tick % 12 == 0 else {}).get("forward")) for tick in range(240)
    ]
    assert lengths(np.array(held)).min() >= 3
    assert fingers.hold({"back": 1}) == {"back": 1}


def test_the_table_is_that_of_the_real_file() -> None:
    if not REAL_FILE.exists():
        pytest.skip("the real action file is not here")
    from basalt_iq.contract import BUTTONS
    from basalt_iq.data.actions2022 import read_actions

    actions = read_actions(REAL_FILE)
    outside = ~actions.gui
    keys = {name: actions.buttons[outside, i] for i, name in enumerate(BUTTONS[2022])}
    real = manner(actions.camera[outside], keys)
    assert apart(real.turns, REAL.turns) < 0.05
    assert real.null == pytest.approx(REAL.null, abs=0.01)
    assert real.attack == pytest.approx(REAL.attack, abs=0.01)

"""The scripted players in their worlds."""

import numpy as np
import pytest

from basalt_iq.contract import BUTTONS
from basalt_iq.errors import UserError
from basalt_iq.world import make
from basalt_iq.world.players import PLAYERS, make_player
from basalt_iq.world.players.manner import lengths

WORLDS = {task: make(task, distance="near") for task in PLAYERS}
TASKS = pytest.mark.parametrize("task", PLAYERS)
EXPLORERS = pytest.mark.parametrize("task", ["FindCave", "MakeWaterfall"])
BUILDERS = pytest.mark.parametrize("task", ["CreateVillageAnimalPen", "BuildVillageHouse"])


def play(task, seed, longest=3700):
    """(actions, info) of an episode, to its end."""
    env, player, actions = WORLDS[task], make_player(task, seed), []
    env.reset(seed=seed)
    env.draws = False
    player.reset(env)
    info, over = {}, False
    while not over and len(actions) < longest:
        actions.append(player.act())
        _, _, terminated, truncated, info = env.step(actions[-1])
        over = terminated or truncated
    return actions, info


@EXPLORERS
def test_it_plays_like_a_person_and_succeeds(task):
    successes = []
    for seed in (0, 2, 3):
        actions, info = play(task, seed)
        turns = np.array([action.get("camera", (0.0, 0.0)) for action in actions])
        assert 0.01 < np.mean(np.abs(turns) > 10) < 0.15
        assert {key for action in actions for key in action} <= {*BUTTONS[2021], "camera", "equip"}
        assert sum(action.get("use", 0) for action in actions) <= 40
        successes.append(info.get("success", False))
    assert sum(successes) >= 2


@pytest.mark.slow
@BUILDERS
def test_it_builds_like_a_person_and_succeeds(task):
    successes = []
    for seed in (0, 1, 4):
        actions, info = play(task, seed, longest=6000)
        turns = np.array([action.get("camera", (0.0, 0.0)) for action in actions])
        assert 0.01 < np.mean(np.abs(turns) > 10) < 0.15
        assert {key for action in actions for key in action} <= {*BUTTONS[2021], "camera", "equip"}
        placed = len(WORLDS[task].world.placed)
        used = len(lengths(np.array([action.get("use", 0) for action in actions])))
        assert placed - 2 <= used <= 1.5 * placed + 20  # a door is two blocks; some presses miss
        assert not WORLDS[task].hands.harmed
        successes.append(info.get("success", False))
    assert sum(successes) >= 2


@TASKS
def test_a_seed_repeats_and_seeds_differ(task):
    def start(seed):
        env, player = WORLDS[task], make_player(task, seed)
        env.reset(seed=5)
        player.reset(env)
        actions = []
        for _ in range(60):
            actions.append(player.act())
            env.step(actions[-1])
        return repr(actions)

    assert start(1) == start(1)
    assert start(1) != start(2)


def test_after_the_script_it_does_nothing():
    env, player = WORLDS["FindCave"], make_player("FindCave", 0)
    env.reset(seed=0)
    player.reset(env)
    player._script = iter(())
    assert player.act() == {}
    assert player.done
    player.reset(env)
    assert not player.done


def test_a_cave_out_of_view_is_not_known():
    env, player = WORLDS["FindCave"], make_player("FindCave", 0)
    env.reset(seed=0)
    player.reset(env)
    for _ in range(200):
        env.step(player.act())
        hidden = player.dim & ~player.seen[:, None, :]
        assert not hidden.any()
        if player.done:
            break


def test_land_not_seen_draws_a_player_away_from_the_edge():
    env, player = WORLDS["FindCave"], make_player("FindCave", 0)
    env.reset(seed=0)
    player.reset(env)
    player.act()
    player.seen[:], player.known[:] = False, False
    promise = player.promise()
    assert promise[88, 88] > promise[20, 88] > promise[4, 88]  # no cave opens within 30 blocks of the edge


def test_darkness_seen_through_a_hole_is_not_a_cave_around_oneself():
    env, player = WORLDS["FindCave"], make_player("FindCave", 0)
    env.reset(seed=0)
    player.reset(env)
    player.act()
    x, y, z = (int(v) for v in player.eye)
    env.world.light[x - 9 : x + 10, y - 9 : y + 10, z - 9 : z + 10] = 7 << 4
    player.dim[:] = False
    player.dim[x + 6 : x + 9, y, z - 5 : z + 6] = True  # 33 dark cells, six to eight blocks away
    assert player.inside(7, 9)
    assert not player.inside(7, 5)
    player.dim[x + 1 : x + 4, y, z - 4 : z + 4] = True
    assert player.inside(7, 5)


def play_out(env, player, most):
    """To the episode's end: the keys of all actions, and the last info."""
    over, used = False, set()
    while not over and env.steps < most:
        action = player.act()
        used |= set(action)
        _, _, terminated, truncated, info = env.step(action)
        over = terminated or truncated
    return used, info


@pytest.mark.slow
def test_the_same_player_plays_2022_with_its_own_keys():
    env, player = make("FindCave", era=2022, distance="near"), make_player("FindCave", 0)
    env.draws = False
    env.reset(seed=0)
    player.reset(env)
    used, info = play_out(env, player, env.max_steps)
    assert used <= {*BUTTONS[2022], "camera"}
    assert "ESC" in used
    assert info["success"]


@BUILDERS
def test_the_builders_play_2022_too(task):
    env, player = make(task, era=2022, distance="near"), make_player(task, 5)
    env.draws = False
    env.reset(seed=5)
    player.reset(env)
    used, info = play_out(env, player, 4000)
    assert used <= {*BUTTONS[2022], "camera"}
    assert info["success"], info["reasons"]


def test_unknown_tasks_are_answered_with_the_choices():
    with pytest.raises(UserError, match="choose from"):
        make_player("FindCaves", 0)

"""The environment keeps MineRL's contract, whatever the task, and is the same in every process."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from basalt_iq import contract
from basalt_iq.errors import UserError
from basalt_iq.world import make

WALK = """
import hashlib, numpy as np
from basalt_iq.world import make
env = make("FindCave")
digest = hashlib.sha256(env.reset(seed=7)[0]["pov"].tobytes())
rng = np.random.default_rng(0)
for _ in range(60):
    action = {"forward": 1, "jump": int(rng.random() < 0.3), "attack": int(rng.random() < 0.5),
              "camera": rng.normal(0, 8, 2).astype(np.float32)}
    digest.update(env.step(action)[0]["pov"].tobytes())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def cave():
    return make("FindCave")


def still(action):
    """The action without what could end the episode."""
    return {name: 0 if name in ("ESC", "use") else value for name, value in action.items()}


@pytest.mark.parametrize("name", [*contract.TASKS, "MineRLBasaltCreatePlainsAnimalPen-v0"])
@pytest.mark.parametrize("era", [2021, 2022])
def test_observations_and_start_of_every_task(name: str, era: int) -> None:
    task = contract.find_task(name)
    if era not in task.start:
        pytest.skip("2021 only")
    env = make(name, era=era)
    obs, info = env.reset(seed=1)
    assert info == {}
    assert env.observation_space.contains(obs)
    assert obs["pov"].flags.c_contiguous
    if era == 2021:
        held = {item: int(n) for item, n in obs["inventory"].items() if n}
        assert held == dict(task.start[2021])
        assert obs["equipped_items"]["mainhand"]["type"] == next(iter(task.start[2021]))
    for _ in range(3):
        obs, reward, terminated, truncated, info = env.step(still(env.action_space.sample()))
        assert env.observation_space.contains(obs)
        assert reward == 0.0
        assert not terminated
        assert not truncated


def test_throw_ends_on_the_twelfth_step(cave) -> None:
    cave.reset(seed=1)
    obs, *_ = cave.step({"use": 1})
    assert obs["inventory"]["snowball"] == 0
    assert obs["equipped_items"]["mainhand"]["type"] == "air"
    ends = [cave.step({}) for _ in range(11)]
    assert [end[2] for end in ends] == [False] * 10 + [True]
    assert [end[4] for end in ends[:-1]] == [{}] * 10
    assert ends[-1][4]["success"] is False
    assert 0 <= ends[-1][4]["score"] < 1
    with pytest.raises(RuntimeError, match="reset"):
        cave.step({})


def test_time_limit_truncates() -> None:
    env = make("FindCave", max_steps=3)
    env.reset(seed=1)
    assert [env.step({})[3] for _ in range(3)] == [False, False, True]


def test_throw_inside_a_cave_succeeds_and_progress_leads_there(cave) -> None:
    cave.reset(seed=9)
    assert cave.progress() < 0.1
    x, y, z = np.argwhere(cave.world.walk == 0)[200]
    cave.body[:3] = x + 0.5, y, z + 0.5
    for _ in range(6):
        cave.step({})
    assert cave.progress() == pytest.approx(0.9)
    cave.step({"use": 1})
    info = [cave.step({}) for _ in range(11)][-1][4]
    assert info["success"] is True
    assert info["score"] == 1.0
    assert cave.progress() == 1.0


def test_observations_are_copies(cave) -> None:
    first = cave.reset(seed=2)[0]
    kept = first["pov"].copy()
    cave.step({"camera": np.array([0, 40], np.float32)})
    assert (first["pov"] == kept).all()


def test_same_seed_same_frames_in_two_processes() -> None:
    """Bit for bit, in fresh interpreters with different hash seeds."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", WALK],
            capture_output=True,
            text=True,
            check=True,
            env={**_env(), "PYTHONHASHSEED": s},
        ).stdout
        for s in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == hashlib.sha256().digest_size * 2


def _env() -> dict[str, str]:
    import os

    return dict(os.environ)


def test_seed_holds_for_one_reset(cave) -> None:
    a = cave.reset(seed=3)[0]["pov"].copy()
    b = cave.reset()[0]["pov"].copy()
    assert (cave.reset(seed=3)[0]["pov"] == a).all()
    assert not (a == b).all()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [(("FindTheCave",), "FindCave"), (("FindCave", 2023), "era"), (("FindCave", 2021, 0), "max_steps")],
)
def test_bad_requests_are_named(arguments: tuple, match: str) -> None:
    with pytest.raises(UserError, match=match):
        make(*arguments)


def test_high_resolution_shrinks_to_the_small_view() -> None:
    cv2 = pytest.importorskip("cv2")
    small = make("FindCave").reset(seed=4)[0]["pov"]
    large = make("MineRLBasaltFindCaveHighRes-v0").reset(seed=4)[0]["pov"]
    assert large.shape == (1024, 1024, 3)
    shrunk = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(int) - small).mean() < 20


def test_2022_keys_and_inventory_screen() -> None:
    env = make("MakeWaterfall", era=2022)
    start = env.reset(seed=1)[0]["pov"]
    assert start.shape == (360, 640, 3)
    env.step({"hotbar.2": 1})
    assert env.inventory.held == "cobblestone"
    at = env.body[:3].copy()
    env.step({"inventory": 1})
    env.step({"inventory": 1, "forward": 1})  # held: the screen stays, and keys don't move the body
    assert env.simulation.gui.is_open
    for _ in range(5):
        env.step({"forward": 1})
    assert np.abs(env.body[[0, 2]] - at[[0, 2]]).max() < 1e-6
    env.step({"inventory": 1})
    assert not env.simulation.gui.is_open
    *_, terminated, _, info = env.step({"ESC": 1})
    assert terminated
    assert info["success"] is False


@pytest.mark.parametrize("resolution", [8, 64, (64, 300)])
def test_2022_screen_on_a_small_picture_shows_its_middle(resolution: int | tuple[int, int]) -> None:
    env = make("FindCave", era=2022, resolution=resolution)
    before = env.reset(seed=1)[0]["pov"]
    assert before.shape[:2] == env.frame_size
    high, wide = env.frame_size
    view = before.copy()
    env.simulation.gui.draw(view)  # the cross inverts what is there: a second one takes it away
    assert (view[high // 2, wide // 2 + 1] == 255 - before[high // 2, wide // 2 + 1]).all()
    shown = env.step({"inventory": 1})[0]["pov"]
    assert env.simulation.gui.is_open
    assert not (shown == before).all()
    while env.simulation.gui.cursor.any():  # up to the corner of the screen, beyond the picture
        env.step({"camera": (-180.0, -180.0)})
    assert env.step({"inventory": 0, "attack": 1})[0]["pov"].shape == before.shape


@pytest.mark.parametrize("era", [2021, 2022])
def test_ticks_that_nobody_looks_at_change_nothing_but_the_picture(era: int) -> None:
    seen, blind = (make("MakeWaterfall", era=era, max_steps=22, resolution=64) for _ in range(2))
    blind.draws = False
    assert np.array_equal(seen.reset(seed=5)[0]["pov"], blind.reset(seed=5)[0]["pov"])
    for tick in range(22):
        blind.draws = tick % 4 == 3
        action = {"forward": 1, "jump": tick % 5 == 0, "camera": (1.0, 7.0), "attack": 1}
        told, *rest = seen.step(action)
        blindly, *others = blind.step(action)
        assert ("pov" in blindly) == (tick % 4 == 3 or tick == 21)
        assert {key: told[key] for key in blindly if key != "pov"} == {
            key: value for key, value in blindly.items() if key != "pov"
        }
        assert np.array_equal(blindly.get("pov", told["pov"]), told["pov"])
        assert rest == others

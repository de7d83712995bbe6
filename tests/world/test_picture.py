"""The picture is MineRL's, held to real recordings where they are at hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from basalt_iq.video import read_video
from basalt_iq.world import make
from basalt_iq.world.blocks import ID, SOLID
from basalt_iq.world.cavities import can_stand
from basalt_iq.world.env import BasaltEnv
from basalt_iq.world.physics import EYE, PITCH, SPRINTING, YAW
from basalt_iq.world.sky import BRIGHTNESS, CLOUD_SHARE, HORIZON, SKY
from tests.world.rotation import field_of_view

REAL = Path(__file__).parents[3] / "shared" / "real_demos" / "basalt2021_video"


def recording(name: str) -> np.ndarray:
    path = REAL / f"{name}.mp4"
    if not path.is_file():
        pytest.skip(f"no real recording {path}")
    return np.stack(list(read_video(path)))


def looking_about(ticks: int = 100) -> np.ndarray:
    """The frames of somebody who stands and looks about."""
    env, rng, yaw = make("MakeWaterfall"), np.random.default_rng(0), 0.0
    frames = [env.reset(seed=1)[0]["pov"]]
    for _ in range(ticks):
        yaw = 0.7 * yaw + rng.normal(0, 5)
        level = -math.degrees(env.body[PITCH]) * 0.1
        frames.append(env.step({"camera": (level + rng.normal(0, 2), yaw)})[0]["pov"])
    return np.stack(frames)


def test_the_field_of_view_is_130_degrees() -> None:
    angle, pairs = field_of_view(looking_about())
    assert pairs > 10
    assert angle == pytest.approx(130, abs=4)


@pytest.mark.slow
def test_the_real_field_of_view_by_the_same_method() -> None:
    angle, pairs = field_of_view(recording("waterfall2"))
    assert pairs > 10
    assert angle == pytest.approx(field_of_view(looking_about())[0], abs=4)


def grass(frames: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean colour of a lawn at the feet, and the mean difference of neighbouring pixels there."""
    lawns = frames[:, 48:].astype(float)
    red, green, blue = np.moveaxis(lawns, -1, 0)
    lawns = lawns[((green > red + 8) & (green > blue + 20)).mean((1, 2)) > 0.95]
    assert len(lawns)
    return lawns.mean((0, 1, 2)), float(np.abs(np.diff(lawns.mean(-1), axis=2)).mean())


def test_a_lawn_in_the_sun_is_as_bright_and_as_rough_as_a_real_one() -> None:
    env = make("CreateVillageAnimalPen")
    frames = []
    for seed in range(1, 4):
        env.reset(seed=seed)
        frames += [env.step({"camera": (0.5, 9.0)})[0]["pov"] for _ in range(40)]
    (ours, roughness), (real, real_roughness) = grass(np.stack(frames)), grass(recording("caves2"))
    assert ours == pytest.approx(real, rel=0.08)
    assert roughness == pytest.approx(real_roughness, rel=0.35)


def test_the_light_of_the_sky_falls_by_minecrafts_curve_at_gamma_2() -> None:
    curve = [1, 1, 1, 1, 1, 1, 1, 1, 0.98, 0.87, 0.75, 0.64, 0.53, 0.42, 0.32, 0.22]
    assert BRIGHTNESS[::16][::-1] == pytest.approx(curve, abs=0.006)
    # by hand, torch light 4: 4/15 / (4 - 3 * 4/15) * 1.5 = 0.125 of red, warm: 0.086 of green, 0.051 of blue
    assert BRIGHTNESS[4] == pytest.approx(np.mean([0.804, 0.648, 0.493]), abs=0.01)


def darkest_way(env: BasaltEnv, cell: np.ndarray) -> float:
    """The yaw, in radians, along which free cells lead from a standing cell to the least light of the sky."""
    found = {}
    for yaw in np.radians(np.arange(0, 360, 30)):
        ahead = np.arange(1, 13)[:, None] * np.array([-math.sin(yaw), 0.0, math.cos(yaw)])
        cells = tuple((cell + np.array([0.5, EYE, 0.5]) + ahead).astype(int).T)
        free = ~np.logical_or.accumulate(SOLID[env.world.blocks[cells]])
        found[(env.world.light[cells] >> 4)[free].min(initial=15)] = yaw
    return found[min(found)]


def just_inside_caves() -> np.ndarray:
    """What is seen by somebody who has come into the shade of a cave's entrance and looks on into it."""
    env, rng, frames = make("FindCave"), np.random.default_rng(0), []
    for seed in range(1, 6):
        env.reset(seed=seed)
        shade = (env.world.caves > 0) & (env.world.light >> 4 >= 9) & (env.world.light >> 4 <= 11)
        heads = [head for head in np.argwhere(shade) if can_stand(env.world.blocks, *(head - [0, 1, 0]))]
        for head in rng.permutation(heads)[:6]:
            env.body[:] = 0.0
            env.body[:3] = head + np.array([0.5, -1.0, 0.5])
            env.body[YAW], env.body[PITCH] = darkest_way(env, head - [0, 1, 0]), math.radians(5)
            frames.append(env.render())
    return np.stack(frames)


def test_the_entrance_of_a_cave_is_as_bright_as_where_people_throw() -> None:
    """Both real demonstrations end some seconds after the entrance: the last 29 and 45 frames are inside."""
    real = np.concatenate([recording("caves1")[330:], recording("caves2")[1000:]]).mean(-1)
    ours = just_inside_caves().mean(-1)
    assert ours.mean() == pytest.approx(real.mean(), rel=0.15)
    assert (ours < 50).mean() == pytest.approx((real < 50).mean(), abs=0.12)


def above_the_land(pitch: float, **options: object) -> np.ndarray:
    """What is seen from a tower under the open sky."""
    env = make("FindCave", **options)  # type: ignore[arg-type]
    env.reset(seed=1)
    for y in range(60, 66):
        env.world.put(88, y, 88, ID["stone"])
    env.body[:] = 0.0
    env.body[:3], env.body[PITCH] = (88.5, 66.0, 88.5), math.radians(pitch)
    return env.render().astype(float)


def test_the_sky_is_blue_overhead_and_has_the_fogs_colour_at_the_horizon() -> None:
    up = above_the_land(-90.0)[32, 32]
    clear = 1 - 16 / 64  # Minecraft's sky hangs 16 blocks up, in a fog that ends at 64
    blue = np.array(HORIZON) + (np.array(SKY) - HORIZON) * clear
    cloud = blue + CLOUD_SHARE * (255 - blue)
    assert np.abs(up - blue).max() < 2 or ((blue - 2 <= up).all() and (up <= cloud + 2).all())
    assert np.abs(above_the_land(-4.0)[32] - HORIZON).max() < 2


def test_beyond_four_chunks_there_is_only_fog() -> None:
    env = make("FindCave")
    env.reset(seed=1)
    env.world.blocks[:] = 0
    for distance, seen in ((45, True), (66, False)):
        env.body[:] = 0.0
        env.body[:3] = 20.5, 30.0, 20.5  # looks along z
        for y in range(25, 40):
            for x in range(10, 32):
                env.world.put(x, y, 20 + distance, ID["stone"])
        assert (np.ptp(env.render()[32, 32].astype(int)) < 10) == seen  # grey
        for y in range(25, 40):
            for x in range(10, 32):
                env.world.put(x, y, 20 + distance, 0)


def test_a_sprint_widens_the_view_and_water_narrows_it() -> None:
    env = make("FindCave")
    env.reset(seed=1)
    sim = env.simulation
    assert sim.half_view == pytest.approx(math.tan(math.radians(65)))
    for _ in range(3):
        sim.avatar.body[SPRINTING] = 1.0
        sim.avatar.feel_pace()
    assert sim.avatar.widening == pytest.approx(1 + 0.15 * (1 - 0.5**3))
    sim.avatar.widening = 1.0
    x, y, z = (int(c) for c in sim.eye)
    env.world.put(x, y, z, ID["water"])
    env.world.put(x, y + 1, z, ID["water"])
    assert sim.in_water
    assert sim.half_view == pytest.approx(math.tan(math.radians(65 * 60 / 70)))


def test_leaves_hide_what_is_behind_them() -> None:
    env = make("FindCave")
    env.reset(seed=1)
    env.world.blocks[:] = 0
    for x in range(70, 107):
        for y in range(20, 60):
            env.world.put(x, y, 92, ID["oak_leaves"])
    env.body[:] = 0.0
    env.body[:3] = 88.5, 40.0, 88.5
    middle = env.render()[24:40, 24:40].astype(int)
    assert (middle[..., 2] < 100).all()  # no sky

"""A seed's land from above."""

import numpy as np
import pytest

from basalt_iq import world
from basalt_iq.world import terrain
from basalt_iq.world.overview import overview


@pytest.mark.parametrize("task", ["FindCave", "CreateVillageAnimalPen"])
def test_it_is_the_land_that_is_played_in(task):
    picture, start = overview(task, 5, "near")
    env = world.make(task, distance="near", resolution=16)
    env.reset(seed=5)
    assert np.abs(np.array(start) - env.body[:3])[[0, 2]].max() < 0.6
    assert picture.shape == (terrain.SIZE[2], terrain.SIZE[0], 3)
    water = env.world.blocks[:, terrain.SEA] == terrain.WATER
    alone = water & (env.world.blocks[:, terrain.SEA + 1 :] == terrain.AIR).all(1)
    red, _, blue = (picture[..., channel].T.astype(int) for channel in range(3))
    assert (blue > red)[alone].mean() > 0.99  # the sea is blue,
    assert (blue > red)[env.world.surface > terrain.SEA + 1].mean() < 0.1  # the land is not
    assert (picture == overview(task, 5, "near")[0]).all()

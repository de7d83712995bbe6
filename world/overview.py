"""A seed's land from above, as it is before anybody has played in it: for maps that people read."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np

from basalt_iq.contract import find_task
from basalt_iq.world.blocks import BLOCKS, BOXES, CUBE, CUTOUT, FACE_TEXTURES, KIND, WATER_KIND
from basalt_iq.world.maps import Distance
from basalt_iq.world.state import World
from basalt_iq.world.surfaces import ATLAS
from basalt_iq.world.tasks import make_rules

SEEN: Final = np.isin(KIND, (CUBE, CUTOUT, BOXES, WATER_KIND))
"""(blocks,) bool: what covers a column; flowers and grass do not."""
SLOPE: Final = 0.09
"""Share of brightness that a block of rise to the north-west's lower side gives."""


def overview(task: str, seed: int, distance: Distance) -> tuple[np.ndarray, tuple[float, float, float]]:
    """(Z, X, 3) uint8, a pixel a column, north up as x grows to the right; and where the player starts.

    Raises UserError for a task without land.
    """
    world = _world()
    start = make_rules(find_task(task).name).build(world, seed, distance)
    covers = SEEN[world.blocks]
    top = covers.shape[1] - 1 - covers[:, ::-1].argmax(1)
    x, z = np.indices(top.shape)
    colours = _colours()[world.blocks[x, top, z]] * _light(top)[..., None]
    x0, y0, z0 = (float(c) for c in start)
    return colours.clip(0, 255).astype(np.uint8).transpose(1, 0, 2), (x0 + 0.5, y0, z0 + 0.5)


def _light(top: np.ndarray) -> np.ndarray:
    """(X, Z) brightness of ground of these heights, with the sun in the north-west."""
    behind = np.pad(top, 1, mode="edge")[:-2, :-2]
    return 1 + SLOPE * np.clip(top - behind, -4, 4)


@functools.cache
def _world() -> World:
    return World()  # its arrays take a while to make


@functools.cache
def _colours() -> np.ndarray:
    """(blocks, 3): the mean colour of each block's top."""
    texels = ATLAS.reshape(-1, 256, 4).astype(np.float64)
    solid = texels[..., 3:] > 0
    mean = (texels[..., :3] * solid).sum(1) / np.maximum(solid.sum(1), 1)
    return mean[FACE_TEXTURES[: len(BLOCKS), 0]]

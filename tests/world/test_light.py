"""Light: by hand in a small world, and mended after edits as if made anew."""

import numpy as np
import pytest

from basalt_iq.world import light as lighting
from basalt_iq.world.blocks import ID


def lit(blocks: np.ndarray) -> np.ndarray:
    light = np.zeros_like(blocks)
    lighting.light_world(blocks, light, np.empty(lighting.QUEUE, np.int64))
    return light


@pytest.fixture
def room() -> np.ndarray:
    """A slab of stone over the middle of an open field."""
    blocks = np.zeros((24, 12, 24), np.uint8)
    blocks[:, 0, :] = ID["stone"]
    blocks[4:20, 6, 4:20] = ID["stone"]
    return blocks


def test_sky_falls_off_by_one_a_block_under_a_roof(room: np.ndarray) -> None:
    sky = lit(room) >> 4
    assert sky[2, 3, 12] == 15
    assert [int(sky[x, 3, 12]) for x in range(3, 9)] == [15, 14, 13, 12, 11, 10]
    assert sky[12, 6, 12] == 0  # stone holds no light


def test_torch_lights_its_surroundings(room: np.ndarray) -> None:
    room[12, 1, 12] = ID["torch"]
    torch = lit(room) & 15
    assert torch[12, 1, 12] == 14
    assert torch[12, 1, 15] == 11
    assert torch[14, 3, 12] == 10


def test_light_mended_after_edits_equals_light_made_anew(room: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    light = lit(room)
    queue, seeds = np.empty(lighting.QUEUE, np.int64), np.empty(lighting.QUEUE, np.int64)
    palette = [ID[n] for n in ("air", "air", "stone", "oak_leaves", "torch", "water", "glass", "lantern")]
    for _ in range(150):
        x, y, z = rng.integers(1, (23, 11, 23))
        lighting.set_block(room, light, x, y, z, palette[rng.integers(len(palette))], queue, seeds)
    np.testing.assert_array_equal(light, lit(room))

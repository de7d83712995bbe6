# ruff: noqa: SIM110 (numba compiles loops, not generators)
"""The land: heights, rock and soil, water with sandy shores, trees and plants. An island in a sea."""

from typing import Final

from numba import njit

from basalt_iq.jit import JIT
from basalt_iq.world.blocks import AIR, ID, KIND, WATER
from basalt_iq.world.noise import hash3, noise2, smoothstep

SIZE: Final = (176, 72, 176)
"""Blocks along x, y (up) and z."""
SEA: Final = 26
"""Height of the topmost water block."""
PLAINS, MOUNTAINS, LEVEL = range(3)
"""Kinds of land. MineRL makes FindCave in plains and MakeWaterfall in extreme hills."""

BEDROCK, STONE, DIRT, GRASS, SAND, GRAVEL = (
    ID[n] for n in ("bedrock", "stone", "dirt", "grass", "sand", "gravel")
)
GRANITE, DIORITE, ANDESITE, COAL, IRON = (
    ID[n] for n in ("granite", "diorite", "andesite", "coal_ore", "iron_ore")
)
TALL_GRASS, FERN, POPPY, DANDELION = (ID[n] for n in ("tall_grass", "fern", "poppy", "dandelion"))
OAK, BIRCH, SPRUCE = ID["oak_log"], ID["birch_log"], ID["spruce_log"]  # their leaves are the next ids
PLANT: Final = 5
BARE: Final = 0.25
"""The less, the more of the mountains is bare rock."""


@njit(**JIT)
def _height(x, z, size_x, size_z, seed, style):
    """Ground height of a column, before rounding."""
    if style == MOUNTAINS:
        h = _mountains(x, z, seed)
    elif style == PLAINS:
        h = _plains(x, z, seed)
    else:
        h = _level_land(x, z, seed)
    edge = min(min(x, z), min(size_x - 1 - x, size_z - 1 - z))
    shore = smoothstep(4.0, 16.0, edge + 5.0 * noise2(x / 17.0, z / 17.0, seed + 6))
    return SEA - 9.0 + (h - SEA + 9.0) * shore


@njit(**JIT)
def _plains(x, z, seed):
    """Meadows with ponds, and here and there a bank a few blocks high."""
    h = SEA + 3.6 + 2.2 * noise2(x / 52.0, z / 52.0, seed) + 1.3 * noise2(x / 21.0, z / 21.0, seed + 1)
    h += 0.5 * noise2(x / 8.0, z / 8.0, seed + 2)
    hill = 0.85 * noise2(x / 40.0, z / 40.0, seed + 3) + 0.3 * noise2(x / 15.0, z / 15.0, seed + 4)
    rise = 5.0 + 2.0 * noise2(x / 30.0, z / 30.0, seed + 5)
    return h + rise * smoothstep(0.22, 0.4, hill)


@njit(**JIT)
def _mountains(x, z, seed):
    """Steep mountains in two tiers of cliffs over lakes and shelves."""
    h = SEA + 1.0 + 5.0 * noise2(x / 52.0, z / 52.0, seed) + 2.4 * noise2(x / 19.0, z / 19.0, seed + 1)
    h += 1.0 * noise2(x / 8.0, z / 8.0, seed + 2)
    hill = 0.8 * noise2(x / 38.0, z / 38.0, seed + 3) + 0.35 * noise2(x / 14.0, z / 14.0, seed + 4)
    h += 12.0 * smoothstep(-0.2, -0.02, hill) + 11.0 * smoothstep(0.12, 0.24, hill)
    return h + 8.0 * smoothstep(0.38, 0.48, hill)


@njit(**JIT)
def _level_land(x, z, seed):
    h = SEA + 4.0 + 3.4 * noise2(x / 52.0, z / 52.0, seed) + 2.0 * noise2(x / 21.0, z / 21.0, seed + 1)
    h += 0.6 * noise2(x / 8.0, z / 8.0, seed + 2)
    return max(SEA + 3.5 + 0.35 * (h - SEA - 4.0), SEA + 2.0)


@njit(**JIT)
def _bare(surface, x, z, seed):
    """Whether rock lies open in the mountains: on cliffs, on most of what is high, and in patches below."""
    size_x, size_z = surface.shape
    top = surface[x, z]
    for a, c in ((x - 1, z), (x + 1, z), (x, z - 1), (x, z + 1)):
        if 0 <= a < size_x and 0 <= c < size_z and top - surface[a, c] > 2:
            return True
    patch = 0.7 * noise2(x / 27.0, z / 27.0, seed + 9) + 0.3 * noise2(x / 8.0, z / 8.0, seed + 10)
    return patch + (top - SEA - 3.0) / 12.0 > BARE


@njit(**JIT)
def _rock(lump, vein, x, y, z, seed):
    """Stone, or one of the rocks and ores that lie in it in lumps and veins."""
    if lump < 0.07 and hash3(x, y, z, seed + 31) < 0.8:
        return (GRANITE, DIORITE, ANDESITE, GRAVEL)[int(lump * 57.0)]
    if vein > 0.984 and hash3(x, y, z, seed + 33) < 0.7:
        return COAL if vein < 0.995 else IRON
    return STONE


@njit(**JIT)
def _fill_column(column, top, soil, bare, beach, x, z, seed):
    """Rock, soil and water of one column."""
    lump = vein = 0.0
    for y in range(top + 1):
        if y & 3 == 0:
            lump = hash3(x >> 2, y >> 2, z >> 2, seed + 30)
        if y & 1 == 0:
            vein = hash3(x >> 1, y >> 1, z >> 1, seed + 32)
        if y == 0:
            column[y] = BEDROCK
        elif y <= top - soil or bare:
            column[y] = _rock(lump, vein, x, y, z, seed)
        elif beach:
            column[y] = SAND
        else:
            column[y] = GRASS if y == top else DIRT
    for y in range(top + 1, SEA + 1):
        column[y] = WATER


@njit(**JIT)
def fill_land(blocks, surface, seed, style):
    """Fills rock, soil and water; `surface` (X, Z) receives the height of the topmost ground block."""
    size_x, size_y, size_z = blocks.shape
    for x in range(size_x):
        for z in range(size_z):
            height = _height(x, z, size_x, size_z, seed, style)
            surface[x, z] = int(min(max(height, 3.0), size_y - 14.0))
    for x in range(size_x):
        for z in range(size_z):
            top = surface[x, z]
            beach = top <= SEA + (1 if noise2(x / 14.0, z / 14.0, seed + 7) > -0.2 else 0)
            soil = 3 + int(2.0 * hash3(x >> 2, 0, z >> 2, seed + 8))
            bare = style == MOUNTAINS and _bare(surface, x, z, seed)
            _fill_column(blocks[x, :, z], top, soil, bare, beach, x, z, seed)


@njit(**JIT)
def _leaf(blocks, x, y, z, leaf):
    if 0 <= x < blocks.shape[0] and 0 <= z < blocks.shape[2] and 0 < y < blocks.shape[1]:
        b = blocks[x, y, z]
        if b == AIR or KIND[b] == PLANT:
            blocks[x, y, z] = leaf


@njit(**JIT)
def _crown(blocks, x, y, z, radius, leaf, seed):
    """One layer of leaves whose corners are ragged."""
    for dx in range(-radius, radius + 1):
        for dz in range(-radius, radius + 1):
            corner = abs(dx) == radius and abs(dz) == radius
            if not corner or (radius < 3 and hash3(x + dx, y, z + dz, seed) > 0.6):
                _leaf(blocks, x + dx, y, z + dz, leaf)


@njit(**JIT)
def plant_tree(blocks, x, y, z, log, tall, seed):
    """A tree whose trunk stands at (x, y..y+tall-1, z)."""
    leaf = log + 1
    if log == SPRUCE:
        for layer in range(2, tall + 2):
            below_top = tall + 1 - layer
            _crown(
                blocks,
                x,
                y + layer,
                z,
                min(3, below_top // 2 + (below_top & 1)) if below_top else 0,
                leaf,
                seed,
            )
    else:
        for layer in range(tall - 3, tall + 1):
            _crown(blocks, x, y + layer, z, 2 if layer < tall - 1 else 1, leaf, seed)
        if tall > 6:
            for dx, dz in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                _crown(blocks, x + 2 * dx, y + tall - 2, z + 2 * dz, 1, leaf, seed)
    for dy in range(tall):
        blocks[x, y + dy, z] = log


@njit(**JIT)
def _grow(blocks, x, y, z, seed, woods):
    """What grows on one grassy column, if anything."""
    q = hash3(x, 1, z, seed + 20)
    forest = noise2(x / 33.0, z / 33.0, seed + 21)
    meadow = noise2(x / 12.0, z / 12.0, seed + 22)
    if q > 1.0 - woods * (0.004 + 0.028 * smoothstep(0.05, 0.6, forest)):
        kind = noise2(x / 45.0, z / 45.0, seed + 23) + 0.5 * hash3(x, 2, z, seed) - 0.25
        log = SPRUCE if kind > 0.42 else (BIRCH if kind < -0.38 else OAK)
        tall = 4 + int(3.0 * hash3(x, 3, z, seed)) + (2 if log != OAK or hash3(x, 4, z, seed) > 0.85 else 0)
        if y + tall + 2 < blocks.shape[1]:
            blocks[x, y - 1, z] = DIRT
            plant_tree(blocks, x, y, z, log, tall, seed)
    elif blocks[x, y, z] == AIR:
        if q < 0.16 + 0.14 * meadow:
            blocks[x, y, z] = FERN if hash3(x, 5, z, seed) > 0.9 else TALL_GRASS
        elif q > 0.5 and q < 0.512:
            blocks[x, y, z] = POPPY if meadow > 0 else DANDELION


@njit(**JIT)
def _at_a_mouth(mouths, x, z):
    for i in range(mouths.shape[0]):
        if abs(mouths[i, 0] - x) < 8 and abs(mouths[i, 2] - z) < 8:
            return True
    return False


@njit(**JIT)
def grow_plants(blocks, surface, mouths, seed, woods):
    """Trees and plants on the grass that lies open to the air.

    `woods` scales how many trees; none stand before the mouths (n, 3) of caves.
    """
    for x in range(3, blocks.shape[0] - 3):
        for z in range(3, blocks.shape[2] - 3):
            y = surface[x, z]
            if blocks[x, y, z] == GRASS and (blocks[x, y + 1, z] == AIR or blocks[x, y + 1, z] == OAK + 1):
                _grow(blocks, x, y + 1, z, seed, 0.0 if _at_a_mouth(mouths, x, z) else woods)

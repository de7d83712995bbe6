"""Random land and keys of every kind that motion is judged on, and Minecraft's names of the blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from basalt_iq.world.blocks import BLOCKS, ID, Block

SIZE, HIGH, FLOOR, TICKS = 24, 20, 9, 100
MIDDLE = SIZE // 2
DIRECTIONS = ("south", "west", "north", "east")
Land = np.ndarray
"""(SIZE, HIGH, SIZE) uint8, ids of BLOCKS."""


@dataclass(frozen=True)
class Scene:
    """Land (SIZE, HIGH, SIZE) uint8, and keys (TICKS, 6): forward, left, jump, sneak, sprint, yaw."""

    kind: str
    land: np.ndarray
    keys: np.ndarray

    @property
    def start(self) -> tuple[float, float, float]:
        return MIDDLE + 0.5, FLOOR + 3.0, MIDDLE + 0.5


def _ids(*names: str) -> np.ndarray:
    return np.array([ID[name] for name in names], np.uint8)


def _family(*groups: str) -> np.ndarray:
    return np.array([i for i, b in enumerate(BLOCKS) if b.group in groups], np.uint8)


SOLIDS = _ids("stone", "dirt", "sand", "planks", "hay_block", "snow_block", "glass", "oak_leaves")
STAIRS, GATES, LADDERS = _family("stairs"), _family("gate"), _family("ladder")
LOW = _ids("grass_path", "farmland", "cactus", "flower_pot", "lantern")
THIN = np.concatenate([_ids("fence", "fence", "fence", "glass_pane", "glass_pane", "glass", "stone"), GATES])
PLANTS = _ids("tall_grass", "poppy", "torch", "wooden_pressure_plate", "wheat_crop", "brown_mushroom")
WATERS = _ids("water", *(f"flow_{i}" for i in range(1, 8)), "falling_water", "falling_water")


def _ground(rng: np.random.Generator, heights: tuple[int, ...], blocks: np.ndarray = SOLIDS) -> Land:
    """Columns of random heights on a floor of stone."""
    land = np.zeros((SIZE, HIGH, SIZE), np.uint8)
    land[:, :FLOOR] = ID["stone"]
    high = rng.choice(heights, (SIZE, SIZE))
    for up in range(max(heights)):
        there = high > up
        land[:, FLOOR + up][there] = rng.choice(blocks, int(there.sum()))
    return land


def _tops(land: Land) -> np.ndarray:
    """(SIZE, SIZE) the lowest empty cell of each column."""
    return (land != 0).cumprod(axis=1).sum(axis=1)


def _scatter(rng: np.random.Generator, land: Land, blocks: np.ndarray, share: float, up: int = 1) -> Land:
    """Sets blocks on top of a share of the columns, up to so many on one another."""
    for _ in range(up):
        tops = _tops(land)
        for x, z in np.argwhere(rng.random((SIZE, SIZE)) < share):
            if tops[x, z] < FLOOR + 5:
                land[x, tops[x, z], z] = rng.choice(blocks)
    return land


def _land(rng: np.random.Generator) -> Land:
    return _scatter(rng, _ground(rng, (0, 0, 1, 1, 1, 2)), PLANTS, 0.1)


def _stairs(rng: np.random.Generator) -> Land:
    return _scatter(rng, _ground(rng, (0, 0, 1, 1, 2)), np.concatenate([STAIRS, LOW]), 0.6, 2)


def _fences(rng: np.random.Generator) -> Land:
    return _doors(rng, _scatter(rng, _ground(rng, (0, 0, 0, 1)), THIN, rng.uniform(0.15, 0.6), 2))


def _doors(rng: np.random.Generator, land: Land) -> Land:
    lower = np.array([i for i, b in enumerate(BLOCKS) if b.group == "door" and not b.upper], np.uint8)
    tops = _tops(land)
    for x, z in np.argwhere(rng.random((SIZE, SIZE)) < 0.08):
        door = int(rng.choice(lower))
        land[x, tops[x, z], z] = door
        land[x, tops[x, z] + 1, z] = ID[BLOCKS[door].name.replace("lower", "upper")]
    return land


def _ladders(rng: np.random.Generator) -> Land:
    land = _ground(rng, (0, 0, 0, 2, 4))
    for _ in range(4):
        _scatter(rng, land, LADDERS, 0.25)
    return land


def _tunnels(rng: np.random.Generator) -> Land:
    land = _scatter(rng, _ground(rng, (0, 0, 0, 1)), np.concatenate([STAIRS, LOW]), 0.1)
    tops = _tops(land)
    for x in range(SIZE):
        for z in range(SIZE):
            land[x, tops[x, z] + 2 : HIGH, z] = ID["stone"]
    return land


def _fill(land: Land, block: int, level: int) -> Land:
    part = land[:, FLOOR:level]
    part[part == 0] = block
    return land


def _water(rng: np.random.Generator) -> Land:
    return _fill(_ground(rng, (0, 0, 1, 2, 3, 4)), ID["water"], FLOOR + int(rng.integers(1, 4)))


def _flow(rng: np.random.Generator) -> Land:
    land = _ground(rng, (0, 0, 1, 2, 3))
    for up in range(3):
        layer = land[:, FLOOR + up]
        wet = (layer == 0) & (rng.random(layer.shape) < 0.7)
        layer[wet] = rng.choice(WATERS, int(wet.sum()))
    return land


def _webs(rng: np.random.Generator) -> Land:
    return _scatter(rng, _land(rng), _ids("cobweb"), 0.2, 2)


def _ice(rng: np.random.Generator) -> Land:
    ground = _ground(rng, (0, 0, 0, 1), np.concatenate([_ids("packed_ice"), SOLIDS[:1]]))
    ground[:, FLOOR - 1] = ID["packed_ice"]
    return _scatter(rng, ground, LOW[:2], 0.1)


def _edges(rng: np.random.Generator) -> Land:
    land = _scatter(rng, _ground(rng, (0, 0, 1, 2)), np.concatenate([STAIRS, LOW, THIN]), rng.uniform(0, 0.3))
    land[:, FLOOR - 4 : FLOOR] = land[:, FLOOR - 4 : FLOOR] * (rng.random((SIZE, 1, SIZE)) < 0.7)
    return land


def _medley(rng: np.random.Generator) -> Land:
    mixed = (STAIRS, LOW, THIN, LADDERS, PLANTS, WATERS, _ids("cobweb", "packed_ice"))
    return _doors(rng, _scatter(rng, _ground(rng, (0, 0, 1, 2)), np.concatenate(mixed), 0.5, 2))


KINDS: dict[str, Callable[[np.random.Generator], Land]] = {
    "land": _land, "stairs": _stairs, "fences": _fences, "ladders": _ladders, "tunnels": _tunnels,
    "water": _water, "flow": _flow, "webs": _webs, "ice": _ice, "edges": _edges, "medley": _medley,
}  # fmt: skip
WET = ("water", "flow", "medley")


def _keys(rng: np.random.Generator, kind: str, era: int) -> np.ndarray:
    """Keys held for seven ticks at a time, a camera that turns now and then."""
    keys, yaw, held = np.zeros((TICKS, 6)), rng.uniform(-3, 3), np.zeros(5)
    dry = era < 2022 or kind not in WET  # what they do in water from 1.13 on the oracle does not know
    for tick in range(TICKS):
        if tick % 7 == 0:
            sneaks = rng.random() < (0.7 if kind == "edges" else 0.1) and dry and kind != "tunnels"
            held[:] = rng.choice([1, 1, 1, -1, 0]), rng.choice([0, 0, 1, -1]), rng.random() < 0.45, sneaks, 0
            held[2] *= kind != "edges" or rng.random() < 0.2
            held[4] = rng.random() < 0.5 and dry
        yaw += rng.uniform(-0.6, 0.6) if rng.random() < 0.2 else 0.0
        keys[tick] = *held, yaw
    return keys


def scene(kind: str, era: int, seed: int) -> Scene:
    """One scene of a kind of KINDS, the same for the same seed."""
    rng = np.random.default_rng([seed, era, list(KINDS).index(kind)])
    land = KINDS[kind](rng)
    if era < 2022:
        land[land == ID["lantern"]] = ID["flower_pot"]  # 1.11 has none
    land[MIDDLE, FLOOR:, MIDDLE] = 0
    return Scene(kind, land, _keys(rng, kind, era))


_OTHERWISE = """
tall_grass tallgrass grass; poppy red_flower poppy; planks planks oak_planks; wheat_crop wheat wheat;
snow_block snow snow_block; cobweb web cobweb; oak_leaves leaves oak_leaves; fence fence oak_fence;
stone_stairs stone_stairs cobblestone_stairs; wooden_door wooden_door oak_door;
wooden_pressure_plate wooden_pressure_plate oak_pressure_plate; fence_gate fence_gate oak_fence_gate;
smooth_sandstone sandstone smooth_sandstone; terracotta hardened_clay terracotta;
grass grass grass_block; white_wool wool white_wool; granite stone granite; diorite stone diorite;
andesite stone andesite; oak_log log oak_log; birch_log log birch_log; spruce_log log spruce_log;
jungle_log log jungle_log; acacia_log log2 acacia_log; birch_leaves leaves birch_leaves;
spruce_leaves leaves spruce_leaves; jungle_leaves leaves jungle_leaves; acacia_leaves leaves2 acacia_leaves;
spruce_planks planks spruce_planks; acacia_planks planks acacia_planks; dandelion yellow_flower dandelion;
fern tallgrass fern
"""
SAME = {ours: theirs for ours, *theirs in (line.split() for line in _OTHERWISE.split(";"))}
"""Names in 1.11 and 1.16, where they are not ours."""
FLAT_META = {"stairs": (2, 1, 3, 0), "ladder": (3, 4, 2, 5)}
"""1.11's number of each facing."""


def in_minecraft(block: int, era: int) -> dict[str, Any]:
    """A block as benchmarks/physics_oracle.js takes it: name, meta or properties, kind."""
    b = BLOCKS[block]
    if b.group == "water":
        return {"name": "water", "meta": 8 if b.name == "falling_water" else 8 - b.level}
    plain = b.drop if b.group in ("door", "gate", "stairs", "ladder", "torch") else b.name
    name = SAME.get(plain, [plain, plain])[era >= 2022]
    found: dict[str, Any] = {"name": name, "kind": b.group}
    if b.name == "lantern":
        return found | {"props": {"hanging": False, "waterlogged": False}}
    if b.group in FLAT_META:
        found["meta"] = FLAT_META[b.group][b.facing]
    return found | {"props": _properties(b)} if b.group in PROPERTIES else found


PROPERTIES = ("door", "gate", "stairs", "ladder")


def _properties(b: Block) -> dict[str, Any]:
    facing = {"facing": DIRECTIONS[b.facing]}
    return (
        facing
        | {
            "door": {
                "half": "upper" if b.upper else "lower",
                "hinge": "left",
                "open": b.is_open,
                "powered": False,
            },
            "gate": {"in_wall": False, "open": b.is_open, "powered": False},
            "stairs": {"half": "bottom", "shape": "straight", "waterlogged": False},
            "ladder": {"waterlogged": False},
        }[b.group]
    )

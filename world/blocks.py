"""The blocks: one table of what each is made of, looks like, and does to light and bodies.

A block state is one byte in the world's array, so a door that is open and a door that is shut
are two entries of the table. Facing is 0 south (+z), 1 west (-x), 2 north (-z), 3 east (+x),
the way Minecraft's yaw turns.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

CUBE, CUTOUT, WATER_KIND, BOXES, CROSS, FENCE_KIND = 1, 2, 3, 4, 5, 6
"""How the renderer meets a block; 0 is air."""
FACINGS = ((0, 1), (-1, 0), (0, -1), (1, 0))
"""(dx, dz) of each facing."""
BASE_FACE = 3
"""Facing in which the shapes below are written."""
Box = tuple[float, float, float, float, float, float]
FULL: Box = (0, 0, 0, 1, 1, 1)


@dataclass(frozen=True)
class Block:
    """One block state. Times and strengths follow Minecraft 1.11."""

    name: str
    textures: tuple[str, ...] = ()
    """One texture, or top and side, or top, side and bottom."""
    kind: int = CUBE
    solid: bool = True
    opacity: int = 15
    """Light lost in passing: 15 lets nothing through."""
    emits: int = 0
    """Block light given off, 0..15."""
    hardness: float = 1.0
    """Minecraft's hardness; negative can't be broken."""
    tool: str = ""
    """The tool that speeds digging: pickaxe, shovel, axe."""
    needs_tool: bool = False
    """Whether it drops nothing, and digs slower, without its tool (a cobweb's, a sword, nobody here has)."""
    drop: str = ""
    """Item gained when broken."""
    drops: int = 1
    """How many of it."""
    shape: tuple[Box, ...] = ()
    """Boxes seen, for the kind BOXES."""
    body: tuple[Box, ...] | None = None
    """Boxes that stop a body; None: the seen ones, or a full cube."""
    replaceable: bool = False
    """Whether a block may be placed into it."""
    group: str = ""
    """What it is a state of: door, gate, fence, stairs, ladder, torch, water."""
    facing: int = -1
    is_open: bool = False
    upper: bool = False
    level: int = 0
    """Water only: 8 is a source or a fall, 7..1 flow."""


def turned(box: Box, quarter: int) -> Box:
    """The box turned about the block's middle so that east becomes the given facing."""
    x0, y0, z0, x1, y1, z1 = box
    for _ in range((quarter - BASE_FACE) % 4):
        x0, z0, x1, z1 = 1 - z1, x0, 1 - z0, x1
    return (x0, y0, z0, x1, y1, z1)


def _cube(name: str, *textures: str, **kw: Any) -> Block:
    return Block(name, textures or (name,), **kw)


def _rock(name: str, hardness: float = 1.5, drop: str = "") -> Block:
    return _cube(name, hardness=hardness, tool="pickaxe", needs_tool=True, drop=drop or name)


def _soil(name: str, *textures: str, hardness: float = 0.5, drop: str = "", **kw: Any) -> Block:
    return _cube(name, *textures, hardness=hardness, tool="shovel", drop=drop or name, **kw)


def _wood(name: str, *textures: str) -> Block:
    return _cube(name, *textures, hardness=2.0, tool="axe", drop=name)


def _plant(name: str) -> Block:
    return Block(
        name,
        (name,),
        CROSS,
        solid=False,
        opacity=0,
        hardness=0.0,
        replaceable=name in ("tall_grass", "fern"),
        drop={"tall_grass": "", "fern": "", "wheat_crop": "wheat"}.get(name, name),
    )


def _leaves(name: str) -> Block:
    return _cube(name, kind=CUTOUT, opacity=1, hardness=0.2)


def _water() -> Iterator[Block]:
    base = Block(
        "water",
        ("water",),
        WATER_KIND,
        solid=False,
        opacity=3,
        hardness=-1.0,
        replaceable=True,
        group="water",
    )
    yield replace(base, level=8)
    for level in range(7, 0, -1):
        yield replace(base, name=f"flow_{level}", level=level)
    yield replace(base, name="falling_water", level=8)


def _small(name: str, shape: tuple[Box, ...], texture: str, **kw: Any) -> Block:
    options: dict = {"kind": BOXES, "opacity": 0, "hardness": 2.0, "shape": shape, "drop": name}
    return Block(name, (texture,), **(options | kw))


def _fence(name: str, texture: str) -> Block:
    return Block(name, (texture,), FENCE_KIND, opacity=0, hardness=2.0, tool="axe", drop=name, group="fence")


def _gates() -> Iterator[Block]:
    shut = ((0.44, 0.3, 0.0, 0.56, 1.0, 0.125), (0.44, 0.3, 0.875, 0.56, 1.0, 1.0),
            (0.44, 0.375, 0.1, 0.56, 0.56, 0.9), (0.44, 0.75, 0.1, 0.56, 0.94, 0.9))  # fmt: skip
    ajar = (shut[0], shut[1], (0.5, 0.375, 0.0, 0.95, 0.94, 0.1), (0.5, 0.375, 0.9, 0.95, 0.94, 1.0))
    wall: tuple[Box, ...] = ((0.375, 0.0, 0.0, 0.625, 1.5, 1.0),)
    for facing in range(4):
        for is_open in (False, True):
            yield _small(
                f"fence_gate_{facing}{'_open' * is_open}",
                tuple(turned(b, facing) for b in (ajar if is_open else shut)),
                "planks",
                body=() if is_open else tuple(turned(b, facing) for b in wall),
                tool="axe", drop="fence_gate", group="gate", facing=facing, is_open=is_open,
            )  # fmt: skip


def _doors(item: str, texture: str) -> Iterator[Block]:
    for upper in (False, True):
        for facing in range(4):
            for is_open in (False, True):
                side = (facing + 1) % 4 if is_open else facing  # the hinge is on the left
                yield _small(
                    f"{item}_{'upper' if upper else 'lower'}_{facing}{'_open' * is_open}",
                    (turned((0.0, 0, 0, 0.1875, 1, 1), side),),
                    f"{texture}_{'upper' if upper else 'lower'}",
                    hardness=3.0, tool="axe", drop=item, group="door",
                    facing=facing, is_open=is_open, upper=upper,
                )  # fmt: skip


def _stairs(item: str, texture: str, hardness: float) -> Iterator[Block]:
    for facing in range(4):
        shape = ((0, 0, 0, 1, 0.5, 1), turned((0.5, 0.5, 0, 1, 1, 1), facing))
        yield _small(f"{item}_{facing}", shape, texture, tool="pickaxe", needs_tool=True, drop=item,
                     group="stairs", facing=facing, opacity=15, hardness=hardness)  # fmt: skip


def _wall_mounted() -> Iterator[Block]:
    torch = {"solid": False, "body": (), "emits": 14, "hardness": 0.0, "drop": "torch", "group": "torch"}
    yield _small("torch", ((0.44, 0, 0.44, 0.56, 0.62, 0.56),), "torch", **torch)
    for facing in range(4):  # a torch or ladder faces away from the wall that holds it
        stick = turned((0.0, 0.2, 0.44, 0.14, 0.8, 0.56), facing)
        yield _small(f"wall_torch_{facing}", (stick,), "torch", facing=facing, **torch)
    for facing in range(4):
        yield _small(f"ladder_{facing}", (turned((0, 0, 0, 0.1875, 1, 1), facing),), "ladder",
                     hardness=0.4, drop="ladder", group="ladder", facing=facing, tool="axe")  # fmt: skip


def _furniture() -> Iterator[Block]:
    yield _small(
        "wooden_pressure_plate",
        ((0.06, 0, 0.06, 0.94, 0.06, 0.94),),
        "planks",
        solid=False,
        body=(),
        hardness=0.5,
        tool="axe",
        drop="wooden_pressure_plate",
    )
    yield _small("flower_pot", ((0.3125, 0, 0.3125, 0.6875, 0.375, 0.6875),), "terracotta", hardness=0.0)
    yield _small(
        "cactus",
        ((0.0625, 0, 0.0625, 0.9375, 1, 0.9375),),
        "cactus",
        body=((0.0625, 0, 0.0625, 0.9375, 0.9375, 0.9375),),
        hardness=0.4,
    )
    yield _small(
        "lantern",
        ((0.3125, 0, 0.3125, 0.6875, 0.4375, 0.6875), (0.375, 0.4375, 0.375, 0.625, 0.5625, 0.625)),
        "lantern",
        emits=15,
        hardness=3.5,
        tool="pickaxe",
        needs_tool=True,
    )
    yield _small(
        "glass_pane",
        ((0.44, 0, 0, 0.56, 1, 1), (0, 0, 0.44, 1, 1, 0.56)),
        "glass",
        hardness=0.3,
        drop="",
        group="pane",
    )
    yield Block("cobweb", ("cobweb",), CROSS, solid=False, opacity=1, hardness=4.0, drop="string",
                tool="sword", needs_tool=True)  # fmt: skip
    yield _small(
        "grass_path",
        ((0, 0, 0, 1, 0.9375, 1),),
        "path",
        hardness=0.65,
        tool="shovel",
        drop="dirt",
        opacity=15,
    )
    yield _small(
        "farmland",
        ((0, 0, 0, 1, 0.9375, 1),),
        "farmland",
        hardness=0.6,
        tool="shovel",
        drop="dirt",
        opacity=15,
    )


def _ground() -> Iterator[Block]:
    yield _rock("stone", drop="cobblestone")
    yield _soil("dirt")
    yield _soil("grass", "grass_top", "grass_side", "dirt", hardness=0.6, drop="dirt")
    yield _soil("sand")
    yield _soil("gravel", hardness=0.6)
    yield _soil("clay", hardness=0.6, drop="clay_ball", drops=4)
    yield _cube("bedrock", hardness=-1.0)
    for name in ("granite", "diorite", "andesite"):
        yield _rock(name)
    yield _rock("coal_ore", 3.0, drop="coal")
    yield _rock("iron_ore", 3.0)
    yield _rock("cobblestone", 2.0)
    yield _rock("mossy_cobblestone", 2.0)
    yield _rock("sandstone", 0.8)
    yield _rock("smooth_sandstone", 0.8)
    yield _rock("terracotta", 1.25)


def _timber() -> Iterator[Block]:
    for tree in ("oak", "birch", "spruce", "acacia", "jungle"):
        yield _wood(f"{tree}_log", "log_top", f"{tree}_log")
        yield _leaves(f"{tree}_leaves")
    for name in ("planks", "spruce_planks", "acacia_planks"):
        yield _wood(name)
    yield _cube("glass", kind=CUTOUT, opacity=0, hardness=0.3)
    yield _cube("white_wool", hardness=0.8, drop="white_wool")
    yield _soil("snow_block", hardness=0.2, drop="snowball", drops=4, needs_tool=True)
    yield _cube("packed_ice", hardness=0.5, tool="pickaxe")
    yield _cube("hay_block", hardness=0.5, drop="hay_block")


def _all() -> list[Block]:
    table = [Block("air", kind=0, solid=False, opacity=0, hardness=-1.0, replaceable=True), *_water()]
    table += [*_ground(), *_timber()]
    table += [_plant(n) for n in ("tall_grass", "poppy", "dandelion", "fern", "wheat_crop", "brown_mushroom")]
    table += [
        _fence("fence", "planks"),
        _fence("spruce_fence", "spruce_planks"),
        _fence("acacia_fence", "acacia_planks"),
    ]
    table += [*_gates(), *_wall_mounted(), *_furniture()]
    for item, texture in (
        ("wooden_door", "oak_door"),
        ("spruce_door", "spruce_door"),
        ("acacia_door", "acacia_door"),
    ):
        table += _doors(item, texture)
    return [
        *table,
        *_stairs("stone_stairs", "cobblestone", 2.0),
        *_stairs("sandstone_stairs", "sandstone", 0.8),
    ]


BLOCKS: tuple[Block, ...] = tuple(_all())
ID: dict[str, int] = {b.name: i for i, b in enumerate(BLOCKS)}
"""Index of each block state by name."""
TEXTURE_NAMES: tuple[str, ...] = tuple(dict.fromkeys(t for b in BLOCKS for t in b.textures))

KIND = np.array([b.kind for b in BLOCKS], np.uint8)
OPACITY = np.array([b.opacity for b in BLOCKS], np.uint8)
EMITS = np.array([b.emits for b in BLOCKS], np.uint8)
SOLID = np.array([b.solid for b in BLOCKS], np.bool_)
REPLACEABLE = np.array([b.replaceable for b in BLOCKS], np.bool_)
WATER_LEVEL = np.array([b.level for b in BLOCKS], np.uint8)
FENCES = np.array([b.group in ("fence", "gate") for b in BLOCKS], np.bool_)
LEAFY = np.array([b.name.endswith(("_leaves", "_log")) for b in BLOCKS], np.bool_)
LADDERS = np.array([b.group == "ladder" for b in BLOCKS], np.bool_)
PANES = np.array([b.group == "pane" for b in BLOCKS], np.bool_)
SLIPPERINESS = np.array([0.98 if b.name == "packed_ice" else 0.6 for b in BLOCKS])
"""Share of its speed that a body on a block keeps each tick, before the air's 0.91."""


def _face_textures() -> np.ndarray:
    """(blocks, 3): texture of top, side, bottom."""
    faces = np.zeros((len(BLOCKS), 3), np.int16)
    for i, b in enumerate(BLOCKS):
        if b.textures:
            top, side, bottom = (b.textures * 3)[:3] if len(b.textures) != 2 else (*b.textures, b.textures[0])
            faces[i] = [TEXTURE_NAMES.index(t) for t in (top, side, bottom)]
    return faces


def _box_table(of: Callable[[Block], Iterable[Box]]) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of every block in one array (n, 6), and each block's first and one-past-last row."""
    rows: list[Box] = []
    spans = np.zeros((len(BLOCKS), 2), np.int16)
    for i, b in enumerate(BLOCKS):
        first = len(rows)
        rows += of(b)
        spans[i] = first, len(rows)
    return np.array(rows, np.float64), spans


def _body(b: Block) -> tuple[Box, ...]:
    if b.body is not None:
        return b.body
    return b.shape or ((FULL,) if b.solid else ())


FACE_TEXTURES = _face_textures()
SEEN_BOXES, SEEN_SPAN = _box_table(lambda b: b.shape)
BODY_BOXES, BODY_SPAN = _box_table(_body)
AIR, WATER, FALLING = ID["air"], ID["water"], ID["falling_water"]

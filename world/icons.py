"""Small pictures for the 2022 interface: items, hearts, digits. All drawn by rule."""

from functools import cache
from typing import Final

import numpy as np

from basalt_iq.world.blocks import BLOCKS, FACE_TEXTURES, ID
from basalt_iq.world.items import PLACES
from basalt_iq.world.textures import SIZE, make_atlas

_GLYPHS: Final = (
    "111101101101111", "010110010010111", "111001111100111", "111001111001111", "101101111001001",
    "111100111001111", "111100111101111", "111001001010010", "111101111101111", "111101111001111",
)  # fmt: skip
"""Digits 0..9 as 3x5 pixels, row by row."""
_TOOL_HEADS: Final = {
    "stone_pickaxe": (130, 130, 130),
    "stone_axe": (120, 120, 124),
    "stone_shovel": (136, 136, 136),
}
_BLOBS: Final = {
    # flat items: colour and the half-widths of their outline, row by row from the third
    "snowball": ((240, 248, 252), (0, 2, 3, 4, 4, 4, 3, 2, 0)),
    "carrot": ((232, 128, 32), (3, 3, 3, 2, 2, 2, 1, 1, 0)),
    "wheat": ((216, 184, 80), (1, 2, 3, 3, 2, 2, 1, 1, 1)),
    "wheat_seeds": ((70, 150, 40), (1, 0, 2, 1, 3, 1, 2, 0, 1)),
    "bucket": ((190, 190, 196), (5, 5, 4, 4, 4, 3, 3, 3, 2)),
    "water_bucket": ((60, 90, 220), (5, 5, 4, 4, 4, 3, 3, 3, 2)),
    "flower_pot": ((150, 84, 60), (0, 4, 4, 3, 3, 3, 3, 2, 2)),
}
_DYES: Final = {
    "black_dye": (28, 28, 32), "blue_dye": (50, 70, 190), "brown_dye": (120, 78, 44),
    "green_dye": (90, 120, 30), "red_dye": (180, 44, 38), "white_dye": (240, 240, 240),
    "yellow_dye": (250, 216, 60),
}  # fmt: skip


def _blob(colour: tuple[int, int, int], widths: tuple[int, ...]) -> np.ndarray:
    icon = np.zeros((SIZE, SIZE, 4), np.uint8)
    for row, half in enumerate(widths, start=3):
        icon[row, 8 - half : 8 + half + 1] = (*colour, 255)
        icon[row, [8 - half, 8 + half], :3] = [c * 7 // 10 for c in colour]
    return icon


def _tool(head: tuple[int, int, int], name: str) -> np.ndarray:
    icon = np.zeros((SIZE, SIZE, 4), np.uint8)
    for i in range(11):
        icon[14 - i, 2 + i : 4 + i] = (104, 78, 40, 255)
    reach = {"stone_pickaxe": 6, "stone_axe": 4, "stone_shovel": 2}[name]
    icon[1:4, 13 - reach : 14] = (*head, 255)
    icon[2 : 2 + reach, 12:15] = (*head, 255)
    return icon


@cache
def _block_face(block: int) -> np.ndarray:
    texture = int(FACE_TEXTURES[block, 1])
    face = make_atlas().reshape(-1, SIZE, SIZE, 4)[texture]
    return face.copy()


def _slatted(posts: bool) -> np.ndarray:
    """A fence (two posts and rails) or a gate (two bars between)."""
    icon = _block_face(ID["planks"]).copy()
    icon[[0, 1, 2, 3, 7, 8, 9, 10, 15], :, 3] = 0
    icon[:, [2, 3, 4, 11, 12, 13] if posts else [0, 1, 14, 15], 3] = 255
    return icon


@cache
def item_icon(item: str) -> np.ndarray:
    """(16, 16, 4) uint8 picture of an item."""
    if item in _TOOL_HEADS:
        return _tool(_TOOL_HEADS[item], item)
    if item in _BLOBS:
        return _blob(*_BLOBS[item])
    if item in _DYES:
        return _blob(_DYES[item], (1, 3, 4, 5, 5, 4, 3, 1, 0))
    name = PLACES.get(item, item)
    if name == "fence" or item.endswith("fence_gate"):
        return _slatted(name == "fence")
    if name not in ID:
        name = next((b.name for b in BLOCKS if b.drop == item), "stone")
    return _block_face(ID[name])


@cache
def number(value: int) -> np.ndarray:
    """(5, 4 * digits) bool picture of a number."""
    glyphs = [np.array([c == "1" for c in _GLYPHS[int(d)]]).reshape(5, 3) for d in str(value)]
    return np.hstack([np.pad(g, ((0, 0), (0, 1))) for g in glyphs])


@cache
def heart() -> np.ndarray:
    """(9, 9) bool outline of a heart."""
    rows = (
        "000000000",
        "011000110",
        "111101111",
        "111111111",
        "111111111",
        "011111110",
        "001111100",
        "000111000",
        "000010000",
    )
    return np.array([[c == "1" for c in row] for row in rows])


def stamp(frame: np.ndarray, icon: np.ndarray, y: int, x: int, scale: int = 1) -> None:
    """Draws an icon (h, w, 4) onto a frame, cut off at its edges."""
    if scale > 1:
        icon = icon.repeat(scale, 0).repeat(scale, 1)
    high, wide = min(icon.shape[0], frame.shape[0] - y), min(icon.shape[1], frame.shape[1] - x)
    if high > 0 and wide > 0 and y >= 0 and x >= 0:
        region, seen = frame[y : y + high, x : x + wide], icon[:high, :wide, 3] > 0
        region[seen] = icon[:high, :wide, :3][seen]

"""Block textures, drawn by rule from a fixed seed: no picture of anyone's is used."""

import numpy as np

from basalt_iq.world.blocks import TEXTURE_NAMES

SIZE = 16
"""Texels along each side of a block."""
Colour = tuple[float, float, float]

SPECKLED: dict[str, tuple[Colour, float, float]] = {
    # name: colour, strength of the speckle, share of it in patches of 2x2
    "water": ((44, 62, 214), 0.05, 0.7),
    "stone": ((126, 126, 126), 0.08, 0.8),
    "dirt": ((134, 96, 67), 0.16, 0.3),
    "grass_top": ((82, 107, 50), 0.14, 0.25),
    "sand": ((219, 207, 163), 0.04, 0.3),
    "gravel": ((130, 124, 122), 0.16, 0.4),
    "clay": ((158, 164, 176), 0.03, 0.6),
    "bedrock": ((70, 70, 70), 0.45, 0.7),
    "granite": ((152, 108, 92), 0.12, 0.4),
    "diorite": ((182, 182, 184), 0.12, 0.4),
    "andesite": ((132, 133, 134), 0.10, 0.5),
    "sandstone": ((216, 203, 155), 0.03, 0.4),
    "smooth_sandstone": ((218, 206, 160), 0.02, 0.4),
    "terracotta": ((150, 92, 66), 0.03, 0.5),
    "planks": ((162, 131, 79), 0.06, 0.2),
    "spruce_planks": ((104, 78, 47), 0.06, 0.2),
    "acacia_planks": ((170, 92, 51), 0.06, 0.2),
    "white_wool": ((222, 222, 222), 0.03, 0.4),
    "snow_block": ((240, 248, 250), 0.02, 0.4),
    "packed_ice": ((150, 184, 236), 0.03, 0.5),
    "hay_block": ((170, 142, 24), 0.12, 0.1),
    "path": ((150, 124, 70), 0.09, 0.3),
    "farmland": ((96, 64, 40), 0.14, 0.2),
    "cactus": ((78, 110, 40), 0.08, 0.2),
}
BARKS: dict[str, Colour] = {
    "oak_log": (102, 81, 50),
    "birch_log": (208, 210, 204),
    "spruce_log": (58, 38, 20),
    "acacia_log": (104, 98, 88),
    "jungle_log": (88, 70, 28),
}
FOLIAGE: dict[str, Colour] = {
    "oak_leaves": (62, 100, 32),
    "birch_leaves": (92, 122, 62),
    "spruce_leaves": (52, 84, 52),
    "acacia_leaves": (88, 116, 34),
    "jungle_leaves": (44, 108, 22),
}
DOORS: dict[str, Colour] = {
    "oak_door": (140, 110, 64),
    "spruce_door": (100, 76, 48),
    "acacia_door": (164, 92, 56),
}


class _Painter:
    """Draws every texture into `pixels` (textures, 16, 16, 4) in a fixed order."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(2021)
        self.pixels = np.zeros((len(TEXTURE_NAMES), SIZE, SIZE, 4), np.float64)
        self.pixels[..., 3] = 255
        self.row, self.column = np.mgrid[:SIZE, :SIZE]

    def of(self, name: str) -> np.ndarray:
        return self.pixels[TEXTURE_NAMES.index(name)]

    def speckle(self, colour: Colour, strength: float, patches: float) -> np.ndarray:
        fine = self.rng.normal(size=(SIZE, SIZE))
        coarse = np.kron(self.rng.normal(size=(8, 8)), np.ones((2, 2)))
        grain = 1 + strength * ((1 - patches) * fine + patches * coarse)
        return np.clip(np.asarray(colour) * grain[..., None], 0, 255)

    def draw(self) -> np.ndarray:
        for name, (colour, strength, patches) in SPECKLED.items():
            self.of(name)[..., :3] = self.speckle(colour, strength, patches)
        self.grass_side()
        self.stones()
        self.timber()
        self.leaves()
        self.joinery()
        self.plants()
        self.lights()
        return self.pixels

    def grass_side(self) -> None:
        self.of("grass_side")[..., :3] = self.of("dirt")[..., :3]
        fringe = self.rng.integers(2, 5, SIZE)
        turf = self.row < fringe[None, :]
        self.of("grass_side")[turf, :3] = self.of("grass_top")[turf, :3]

    def stones(self) -> None:
        for name, spot in (("coal_ore", (48, 48, 48)), ("iron_ore", (204, 168, 142))):
            self.of(name)[..., :3] = self.of("stone")[..., :3]
            for y, x in self.rng.integers(1, 12, (6, 2)):
                self.of(name)[y : y + 3, x : x + 2, :3] = spot
        cobble = self.speckle((128, 128, 128), 0.16, 0.9)
        cobble[(self.row % 5 == 4) | ((self.column + 3 * (self.row // 5)) % 6 == 5)] *= 0.68
        self.of("cobblestone")[..., :3] = cobble
        moss = self.rng.random((SIZE, SIZE)) < 0.35
        self.of("mossy_cobblestone")[..., :3] = np.where(moss[..., None], cobble * (0.7, 0.95, 0.6), cobble)
        self.of("sandstone")[[0, 1, 9, 14], :, :3] *= 0.92

    def timber(self) -> None:
        ring = np.maximum(abs(self.column - 7.5), abs(self.row - 7.5)).astype(int)
        top = self.speckle((172, 140, 86), 0.04, 0.3) * np.where(ring % 3 == 0, 0.78, 1.0)[..., None]
        top[ring == 7] *= 0.6
        self.of("log_top")[..., :3] = top
        for name, colour in BARKS.items():
            stripes = np.where(self.rng.random(SIZE) < 0.4, 0.74, 1.0)
            bark = self.speckle(colour, 0.07, 0.2)
            self.of(name)[..., :3] = bark if name == "birch_log" else bark * stripes[None, :, None]
        for y, x in self.rng.integers(0, 13, (9, 2)):
            self.of("birch_log")[y, x : x + 4, :3] = 52

    def leaves(self) -> None:
        for name, colour in FOLIAGE.items():
            gaps = self.rng.random((SIZE, SIZE)) < 0.2  # fast graphics: dark, but nothing shows through
            self.of(name)[..., :3] = self.speckle(colour, 0.32, 0.25) * np.where(gaps, 0.35, 1.0)[..., None]

    def joinery(self) -> None:
        for name in ("planks", "spruce_planks", "acacia_planks"):
            board = self.of(name)[..., :3]
            board[3::4] *= 0.68
            for i in range(4):
                board[4 * i : 4 * i + 4, (5 * i + 3) % SIZE] *= 0.78
        for name, colour in DOORS.items():
            for half in ("lower", "upper"):
                panel = self.speckle(colour, 0.05, 0.2)
                panel[:, [0, 15]] *= 0.6
                panel[2:7, [3, 7, 8, 12]] *= 0.7
                panel[10:14, 3:13] *= 0.85
                self.of(f"{name}_{half}")[..., :3] = panel
                if half == "upper":
                    self.of(f"{name}_{half}")[3:7, 4:12, :3] = (190, 220, 235)
        rung = (self.row % 4 < 2) & (self.column > 1) & (self.column < 14)
        rail = np.isin(self.column, (2, 3, 12, 13))
        self.of("ladder")[..., :3] = self.speckle((150, 118, 68), 0.06, 0.2)
        self.of("ladder")[..., 3] = np.where(rung | rail, 255, 0)
        edge = (self.row % 15 == 0) | (self.column % 15 == 0) | ((self.row == self.column) & (self.row < 7))
        self.of("glass")[..., :3] = (206, 232, 240)
        self.of("glass")[..., 3] = np.where(edge, 255, 0)
        self.of("cactus")[:, ::4, :3] *= 0.75

    def plants(self) -> None:
        for name, colour, low, high in (("tall_grass", (78, 110, 46), 5, 15), ("fern", (70, 108, 46), 6, 16),
                                        ("wheat_crop", (150, 150, 50), 8, 14)):  # fmt: skip
            height = self.rng.integers(low, high, SIZE)
            blade = (self.row >= SIZE - height[None, :]) & (self.rng.random((SIZE, SIZE)) < 0.72)
            self.of(name)[..., :3] = self.speckle(colour, 0.18, 0.1)
            self.of(name)[..., 3] = np.where(blade, 255, 0)
        for name, petal in (
            ("poppy", (214, 42, 34)),
            ("dandelion", (246, 222, 46)),
            ("brown_mushroom", (150, 112, 84)),
        ):
            self.of(name)[..., 3] = 0
            self.of(name)[9:, 7:9] = (60, 112, 40, 255)
            self.of(name)[5:10, 5:11] = (*petal, 255)
        web = (
            (self.row == self.column)
            | (self.row + self.column == 15)
            | (self.row % 7 == 0)
            | (self.column % 7 == 0)
        )
        self.of("cobweb")[..., :3] = 228
        self.of("cobweb")[..., 3] = np.where(web, 255, 0)

    def lights(self) -> None:
        self.of("torch")[..., :3] = (112, 88, 52)
        self.of("torch")[:9, :, :3] = (255, 224, 128)
        self.of("lantern")[..., :3] = (255, 204, 110)
        self.of("lantern")[:, [0, 5, 10, 15], :3] = (70, 74, 84)


def make_atlas() -> np.ndarray:
    """All textures, (texels, 4) uint8: texture t, row v, column u is texel (t << 8) + (v << 4) + u."""
    pixels = _Painter().draw()
    pixels[..., 3] = np.where(pixels[..., 3] >= 110, 255, 0)
    return np.round(pixels).astype(np.uint8).reshape(-1, 4)

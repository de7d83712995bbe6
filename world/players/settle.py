"""A player who settles in a village: knows those of its houses that have been in its view."""

from __future__ import annotations

import numpy as np

from basalt_iq.world.players.base import Script
from basalt_iq.world.players.build import Builder
from basalt_iq.world.players.explore import Explorer
from basalt_iq.world.village import House

PIXELS = 10
"""Pixels in one picture below which a house is overlooked."""
OUTINGS = 16
"""Walks to look for what one needs, at most."""


class Settler(Builder, Explorer):
    """Looks around and walks about until it has seen enough to begin."""

    def arrive(self) -> Script:
        """Look around for a start."""
        self.start_exploring()
        self.houses: list[House] = []
        yield from self.wait(self.rng.integers(3, 12))
        self.take_in()
        yield from self.look_around(self.looked)
        yield from self.search()

    def search(self) -> Script:
        """Walk about until enough is known."""
        for _ in range(OUTINGS):
            if self.knows_enough():
                return
            yield from self.roam(self.looked)
            if not self.knows_enough():
                yield from self.look_around(self.looked)

    def looked(self) -> bool:
        """Take in the view now and then; whether enough is known."""
        if self.looks():
            self.take_in()
        return self.knows_enough()

    def knows_enough(self) -> bool:
        """Whether there is enough to begin."""
        return bool(self.houses)

    def take_in(self) -> None:
        """Notice what is in view now."""
        cells = self.glimpse()
        for house in self.env.world.houses:
            if house not in self.houses and _shown(cells, house) >= PIXELS:
                self.houses.append(house)


def _shown(cells: np.ndarray, house: House) -> int:
    """How many pixels show a house, by the clear cells [N, 3] in front of them."""
    x, y, z = cells.T
    on = (x >= house.x0 - 1) & (x <= house.x1 + 1) & (z >= house.z0 - 1) & (z <= house.z1 + 1)
    return int((on & (y > house.floor)).sum())

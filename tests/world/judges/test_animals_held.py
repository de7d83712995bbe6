"""The judge of pens against animals that live: a correct pen is right in every tick, whoever is in it."""

import numpy as np
import pytest
from fixtures.scenes import X, Y, Z, build, plain, release, ring

from basalt_iq.world import animals, physics
from basalt_iq.world.animals import CHICKEN, COW, PIG, SHEEP
from basalt_iq.world.judges import Ending, judge_pen
from basalt_iq.world.judges.pen import pens

END = Ending(True, 2022, (X + 9.5, Y, Z + 0.5), (X + 9.5, Y + 1.62, Z + 0.5))
NOBODY = np.zeros(physics.BODY_SIZE)
NO_FOOD = np.zeros(len(animals.KINDS), np.bool_)
BOXES = np.zeros((physics.MAX_BOXES, 6))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [COW, PIG, SHEEP, CHICKEN])
def test_a_correct_pen_is_right_in_every_tick(kind: int) -> None:
    world = plain()
    build(world, "fence", ring(2))
    build(world, "fence_gate_0", [(X, Y, Z - 2)], "fence_gate")
    release(world, (kind, X + 0.5, Y, Z + 0.5), (kind, X + 0.5, Y, Z - 0.5))
    wrong = []
    before = np.zeros(0)
    for tick in range(2000):
        animals.tick_animals(world.blocks, world.animals[:-1], NOBODY, NO_FOOD, tick, 3, BOXES, 2022)
        animals.push_apart(world.animals[:-1], NOBODY)
        now = world.animals[:-1].copy()
        if np.array_equal(now[:, :3], before):
            continue  # the verdict is a function of where they are
        before = now[:, :3]
        if not judge_pen(world, END).success:
            wrong.append((tick, world.animals[:-1, :3].round(2).tolist(), [p.kinds for p in pens(world)]))
    assert not wrong, (len(wrong), wrong[:3])

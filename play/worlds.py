"""One maker of worlds, by the names that options give them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import gymnasium

#: Makes one world from (task, era, max_steps); picklable.
Build: TypeAlias = "Callable[[str, int, int | None], gymnasium.Env]"
STAND_IN = "stand-in"
#: World -> the one interface it has; the stand-in has both.
ERAS = {"minerl-0.4": 2021, "minerl-1.0": 2022}
#: Names the interpreter that has MineRL where no option does; the Docker image sets it.
MINERL_PYTHON = "BASALT_IQ_MINERL_PYTHON"


def world_builder(world: str, minerl_python: str | None = None) -> Build | None:
    """Makes worlds of a kind, MineRL's in the interpreter named; None is the stand-in's own maker."""
    if world == STAND_IN:
        return None
    from basalt_iq.play.minerl import build_minerl

    return partial(build_minerl, python=minerl_python or os.environ.get(MINERL_PYTHON))

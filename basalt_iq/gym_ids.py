"""The stand-in's tasks by gymnasium's ids, ``basalt_iq/FindCave-2021-v0`` and so on.

gymnasium finds this by entry point, so ``gymnasium.make`` needs no import of ours.
"""

from __future__ import annotations

from typing import Any

import gymnasium

from basalt_iq.contract import TASKS


def register() -> None:
    """Called by gymnasium within the namespace ``basalt_iq``."""
    for task in TASKS.values():
        for era in task.start:
            kwargs = {"task": task.name, "era": era}
            gymnasium.register(f"{task.name}-{era}-v0", "basalt_iq.gym_ids:make", kwargs=kwargs)


def make(*, render_mode: str | None = None, **options: Any) -> gymnasium.Env:
    """Takes the options of `basalt_iq.world.make`; "rgb_array" is the one render mode, and None."""
    from basalt_iq.world import make as make_world

    env = make_world(**options)
    env.render_mode = render_mode
    return env

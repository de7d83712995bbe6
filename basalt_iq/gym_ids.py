"""The stand-in's tasks by gymnasium's ids, ``basalt_iq/FindCave-2021-v0`` and so on.

`import basalt_iq` is enough for them, before or after gymnasium, and yet does not import gymnasium: that
would double the time of every command that needs none.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gymnasium

REGISTRY = "gymnasium.envs.registration"


def register() -> None:
    """Make the ids known, now or as soon as gymnasium is imported."""
    if REGISTRY in sys.modules:
        _register(sys.modules[REGISTRY])
    else:
        sys.meta_path.insert(0, _WhenImported())


def make(*, render_mode: str | None = None, **options: Any) -> gymnasium.Env:
    """What the ids make. Takes the options of `basalt_iq.world.make`; "rgb_array" is the one render mode."""
    from basalt_iq.world import make as make_world

    env: gymnasium.Env = make_world(**options)
    env.render_mode = render_mode
    return env


def _register(registry: ModuleType) -> None:
    from basalt_iq import contract, plugins

    ids = [(task.name, era) for task in contract.TASKS.values() for era in task.start]
    # Which eras another package's task has, only that package knows: it is not imported for its name.
    ids += [(name, era) for name in plugins.names("task") for era in contract.ERAS]
    for task, era in ids:
        kwargs = {"task": task, "era": era}
        registry.register(f"basalt_iq/{task}-{era}-v0", "basalt_iq.gym_ids:make", kwargs=kwargs)


class _WhenImported:
    """A finder (`importlib.abc.MetaPathFinder`, whose import alone takes 50 ms) that lets the usual ones find
    gymnasium's registry, and goes; its loader then registers the ids."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != REGISTRY:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Registering(spec.loader.name, spec.loader.path)
        return spec


class _Registering(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _register(module)

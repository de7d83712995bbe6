"""basalt-iq: from demo videos to an agent that plays. The rooms, left to right: world (stand-in for
Minecraft) and data (demos), agent (what acts), play (whoever acts, in every world), train (what learns),
watch (what people look at) and submission (what judges run). What users call from Python is in `api`."""

from typing import TYPE_CHECKING, Any

from basalt_iq.gym_ids import register

if TYPE_CHECKING:
    __version__: str
    from basalt_iq.api import Agent, Rollout, load_agent, make, read_store, rollout

__all__ = ["Agent", "Rollout", "__version__", "load_agent", "make", "read_store", "rollout"]

register()


def __getattr__(name: str) -> Any:
    """The names of `api` and the version when they are asked for: a command that needs none starts faster."""
    if name == "__version__":
        from importlib.metadata import version

        return version("basalt-iq")
    if name in __all__:
        from basalt_iq import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

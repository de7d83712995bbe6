"""The stand-in world: the BASALT tasks without Minecraft, their judges and scripted players."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from basalt_iq.world.env import BasaltEnv
    from basalt_iq.world.maps import Distance


if __name__ != "basalt_iq.world":
    raise ImportError("import basalt_iq.world, which this folder is: under two names it would be two modules")


def make(
    task: str,
    era: int = 2021,
    max_steps: int | None = None,
    resolution: int | tuple[int, int] | None = None,
    distance: "Distance" = "real",
) -> "BasaltEnv":
    """The environment of a task; see `basalt_iq.world.env.make`. (Compiled code loads on first use.)"""
    from basalt_iq.world import env

    return env.make(task, era, max_steps, resolution, distance)


__all__: list[Any] = ["make"]

"""The one maker of worlds, by the names that options give them; each in the process that it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from basalt_iq import plugins
from basalt_iq.contract import find_task
from basalt_iq.errors import UserError

if TYPE_CHECKING:
    import gymnasium

#: Makes one world from (task, era, max_steps); picklable.
Build: TypeAlias = "Callable[[str, int, int | None], gymnasium.Env]"
STAND_IN = "stand-in"
#: Names an instance of the `mcio` command that each episode starts anew; without it a running game is joined.
MCIO_INSTANCE = "BASALT_IQ_MCIO_INSTANCE"
SCRIPTS = Path(__file__).parent / "instances"
#: Exit code of the look for a package in another interpreter.
_ABSENT = 3


@dataclass(frozen=True)
class Foreign:
    """A world that a Python package brings along, in an interpreter of its own."""

    era: int
    """The one interface it has."""
    script: str
    """What holds it, in `instances/`."""
    package: str
    """What must be importable there."""
    variable: str
    """Names the interpreter where no option does; the Docker image sets it."""
    install: str
    """How to get it."""
    oldest: tuple[int, int] = (3, 7)
    """Python that the package needs."""


FOREIGN: dict[str, Foreign] = {
    "minerl-0.4": Foreign(
        2021, "minerl_world.py", "minerl", "BASALT_IQ_MINERL_PYTHON",
        "pip install 'gym==0.19.0' 'numpy<1.24' minerl==0.4.4 (with JDK 8; see docs/submission.md)",
    ),
    "minerl-1.0": Foreign(
        2022, "minerl_world.py", "minerl", "BASALT_IQ_MINERL_PYTHON",
        "pip install git+https://github.com/minerllabs/minerl@v1.0.2 (with JDK 8)",
    ),
    "minestudio": Foreign(
        2022, "minestudio_world.py", "minestudio", "BASALT_IQ_MINESTUDIO_PYTHON",
        "pip install minestudio (with JDK 8), then python -m minestudio.simulator.entry -y", (3, 10),
    ),
    "mcio": Foreign(
        2022, "mcio_world.py", "mcio_ctrl", "BASALT_IQ_MCIO_PYTHON",
        "pip install mcio-ctrl 'cbor2<6' in Python 3.12 or newer, then `mcio inst install NAME` and"
        " `mcio inst launch NAME`",
        (3, 12),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class AddedWorld:
    """A world of another package, as its entry point gives it (docs/plugins.md), in this interpreter."""

    make: Build
    """An environment with the contract's spaces from (task, era, max_steps). It may judge: see the page."""
    era: int | None = None
    """The one interface it has; None: both."""


@dataclass(frozen=True)
class Maker:
    """Makes worlds of one kind from (task, era, max_steps), in this process or in worker processes."""

    world: str = STAND_IN
    python: str | None = None
    """The interpreter that has the world's package. Default: the world's variable, else this one."""
    near: bool = False
    """Have the stand-in put what a task needs near the start, for short episodes."""
    progress: bool = False
    """Tell the world's ground truth in ``info["progress"]``, where it has one."""
    resolution: tuple[int, int] | None = None
    """Height and width of the stand-in's picture, if not the interface's own."""
    film: Path | None = None
    """Where the stand-in films each episode as a person would see it (see `filming`)."""

    def __call__(self, task: str, era: int, max_steps: int | None) -> gymnasium.Env:
        if self.world == STAND_IN:
            return self._stand_in(task, era, max_steps)
        self.check_era(era)
        if self.world not in FOREIGN:
            return find_added(self.world).make(task, era, max_steps)
        from basalt_iq.play.minerl import MinerlWorld

        return MinerlWorld(task, era, max_steps, command=self.command(task))

    def check(self) -> None:
        """Raises UserError with the reason and the way to install it if there is no such world here."""
        if self.world == STAND_IN:
            return
        if self.world not in FOREIGN:
            find_added(self.world)
            return
        foreign = FOREIGN[self.world]
        if reason := absence(foreign, self.interpreter):
            raise UserError(
                f"--world {self.world}: {reason}; {foreign.install}, and name that interpreter by"
                f" --world-python or {foreign.variable}"
            )

    def check_era(self, era: int) -> None:
        """Raises UserError if the world has another interface."""
        if era_of(self.world, era) != era:
            has = era_of(self.world)
            raise UserError(f"--world {self.world} has the {has} interface, not that of {era}")

    @property
    def interpreter(self) -> str:
        return self.python or os.environ.get(FOREIGN[self.world].variable) or sys.executable

    def command(self, task: str) -> list[str]:
        """What starts a process that holds the world; the environment id and a pipe are added to it."""
        script = str(SCRIPTS / FOREIGN[self.world].script)
        settings = [json.dumps(dict(find_task(task).start[2022]))] if self.world == "mcio" else []
        return [self.interpreter, script, *settings]

    def _stand_in(self, task: str, era: int, max_steps: int | None) -> gymnasium.Env:
        from basalt_iq.play.telling import Telling
        from basalt_iq.world import make

        world: gymnasium.Env = make(
            task, era, max_steps, self.resolution, distance="near" if self.near else "real"
        )
        if self.film is not None:
            from basalt_iq.play.filming import Filming

            world = Filming(world, self.film)
        return Telling(world) if self.progress else world


def make(
    task: str,
    world: str = STAND_IN,
    *,
    era: int | None = None,
    max_steps: int | None = None,
    near: bool = False,
    python: str | None = None,
) -> gymnasium.Env:
    """An environment of a task in any of the worlds; `era` is 2021 where there is a choice and none is made.

    `near` has the stand-in put what the task needs close to the start; `python` is another's interpreter.
    Close it: worlds but the stand-in are processes. Raises UserError where the world is not to be had.
    """
    maker = Maker(world, python, near=near)
    maker.check()
    return maker(task, era or era_of(world), max_steps)


def use_world(world: str, python: str | None) -> None:
    """Make `python` the interpreter of a world in this process, and know that the world is to be had there.

    Where it lies is this machine's matter, so no configuration that travels names it. Raises UserError.
    """
    if world == STAND_IN:
        return
    if python is not None:
        if world not in FOREIGN:
            raise UserError(f"--world-python: {world} runs in this interpreter; leave it out")
        os.environ[FOREIGN[world].variable] = python
    Maker(world).check()


def era_of(world: str, otherwise: int = 2021) -> int:
    """The one interface that a world has; `otherwise` where it has both. Raises UserError for no world."""
    if world == STAND_IN:
        return otherwise
    only = FOREIGN[world].era if world in FOREIGN else find_added(world).era
    return otherwise if only is None else only


def find_added(world: str) -> AddedWorld:
    """A plugin's world. Raises UserError naming the choices."""
    plugins.check("world", world, (STAND_IN, *FOREIGN))
    return plugins.load(
        "world", world, lambda thing: isinstance(thing, AddedWorld), "a play.worlds.AddedWorld"
    )


def at_once(world: str, worlds: int, workers: int) -> int:
    """Episodes under way at once: a Minecraft takes a core or more, and one that was joined is only one."""
    if world == STAND_IN:
        return worlds
    return 1 if world == "mcio" and not os.environ.get(MCIO_INSTANCE) else workers


def absence(foreign: Foreign, python: str) -> str | None:
    """Why an interpreter cannot hold the world, or None; found out without importing the package."""
    code = (
        f"import sys, importlib.util as u; sys.exit(0 if u.find_spec({foreign.package!r}) and"
        f" sys.version_info >= {foreign.oldest} else {_ABSENT})"
    )
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, timeout=60.0, cwd="/", check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{python} cannot be run ({getattr(error, 'strerror', None) or 'no answer for 60 s'})"
    if done.returncode == 0:
        return None
    newer = (
        "" if foreign.oldest == (3, 7) else f" or is older than Python {'.'.join(map(str, foreign.oldest))}"
    )
    return f"{python} has no package {foreign.package}{newer}"

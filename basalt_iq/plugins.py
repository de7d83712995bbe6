"""What other installed packages add: tasks, objectives, encoders, worlds and evaluators, by entry point.

A package names them in the groups `basalt_iq.tasks`, `basalt_iq.objectives` and so on (docs/plugins.md).
Names are looked up without importing anything; a package is imported when one of its names is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from basalt_iq.errors import UserError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal["task", "objective", "encoder", "world", "evaluator"]
T = TypeVar("T")


def names(kind: Kind) -> list[str]:
    """What other packages add of a kind."""
    return sorted(_entries(kind))


def check(kind: Kind, name: str, own: Mapping[str, Any] | tuple[str, ...]) -> None:
    """Raises UserError naming the choices if a name is neither one of ours nor another package's."""
    if name not in own and name not in _entries(kind):
        choices = ", ".join([*own, *names(kind)])
        raise UserError(
            f"unknown {kind} {name!r}: choose from {choices}, or install the package that adds it"
        )


def find(kind: Kind, name: str, own: Mapping[str, T], fits: Callable[[Any], bool], wanted: str) -> T:
    """Ours of that name, else another package's. Raises UserError as `check` and `load` do."""
    check(kind, name, own)
    return own[name] if name in own else load(kind, name, fits, wanted)


def load(kind: Kind, name: str, fits: Callable[[Any], bool], wanted: str) -> Any:
    """What another package calls `name`; `wanted` says in words what `fits` holds it to.

    Raises UserError in a line that names the package where it cannot be loaded or is something else.
    """
    entry = _entry(kind, name)
    try:
        thing = entry.load()
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(f"{_whose(kind, entry)} cannot be loaded ({reason}); mend or uninstall it") from error
    if not fits(thing):
        raise UserError(f"{_whose(kind, entry)}: {entry.value} is not {wanted}; see docs/plugins.md")
    return thing


def package_of(kind: Kind, name: str) -> str | None:
    """The distribution that adds it; None for ours."""
    return _package(_entry(kind, name)) if name in _entries(kind) else None


def _entry(kind: Kind, name: str) -> EntryPoint:
    entry, *others = _entries(kind)[name]
    if others:
        packages = ", ".join(map(_package, [entry, *others]))
        raise UserError(f"{kind} {name!r} is added by several packages ({packages}): keep one of them")
    return entry


@functools.cache
def _entries(kind: Kind) -> dict[str, list[EntryPoint]]:
    from importlib import metadata  # here: most commands name nothing of another package

    found: dict[str, list[EntryPoint]] = {}
    for entry in metadata.entry_points(group=f"basalt_iq.{kind}s"):
        found.setdefault(entry.name, []).append(entry)
    return found


def _whose(kind: Kind, entry: EntryPoint) -> str:
    return f"{kind} {entry.name!r} of the package {_package(entry)}"


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module

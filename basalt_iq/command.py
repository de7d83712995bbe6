"""What every sub-command shares: options, result, and where its output goes.

Commands import what is heavy (numpy, torch, rich, our own rooms) inside `run`, after the refusals that need
none of it: that is what makes help and refusals quick.
"""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from rich.console import Console


@functools.cache
def rich_console() -> Console:
    """People's text goes to stderr, so that stdout holds nothing but the JSON of ``--json``."""
    from rich.console import Console

    return Console(stderr=True)


class _Console:
    """Stands for the console until the first word is said, as most of `--help` would go into importing it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(rich_console(), name)


if TYPE_CHECKING:
    console = rich_console()
else:
    console = _Console()


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a command did, as ``--json`` tells it; each command has its own."""

    ok: bool = True
    """False makes the exit code 1: the job ran and found fault."""

    def to_json(self) -> Any:
        """As dicts, lists and plain values."""
        from basalt_iq.records import to_json

        return to_json(self)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A sub-command: its fields are its options, their docstrings are its help.

    A plain class: of an ABC tyro asks typeguard what it is, whose import takes as long as all the rest.
    """

    json: bool = False
    """Print the result as one JSON object on stdout; text for people stays on stderr."""

    has_presets: ClassVar[bool] = False

    @classmethod
    def preset(cls, words: Sequence[str]) -> Command | None:
        """What a command line leaves out, where that is more than the fields' defaults: an instance, with
        `tyro.MISSING` in what must be given."""
        return None

    def run(self) -> Result:
        """Do the work, speak to people through :data:`console`, return the result.

        Raises UserError for bad input, at once where no heavy import is needed to see it.
        """
        raise NotImplementedError


def said() -> str:
    """The command line, as a person would repeat it."""
    return shlex.join(["basalt-iq", *sys.argv[1:]])


def tell_address(address: str, purpose: str, show: bool = False) -> None:
    """Say, at once and also where no terminal is, where a page is served; open it if asked to."""
    console.print(f"Open {address} {purpose} (Ctrl-C ends it).", markup=False, soft_wrap=True)
    console.file.flush()
    if show:
        import webbrowser

        webbrowser.open(address)

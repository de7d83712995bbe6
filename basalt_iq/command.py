"""What every sub-command shares: options, progress, and where its output goes."""

from __future__ import annotations

import abc
import contextlib
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

T = TypeVar("T")

#: People's text goes to stderr, so that stdout holds nothing but the JSON of ``--json``.
console = Console(stderr=True)


@dataclass(frozen=True, kw_only=True)
class Command(abc.ABC):
    """A sub-command: its fields are its options, their docstrings are its help."""

    json: bool = False
    """Print the result as one JSON object on stdout; text for people stays on stderr."""

    has_presets: ClassVar[bool] = False

    @classmethod
    def preset(cls, words: Sequence[str]) -> Command | None:
        """What a command line leaves out, where that is more than the fields' defaults: an instance, with
        `tyro.MISSING` in what must be given."""
        return None

    @abc.abstractmethod
    def run(self) -> dict[str, Any]:
        """Do the work, speak to people through :data:`console`, return the result as JSON-ready data.

        A result with ``"ok": False`` makes the exit code 1. Raises UserError for bad input.
        """


class RateColumn(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f}/s", style="progress.data.speed")


def progress(transient: bool = False) -> Progress:
    """A progress bar with rate and time left, on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=transient,
    )


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterable[T]:
    """Iterate with a progress bar."""
    with progress() as bar:
        yield from bar.track(items, total=total, description=description)


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


@contextlib.contextmanager
def counted(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar as a function of (done, total)."""
    with progress() as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

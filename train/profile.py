"""Where the time of a training run goes, as `train --profile` shows it."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import torch
from rich.table import Table

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Profiled")


@dataclass(frozen=True)
class ProfileRecord:
    """Seconds: in all, of each of the parts (they add up to it), and of what went on beside."""

    updates: int
    total: float
    parts: dict[str, float]
    beside: dict[str, float]


class Profile:
    """Wall-clock seconds of each part of a run. A part inside another counts for itself alone.

    Off, it costs nothing. On a GPU it waits at the ends of every part, so that each pays for its own work.
    """

    def __init__(self, on: bool = False, device: str = "cpu"):
        self.on, self._gpu = on, device.startswith("cuda")
        self.updates, self.total = 0, 0.0
        self.parts: dict[str, float] = defaultdict(float)
        self.beside: dict[str, float] = defaultdict(float)
        """What other threads did meanwhile."""

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        if not self.on:
            yield
            return
        began, inside = self._now(), sum(self.parts.values())
        yield
        self.parts[name] += self._now() - began - (sum(self.parts.values()) - inside)

    @contextmanager
    def in_thread(self, name: str) -> Iterator[None]:
        """For work in a thread of its own, each name in one thread only."""
        began = time.perf_counter()
        yield
        self.beside[name] += time.perf_counter() - began

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Around everything that counts."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.total = time.perf_counter() - began

    def record(self) -> ProfileRecord:
        """What was measured so far."""
        parts = {**self.parts, "other": self.total - sum(self.parts.values())}
        rounded = [{name: round(seconds, 4) for name, seconds in d.items()} for d in (parts, self.beside)]
        return ProfileRecord(self.updates, round(self.total, 4), *rounded)

    def table(self) -> Table:
        """For people: seconds, milliseconds per update and share of each part, the largest first."""
        told, updates = self.record(), max(self.updates, 1)
        table = Table("part", title=f"where the time of {self.updates} updates went")
        for column in ("seconds", "ms per update", "share"):
            table.add_column(column, justify="right")
        rows = [*sorted(told.parts.items(), key=lambda item: -item[1]), ("all", told.total)]
        for name, seconds in [*rows, *((f"(beside: {n})", s) for n, s in told.beside.items())]:
            share = f"{seconds / max(self.total, 1e-9):.1%}"
            table.add_row(name, f"{seconds:.2f}", f"{1000 * seconds / updates:.1f}", share)
        return table

    def _now(self) -> float:
        if self._gpu:
            torch.cuda.synchronize()
        return time.perf_counter()


class Profiled(Protocol):
    """An object whose methods may be timed."""

    profile: Profile


def timed(part: str) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]]:
    """A method's time counts as this part of its object's profile."""

    def wrap(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
        @functools.wraps(method)
        def measured(self: S, *args: P.args, **options: P.kwargs) -> R:
            with self.profile.part(part):
                return method(self, *args, **options)

        return measured

    return wrap

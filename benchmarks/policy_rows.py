"""What is kept of policies that are tried on many seeds: a row each, written after every seed.

A run that is cut short goes on where it was. Rows hold for the judges and lands they were played with: after
a change of those, begin a task anew (`--again`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from basalt_iq.play.stats import wilson
from basalt_iq.records import read_json, write_json

RESULTS = Path(__file__).parent / "results"
Action = dict[str, int | str | list[float]]
Script = tuple[tuple[int, Action], ...]
"""(ticks, action held for so long), one after the other; a camera turns once, at the first of the ticks."""


@dataclass(frozen=True)
class Row:
    """One policy on one task: on `tried` seeds from `first` on it succeeded on those in `won`.

    `looks` says whether it uses the picture, `ends_after_ticks` when it ends (None: when it likes). A script
    that was searched for is kept whole.
    """

    task: str
    policy: str
    looks: bool = False
    ends_after_ticks: int | None = None
    script: Script | None = None
    first: int = 0
    tried: int = 0
    won: tuple[int, ...] = ()
    interval: tuple[float, float] = (0.0, 1.0)

    def played(self, seed: int, success: bool) -> Row:
        """The row with one more seed, and its 95 % Wilson interval."""
        won, tried = (*self.won, seed) if success else self.won, self.tried + 1
        low, high = wilson(len(won), tried)
        return replace(self, tried=tried, won=won, interval=(round(low, 3), round(high, 3)))

    def line(self) -> str:
        """For people."""
        shown = {"task": self.task, "policy": self.policy, "ends_after_ticks": self.ends_after_ticks}
        return json.dumps(
            {**shown, "successes": f"{len(self.won)} of {self.tried}", "interval": self.interval}
        )


class Table:
    """The rows in a file, by task and policy. Rows of tasks to be played `again` are forgotten."""

    def __init__(self, path: Path, again: Sequence[str] = ()):
        self._path = path
        rows = read_json(path, list[Row], remedy="give --out another file") if path.exists() else []
        self._rows = {(row.task, row.policy): row for row in rows if row.task not in again}

    def find(self, task: str, policy: str) -> Row | None:
        return self._rows.get((task, policy))

    def keep(self, row: Row) -> None:
        self._rows[row.task, row.policy] = row
        write_json(self._path, list(self._rows.values()))


Job = tuple[list[Row], int]
"""Rows of one task to be played on one seed."""


def hold_out(pool: Any, table: Table, rows: list[Row], count: int, play: Callable[[Job], list[bool]]) -> None:
    """Plays rows of one task on up to `count` seeds each; every seed is kept as soon as it is played."""
    seeds = sorted({seed for row in rows for seed in range(row.first + row.tried, row.first + count)})
    jobs = [([row for row in rows if row.first + row.tried <= seed], seed) for seed in seeds]
    now = {row.policy: row for row in rows}
    for (played, seed), successes in zip(jobs, pool.imap(play, jobs), strict=True):
        for row, success in zip(played, successes, strict=True):
            now[row.policy] = now[row.policy].played(seed, success)
            table.keep(now[row.policy])
    for row in now.values():
        print(row.line(), flush=True)

"""Tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from basalt_iq.command import console
from basalt_iq.contract import TICK_SECONDS
from basalt_iq.data.statistics import Counts
from basalt_iq.text import shown

if TYPE_CHECKING:
    from basalt_iq.data.check import Diagnosis
    from basalt_iq.data.store import Trajectory
    from basalt_iq.data.work_list import Entry

_ROWS = 40


def print_diagnoses(diagnoses: Sequence[Diagnosis], pooled: Counts) -> None:
    """A row for each demonstration, then the pooled actions."""
    table = _table(f"{len(diagnoses)} demonstrations", "demonstration", "task", "era")
    for heading in ("ticks", "no-op", "attack", "menu", "ends", "defects"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in diagnoses[:_ROWS]:
        actions, ticks = one.counts, max(1, one.counts.ticks)
        shares = (actions.noops, actions.buttons.get("attack", 0), one.recorded_actions.get("gui_ticks", 0))
        defects = sum(finding.fault for finding in one.findings)
        numbers = (actions.ticks, *(f"{n / ticks:.0%}" for n in shares), "yes" if one.ended else "no")
        _add(table, one.name, one.task or "?", one.era, *numbers, defects or "")
    _print(table, len(diagnoses))
    print_actions(pooled)


def print_trajectories(trajectories: Sequence[Trajectory], pooled: Counts) -> None:
    """How many there are of each task, a row for each of the first, then the pooled actions."""
    tasks = Counter(one.task for one in trajectories)
    told = ", ".join(f"{count} of {shown(task)}" for task, count in sorted(tasks.items()))
    table = _table(f"{len(trajectories)} trajectories: {told}", "trajectory", "task", "era")
    for heading in ("ticks", "seconds", "success"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in trajectories[:_ROWS]:
        success = {True: "yes", False: "no", None: "?"}[one.success]
        _add(table, one.name, one.task, one.era, one.length, f"{one.length * TICK_SECONDS:.0f}", success)
    _print(table, len(trajectories))
    print_actions(pooled)


def print_entries(entries: Sequence[Entry]) -> None:
    """A row for each demonstration of a work list."""
    table = _table(f"{len(entries)} demonstrations", "demonstration")
    for heading in ("files", "size"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in entries[:_ROWS]:
        _add(table, one.demo, len(one.files), "?" if one.size is None else f"{one.size / 1e6:.1f} MB")
    _print(table, len(entries))


def _table(title: str, *names: str) -> Table:
    """Long names are folded, never cut: in a narrow terminal too each stays to be told from the others."""
    table = Table(title=title)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _add(table: Table, *cells: object) -> None:
    table.add_row(*(Text(shown(str(cell))) for cell in cells))


def print_actions(actions: Counts) -> None:
    """The keys held together most often, and how far few combinations reach."""
    if not actions.ticks:
        return
    table = Table("keys held together", title=f"actions on {actions.ticks} ticks")
    table.add_column("share of ticks", justify="right")
    facts = actions.facts()
    for name, share in facts.combinations.items():
        _add(table, name, f"{share:.1%}")
    console.print(table)
    reach = ", ".join(f"{n}: {share:.1%}" for n, share in facts.coverage_of_most_frequent.items())
    console.print(f"ticks held exactly by the n most frequent of {len(actions.combinations)}: {reach}")
    turns = ", ".join(f"{degrees}: {share:.0%}" for degrees, share in facts.camera_degrees.items())
    console.print(f"camera movement in degrees a tick: {turns}")
    console.print(f"nothing done: {facts.noop_share:.1%} of ticks")


def _print(table: Table, count: int) -> None:
    if count > _ROWS:
        table.caption = f"and {count - _ROWS} more: see --json"
    console.print(table)

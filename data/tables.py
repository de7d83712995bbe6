"""Tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from basalt_iq.command import console
from basalt_iq.contract import TICK_SECONDS
from basalt_iq.data.check import Diagnosis
from basalt_iq.data.statistics import Counts
from basalt_iq.data.store import Trajectory

_ROWS = 40


def print_diagnoses(diagnoses: Sequence[Diagnosis], pooled: Counts) -> None:
    """A row for each demonstration, then the pooled actions."""
    table = Table("demonstration", "task", "era", title=f"{len(diagnoses)} demonstrations")
    for heading in ("ticks", "no-op", "attack", "menu", "ends", "defects"):
        table.add_column(heading, justify="right")
    for one in diagnoses[:_ROWS]:
        actions, ticks = one.histogram, max(1, one.histogram.ticks)
        shares = (actions.noops, actions.buttons.get("attack", 0), one.counts.get("gui_ticks", 0))
        defects = sum(finding.fault for finding in one.findings)
        row = (one.name, one.task or "?", one.era, actions.ticks, *(f"{n / ticks:.0%}" for n in shares))
        table.add_row(*map(str, (*row, "yes" if one.ended else "no", defects or "")))
    _print(table, len(diagnoses))
    print_histogram(pooled)


def print_trajectories(trajectories: Sequence[Trajectory], pooled: Counts) -> None:
    """A row for each task, and for the first trajectories, then the pooled actions."""
    table = Table("trajectory", "task", "era", title=f"{len(trajectories)} trajectories")
    for heading in ("ticks", "seconds", "success"):
        table.add_column(heading, justify="right")
    for one in trajectories[:_ROWS]:
        success = {True: "yes", False: "no", None: "?"}[one.success]
        seconds = f"{one.length * TICK_SECONDS:.0f}"
        table.add_row(one.name, one.task, str(one.era), str(one.length), seconds, success)
    _print(table, len(trajectories))
    print_histogram(pooled)


def print_histogram(actions: Counts) -> None:
    """The keys held together most often, and how far few combinations reach."""
    if not actions.ticks:
        return
    table = Table("keys held together", title=f"actions on {actions.ticks} ticks")
    table.add_column("share of ticks", justify="right")
    facts = actions.facts()
    for name, share in facts.combinations.items():
        table.add_row(name, f"{share:.1%}")
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

"""Checkpoints that resume: whole or absent, with sums that are checked, found by looking.

RUN/checkpoints/000000400/   run.json             settings, demos, metrics, see `Checkpoint`
                             state.safetensors    everything that the next update depends on
                             weights.safetensors, agent.json    what would act
                             SHA256SUMS
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec

from basalt_iq.agent.checkpoint import AgentSpec, save_agent
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.errors import UserError
from basalt_iq.files import check_sums, make_folder, write_folder, write_sums
from basalt_iq.records import read_json, write_json
from basalt_iq.train.demo_records import DemoRecord
from basalt_iq.train.nested_tensors import load_nested, save_nested
from basalt_iq.train.stored_states import upgraded

FOLDER, RECORD, STATE = "checkpoints", "run.json", "state.safetensors"
DAMAGED = ".damaged"
#: A record names every demo.
MAX_RECORD = 256 << 20


@dataclass(frozen=True)
class Chosen:
    """The agent of a run: the checkpoint that is evaluated and submitted."""

    step: Annotated[int, msgspec.Meta(ge=0)]
    values: dict[str, float] = field(default_factory=dict)
    """What was measured of it on held-out demos."""


@dataclass(frozen=True)
class Checkpoint:
    """`run.json`: what is known of a run when a checkpoint is written."""

    step: Annotated[int, msgspec.Meta(ge=0)]
    """Updates made."""
    seconds: Annotated[float, msgspec.Meta(ge=0)]
    """Of training, over all sittings."""
    config: dict[str, Any]
    demos: tuple[DemoRecord, ...] | None
    """None in runs of version 0.1."""
    chosen: Chosen | None
    metrics: tuple[dict[str, int | float], ...] = ()
    """The records since the checkpoint before: `metrics.jsonl` can be mended with them."""


@dataclass(frozen=True)
class Resumed:
    """A checkpoint to continue from."""

    folder: Path
    record: Checkpoint | None
    """None in runs of version 0.1."""
    state: dict[str, Any]

    @property
    def chosen(self) -> Chosen | None:
        """The agent so far."""
        if self.record is not None:
            return self.record.chosen
        values = {name: value for name, value in self.state["best"].items() if name != "step"}
        return Chosen(self.state["best"]["step"], values) if "step" in self.state["best"] else None


def save(
    run: Path, record: Checkpoint, spec: AgentSpec, network: SoftQNetwork, state: dict[str, Any]
) -> Path:
    """Write a checkpoint of the run; an older whole one is kept beside it."""
    folder = make_folder(run / FOLDER) / f"{record.step:09d}"

    def write(temporary: Path) -> None:
        save_agent(temporary, spec, network)
        save_nested(temporary / STATE, state)
        write_json(temporary / RECORD, record)
        write_sums(temporary)

    write_folder(folder, write)
    _prune(folder)
    return folder


def newest(run: Path, say: Callable[[str], None]) -> Resumed | None:
    """The newest whole checkpoint, None where none was ever written.

    One that is damaged is put aside, with a word. Raises UserError if no other is whole: what cannot be
    found is no new start.
    """
    damaged: list[tuple[Path, str]] = []
    for folder in listed(run):
        try:
            resumed = _read(folder)
        except UserError as error:
            damaged.append((folder, str(error)))
            continue
        for path, reason in damaged:
            aside = _aside(path)
            say(f"{reason}; continuing from {folder} (what is damaged was kept as {aside.name})")
        return resumed
    if damaged:
        raise UserError(
            f"{damaged[0][1]}; restore {run / FOLDER} from a copy of the run, or choose another --run folder"
        )
    return None


def listed(run: Path) -> list[Path]:
    """Checkpoints that may resume, newest first; those that only act are no such."""
    try:
        entries = [entry for entry in (run / FOLDER).iterdir() if entry.name.isdigit()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    folders = sorted(entries, key=lambda entry: int(entry.name), reverse=True)
    return [folder for folder in folders if (folder / STATE).exists() or (folder / RECORD).exists()]


def _read(folder: Path) -> Resumed:
    remedy = "copy the run folder again"
    if problem := check_sums(folder):
        raise UserError(f"{folder}: {problem}")
    state = load_nested(folder / STATE)
    try:
        record = read_json(folder / RECORD, Checkpoint, remedy=remedy, limit=MAX_RECORD)
    except FileNotFoundError:
        return Resumed(folder, None, _upgraded(state))
    return Resumed(folder, record, state)


def _upgraded(state: dict[str, Any]) -> dict[str, Any]:
    """The state of version 0.1."""
    learner = dict(state["learner"])
    learner["averaged"] = learner.pop("agent")
    learner["sources"] = [upgraded(source) for source in learner["sources"]]
    return state | {"learner": learner}


def _aside(folder: Path) -> Path:
    target, number = folder.with_name(folder.name + DAMAGED), 2
    while target.exists():
        target, number = folder.with_name(f"{folder.name}{DAMAGED}-{number}"), number + 1
    os.replace(folder, target)
    return target


def _prune(written: Path) -> None:
    """Drop all checkpoints that are older than the one before this; never one that is newer."""
    step = int(written.name)
    older = [entry for entry in written.parent.iterdir() if entry.name.isdigit() and int(entry.name) < step]
    resumable = [entry for entry in older if (entry / STATE).exists()]
    kept = max(resumable, key=lambda entry: int(entry.name), default=None)
    leftovers = [entry for entry in written.parent.iterdir() if entry.name.startswith(".")]
    for entry in (*older, *leftovers):
        if entry != kept:
            shutil.rmtree(entry, ignore_errors=True)

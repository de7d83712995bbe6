"""Finding demonstrations of either era in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from basalt_iq.contract import ENVIRONMENTS, TASKS, Task, find_task
from basalt_iq.data import era2021, era2022
from basalt_iq.data.defects import DemoError, Finding, blaming
from basalt_iq.data.steps import Steps
from basalt_iq.errors import UserError
from basalt_iq.frames import Sink
from basalt_iq.video import container_frames, decode

#: Folder names of the public sets beside the names and ids of the tasks.
_ALIASES = {
    "find-cave": "FindCave",
    "waterfall": "MakeWaterfall",
    "pen-animals": "CreateVillageAnimalPen",
    "build-house": "BuildVillageHouse",
    "MineRLBasaltCreateAnimalPenPlains-v0": "CreateVillageAnimalPen",
}


#: Streams of the public 2021 set that MineRL's own reader refuses, or that are known to be unusable.
KNOWN_BROKEN = (
    "tempting_capers_shapeshifter-14",
    "v3_villainous_black_eyed_peas_loch_ness_monster-2_95372-97535",
)
_BROKEN = ("known to be broken in the public set", "leave it out")


class Source(Protocol):
    """A demonstration as it lies on disk. Its task is None where no folder names it."""

    @property
    def name(self) -> str: ...
    @property
    def task(self) -> Task | None: ...
    @property
    def era(self) -> int: ...
    @property
    def files(self) -> tuple[Path, ...]: ...
    @property
    def parts(self) -> tuple[str, ...]: ...
    def beyond(self, known: Collection[str]) -> list: ...
    def read(self, size: int, sink: Sink) -> Steps: ...


@dataclass(frozen=True)
class LooseVideo:
    """A video with nothing beside it that could be its actions."""

    file: Path
    task: None = None
    era: int = 2021

    @property
    def name(self) -> str:
        return self.file.stem

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.file,)

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.name,)

    def beyond(self, known: Collection[str]) -> list[LooseVideo]:
        return [] if self.name in known else [self]

    def read(self, size: int, sink: Sink) -> Steps:
        """Always raises DemoError, with what the video holds."""
        with blaming(self.file):
            decoded = sum(1 for _ in decode(self.file))
            claimed = container_frames(self.file)
        counts = f"{decoded} frames decode, the container says {claimed}"
        raise DemoError(self.file, f"a video without actions ({counts})", _NO_ACTIONS)


#: Makes the source at a path.
Make = Callable[[Path, "Task | None"], Source]
_NO_ACTIONS = "nothing can be learned from it without its rendered.npz and metadata.json, or its .jsonl"


def find_sources(root: Path, task: str | None = None) -> tuple[list[Source], list[Finding]]:
    """The demonstrations under `root` in order, and the files that cannot be part of one.

    `task` names the task of demonstrations whose folders do not.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; give the folder that holds the demonstrations")
    given = find_task(task) if task else None
    sources: list[Source] = []
    findings: list[Finding] = []
    for folder, names in _folders(root):
        for source in _sources_in(folder, names, given):
            if isinstance(source, Finding):
                findings.append(source)
            else:
                sources.append(source)
    return sources, findings


def task_of(path: Path) -> Task | None:
    """The task that the nearest folder above `path` names. UserError if it names an unknown one."""
    for parent in path.resolve().parents:
        name = _ALIASES.get(parent.name, parent.name)
        if name in TASKS or name in ENVIRONMENTS or name.startswith("MineRLBasalt"):
            return find_task(name)
    return None


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    for folder, children, names in os.walk(root):
        # Hidden folders are what writers have not finished.
        children[:] = sorted(child for child in children if not child.startswith("."))
        yield Path(folder), sorted(name for name in names if not name.startswith("."))


def _sources_in(folder: Path, names: list[str], given: Task | None) -> Iterator[Source | Finding]:
    stream_files = {era2021.VIDEO, era2021.ARRAYS, era2021.META}
    if stream_files & set(names):
        broken = any(known in folder.name for known in KNOWN_BROKEN)
        yield Finding(str(folder), *_BROKEN) if broken else _with_task(folder, given, era2021.Stream2021)
        return
    present = {suffix: _stems(folder, names, suffix) for suffix in (".mp4", ".jsonl")}
    for pairs in era2022.group(present[".mp4"] | present[".jsonl"]):
        lone = len(pairs) == 1 and not pairs[0].time and not pairs[0].actions.exists()
        # Neither named as a chunk of 2022 nor with actions beside it.
        yield LooseVideo(pairs[0].video) if lone else _with_task(pairs[0].stem, given, _demo_of(pairs))


def _demo_of(pairs: tuple[era2022.Pair, ...]) -> Make:
    return lambda _, task: era2022.Demo2022(pairs, task)


def _stems(folder: Path, names: list[str], suffix: str) -> set[Path]:
    return {folder / name.removesuffix(suffix) for name in names if name.endswith(suffix)}


def _with_task(path: Path, given: Task | None, make: Make) -> Source | Finding:
    try:
        return make(path, given or task_of(path))
    except UserError as error:
        return Finding(str(path), str(error), "rename the folder or give --task")

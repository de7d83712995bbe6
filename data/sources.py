"""Finding demonstrations of either era in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from basalt_iq.contract import Task, find_task, known_task
from basalt_iq.data import era2021, era2022, minestudio
from basalt_iq.data.defects import DemoError, Finding, blaming
from basalt_iq.data.steps import Steps
from basalt_iq.data.videos import SUFFIXES, Sink, container_frames, frames_of
from basalt_iq.errors import UserError

ACTIONS_SUFFIX = ".jsonl"

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
    def files_of(self, part: str) -> tuple[Path, ...]: ...
    def beyond(self, known: Collection[str]) -> Sequence[Source]: ...
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

    def files_of(self, part: str) -> tuple[Path, ...]:
        return self.files

    def beyond(self, known: Collection[str]) -> list[LooseVideo]:
        return [] if self.name in known else [self]

    def read(self, size: int, sink: Sink) -> Steps:
        """Always raises DemoError, with what the video holds."""
        decoded = sum(1 for _ in frames_of(self.file, 1, []))
        with blaming(self.file):
            claimed = container_frames(self.file)
        counts = f"{decoded} frames decode, the container says {claimed}"
        recorder = minestudio.VIDEO_NAME.fullmatch(self.name)
        raise DemoError(
            self.file, f"a video without actions ({counts})", _UNSAID if recorder else _NO_ACTIONS
        )


#: Makes the source at a path.
Make = Callable[[Path, "Task | None"], Source]
_UNSAID = "if MineStudio recorded it, record again with record_actions=True: nothing can be learned from it"
_NO_ACTIONS = "nothing can be learned from it without its rendered.npz and metadata.json, or its .jsonl"


class Found(NamedTuple):
    """What lies under a folder."""

    sources: list[Source]
    """Demonstrations, in order."""
    findings: list[Finding]
    """Files that cannot be part of one, and what was left out."""
    seen: int
    """Files."""
    used: int
    """Files that are part of a demonstration."""


def find_sources(root: Path, task: str | None = None) -> Found:
    """The demonstrations under `root`; linked folders are followed, each folder once.

    `task` names the task of demonstrations whose folders do not.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; give the folder that holds the demonstrations")
    given = find_task(task) if task else None
    found = Found([], [], 0, 0)
    sources, findings, skipped, seen = found.sources, found.findings, list[Path](), 0
    for folder, names in _folders(root, findings):
        used = {"VERSION"}
        for source in _sources_in(folder, names, given, used):
            (findings if isinstance(source, Finding) else sources).append(source)  # type: ignore[arg-type]
        seen += len(names)
        skipped += [folder / name for name in names if name not in used]
    if skipped:
        first = ", ".join(str(path.relative_to(root)) for path in skipped[:3])
        what = f"{len(skipped)} of {seen} files are no part of a demonstration and are not read"
        findings.append(Finding(str(root), f"{what}: {first}{', ...' * (len(skipped) > 3)}", fault=False))
    return found._replace(seen=seen, used=seen - len(skipped))


def task_of(path: Path) -> Task | None:
    """The task that the nearest folder above `path` names. UserError if it names an unknown one.

    A link's own name counts before that of the folder it leads to.
    """
    for parent in (*path.absolute().parents, *path.resolve().parents):
        name = _ALIASES.get(parent.name, parent.name)
        if known_task(name) or name.startswith("MineRLBasalt"):
            return find_task(name)
    return None


def _folders(root: Path, findings: list[Finding]) -> Iterator[tuple[Path, list[str]]]:
    """Every folder with the names of its files. One that links lead to again is not entered twice."""
    entered: dict[tuple[int, int], Path] = {}

    def cannot(error: OSError) -> None:
        what = f"cannot be looked into ({error.strerror})"
        findings.append(Finding(str(error.filename), what, "check its permissions"))

    for name, children, names in os.walk(root, onerror=cannot, followlinks=True):
        folder = Path(name)
        facts = folder.stat()
        first = entered.setdefault((facts.st_dev, facts.st_ino), folder)
        if first != folder:
            findings.append(Finding(name, f"is the same folder as {first}; looked into once", fault=False))
            children.clear()
            continue
        # Hidden folders are what writers have not finished.
        children[:] = sorted(child for child in children if not child.startswith("."))
        yield folder, sorted(name for name in names if not name.startswith("."))


def _sources_in(
    folder: Path, names: list[str], given: Task | None, used: set[str]
) -> Iterator[Source | Finding]:
    """The sources of a folder; the names of their files are added to `used`."""
    stream = _stream_names(names)
    if stream:
        used |= {*stream, era2021.SUMS}
        if any(known in folder.name for known in KNOWN_BROKEN):
            yield Finding(str(folder), *_BROKEN)
        else:
            yield _with_task(folder, given, lambda path, task: era2021.Stream2021(path, task, stream))
        return
    for video, actions in _recorded_in(names):
        used |= {video, actions}
        yield _with_task(folder / video, given, _recorded_of(folder / actions))
    for pairs in era2022.group(_pairs_in(folder, [name for name in names if name not in used], used)):
        lone = len(pairs) == 1 and not pairs[0].time and not pairs[0].actions.exists()
        # Neither named as a chunk of 2022 nor with actions beside it.
        yield LooseVideo(pairs[0].video) if lone else _with_task(pairs[0].stem, given, _demo_of(pairs))


def _stream_names(names: list[str]) -> tuple[str, str, str] | None:
    """The names of a 2021 stream's files where some of them are there, in whatever capitals."""
    lower = {name.lower(): name for name in reversed(names)}
    stem = Path(era2021.VIDEO).stem
    videos = [stem + suffix for suffix in SUFFIXES if stem + suffix in lower]
    rest = [name for name in (era2021.ARRAYS, era2021.META) if name in lower]
    if not rest and era2021.VIDEO not in lower:
        return None
    video = videos[0] if videos else era2021.VIDEO
    found = (lower.get(name, name) for name in (video, era2021.ARRAYS, era2021.META))
    return next(found), next(found), next(found)


def _pairs_in(folder: Path, names: list[str], used: set[str]) -> list[era2022.Pair]:
    """The chunks of a folder, by the stems of its files, in whatever capitals their suffixes are."""
    suffixes: dict[str, dict[str, str]] = {}
    for name in names:
        stem, dot, kind = name.rpartition(".")
        if dot and stem and dot + kind.lower() in (*SUFFIXES, ACTIONS_SUFFIX):
            suffixes.setdefault(stem, {})[dot + kind.lower()] = dot + kind  # .mp4 comes after .MP4
    pairs = []
    for stem, kinds in suffixes.items():
        video = next((kinds[suffix] for suffix in SUFFIXES if suffix in kinds), SUFFIXES[0])
        pair = era2022.Pair(folder / stem, video, kinds.get(ACTIONS_SUFFIX, ACTIONS_SUFFIX))
        pairs.append(pair)
        used |= {file.name for file in (pair.video, pair.actions, pair.sums, pair.about)}
    return pairs


def _recorded_in(names: list[str]) -> Iterator[tuple[str, str]]:
    """The videos and action files of MineStudio's recorder: what either says of the other, there or not."""
    videos = {Path(name).stem: name for name in names if Path(name).suffix.lower() in SUFFIXES}
    for name in names:
        if name.endswith(minestudio.ACTIONS):
            stem = name.removesuffix(minestudio.ACTIONS)
            yield videos.get(stem, stem + SUFFIXES[0]), name


def _recorded_of(actions: Path) -> Make:
    return lambda video, task: minestudio.MinestudioDemo(video, actions, task)


def _demo_of(pairs: tuple[era2022.Pair, ...]) -> Make:
    return lambda _, task: era2022.Demo2022(pairs, task)


def _with_task(path: Path, given: Task | None, make: Make) -> Source | Finding:
    try:
        return make(path, given or task_of(path))
    except UserError as error:
        return Finding(str(path), str(error), "rename the folder or give --task")

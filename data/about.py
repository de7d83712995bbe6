"""The JSON records of a store."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec

from basalt_iq.data.statistics import Counts
from basalt_iq.errors import UserError
from basalt_iq.records import parse_json, read_bytes

#: Lone halves of surrogate pairs: Python writes a byte of a file's name that is no UTF-8 so.
_LONE = re.compile(rb"(?<!\\ud[89ab][0-9a-f][0-9a-f])\\u(dc[89a-f][0-9a-f])")

Name = Annotated[str, msgspec.Meta(max_length=200)]
Names = Annotated[tuple[Name, ...], msgspec.Meta(max_length=1000)]


@dataclass(frozen=True)
class StoreManifest:
    """`manifest.json`: what all trajectories of a store share."""

    version: int
    size: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    """Height and width of the frames, in pixels."""


@dataclass(frozen=True)
class Segment:
    """A chunk of a demonstration, or the whole of it: what it was read from."""

    name: str
    digest: str = ""
    """Of its files' content; "" in stores of format 1."""
    files: dict[str, list[int]] = field(default_factory=dict)
    """Path -> size in bytes and times of change in nanoseconds (content and entry), as they were read."""


@dataclass(frozen=True)
class About:
    """`trajectory.json`: what is known of one demonstration."""

    task: str
    era: Annotated[int, msgspec.Meta(ge=2021, le=2022)]
    length: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
    """T, the number of steps."""
    button_names: Names
    equip_values: Names
    items: Names
    meta: dict[str, Any] = field(default_factory=dict)
    """Where it came from and how it went: source, and success, score, seed where they are known."""
    digest: str = ""
    """SHA-256 of steps and frames (see `header`); "" in format 1."""
    parts: tuple[Segment, ...] = ()
    counts: Counts | None = None
    """Its actions counted, for `data show`."""

    def header(self, size: int) -> dict[str, Any]:
        """What the digest covers besides the rows: all that says what they mean."""
        names = {key: list(getattr(self, key)) for key in ("button_names", "equip_values", "items")}
        return {**names, "task": self.task, "era": self.era, "size": size, "ended": self.ended}

    @property
    def ended(self) -> bool:
        """Whether the last step ended the episode, rather than the recording."""
        return self.meta.get("ended", True) is True

    def origins(self) -> tuple[Segment, ...]:
        """Its parts; of format 1 too, which keeps them in `meta` and without digests."""
        old = self.meta.get("files")
        if self.parts or not isinstance(old, dict):
            return self.parts
        return tuple(
            Segment(name, files={path: [size] for path, size in sizes.items() if isinstance(size, int)})
            for name, sizes in old.items()
            if isinstance(sizes, dict)
        )


def read_about(folder: Path, remedy: str) -> About:
    """The record of the trajectory in `folder`. Raises UserError."""
    file = folder / "trajectory.json"
    try:
        raw = read_bytes(file)
        raw = _LONE.sub(rb"\\\\x\1", raw) if b"\\udc" in raw else raw
    except (OSError, ValueError) as error:
        raise UserError(
            f"{file}: cannot be read ({getattr(error, 'strerror', None) or error}); {remedy}"
        ) from None
    about = parse_json(raw, About, str(file), remedy=remedy)
    if about.task != folder.parent.name:
        raise UserError(f"{file}: says task {about.task!r}, but lies in {folder.parent.name}; {remedy}")
    return about


def path_text(path: Path) -> str:
    """A path as text that JSON can hold: bytes that are no UTF-8 become escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")

"""Work lists of the public 2022 data: what there is, and what to fetch first.

An index is JSON: {"basedir": URL, "relpaths": [...]}, a video for each path, its actions beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from basalt_iq.data.era2022 import Pair
from basalt_iq.data.results import Listed
from basalt_iq.data.sources import find_sources
from basalt_iq.errors import UserError
from basalt_iq.records import parse_json, read_bytes

#: Bytes of an index; the largest public one has half a megabyte.
MOST_BYTES = 64 << 20
#: What file systems take, less what names of unfinished files add.
_LONGEST_NAME, _LONGEST_PATH = 200, 1000
_REMEDY = 'it needs "basedir" and "relpaths"'


@dataclass(frozen=True)
class IndexFile:
    """An index as it is written."""

    basedir: Annotated[str, msgspec.Meta(max_length=2000)]
    relpaths: Annotated[list[str], msgspec.Meta(max_length=1_000_000)]


@dataclass(frozen=True)
class Entry:
    """One demonstration of a work list: its files, relative to where they come from."""

    demo: str
    files: tuple[str, ...]
    size: int | None = None
    """Bytes of all files, None where nobody has asked yet."""


@dataclass(frozen=True)
class WorkList:
    """Demonstrations and the folder or URL their files are under."""

    base: str
    entries: tuple[Entry, ...]

    @property
    def remote(self) -> bool:
        return is_url(self.base)

    def limited(self, demos: int | None) -> WorkList:
        """The first `demos` of them."""
        return replace(self, entries=self.entries[:demos])

    def facts(self) -> Listed:
        known = [entry.size for entry in self.entries if entry.size is not None]
        size = sum(known) if len(known) == len(self.entries) else None
        files = sum(len(entry.files) for entry in self.entries)
        return Listed(base=self.base, demos=self.entries, files=files, bytes=size)


def read_source(source: str) -> WorkList:
    """A folder, an index file, or the URL of an index. Raises UserError."""
    if is_url(source):
        from basalt_iq.data.download import fetch_index

        return from_index(fetch_index(source, MOST_BYTES), source)
    path = Path(source)
    if path.is_dir():
        return from_folder(path)
    try:
        raw = read_bytes(path, MOST_BYTES)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{source}: cannot be read ({error}); give a folder, an index file or its URL"
        ) from None
    return from_index(raw, source)


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def from_folder(root: Path) -> WorkList:
    """What lies in a local folder, in either layout."""
    entries = []
    for source in find_sources(root).sources:
        files = [file for file in source.files if file.exists()]
        size = sum(file.stat().st_size for file in files)
        entries.append(Entry(source.name, tuple(str(file.relative_to(root)) for file in files), size))
    return WorkList(str(root), tuple(entries))


def from_index(text: bytes | str, origin: str) -> WorkList:
    """The demonstrations of an index JSON, chunks grouped. UserError if it is none, or not to be trusted."""
    index = parse_json(text, IndexFile, origin, remedy=_REMEDY)
    base = index.basedir if index.basedir.endswith("/") else index.basedir + "/"
    _refuse_base(base, origin)
    stems = sorted({_stem(path, origin) for path in index.relpaths})
    _refuse_files_as_folders(stems, origin)
    demos: dict[str, list[str]] = {}
    for stem in stems:
        pair = Pair(Path(PurePosixPath(stem).name))
        demos.setdefault(pair.demo, []).extend([f"{stem}.mp4", f"{stem}.jsonl"])
    return WorkList(base, tuple(Entry(demo, tuple(files)) for demo, files in demos.items()))


def _refuse_base(base: str, origin: str) -> None:
    try:
        parts = urlsplit(base)
        named = bool(parts.hostname) and parts.port != 0  # asking for the port checks it
    except ValueError:
        named = False
    if not is_url(base) or not named:
        raise UserError(f"{origin}: basedir {base[:200]!r} is no http(s) address; {_REMEDY}")


def _stem(path: str, origin: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or _scheme(path):
        raise UserError(
            f"{origin}: {path[:200]!r} would be written outside the folder; the index is not to be trusted"
        )
    raw = path.encode("utf-8", "surrogatepass")
    too_long = len(raw) > _LONGEST_PATH or any(len(p.encode()) > _LONGEST_NAME for p in parts.parts)
    if too_long or not path.isprintable() or "\\" in path or not parts.name or parts.name.startswith("."):
        raise UserError(f"{origin}: {path[:80]!r} is no name of a file; the index is not to be trusted")
    return str(parts.with_suffix(""))


def _scheme(path: str) -> str:
    try:
        return urlsplit(path).scheme
    except ValueError:
        return "?"


def _refuse_files_as_folders(stems: list[str], origin: str) -> None:
    folders = {str(parent) for stem in stems for parent in PurePosixPath(stem).parents}
    for stem in stems:
        for file in (f"{stem}.mp4", f"{stem}.jsonl"):
            if file in folders:
                raise UserError(f"{origin}: {file!r} is a file and a folder; the index is not to be trusted")

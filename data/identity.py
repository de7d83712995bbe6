"""What tells one demonstration from another: the content of its files, not their names or places."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from basalt_iq.data.about import Segment, path_text
from basalt_iq.data.sources import Source
from basalt_iq.files import digest

#: Path -> size and times of change of a file, and the digest of its part, when it was last read.
Known = Mapping[str, tuple[list[int], str]]


def identify(source: Source, known: Known) -> tuple[Segment, ...]:
    """The parts of a source with the SHA-256 of their files together; a part with a file missing has none.

    Files that were not touched since they were `known` are not read again.
    """
    return tuple(identify_part(source, part, known) for part in source.parts)


def identify_part(source: Source, part: str, known: Known) -> Segment:
    paths = source.files_of(part)
    stamps = {place(path): stamp(path) for path in paths if path.is_file()}
    held = {known[key][1] if key in known and known[key][0] == value else "" for key, value in stamps.items()}
    if len(held) == 1 and (same := held.pop()):
        return Segment(part, same, stamps)
    if len(stamps) < len(paths):
        return Segment(part, "", stamps)  # one is missing, or a pipe that never ends
    try:
        sums = [digest(path) for path in paths]
    except OSError:
        return Segment(part, "", stamps)
    return Segment(part, hashlib.sha256("".join(sums).encode()).hexdigest(), stamps)


def place(path: Path) -> str:
    """Where a file lies, as a store keeps it."""
    return path_text(path.absolute())


def stamp(path: Path) -> list[int]:
    """Size in bytes; when content and entry changed, in nanoseconds (the latter cannot be set back)."""
    facts = os.stat(path)
    return [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]

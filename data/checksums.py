"""SHA-256 sums beside a demonstration, in the format of `sha256sum`.

No video format notices every flipped bit. Demonstrations written by us carry their sums, and
readers hold any demonstration that has them to what they say.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from basalt_iq.data.defects import DemoError, absence
from basalt_iq.files import digest, write_text
from basalt_iq.records import read_bytes

_MOST_BYTES = 1 << 20


def write_sums(path: Path, files: Iterable[Path]) -> None:
    """Write `path` with a line for each of the files, which lie in its folder."""
    path.write_text("".join(f"{digest(file)}  {file.name}\n" for file in files))


def add_sum(path: Path, file: Path) -> None:
    """Write a file's line into `path`, in place of an older one."""
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if line.rstrip("\n").partition("  ")[2] != file.name]
    write_text(path, "".join([*kept, f"{digest(file)}  {file.name}\n"]))


def verify(path: Path) -> None:
    """Raise DemoError for the first file that differs from what `path` says. Nothing to do without it."""
    if not path.exists():
        return
    try:
        lines = read_bytes(path, _MOST_BYTES).decode("utf-8").splitlines()
        sums = {name: wanted for wanted, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise DemoError(
            path, "is no list of checksums", "restore it, or move it away to read on without"
        ) from error
    for name, wanted in sums.items():
        file = path.parent / Path(name).name
        if absent := absence(file):
            raise DemoError(file, absent, f"restore it ({path.name} lists it)")
        if digest(file) != wanted:
            raise DemoError(file, f"differs from its checksum in {path.name}")

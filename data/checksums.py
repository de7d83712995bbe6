"""SHA-256 sums beside a demonstration, in the format of `sha256sum`.

No video format notices every flipped bit. Demonstrations written by us carry their sums, and
readers hold any demonstration that has them to what they say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from basalt_iq.data.defects import DemoError


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def write_sums(path: Path, files: Iterable[Path]) -> None:
    """Write `path` with a line for each of the files, which lie in its folder."""
    path.write_text("".join(f"{digest(file)}  {file.name}\n" for file in files))


def verify(path: Path) -> None:
    """Raise DemoError for the first file that differs from what `path` says. Nothing to do without it."""
    if not path.exists():
        return
    try:
        lines = path.read_text("ascii").splitlines()
        sums = {name: wanted for wanted, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise DemoError(path, "is no list of checksums", "delete it to read on without") from error
    for name, wanted in sums.items():
        file = path.parent / Path(name).name
        if not file.exists():
            raise DemoError(file, "missing", f"restore it ({path.name} lists it)")
        if digest(file) != wanted:
            raise DemoError(file, f"differs from its checksum in {path.name}")

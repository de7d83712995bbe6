"""Folders to build in: what is done is renamed out of them, and what a kill leaves in them is swept away."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

#: Where unfinished work lies, inside the folder it is for.
PARTIAL = ".partial"


@contextlib.contextmanager
def scratch(root: Path, name: str) -> Iterator[Path]:
    """A folder on the file system of `root` to build in and rename from; whatever is left in it goes."""
    folder = root / PARTIAL / f"{socket.gethostname()}-{os.getpid()}-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(root: Path) -> None:
    """Remove what killed processes of this machine left in their scratch folders."""
    for folder in (root / PARTIAL).glob(f"{socket.gethostname()}-*"):
        process = folder.name.removeprefix(f"{socket.gethostname()}-").partition("-")[0]
        if not _alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True

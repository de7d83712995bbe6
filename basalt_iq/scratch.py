"""Folders to build in, beside what is finished, and without what killed processes left there."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import filelock

#: Where unfinished work lies, inside the folder it is for.
PARTIAL = ".partial"


@contextlib.contextmanager
def scratch(root: Path, label: str) -> Iterator[Path]:
    """A folder on the file system of `root` to build in and rename from; whatever is left in it goes.

    A lock beside it, which a kill lets go, says that it is in use; the `label` in its name is for people.
    """
    partial = root / PARTIAL
    partial.mkdir(parents=True, exist_ok=True)
    folder = partial / f"{label[:40]}-{uuid.uuid4().hex}"
    with filelock.FileLock(_lock_of(folder)):
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            _lock_of(folder).unlink(missing_ok=True)


def sweep(root: Path) -> None:
    """Remove what killed processes left in their scratch folders: all that nobody holds the lock of."""
    partial = root / PARTIAL
    for folder in partial.iterdir() if partial.is_dir() else ():
        if folder.is_dir():
            with (
                contextlib.suppress(filelock.Timeout, OSError),
                filelock.FileLock(_lock_of(folder), timeout=0),
            ):
                shutil.rmtree(folder, ignore_errors=True)
                _lock_of(folder).unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")

"""Writing so that a reader, a kill or a power cut finds the old content or the new, never half."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from basalt_iq.errors import UserError

#: Names every other file of a folder with its SHA-256, as `sha256sum` writes it.
SUMS = "SHA256SUMS"


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file `path` by `content`."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(handle, 0o644)  # a temporary file is its owner's alone
        put(Path(name), path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def put(partial: Path, path: Path) -> None:
    """Give a finished file or folder its name, once it is on the disk and not in a cache alone."""
    for file in sorted(partial.rglob("*"), reverse=True) if partial.is_dir() else ():
        _sync(file)
    _sync(partial)
    os.replace(partial, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Wait for the disk. Not every file system can sync a folder; it then does so in its own time."""
    flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) if path.is_dir() else os.O_RDONLY
    try:
        handle = os.open(path, flags)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def temporary(path: Path) -> Path:
    """The name, beside `path`, under which this process writes what will be `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it if the block succeeds and removed if not."""
    partial = temporary(path)
    try:
        yield partial
        put(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary folder beside `folder`, then rename it: readers see all or none.

    A folder that is already there is dropped first, so give each version its own name and `point` at it.
    """
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    temporary.chmod(0o755)
    try:
        write(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        put(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def point(link: Path, folder: Path) -> None:
    """Make `link` a relative symbolic link to `folder`, replacing an older link in one step."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(folder, link.parent))
    os.replace(temporary, link)


def make_folder(folder: Path) -> Path:
    """Create an output folder. Raises UserError if it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"{folder}: cannot write there ({error.strerror}); choose another folder") from None
    return folder


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def write_sums(folder: Path) -> None:
    """Write the sums of all files in a folder that is complete."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != SUMS)
    lines = (f"{digest(file)}  {file.relative_to(folder).as_posix()}\n" for file in files)
    (folder / SUMS).write_text("".join(lines))


def check_sums(folder: Path) -> str | None:
    """What is wrong with a folder by its own sums, in a few words; None if it is whole or has no sums."""
    try:
        if (folder / SUMS).exists() and not (folder / SUMS).is_file():
            return f"{SUMS} is not a regular file"
        lines = (folder / SUMS).read_text("utf-8").splitlines()
        for line in lines:
            wanted, name = line.split("  ", 1)
            file = folder / name
            if not file.is_file():
                return f"{name} is missing"
            if digest(file) != wanted:
                return f"{name} is damaged"
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return f"{SUMS} cannot be read ({error})"
    return None

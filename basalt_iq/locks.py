"""One owner at a time: a lock that is held, and let go by whatever ends its process."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import filelock

from basalt_iq.errors import UserError

LOCK = ".lock"
#: Beside the lock, for people: who holds it. It may be out of date; the lock itself never is.
HOLDER = ".lock-holder"


@contextlib.contextmanager
def owned(folder: Path, job: str) -> Iterator[None]:
    """Hold `folder` for this process while it does its `job` ("training", "an evaluation").

    Raises UserError that names the process which holds it already.
    """
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise UserError(
            f"{folder}: in use by {_holder(folder)}; wait until it has ended, or choose another folder"
        ) from None
    except OSError as error:
        raise UserError(f"{folder}: cannot write there ({error.strerror}); choose another folder") from None
    try:
        _sign(folder, job)
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _sign(folder: Path, job: str) -> None:
    """Say who holds the lock; where that cannot be written the lock is held all the same."""
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    with contextlib.suppress(OSError, KeyError):
        text = f"{job}, process {os.getpid()} of {getpass.getuser()} on {socket.gethostname()} since {since}"
        (folder / HOLDER).write_text(text)


def _holder(folder: Path) -> str:
    try:
        return (folder / HOLDER).read_text(errors="replace")[:300] or "another process"
    except OSError:
        return "another process"

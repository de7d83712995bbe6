"""Every JSON file of ours is read and written here: typed, bounded, and never blindly.

A record is a frozen dataclass (or a dict or list of plain types). msgspec holds the file to its fields' types
and bounds (`msgspec.Meta`); unknown fields are left aside, since a newer version may have added them.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from basalt_iq.errors import UserError

T = TypeVar("T")
#: No record of ours comes near it: what is larger is something else, or hostile.
MAX_BYTES = 8 << 20


def read_json(path: Path, kind: type[T], *, remedy: str, limit: int = MAX_BYTES) -> T:
    """The record of type `kind` in a file. Raises UserError with the file, what is wrong and the `remedy`.

    FileNotFoundError is raised as it is: whether a file may be missing is for the caller to say.
    """
    try:
        raw = read_bytes(path, limit)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); {remedy}"
        ) from None
    return parse_json(raw, kind, str(path), remedy=remedy)


def parse_json(raw: bytes | str, kind: type[T], source: str, *, remedy: str) -> T:
    """As `read_json`, of content at hand; `source` is what the error names."""
    import msgspec

    try:
        return msgspec.json.decode(raw, type=kind)
    except UserError as error:  # a record's own refusal
        raise UserError(f"{source}: {error}") from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, TypeError) as error:
        raise UserError(f"{source}: not what it should be ({_short(error)}); {remedy}") from None


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """A regular file's content. Raises ValueError for what is none (a pipe never ends) or is too large."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("not a regular file")
        # A buffer of the whole limit would take longer to clear than the file to read.
        raw = file.read(min(limit, facts.st_size) + 1)
    if len(raw) > limit:
        raise ValueError(f"larger than {limit:,} bytes")
    return raw


def to_json(record: Any) -> Any:
    """A record as dicts, lists and plain values."""
    import msgspec

    # Alone, msgspec leaves out the fields of a dataclass it has read that were not in the file.
    plain = asdict(record) if is_dataclass(record) and not isinstance(record, type) else record
    return msgspec.to_builtins(plain)


def write_json(path: Path, record: Any) -> None:
    """Replace the file by the record, readable for people. Raises ValueError where a number is not finite."""
    from basalt_iq.files import write_text

    write_text(path, json.dumps(to_json(record), indent=1, allow_nan=False) + "\n")


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:200] + "..."

"""The JSON that lies beside demonstrations: not ours, so nothing in it is taken for granted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from basalt_iq.data.defects import DemoError
from basalt_iq.records import read_bytes

_MOST_BYTES = 1 << 20
#: A value that takes more room as JSON is left out.
_MOST_KEPT = 2000


def read_meta(file: Path, remedy: str = "restore it, or move it away to read on without") -> dict[str, Any]:
    """The object in a JSON file, its numbers finite and its values small. Raises DemoError."""
    try:
        meta = json.loads(read_bytes(file, _MOST_BYTES).decode("utf-8-sig"), parse_constant=lambda _: None)
    except OSError as error:
        raise DemoError(file, f"cannot be read ({error.strerror})", "check its permissions") from error
    except (ValueError, RecursionError) as error:
        raise DemoError(file, f"is no JSON ({error})", remedy) from error
    if not isinstance(meta, dict):
        raise DemoError(file, "is no JSON object", remedy)
    return {key: value for key, value in meta.items() if _plain(key) and _plain(value)}


def _plain(value: Any) -> bool:
    """Whether JSON holds it, in little room."""
    try:
        text = json.dumps(value, allow_nan=False)
        text.encode()
        if isinstance(value, str):
            value.encode()
    except (ValueError, RecursionError):
        return False
    return len(text) <= _MOST_KEPT

"""How everything here is compiled.

Numba trusts a stored function for as long as the function's own file is unchanged, but ours also
hold tables made in other files. So the cache lies in a folder named after all the sources.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import numba

JIT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
"""Options of every compiled function. No fastmath: frames must not depend on the processor."""
BARE: dict[str, Any] = {**JIT, "_nrt": False}
"""For what runs for every pixel: allocates nothing, so it needs no counting of references to arrays
(atomic, and half of the time of a frame)."""
INLINE: dict[str, Any] = {**BARE, "forceinline": True}
"""For small parts of those: passing an array costs seven arguments."""

TABLES = ("blocks.py", "textures.py")
"""Sources of tables that compiled functions hold."""


def _cache_folder() -> Path:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        text = source.read_bytes()
        if source.name in TABLES or b"world.jit import" in text:
            digest.update(text)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "basalt-iq" / "numba" / digest.hexdigest()[:16]


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]

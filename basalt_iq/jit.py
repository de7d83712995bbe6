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


def sources() -> list[Path]:
    """Every file, of any room, that compiled code is made from."""
    here = Path(__file__).parent  # the rooms are links, which a ** would not follow
    files = [path for depth in ("*.py", "*/*.py", "*/*/*.py") for path in here.glob(depth)]
    return [f for f in sorted(files) if f.name in TABLES or b"basalt_iq.jit import" in f.read_bytes()]


def _cache_folder() -> Path:
    digest = hashlib.sha256()
    for source in sources():
        digest.update(source.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "basalt-iq" / "numba" / digest.hexdigest()[:16]


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]

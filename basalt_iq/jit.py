"""How everything here is compiled.

Numba trusts a stored function for as long as the function's own file is unchanged, but ours also
hold tables made in other files. So the cache lies in a folder named after all the sources.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
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
    bases = list(_bases())
    return next(filter(_ours, bases), bases[-1]) / "numba" / digest.hexdigest()[:16]


def _bases() -> Iterator[Path]:
    """The user's cache; for users without a home (evaluators, containers) a place among temporary files."""
    if cache := os.environ.get("XDG_CACHE_HOME"):
        yield Path(cache) / "basalt-iq"
    with contextlib.suppress(RuntimeError):  # the user may have no name
        yield Path.home() / ".cache" / "basalt-iq"
    yield Path(tempfile.gettempdir()) / f"basalt-iq-{os.getuid()}"


def _ours(folder: Path) -> bool:
    """Whether we can write there and not everybody can: what lies in a cache is run."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError:
        return False
    return os.access(folder, os.W_OK) and about.st_uid == os.getuid() and not about.st_mode & 0o002


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]

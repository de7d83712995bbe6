"""Where a store lies, found without reading it."""

from __future__ import annotations

from pathlib import Path

from basalt_iq.errors import UserError

MANIFEST = "manifest.json"


def refuse_no_store(folder: Path) -> None:
    """Raises UserError where no store is, before anything is imported to read it."""
    if not (folder / MANIFEST).exists():
        raise UserError(f"{folder}: no demo store here; make one with `basalt-iq data ingest`")

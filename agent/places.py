"""Where an agent lies, found without reading it."""

from __future__ import annotations

from pathlib import Path

from basalt_iq.errors import UserError

#: What an agent is, beside its weights.
AGENT = "agent.json"


def find_agent(path: Path) -> Path:
    """The checkpoint folder that `path` means: itself, or the chosen one (`agent/`) of a run folder.

    Where a copy of the run has lost that, its newest checkpoint. Raises UserError where there is none.
    """
    for folder in (path, path / "agent", *_newest_first(path / "checkpoints"), path / "last"):
        if (folder / AGENT).exists():
            return folder
    raise UserError(
        f"{path}: neither a run with a trained agent nor a checkpoint; train one with `basalt-iq train`"
    )


def _newest_first(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((f for f in folder.iterdir() if f.name.isdigit()), key=lambda f: int(f.name), reverse=True)

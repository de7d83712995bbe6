"""What a package says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from basalt_iq import plugins
from basalt_iq.errors import UserError
from basalt_iq.records import read_json

AICROWD_2021, AICROWD_2022, BEDD = TARGETS = ("aicrowd-2021", "aicrowd-2022", "bedd")
MANIFEST = "submission.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`submission.json`."""

    target: str
    tasks: dict[str, str]
    """Task -> where its agent lies; in BEDD's, which holds videos alone, the task that it learned."""
    notes: list[str] = field(default_factory=list)
    """What is not plain about who plays what."""
    version: str | None = None
    """Of the source in the package; BEDD's has none."""
    world: str | None = None
    """BEDD's: where the episodes were played, and their limit in steps of 50 ms."""
    max_steps: int | None = None

    def __post_init__(self) -> None:
        plugins.check("evaluator", self.target, TARGETS)


def read_manifest(folder: Path) -> Manifest:
    """What a package says about itself. Raises UserError."""
    try:
        return read_json(folder / MANIFEST, Manifest, remedy="build the package again")
    except FileNotFoundError:
        raise UserError(
            f"{folder}: no {MANIFEST} there; build a package with `basalt-iq submit build`"
        ) from None


def refuse_existing(out: Path) -> None:
    if out.exists():
        raise UserError(f"{out}: is there already; choose another --out")

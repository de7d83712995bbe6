"""What `basalt-iq submit ... --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from basalt_iq.command import Result

if TYPE_CHECKING:
    from basalt_iq.submission.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Built(Result):
    """`submit build`: what the package says about itself, and where it is."""

    manifest: Manifest
    out: str

    def to_json(self) -> Any:
        """Flat, as the package's own file is."""
        from basalt_iq.records import to_json

        return to_json(self.manifest) | {"ok": self.ok, "out": self.out}


@dataclass(frozen=True)
class CheckRow:
    """One line of the table."""

    check: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class PackageChecked(Result):
    """`submit check`."""

    checks: list[CheckRow]


@dataclass(frozen=True, kw_only=True)
class Pushed(Result):
    """`push`."""

    repo: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Pulled(Result):
    """`pull`."""

    out: str
    task: str
    era: int


@dataclass(frozen=True, kw_only=True)
class OnnxWritten(Result):
    """`export`."""

    out: str
    task: str
    bytes: int

"""What can be wrong with a demonstration, always with the file it is wrong in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from basalt_iq.video import VideoError


class DemoError(Exception):
    """A demonstration that cannot be read: one line naming the file, the defect and the remedy."""

    def __init__(self, file: Path, defect: str, remedy: str = "fetch it again or leave it out"):
        super().__init__(f"{file}: {defect}; {remedy}")
        self.finding = Finding(str(file), defect, remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        return DemoError, (Path(self.finding.file), self.finding.what, self.finding.remedy)


@dataclass(frozen=True)
class Finding:
    """Something the doctor noticed in a file. A fault is a defect, anything else is for information."""

    file: str
    what: str
    remedy: str = ""
    fault: bool = True

    def __str__(self) -> str:
        return f"{self.file}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@contextlib.contextmanager
def blaming(file: Path) -> Iterator[None]:
    """Turn a VideoError or a failure to read into the DemoError of `file`."""
    try:
        yield
    except VideoError as error:
        raise DemoError(file, str(error)) from error
    except OSError as error:
        raise DemoError(
            file, f"cannot be read ({error.strerror or error})", "check its permissions"
        ) from error

"""What can be wrong with a demonstration, always with the file it is wrong in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from basalt_iq.text import shown


class DemoError(Exception):
    """A demonstration that cannot be read: one line naming the file, the defect and the remedy."""

    def __init__(self, file: Path, defect: str, remedy: str = "fetch it again or leave it out"):
        super().__init__(f"{file}: {defect}; {remedy}")
        self.finding = Finding(str(file), defect, remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        return DemoError, (Path(self.finding.file), self.finding.what, self.finding.remedy)


@dataclass(frozen=True)
class Finding:
    """Something noticed in a file. A fault is a defect, anything else a remark for information."""

    file: str
    what: str
    remedy: str = ""
    fault: bool = True

    def __str__(self) -> str:
        """One line, whatever the name of the file holds."""
        return shown(f"{self.file}: {self.what}" + (f"; {self.remedy}" if self.remedy else ""))


class Parted(Exception):
    """A demonstration with ticks missing: the runs between them, to be read on their own."""

    def __init__(self, runs: Sequence[Any], findings: Sequence[Finding]):
        super().__init__(f"{len(runs)} runs")
        self.runs, self.findings = list(runs), list(findings)


@contextlib.contextmanager
def blaming(file: Path) -> Iterator[None]:
    """Turn a VideoError or a failure to read into the DemoError of `file`."""
    from basalt_iq.video import VideoError  # with it comes the decoder, which few commands need

    try:
        yield
    except VideoError as error:
        raise DemoError(file, str(error)) from error
    except OSError as error:
        raise DemoError(
            file, f"cannot be read ({error.strerror or error})", "check its permissions"
        ) from error


def absence(file: Path) -> str | None:
    """Why there is nothing to read: a file that is not there, or a pipe, which would be waited for."""
    if file.is_file():
        return None
    return "is not a regular file" if file.exists() else "missing"

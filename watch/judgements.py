"""Judgements on disk: a line each, appended and synced, so that none is lost whatever is killed."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.files import make_folder
from basalt_iq.records import parse_json, read_bytes
from basalt_iq.watch.ratings import Judgement

FILE = "judgements.jsonl"
#: A million judgements; what is larger is no such file.
_LIMIT = 256 << 20


@dataclass(frozen=True)
class TakenBack:
    """A line that takes an earlier one back."""

    undo: str


class Judgements:
    """The judgements in a folder. Taking one back is a line too: the file only grows."""

    def __init__(self, folder: Path):
        self.path = make_folder(folder) / FILE
        self._lock = threading.Lock()
        self._by_id: dict[str, Judgement] = {}
        self.lost: list[int] = [n for n, line in enumerate(self._lines(), 1) if not self._take(line)]
        """Numbers of the lines that say nothing (cut short, garbled): passed over, and to be told."""

    @property
    def all(self) -> list[Judgement]:
        """In the order in which they were given."""
        return list(self._by_id.values())

    def of(self, task: str) -> list[Judgement]:
        return [judgement for judgement in self.all if judgement.task == task]

    def add(self, new: Sequence[Judgement]) -> int:
        """Append those whose id is not known yet; on disk when this returns. Returns how many."""
        with self._lock:
            fresh = {j.id: j for j in new if j.id not in self._by_id}
            self._append([asdict(judgement) for judgement in fresh.values()])
            self._by_id |= fresh
            return len(fresh)

    def take_back(self) -> Judgement | None:
        """Undo the newest one."""
        with self._lock:
            if not self._by_id:
                return None
            newest = next(reversed(self._by_id))
            self._append([{"undo": newest}])
            return self._by_id.pop(newest)

    def _append(self, rows: Sequence[dict[str, Any]]) -> None:
        try:
            with self.path.open("ab+") as file:
                if file.tell() and not self._ends_whole():
                    file.write(b"\n")  # a line that a kill cut short stays alone
                file.write("".join(json.dumps(row) + "\n" for row in rows).encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UserError(f"{self.path}: cannot append ({error.strerror}); check the disk") from error

    def _ends_whole(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _lines(self) -> list[bytes]:
        try:
            return read_bytes(self.path, _LIMIT).splitlines()
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or error
            raise UserError(f"{self.path}: cannot be read ({words}); give another --out folder") from None

    def _take(self, line: bytes) -> bool:
        """Whether the line is a judgement, takes one back, or is empty."""
        if not line.strip():
            return True
        try:
            if line.startswith(b'{"undo"'):
                self._by_id.pop(parse_json(line, TakenBack, FILE, remedy="").undo, None)
            else:
                judgement = parse_json(line, Judgement, FILE, remedy="")
                self._by_id[judgement.id] = judgement
        except UserError:
            return False
        return True

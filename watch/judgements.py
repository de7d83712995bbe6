"""Judgements on disk: a line each, appended and synced, so that none is lost whatever is killed."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.files import make_folder
from basalt_iq.watch.ratings import Judgement

FILE = "judgements.jsonl"
_FIELDS = {field.name for field in fields(Judgement)}


class Judgements:
    """The judgements in a folder. Taking one back is a line too: the file only grows."""

    def __init__(self, folder: Path):
        self.path = make_folder(folder) / FILE
        self._lock = threading.Lock()
        self._by_id: dict[str, Judgement] = {}
        for number, line in enumerate(self._lines(), 1):
            self._take(line, number)

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

    def _lines(self) -> list[str]:
        return self.path.read_text(errors="replace").splitlines() if self.path.exists() else []

    def _take(self, line: str, number: int) -> None:
        try:
            row = json.loads(line)
        except ValueError:
            return  # cut short
        try:
            if "undo" in row:
                self._by_id.pop(row["undo"], None)
            else:
                judgement = Judgement(**{k: v for k, v in row.items() if k in _FIELDS})
                self._by_id[judgement.id] = judgement
        except (TypeError, ValueError) as error:
            raise UserError(
                f"{self.path}: line {number} is no judgement ({error}); mend or drop it"
            ) from error

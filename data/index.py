"""Work lists of the public 2022 data: what there is, what to fetch first, and fetching it.

An index is JSON: {"basedir": URL, "relpaths": [...]}, a video for each path, its actions beside it.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from basalt_iq.data.defects import Finding
from basalt_iq.data.era2022 import Pair
from basalt_iq.data.sources import find_sources
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder

_TIMEOUT = 60
_BLOCK = 1 << 18
_ATTEMPTS = 8
#: Kept free on the disk, in bytes.
_MARGIN = 1 << 30


@dataclass(frozen=True)
class Entry:
    """One demonstration of a work list: its files, relative to where they come from."""

    demo: str
    files: tuple[str, ...]
    size: int | None = None
    """Bytes of all files, None where nobody has asked yet."""

    def to_json(self) -> dict[str, Any]:
        return {"demo": self.demo, "files": list(self.files), "bytes": self.size}


@dataclass(frozen=True)
class WorkList:
    """Demonstrations and the folder or URL their files are under."""

    base: str
    entries: tuple[Entry, ...]

    def limited(self, demos: int | None) -> WorkList:
        """The first `demos` of them."""
        return replace(self, entries=self.entries[:demos])

    def to_json(self) -> dict[str, Any]:
        known = [entry.size for entry in self.entries if entry.size is not None]
        return {
            "base": self.base,
            "demos": [entry.to_json() for entry in self.entries],
            "files": sum(len(entry.files) for entry in self.entries),
            "bytes": sum(known) if len(known) == len(self.entries) else None,
        }


def from_folder(root: Path) -> WorkList:
    """What lies in a local folder, in either layout."""
    sources = find_sources(root).sources
    entries = [
        Entry(
            source.name,
            tuple(str(file.relative_to(root)) for file in source.files if file.exists()),
            sum(file.stat().st_size for file in source.files if file.exists()),
        )
        for source in sources
    ]
    return WorkList(str(root), tuple(entries))


def from_index(text: str, origin: str) -> WorkList:
    """The demonstrations of an index JSON, chunks grouped. UserError if it is none."""
    try:
        index = json.loads(text)
        base, paths = index["basedir"], index["relpaths"]
        if not isinstance(base, str) or not all(isinstance(path, str) for path in paths):
            raise TypeError("basedir and relpaths must be text")
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f'{origin}: no index ({error}); it needs "basedir" and "relpaths"') from None
    demos: dict[str, list[str]] = {}
    for path in sorted(set(paths)):
        _refuse_escape(path, origin)
        stem = PurePosixPath(path).with_suffix("")
        demos.setdefault(Pair(Path(stem.name)).demo, []).extend([f"{stem}.mp4", f"{stem}.jsonl"])
    entries = [Entry(demo, tuple(files)) for demo, files in demos.items()]
    return WorkList(base if base.endswith("/") else base + "/", tuple(entries))


def _refuse_escape(path: str, origin: str) -> None:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or urlsplit(path).scheme:
        raise UserError(
            f"{origin}: {path!r} would be written outside the folder; the index is not to be trusted"
        )


def read_source(source: str) -> WorkList:
    """A folder, an index file, or the URL of an index."""
    if urlsplit(source).scheme in ("http", "https"):
        try:
            return from_index(_retry(source, lambda: _read(source)).decode("utf-8"), source)
        except (_Refused, UnicodeDecodeError) as error:
            raise UserError(f"{source}: cannot be fetched ({error}); check the address") from None
    path = Path(source)
    if path.is_dir():
        return from_folder(path)
    try:
        return from_index(path.read_text("utf-8"), source)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{source}: cannot be read ({error}); give a folder, an index file or its URL"
        ) from None


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
        return response.read()


def with_sizes(work: WorkList) -> WorkList:
    """Ask the server for the size of every file; a demo with a file that cannot be had has none."""
    return replace(
        work, entries=tuple(replace(entry, size=_total(work.base, entry)) for entry in work.entries)
    )


def _total(base: str, entry: Entry) -> int | None:
    try:
        sizes = [_remote(base, file).size for file in entry.files]
    except _Refused:
        return None
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


@dataclass(frozen=True)
class Remote:
    """What a server says of a file."""

    url: str
    size: int | None
    md5: str | None
    """Base64, of the whole file (Azure blob storage sends it)."""
    tag: str | None


def _remote(base: str, file: str) -> Remote:
    url = urljoin(base, urllib.request.pathname2url(file))
    request = urllib.request.Request(url, method="HEAD")
    headers = _retry(url, lambda: _headers(request))
    length = headers.get("Content-Length")
    return Remote(url, int(length) if length else None, headers.get("Content-MD5"), headers.get("ETag"))


def _headers(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
        return response.headers


def fetch(work: WorkList, out: Path, progress: Callable[[int, int], None]) -> Iterator[Path | Finding]:
    """Download every file that `out` lacks, resuming partial ones: each file, or why it could not be had.

    Raises UserError when the disk is too small or the server stays away.
    """
    make_folder(out)
    files = [file for entry in work.entries for file in entry.files]
    for done, file in enumerate(files):
        progress(done, len(files))
        yield _fetch_one(work.base, file, out / file)
    progress(len(files), len(files))


def _fetch_one(base: str, file: str, target: Path) -> Path | Finding:
    if target.exists():
        return target
    try:
        _download(_remote(base, file), target)
    except _Refused as refusal:
        return Finding(str(target), str(refusal), "run again to fetch it anew, or leave it out")
    return target


class _Refused(Exception):
    """This one file cannot be had."""


def _download(remote: Remote, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Resumed under a name that tells which version of the file it is a part of.
    version = hashlib.sha256(f"{remote.url} {remote.tag} {remote.size}".encode()).hexdigest()[:12]
    partial = target.with_name(f".{target.name}.{version}.part")
    _need_room(target.parent, remote, partial)
    _retry(remote.url, lambda: _append(remote, partial), lambda: _size(partial))
    if fault := _damage(remote, partial):
        partial.unlink()
        raise _Refused(f"{remote.url}: {fault}")
    partial.replace(target)


def _append(remote: Remote, partial: Path) -> None:
    """Fetch what is missing of a partial file. Raises OSError if the connection breaks."""
    have = _size(partial)
    if remote.size is not None and have == remote.size:
        return
    request = urllib.request.Request(remote.url, headers={"Range": f"bytes={have}-"} if have else {})
    with (
        urllib.request.urlopen(request, timeout=_TIMEOUT) as response,
        # A server that ignores the range sends the file from its beginning.
        open(partial, "ab" if response.status == 206 else "wb") as file,
    ):
        shutil.copyfileobj(response, file, _BLOCK)
    if remote.size is not None and _size(partial) < remote.size:
        raise ConnectionError("the connection broke")


def _damage(remote: Remote, partial: Path) -> str | None:
    size = partial.stat().st_size
    if remote.size is not None and size != remote.size:
        return f"{size} bytes arrived of {remote.size}"
    if remote.md5 and _md5(partial) != remote.md5:
        return "arrived with another checksum than the server's"
    return None


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return base64.b64encode(digest.digest()).decode()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _need_room(folder: Path, remote: Remote, partial: Path) -> None:
    needed = (remote.size or 0) - _size(partial) + _MARGIN
    free = shutil.disk_usage(folder).free
    if needed > free:
        have, want = f"{free / 1e9:.1f} GB free", f"{needed / 1e9:.1f} GB needed"
        raise UserError(f"{folder}: {have}, {want} for {remote.url}; make room and run again")


def _retry(url: str, action: Callable[[], Any], measure: Callable[[], int] = lambda: 0) -> Any:
    """Try over broken connections, waiting longer each time; whatever `measure` gains starts anew."""
    failures, best = 0, measure()
    while True:
        try:
            return action()
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise _Refused(f"{url}: {error.code} {error.reason}") from None
            reason: Exception = error
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = error
        gained, best = measure() > best, max(best, measure())
        failures = 1 if gained else failures + 1
        if failures == _ATTEMPTS:
            raise UserError(f"{url}: gave up after {_ATTEMPTS} tries ({reason}); run again to resume")
        time.sleep(min(30.0, 0.05 * 2**failures))

"""Fetching what a work list names, over connections that break and servers that need not tell the truth."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx

from basalt_iq.data.checksums import add_sum
from basalt_iq.data.defects import Finding
from basalt_iq.data.work_list import Entry, WorkList
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, put

_TIMEOUT = 60.0
_BLOCK = 1 << 18
_ATTEMPTS = 8
#: Kept free on the disk, in bytes.
_MARGIN = 1 << 30
T = TypeVar("T")


@dataclass(frozen=True)
class Remote:
    """What a server says of a file."""

    url: str
    size: int | None
    md5: str | None
    """Base64, of the whole file (Azure blob storage sends it)."""
    tag: str | None


class _Refused(Exception):
    """This one file cannot be had."""


@dataclass(frozen=True)
class Server:
    """A connection; it notes the hosts that requests were sent on to."""

    client: httpx.Client
    elsewhere: set[str] = field(default_factory=set)

    def head(self, url: str) -> httpx.Headers:
        return self._checked(url, self.client.head(url)).headers

    @contextlib.contextmanager
    def get(self, url: str, have: int = 0) -> Iterator[httpx.Response]:
        """The answer from byte `have` on, if the server can do that (status 206)."""
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self.client.stream("GET", url, headers=headers) as response:
            yield self._checked(url, response)

    def _checked(self, url: str, response: httpx.Response) -> httpx.Response:
        host = response.url.host
        if host != urlsplit(url).hostname:
            self.elsewhere.add(host)
        if 400 <= response.status_code < 500:
            raise _Refused(f"{url}: {response.status_code} {response.reason_phrase}")
        if response.status_code not in (200, 206):
            raise ConnectionError(f"{response.status_code} {response.reason_phrase}")
        return response


@contextlib.contextmanager
def connected() -> Iterator[Server]:
    headers = {"Accept-Encoding": "identity"}  # sizes and checksums are of the bytes themselves
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True, max_redirects=5, headers=headers) as client:
        yield Server(client)


def fetch_index(url: str, most: int) -> bytes:
    """The content of an index of at most `most` bytes. Raises UserError."""
    try:
        with connected() as server:
            return _retry(url, lambda: _read(server, url, most))
    except _Refused as error:
        raise UserError(f"{url}: cannot be fetched ({error}); check the address") from None


def _read(server: Server, url: str, most: int) -> bytes:
    content = bytearray()
    with server.get(url) as response:
        for block in response.iter_raw():
            content += block
            if len(content) > most:
                raise _Refused(f"more than {most >> 20} MiB")
    return bytes(content)


def with_sizes(work: WorkList) -> WorkList:
    """Ask the server for the size of every file; a demo with a file that cannot be had has none."""
    with connected() as server:
        entries = tuple(replace(entry, size=_total(server, work.base, entry)) for entry in work.entries)
    return replace(work, entries=entries)


def _total(server: Server, base: str, entry: Entry) -> int | None:
    try:
        sizes = [_ask(server, base, file).size for file in entry.files]
    except _Refused:
        return None
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _ask(server: Server, base: str, file: str) -> Remote:
    url = base + quote(file)
    headers = _retry(url, lambda: server.head(url))
    length = headers.get("Content-Length", "")
    size = int(length) if length.isascii() and length.isdigit() else None
    return Remote(url, size, headers.get("Content-MD5"), headers.get("ETag"))


def fetch(work: WorkList, out: Path, progress: Callable[[int, int], None]) -> Iterator[Path | Finding]:
    """Download every file that `out` lacks, resuming partial ones: each file, or why it could not be had.

    Files whose checksum the server tells are held to it, and leave their own beside them. Raises UserError
    when the disk is too small or the server stays away.
    """
    make_folder(out)
    files = [file for entry in work.entries for file in entry.files]
    with connected() as server:
        for done, file in enumerate(files):
            progress(done, len(files))
            yield _fetch_one(server, work.base, file, out / file)
            yield from (Finding(work.base, f"sends on to {host}", fault=False) for host in server.elsewhere)
            server.elsewhere.clear()
    progress(len(files), len(files))


def _fetch_one(server: Server, base: str, file: str, target: Path) -> Path | Finding:
    if target.is_file():
        return target
    try:
        _download(server, _ask(server, base, file), target)
    except _Refused as refusal:
        return Finding(str(target), str(refusal), "run again to fetch it anew, or leave it out")
    except OSError as error:
        return Finding(str(target), f"cannot be written ({error.strerror or error})", "look at that folder")
    return target


def _download(server: Server, remote: Remote, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Resumed under a name that tells which version of the file it is a part of.
    version = hashlib.sha256(f"{remote.url} {remote.tag} {remote.size}".encode()).hexdigest()[:12]
    partial = target.with_name(f".{target.name}.{version}.part")
    _need_room(target.parent, remote, (remote.size or 0) - _size(partial))
    _retry(remote.url, lambda: _append(server, remote, partial), lambda: _size(partial))
    if fault := _damage(remote, partial):
        partial.unlink()
        raise _Refused(f"{remote.url}: {fault}")
    put(partial, target)
    if remote.md5:
        add_sum(target.with_suffix(".sha256"), target)


def _append(server: Server, remote: Remote, partial: Path) -> None:
    """Fetch what is missing of a partial file, and no more than was announced.

    Raises ConnectionError if the connection breaks, UserError where the disk is full.
    """
    have = _size(partial)
    if remote.size is not None and have == remote.size:
        return
    with server.get(remote.url, have) as response:
        # A server that ignores the range sends the file from its beginning.
        have = have if response.status_code == 206 else 0
        with open(partial, "ab" if have else "wb") as file:
            for block in response.iter_raw():
                have += len(block)
                if remote.size is not None and have > remote.size:
                    raise _Refused(f"{remote.url}: sends more than the {remote.size} bytes it announced")
                if remote.size is None:
                    _need_room(partial.parent, remote, len(block))
                file.write(block)
    if remote.size is not None and have < remote.size:
        raise ConnectionError("the connection broke")


def _damage(remote: Remote, partial: Path) -> str | None:
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


def _need_room(folder: Path, remote: Remote, size: int) -> None:
    needed, free = size + _MARGIN, shutil.disk_usage(folder).free
    if needed > free:
        have, want = f"{free / 1e9:.1f} GB free", f"{needed / 1e9:.1f} GB needed"
        raise UserError(f"{folder}: {have}, {want} for {remote.url}; make room and run again")


def _retry(url: str, action: Callable[[], T], measure: Callable[[], int] = lambda: 0) -> T:
    """Try over broken connections, waiting longer each time; whatever `measure` gains starts anew."""
    failures, best = 0, measure()
    while True:
        try:
            return action()
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects, UnicodeError) as error:
            raise _Refused(f"{url}: {error}") from None
        except (httpx.HTTPError, ConnectionError, TimeoutError) as error:
            reason = error
        gained, best = measure() > best, max(best, measure())
        failures = 1 if gained else failures + 1
        if failures == _ATTEMPTS:
            raise UserError(
                f"{url}: gave up after {_ATTEMPTS} tries ({reason or type(reason).__name__}); "
                "run again to resume"
            )
        time.sleep(min(30.0, 0.05 * 2**failures))

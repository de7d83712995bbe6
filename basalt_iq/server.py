"""A page served to this machine alone: 127.0.0.1, no other host name, no request from another site."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError

ADDRESS = "127.0.0.1"
MAX_BODY = 64 << 10


@dataclass(frozen=True)
class Answer:
    """What goes back: bytes, or a file, which may be asked for in parts (browsers seek videos so)."""

    content: bytes | Path
    kind: str = "application/json"
    status: int = HTTPStatus.OK


def as_json(value: Any, status: int = HTTPStatus.OK) -> Answer:
    return Answer(json.dumps(value).encode(), status=status)


def as_page(text: str) -> Answer:
    return Answer(text.encode(), "text/html; charset=utf-8")


NOT_FOUND = as_json({"error": "not found"}, HTTPStatus.NOT_FOUND)
#: Answers a path; None where there is nothing. A POST hands over its JSON object.
Get = Callable[[str], Answer | None]
Post = Callable[[str, dict[str, Any]], Answer | None]


def no_post(path: str, body: dict[str, Any]) -> None:
    """For pages that only show."""


def server(get: Get, post: Post = no_post, port: int = 0) -> ThreadingHTTPServer:
    """A server on :data:`ADDRESS`, not started; port 0 takes a free one. Raises OSError if it is taken."""

    class Handler(_Handler):
        answer_get = staticmethod(get)
        answer_post = staticmethod(post)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    return Server((ADDRESS, port), Handler)


@contextlib.contextmanager
def run_site(get: Get, post: Post = no_post, port: int = 0) -> Iterator[str]:
    """The site's address while it runs in a thread. Raises UserError if the port is taken."""
    try:
        running = server(get, post, port)
    except (OSError, OverflowError) as error:
        raise UserError(f"--port {port}: cannot listen there ({error}); choose another, or 0") from error
    thread = threading.Thread(target=running.serve_forever, name="site", daemon=True)
    thread.start()
    try:
        yield f"http://{ADDRESS}:{running.server_address[1]}/"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer_get: Get
    answer_post: Post

    def do_GET(self) -> None:
        if self._is_ours():
            self._send(self.answer_get(self.path.partition("?")[0]) or NOT_FOUND)

    def do_POST(self) -> None:
        """Only JSON: a form of another site cannot send that without asking, and is never allowed to."""
        if not self._is_ours():
            return
        size = int(self.headers.get("Content-Length") or 0)
        if self.headers.get_content_type() != "application/json" or size > MAX_BODY:
            self.close_connection = True
            self._send(as_json({"error": "not a small JSON object"}, HTTPStatus.BAD_REQUEST))
            return
        try:
            body = json.loads(self.rfile.read(size))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._send(as_json({"error": "not a JSON object"}, HTTPStatus.BAD_REQUEST))
            return
        self._send(self.answer_post(self.path, body) or NOT_FOUND)

    def _is_ours(self) -> bool:
        """Refuse other host names, under which a stranger's site could read this one."""
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        if host in (ADDRESS, "localhost"):
            return True
        self.close_connection = True
        self._send(as_json({"error": "wrong host"}, HTTPStatus.FORBIDDEN))
        return False

    def _send(self, answer: Answer) -> None:
        try:
            if isinstance(answer.content, Path):
                self._send_file(answer.content, answer.kind)
                return
            self.send_response(answer.status)
            self._headers(answer.kind, len(answer.content))
            self.wfile.write(answer.content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the browser went on to something else

    def _send_file(self, path: Path, kind: str) -> None:
        try:
            file = path.open("rb")
        except OSError:
            self._send(NOT_FOUND)
            return
        with file:
            total = path.stat().st_size
            start, stop = _range(self.headers.get("Range"), total)
            whole = (start, stop) == (0, total)
            self.send_response(HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT)
            if not whole:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{total}")
            self.send_header("Accept-Ranges", "bytes")
            self._headers(kind, stop - start)
            file.seek(start)
            self.wfile.write(file.read(stop - start))

    def _headers(self, kind: str, length: int) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the terminal belongs to the command."""


def _range(asked: str | None, total: int) -> tuple[int, int]:
    """[start, stop) of a single-range header; the whole file for any other."""
    unit, _, span = (asked or "").partition("=")
    first, _, last = span.partition("-")
    if unit != "bytes" or not first.isdigit() or not (last.isdigit() or last == "") or int(first) >= total:
        return 0, total
    return int(first), min(total, int(last) + 1) if last else total

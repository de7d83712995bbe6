"""The one local server: a Starlette site for this machine alone, that no other site can read or drive.

Serves 127.0.0.1 only; refuses other host names (under which a stranger's page could read it), requests of
other sites, bodies over a bound or slower than a bound, and drops connections that ask for nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from basalt_iq.errors import UserError

ADDRESS = "127.0.0.1"
#: Bytes of a request's body and of a socket's message.
MAX_BODY = 64 << 10
#: Seconds that a connection may take to ask for something, and a body to arrive.
PATIENCE = 10.0
#: Open connections; one more, and the one that came first has to go.
MAX_CONNECTIONS = 200

Kind = TypeVar("Kind")
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


def as_json(value: Any, status: int = HTTPStatus.OK) -> Response:
    """Any of our records, or JSON-ready data."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def as_page(text: str) -> Response:
    return HTMLResponse(text)


def refusal(words: str, status: int = HTTPStatus.BAD_REQUEST) -> Response:
    """A one-line error as the pages expect it."""
    return as_json({"error": words}, status)


async def read_body(request: Request, kind: type[Kind]) -> Kind:
    """The request's JSON body as a `kind`. Raises HTTPException 400, 408, 413 or 415.

    Only JSON is taken: a form of another site cannot send that without asking, and is never allowed to.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not JSON")
    try:
        content = await asyncio.wait_for(_bounded(request), PATIENCE)
    except (TimeoutError, asyncio.TimeoutError):  # two classes until Python 3.11
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive") from None
    return decoded(content, kind)


def decoded(content: bytes | str, kind: type[Kind]) -> Kind:
    """A message of a page as a `kind`; numbers are finite. Raises HTTPException 400 for anything else."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from None


async def _bounded(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MAX_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BODY} bytes")
    return bytes(content)


class _Guard:
    """Refuses what does not come from a page of this very server, before anything else looks at it."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        refused = _why_refused(scope, headers)
        if refused is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(refused[1], refused[0])(scope, receive, _with_headers(send))


def _why_refused(scope: Scope, headers: dict[bytes, list[bytes]]) -> tuple[int, str] | None:
    port = scope["server"][1]
    ours = {f"{name}:{port}" for name in (ADDRESS, "localhost")}
    ours |= {ADDRESS, "localhost"} if port == 80 else set()
    hosts = headers.get(b"host", [])
    if len(hosts) != 1 or hosts[0].decode("latin-1").lower() not in ours:
        return HTTPStatus.FORBIDDEN, "wrong host"
    for origin in headers.get(b"origin", []):
        if origin.decode("latin-1").lower() not in {f"http://{host}" for host in ours}:
            return HTTPStatus.FORBIDDEN, "a page of another site"
    site, mode = (headers.get(b"sec-fetch-" + name, [b""])[0] for name in (b"site", b"mode"))
    if site in (b"cross-site", b"same-site") and mode != b"navigate":
        return HTTPStatus.FORBIDDEN, "a page of another site"
    lengths = headers.get(b"content-length", [])
    if any(not length.isdigit() or int(length[:20]) > MAX_BODY for length in lengths):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BODY} bytes"
    return None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_HEADERS]
        await send(message)

    return sending


class _Connection(H11Protocol):
    """Uvicorn waits for a first request for ever; this one hangs up, and makes room under a flood."""

    waiting: OrderedDict[int, _Connection] = OrderedDict()  # noqa: RUF012  of one server: see `_protocol`

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.waiting[id(self)] = self
        self._patience = self.loop.call_later(PATIENCE, self._lose_patience)
        if len(self.waiting) > MAX_CONNECTIONS:
            next(iter(self.waiting.values()))._hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._forget()
        super().handle_websocket_upgrade(event)

    def _lose_patience(self) -> None:
        """Once something was asked for, uvicorn's own keep-alive time-out watches."""
        if self.cycle is None:
            self._hang_up()

    def _hang_up(self) -> None:
        self._forget()
        self.transport.abort()

    def _forget(self) -> None:
        self.waiting.pop(id(self), None)
        self._patience.cancel()


def _protocol() -> type[H11Protocol]:
    return type("Connection", (_Connection,), {"waiting": OrderedDict()})


async def _say(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return refusal(error.detail.lower(), error.status_code)
    return refusal(str(error), HTTPStatus.INTERNAL_SERVER_ERROR)


def make_site(routes: Sequence[BaseRoute]) -> ASGIApp:
    """The guarded application of the routes. A UserError in one is told as JSON with status 500."""
    return _Guard(Starlette(routes=list(routes), exception_handlers={HTTPException: _say, UserError: _say}))


@contextlib.contextmanager
def run_site(routes: Sequence[BaseRoute], port: int = 0) -> Iterator[str]:
    """The site's address while it runs in a thread; port 0 takes a free one.

    Raises UserError if the port is taken.
    """
    listener = _listen(port)
    config = uvicorn.Config(
        make_site(routes), http=_protocol(), ws="websockets-sansio", lifespan="off", log_config=None,
        log_level="critical", access_log=False, server_header=False, proxy_headers=False,
        timeout_keep_alive=int(PATIENCE), timeout_graceful_shutdown=1, h11_max_incomplete_event_size=16 << 10,
        ws_max_size=MAX_BODY, ws_per_message_deflate=False, ws_ping_interval=5.0, ws_ping_timeout=15.0,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="site", daemon=True)
    thread.start()
    try:
        yield f"http://{ADDRESS}:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        why = re.sub(r"^\[Errno \d+\] ", "", str(error))
        raise UserError(f"--port {port}: cannot listen there ({why}); choose another, or 0") from error
    return listener

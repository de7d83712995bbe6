"""The local server against what browsers never send: raw sockets, floods, slow and broken requests."""

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass

import pytest
from starlette.responses import FileResponse
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from basalt_iq import server
from basalt_iq.errors import UserError
from basalt_iq.server import MAX_BODY, as_json, as_page, read_body, run_site


@dataclass(frozen=True)
class Word:
    number: float
    text: str = ""


def breaks(_):
    raise UserError("the file is gone; restore it")


async def takes(request):
    return as_json(await read_body(request, Word))


async def echo(socket_):
    await socket_.accept()
    with contextlib.suppress(Exception):
        while True:
            await socket_.send_text(await socket_.receive_text())


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    video = tmp_path_factory.mktemp("site") / "v.mp4"
    video.write_bytes(bytes(range(256)) * 8)
    routes = [
        Route("/", lambda _: as_page("hello")),
        Route("/take", takes, methods=["POST"]),
        Route("/video", lambda _: FileResponse(video)),
        Route("/breaks", breaks),
        WebSocketRoute("/socket", echo),
    ]
    with run_site(routes) as address:
        yield int(address.split(":")[2].rstrip("/"))


def tell(port, data, seconds=5.0):
    """Raw bytes out; what comes back until the server hangs up or is quiet."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
        line.sendall(data)
        got = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while part := line.recv(65536):
                got += part
                head, _, body = got.partition(b"\r\n\r\n")
                length = [
                    h.split(b":")[1] for h in head.lower().split(b"\r\n") if h.startswith(b"content-length")
                ]
                if length and len(body) >= int(length[0]):
                    break
    return got


def status(port, data, seconds=5.0):
    got = tell(port, data, seconds)
    return int(got.split()[1]) if got else None


def asked(port, path="/", head="", method="GET", body=b"", host=None):
    host = f"Host: {host or f'127.0.0.1:{port}'}\r\n" if host != "" else ""
    return f"{method} {path} HTTP/1.1\r\n{host}{head}\r\n".encode() + body


def posted(port, body, kind="application/json", head=""):
    head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return asked(port, "/take", head, "POST", body)


def alive(port):
    return status(port, asked(port)) == 200


def test_what_a_browser_asks_is_answered(site):
    got = tell(site, asked(site, "/video", "Range: bytes=10-19\r\n"))
    assert got.startswith(b"HTTP/1.1 206")
    assert got.endswith(bytes(range(10, 20)))
    assert b"nosniff" in got
    assert b"no-store" in got
    assert b"same-origin" in got
    assert status(site, asked(site, host=f"localhost:{site}")) == 200
    assert tell(site, posted(site, b'{"number": 1.5}')).endswith(b'{"number":1.5}')


def test_a_user_error_is_told(site):
    got = tell(site, asked(site, "/breaks"))
    assert got.startswith(b"HTTP/1.1 500")
    assert json.loads(got.partition(b"\r\n\r\n")[2]) == {"error": "the file is gone; restore it"}


MALFORMED = {
    "another host": (lambda p: asked(p, host="evil.example"), 403),
    "another port": (lambda p: asked(p, host="127.0.0.1:1"), 403),
    "no host": (lambda p: asked(p, host=""), 400),
    "two hosts": (lambda p: asked(p, head="Host: evil.example\r\n"), 400),
    "host of no ascii": (lambda p: asked(p, host="h\u00e4h"), 403),
    "another origin": (lambda p: asked(p, head="Origin: http://evil.example\r\n"), 403),
    "origin null": (lambda p: asked(p, head="Origin: null\r\n"), 403),
    "a script of another site": (
        lambda p: asked(p, head="Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"),
        403,
    ),
    "not http": (lambda p: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n", 400),
    "nonsense": (lambda p: b"hello\r\n\r\n", 400),
    "http 9": (lambda p: b"GET / HTTP/9.9\r\n\r\n", 403),
    "a nul in the path": (lambda p: asked(p, "/\0"), 400),
    "out of the folder": (lambda p: asked(p, "/../../../../etc/passwd"), 404),
    "encoded out of the folder": (lambda p: asked(p, "/%2e%2e/%2e%2e/etc/passwd"), 404),
    "a long path": (lambda p: asked(p, "/" + "a" * 100_000), 404),
    "many headers": (lambda p: asked(p, head="".join(f"X-{i}: y\r\n" for i in range(20_000))), 400),
    "an endless header": (lambda p: asked(p, head="X: " + "y" * 200_000 + "\r\n"), 400),
    "wrong method": (lambda p: asked(p, method="DELETE"), 405),
    "length -1": (lambda p: asked(p, "/take", "Content-Length: -1\r\n", "POST"), 400),
    "length of words": (lambda p: asked(p, "/take", "Content-Length: abc\r\n", "POST"), 400),
    "two lengths": (lambda p: asked(p, "/take", "Content-Length: 1\r\nContent-Length: 2\r\n", "POST"), 400),
    "a length over the bound": (
        lambda p: asked(p, "/take", f"Content-Length: {MAX_BODY + 1}\r\n", "POST"),
        413,
    ),
    "a length of 30 digits": (lambda p: asked(p, "/take", f"Content-Length: {'9' * 30}\r\n", "POST"), 400),
    "chunks over the bound": (
        lambda p: asked(
            p,
            "/take",
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
            "POST",
            b"".join(b"4000\r\n" + b" " * 0x4000 + b"\r\n" for _ in range(6)) + b"0\r\n\r\n",
        ),
        413,
    ),
    "a broken chunk": (
        lambda p: asked(
            p, "/take", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", "POST", b"zz\r\n"
        ),
        400,
    ),
    "a form": (lambda p: posted(p, b"number=1", "application/x-www-form-urlencoded"), 415),
    "plain text": (lambda p: posted(p, b'{"number": 1}', "text/plain"), 415),
    "not JSON": (lambda p: posted(p, b"{"), 400),
    "a list": (lambda p: posted(p, b"[]"), 400),
    "a NaN": (lambda p: posted(p, b'{"number": NaN}'), 400),
    "an infinity": (lambda p: posted(p, b'{"number": 1e999}'), 400),
    "a word for a number": (lambda p: posted(p, b'{"number": "1"}'), 400),
    "deep": (lambda p: posted(p, b"[" * 60_000), 400),
    "not UTF-8": (lambda p: posted(p, b'{"number": 1, "text": "\xff"}'), 400),
    "a range of nonsense": (lambda p: asked(p, "/video", "Range: bytes=zz-\r\n"), 400),
    "a range beyond": (lambda p: asked(p, "/video", "Range: bytes=999999-\r\n"), 416),
    "a socket without a key": (
        lambda p: asked(p, "/socket", "Upgrade: websocket\r\nConnection: Upgrade\r\n"),
        400,
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests_are_refused_and_the_site_lives(site, name, capfd):
    make, expected = MALFORMED[name]
    got = status(site, make(site), seconds=2.0)
    assert got in ((expected, None) if expected == 400 else (expected,)), got
    assert alive(site)
    assert capfd.readouterr().err == ""


def test_a_body_that_does_not_come_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE", 0.3)
    head = "Content-Type: application/json\r\nContent-Length: 50\r\n"
    began = time.monotonic()
    assert status(site, asked(site, "/take", head, "POST", b'{"num')) == 408
    assert time.monotonic() - began < 3


def test_a_flood_of_half_open_connections_takes_no_thread_and_nobody_is_shut_out(site, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE", 1.0)
    before = set(threading.enumerate())
    with contextlib.ExitStack() as stack:
        lines = []
        for _ in range(600):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", site), timeout=5))
            with contextlib.suppress(ConnectionError):
                line.sendall(b"GET / HTTP/1.1\r\nHost: 127")
            lines.append(line)
        assert alive(site)
        assert len(set(threading.enumerate()) - before) <= 3
        time.sleep(1.5)  # patience is over: all of them are hung up on
        for line in lines:
            line.settimeout(1)
            with contextlib.suppress(ConnectionError):
                assert line.recv(1) == b""
    assert alive(site)


def test_a_socket_speaks_to_its_own_page_only(site):
    url = f"ws://127.0.0.1:{site}/socket"
    with connect(url, origin=f"http://127.0.0.1:{site}") as line:
        line.send("hello")
        assert line.recv(timeout=5) == "hello"
        time.sleep(0.05)
        with contextlib.suppress(ConnectionClosed):
            line.send("x" * (MAX_BODY + 1))  # too much for one message
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=5)
    with pytest.raises(InvalidStatus, match="403"):
        connect(url, origin="http://evil.example")
    assert alive(site)


def test_a_port_that_is_taken_is_named(site):
    with (
        pytest.raises(UserError, match=f"--port {site}: cannot listen there .*; choose another"),
        run_site([], site),
    ):
        pass


def test_nothing_of_a_site_is_left():
    before = set(threading.enumerate())  # those of other tests may be ending
    with run_site([Route("/", lambda _: as_page("x"))]) as address:
        port = int(address.split(":")[2].rstrip("/"))
        assert alive(port)
    for _ in range(50):  # what is idle in a pool takes a moment to go
        if set(threading.enumerate()) <= before:
            break
        time.sleep(0.1)
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        tell(port, b"")

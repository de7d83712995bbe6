"""A person plays in a local web page: the page shows the frames and sends keys and mouse, 20 times a second.

One request per tick: the page posts what the hands did since the last one, and the answer is the next frame.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from basalt_iq.contract import BUTTONS, TICK_SECONDS, Task
from basalt_iq.errors import UserError

PAGE = Path(__file__).with_name("keyboard.html")
PATIENCE = 5.0
"""Seconds without a word from the page after which its keys count as released."""
LONG_POLL = 1.0


@dataclass
class Hands:
    """What the page has told since the last tick."""

    keys: frozenset[str] = frozenset()
    """Buttons of the action space held now."""
    tapped: set[str] = field(default_factory=set)
    """Buttons pressed since the last tick, though perhaps released again."""
    camera: np.ndarray = field(default_factory=lambda: np.zeros(2))
    """Degrees [pitch, yaw] turned since the last tick."""
    slot: int = 0
    playing: bool = False
    stopped: bool = False
    heard: float = 0.0


class WebPlayer:
    """A player whose actions come from a web page on this machine. A context manager; serves only localhost.

    ``act`` keeps the pace of 20 ticks a second and waits while the page is paused. Open ``url`` in a browser.
    """

    def __init__(self, task: Task, era: int = 2021, port: int = 0):
        self.task, self.era, self.done = task, era, False
        self._hands, self._frame, self._tick = Hands(), b"", 0
        self._state: dict[str, Any] = {}
        self._news = threading.Condition()
        self._slot, self._due = 0, 0.0
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        except (OSError, OverflowError) as error:
            raise UserError(f"port {port} cannot be served ({error}); give another --port") from None
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, name="webplay", daemon=True)
        self._thread.start()

    def __enter__(self) -> WebPlayer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # the player's side

    def reset(self, env: Any) -> None:
        """Start playing ``env``, which has just been reset."""
        self.env, self.done = env.unwrapped, False
        self._slot, self._due = 0, 0.0
        with self._news:
            self._hands = Hands(keys=self._hands.keys, playing=self._hands.playing, heard=self._hands.heard)

    def act(self) -> dict[str, Any]:
        """Show the world as it is now, wait for the tick, return what the person did in it."""
        self._show()
        while True:
            self._sleep()
            with self._news:
                hands = self._hands
                if hands.stopped:
                    self.done = True
                    return {}
                if hands.playing and time.monotonic() - hands.heard < PATIENCE:
                    return self._take(hands)

    def _sleep(self) -> None:
        now = time.monotonic()
        self._due = max(self._due + TICK_SECONDS, now)
        time.sleep(self._due - now)

    def _take(self, hands: Hands) -> dict[str, Any]:
        action: dict[str, Any] = dict.fromkeys(sorted(hands.keys | hands.tapped), 1)
        action["camera"] = hands.camera.astype(np.float32)
        hands.tapped, hands.camera = set(), np.zeros(2)
        items = list(self.task.start[self.era])
        if hands.slot != self._slot and hands.slot < max(len(items), 9):
            self._slot = hands.slot
            if self.era == 2022:
                action[f"hotbar.{self._slot + 1}"] = 1
            elif self._slot < len(items):
                action["equip"] = items[self._slot]
        return action

    def _show(self) -> None:
        _, png = cv2.imencode(".png", self.env.render()[..., ::-1])
        items = [[item, self.env.inventory.count(item)] for item in self.task.start[self.era]]
        with self._news:
            self._frame, self._tick = png.tobytes(), self._tick + 1
            self._state = {"tick": self._tick, "items": items, "slot": self._slot}
            self._news.notify_all()

    # the page's side

    def _hear(self, message: dict[str, Any]) -> None:
        """What the page posts: keys and tapped (buttons), mouse (degrees), slot, playing, stopped."""
        known = set(BUTTONS[self.era])
        hands = self._hands
        hands.keys = frozenset(message["keys"]) & known
        hands.tapped |= set(message["tapped"]) & known
        hands.camera = np.clip(hands.camera + np.array(message["mouse"], float), -180.0, 180.0)
        hands.slot = int(message["slot"])
        hands.playing, hands.stopped = bool(message["playing"]), bool(message["stopped"])
        hands.heard = time.monotonic()

    def _next_frame(self, message: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        with self._news:
            self._hear(message)
            self._news.wait_for(lambda: self._tick > int(message["tick"]), LONG_POLL)
            return self._frame, self._state

    def _page(self) -> bytes:
        text = PAGE.read_text(encoding="utf-8")
        return text.replace("__TASK__", self.task.name).replace("__ERA__", str(self.era)).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        player = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == "/":
                    self._answer(200, "text/html; charset=utf-8", player._page())
                else:
                    self._answer(404, "text/plain", b"not here")

            def do_POST(self) -> None:
                # A page of another site can neither set this header nor read the answer.
                if self.path != "/tick" or self.headers.get("X-Play") != player.task.name:
                    self._answer(403, "text/plain", b"not for you")
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    frame, state = player._next_frame(json.loads(body))
                except (ValueError, KeyError, TypeError) as error:
                    self._answer(400, "text/plain", str(error).encode())
                    return
                self._answer(200, "image/png", frame, {"X-State": json.dumps(state)})

            def _answer(self, code: int, kind: str, body: bytes, more: dict[str, str] | None = None) -> None:
                self.send_response(code)
                for key, value in {"Content-Type": kind, "Cache-Control": "no-store", **(more or {})}.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

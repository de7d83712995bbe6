"""A person plays in a local web page, over one socket: hands come in, pictures and the state of play go out.

The world moves 20 times a second while the person plays and stands still otherwise; pictures are drawn beside
it, as fast as the machine can, so that drawing never slows the demonstration.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import gymnasium
import msgspec
import numpy as np
from msgspec import Meta
from starlette.exceptions import HTTPException
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from basalt_iq.contract import BUTTONS, TICK_SECONDS, Task
from basalt_iq.pages import render
from basalt_iq.play.briefing import about, how_to_end
from basalt_iq.play.window import Window, window_onto
from basalt_iq.server import as_page, decoded, run_site

TEMPLATES = Path(__file__).with_name("templates")
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 88]
#: Seconds that a late tick may be made up for.
_CATCH_UP = 0.2
#: The page's socket was opened again elsewhere.
_MOVED = 4001

Phase = Literal["wait", "start", "play", "verdict", "over"]
Choice = Literal["start", "stop", "keep", "retry", "discard"]
Degrees = Annotated[float, Meta(ge=-3600.0, le=3600.0)]
Names = Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=64)]


@dataclass(frozen=True)
class Message:
    """What the page tells: buttons held and tapped, degrees [pitch, yaw] turned, and what was chosen."""

    keys: Names = field(default_factory=list)
    tapped: Names = field(default_factory=list)
    mouse: tuple[Degrees, Degrees] = (0.0, 0.0)
    slot: Annotated[int, Meta(ge=0, le=8)] = 0
    playing: bool = False
    choice: Choice | None = None


@dataclass(frozen=True)
class KeyboardScene:
    """What the page shows around the picture."""

    phase: Phase = "wait"
    number: int = 1
    """Of the demonstration, from 1, and how many there will be."""
    of: int = 1
    kept: int = 0
    seed: int = 0
    tick: int = 0
    limit: int = 0
    """Ticks after which the episode ends by itself."""
    rate: float = 0.0
    """Ticks per second, over the last two seconds."""
    items: list[tuple[str, int]] = field(default_factory=list)
    slot: int = 0
    success: bool | None = None
    """The world's verdict; None where the episode was stopped before one."""
    reasons: list[str] = field(default_factory=list)
    may_keep: bool = True


class WebPlayer:
    """A person at a page on this machine. A context manager; open ``url`` in a browser.

    For each episode: :meth:`begin` shows the world and waits for the start, :meth:`act` gives the action of
    each tick, :meth:`judge` shows the verdict and waits for what is to become of the recording.
    """

    def __init__(self, task: Task, era: int = 2021, port: int = 0, max_steps: int | None = None):
        self.task, self.era, self.done = task, era, False
        self._limit = max_steps or task.max_steps
        self._scene = KeyboardScene(limit=self._limit)
        self._hands = Message()
        self._choice: Choice | None = None
        self._tapped: set[str] = set()
        self._turned = np.zeros(2)
        self._news = threading.Condition()
        self._pages: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._picture = _Picture(self._tell)
        self._slot, self._due = 0, 0.0
        self._ticks: list[float] = []
        self._stack = contextlib.ExitStack()
        routes = [Route("/", lambda _: as_page(self._page())), WebSocketRoute("/play", self._serve)]
        self.url = self._stack.enter_context(run_site(routes, port))

    def __enter__(self) -> WebPlayer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Tell the page that it is over, and stop serving."""
        self._set(phase="over")
        time.sleep(0.1)  # so that the page hears it
        self._picture.stop()
        self._stack.close()

    # the recorder's side

    def begin(
        self,
        env: gymnasium.Env,
        seen: Mapping[str, Any],
        seed: int,
        kept: int = 0,
        of: int = 1,
        may_fail: bool = True,
    ) -> bool:
        """Show ``env``, whose reset answered ``seen``, and wait for the person; False if the person stops
        recording instead."""
        self._window, self._may_fail = window_onto(env, self.task, self.era), may_fail
        self._window.see(seen)
        self._picture.of(self._window)
        start = {"phase": "start", "number": kept + 1, "of": of, "kept": kept, "seed": seed, "tick": 0}
        items = self._window.items()
        shown = start | {"items": items, "slot": 0, "rate": 0.0, "success": None, "reasons": []}
        if self._ask(shown, "start", "stop") == "stop":
            self.done = True
            return False
        self._set(phase="play")
        self._slot, self._due, self._ticks = 0, time.monotonic(), []
        return True

    def see(self, observation: Mapping[str, Any]) -> None:
        """What the world answered to the last action."""
        self._window.see(observation)

    def act(self) -> dict[str, Any] | None:
        """What the person does in the next tick, when it is due; None to end the episode here."""
        self._show()
        while True:
            self._sleep()
            with self._news:
                if self._choice == "stop":
                    self._choice = None
                    return None
                if self._hands.playing:
                    return self._take()
            self._due = time.monotonic()  # a pause is not made up for

    def judge(self, success: bool | None, reasons: Sequence[str]) -> Choice:
        """Show how it went and wait for the word: keep, retry or discard."""
        self._show()
        may_keep = self._may_fail or bool(success)
        shown = {"phase": "verdict", "success": success, "reasons": list(reasons), "may_keep": may_keep}
        return self._ask(shown, *(("keep",) if may_keep else ()), "retry", "discard")

    def _ask(self, scene: dict[str, Any], *choices: Choice) -> Choice:
        with self._news:
            self._choice = None
            self._set(**scene)
            while (choice := self._choice) not in choices or choice is None:
                self._news.wait(0.5)  # with a limit, so that Ctrl-C is heard
            self._choice = None
            self._tapped, self._turned = set(), np.zeros(2)
        return choice

    def _sleep(self) -> None:
        now = time.monotonic()
        self._due = max(self._due + TICK_SECONDS, now - _CATCH_UP)
        time.sleep(max(0.0, self._due - now))

    def _take(self) -> dict[str, Any]:
        hands, known = self._hands, BUTTONS[self.era]
        action: dict[str, Any] = dict.fromkeys(sorted((set(hands.keys) | self._tapped) & set(known)), 1)
        action["camera"] = np.clip(self._turned, -180.0, 180.0).astype(np.float32)
        self._tapped, self._turned = set(), np.zeros(2)
        items = list(self.task.start[self.era])
        if hands.slot != self._slot:
            self._slot = hands.slot
            if self.era == 2022:
                action[f"hotbar.{self._slot + 1}"] = 1
            elif self._slot < len(items):
                action["equip"] = items[self._slot]
        self._ticks = [*self._ticks, time.monotonic()][-40:]
        return action

    def _show(self) -> None:
        """The tick that the world is in now."""
        times = self._ticks
        rate = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0
        tick = self._scene.tick + (1 if self._ticks else 0)
        self._set(tick=tick, items=self._window.items(), slot=self._slot, rate=round(rate, 1))
        self._picture.renew()

    # the page's side

    def _set(self, **changes: Any) -> None:
        self._scene = replace(self._scene, **changes)
        self._tell()

    def _tell(self) -> None:
        for event, loop in list(self._pages.items()):
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(event.set)

    def _page(self) -> str:
        ending = how_to_end(self.task, self.era, self._limit)
        words = {"about": about(self.task.name), "ending": ending, "era": self.era}
        return render(TEMPLATES, "keyboard.html", title=f"Record · {self.task.name}", **words)

    async def _serve(self, page: WebSocket) -> None:
        """One page: the newest one plays, an older one is told so."""
        event = asyncio.Event()
        for other in list(self._pages):
            del self._pages[other]
            other.set()
        self._pages[event] = asyncio.get_running_loop()
        await page.accept()
        sending = asyncio.create_task(self._send(page, event))
        try:
            while True:
                self._hear(decoded(await page.receive_text(), Message))
        except (WebSocketDisconnect, KeyError, RuntimeError):
            pass  # gone; the world stands still until a page is back
        except HTTPException as error:
            with contextlib.suppress(RuntimeError):
                await page.close(1008, error.detail[:100])
        finally:
            sending.cancel()
            if self._pages.pop(event, None):
                self._hear(Message())

    def _hear(self, message: Message) -> None:
        with self._news:
            self._hands = message
            self._tapped |= set(message.tapped)
            self._turned = np.clip(self._turned + np.array(message.mouse), -3600.0, 3600.0)
            self._choice = message.choice or self._choice
            self._news.notify_all()

    async def _send(self, page: WebSocket, event: asyncio.Event) -> None:
        scene, picture = None, b""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            while event in self._pages:
                if scene is not self._scene:
                    scene = self._scene
                    await page.send_text(msgspec.json.encode(scene).decode())
                if picture is not self._picture.jpeg:
                    picture = self._picture.jpeg
                    await page.send_bytes(picture)
                await event.wait()
                event.clear()
            await page.close(_MOVED)


class _Picture:
    """Draws the world's newest tick in a thread of its own; the newest picture is `jpeg`."""

    def __init__(self, tell: Any):
        self.jpeg = b""
        self._tell = tell
        self._window: Window | None = None
        self._wanted, self._over = threading.Event(), False
        self._thread = threading.Thread(target=self._draw, name="picture", daemon=True)
        self._thread.start()

    def of(self, window: Window) -> None:
        self._window = window
        self.renew()

    def renew(self) -> None:
        self._wanted.set()

    def stop(self) -> None:
        self._over = True
        self._wanted.set()
        self._thread.join()

    def _draw(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._over:
                return
            if self._window is not None:
                frame = self._window.draw()
                self.jpeg = cv2.imencode(".jpg", frame[..., ::-1], _JPEG)[1].tobytes()
                self._tell()

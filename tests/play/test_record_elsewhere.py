"""A person records in another world than the stand-in, through its real package on painted frames."""

import json
import socket
import threading
import time

import numpy as np
import pytest
from fixtures.painted.interpreters import paint, strike
from websockets.sync.client import connect

from basalt_iq.contract import find_task
from basalt_iq.data.commands import Ingest
from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.play.commands import Record
from basalt_iq.play.window import ObservedWindow
from basalt_iq.play.worlds import era_of


def test_small_frames_are_enlarged_and_items_counted_as_far_as_the_world_tells():
    task = find_task("MakeWaterfall")
    window = ObservedWindow(task, 2021)
    window.see({"pov": np.full((64, 64, 3), 7, np.uint8), "inventory": dict.fromkeys(task.items, 3)})
    assert window.draw().shape == (360, 360, 3)
    assert (window.draw() == 7).all()
    assert window.items()[:2] == [("water_bucket", 3), ("cobblestone", 3)]
    window = ObservedWindow(task, 2022)
    window.see({"pov": np.zeros((360, 640, 3), np.uint8)})
    assert window.draw().shape == (360, 640, 3)
    assert window.items()[1] == ("cobblestone", 20)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "add --player keyboard"),
        ({"player": "keyboard", "near": True}, "--near: only the stand-in"),
        ({"player": "keyboard", "only_successful": True}, "only the stand-in world judges"),
        ({"player": "keyboard", "era": 2022}, "has the 2021 interface"),
        ({"player": "keyboard", "world_python": "/bin/false"}, "pip install"),
    ],
)
def test_what_other_worlds_cannot_do_is_refused_before_anything_is_written(tmp_path, options, said):
    with pytest.raises(UserError, match=said):
        Record(out=tmp_path / "demos", world="minerl-0.4", **options).run()
    assert not (tmp_path / "demos").exists()


class Person(threading.Thread):
    """Starts every episode, walks, and answers each verdict with the next of its words."""

    def __init__(self, port, words):
        super().__init__(daemon=True)
        self.port, self.words, self.verdicts, self.failure = port, list(words), [], None
        self.start()

    def run(self):
        try:
            self.play(self.connected())
        except Exception as error:  # noqa: BLE001  told to the test
            self.failure = error

    def connected(self):
        until = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", self.port)) and time.monotonic() < until:
            time.sleep(0.1)
        return connect(f"ws://127.0.0.1:{self.port}/play", close_timeout=1)

    def play(self, line):
        before = None
        while self.words:
            got = line.recv(timeout=120)
            if not isinstance(got, str):
                continue
            scene = json.loads(got)
            if scene["phase"] == before:
                continue
            before = scene["phase"]
            if before == "start":
                line.send(json.dumps({"choice": "start", "playing": True, "keys": ["forward"]}))
            elif before == "verdict":
                self.verdicts.append((scene["success"], scene["reasons"]))
                line.send(json.dumps({"choice": self.words.pop(0)}))
        line.close()


@pytest.mark.slow
@pytest.mark.parametrize("world", ["minerl-0.4", "minestudio"])
def test_demonstrations_of_another_world_are_read_like_any_other(world, tmp_path, monkeypatch):
    try:
        python = paint(world, tmp_path)
    except RuntimeError as error:
        pytest.skip(str(error))
    for name, value in strike({3: "crash"}, tmp_path / "notes").items():
        monkeypatch.setenv(name, value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    person = Person(port, ["discard", "keep"])
    recorded = Record(
        out=tmp_path / "demos", n=1, seed=3, player="keyboard", world=world, world_python=str(python),
        port=port, max_steps=30,
    ).run()  # fmt: skip
    assert person.failure is None
    assert (recorded.recorded, recorded.seeds) == (1, [4])
    (broken, whole) = person.verdicts
    assert broken[0] is None
    assert "the world broke: " in broken[1][0]
    assert whole == (None, [])
    Ingest(source=tmp_path / "demos", store=tmp_path / "store").run()
    (demo,) = Store.open(tmp_path / "store").select(task="FindCave")
    assert (demo.era, demo.meta["world"]) == (era_of(world), world)
    assert demo.length == recorded.steps > 10
    assert demo.buttons[:, list(demo.button_names).index("forward")].all()
    shown, by = demo.frames[:][:, 0, 50, 32].astype(int), 1 if world == "minerl-0.4" else 10
    assert np.abs(shown - by * np.arange(len(shown)) % 250).max() < 5  # the lower half tells the step

"""A person's page: what its socket says and hears, and a real headless browser where there is one."""

import json
import threading
import time

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from basalt_iq.contract import find_task
from basalt_iq.play.keyboard import WebPlayer
from basalt_iq.play.window import PICTURE
from basalt_iq.world import make

TASK = "MakeWaterfall"


class Line:
    """A page's side of the socket."""

    def __init__(self, player):
        self.port = player.url.split(":")[2].rstrip("/")
        self.socket = connect(f"ws://127.0.0.1:{self.port}/play", close_timeout=1)
        self.scene, self.picture = {}, b""

    def tell(self, **message):
        self.socket.send(json.dumps({"playing": True, **message}))

    def until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition(self):
            got = self.socket.recv(timeout=max(0.01, end - time.monotonic()))
            if isinstance(got, str):
                self.scene = json.loads(got)
            else:
                self.picture = got
        return self.scene


@pytest.fixture
def game():
    """A world at its start card, and the page's line."""
    env = make(TASK, max_steps=100)
    env.reset(seed=1)
    with WebPlayer(find_task(TASK), max_steps=100) as player:
        line = Line(player)
        yield env, player, line
        line.socket.close()


def begun(game):
    env, player, line = game
    started = []
    seen, _ = env.reset(seed=1)
    waiting = threading.Thread(target=lambda: started.append(player.begin(env, seen, 1, kept=0, of=2)))
    waiting.start()
    line.until(lambda x: x.scene.get("phase") == "start")
    line.tell(choice="start")
    waiting.join(10)
    assert started == [True]
    line.until(lambda x: x.scene["phase"] == "play")


def test_the_start_card_shows_the_world_at_a_persons_size_and_waits(game):
    import cv2

    env, player, line = game
    waiting = threading.Thread(target=player.begin, args=(env, env.reset(seed=1)[0], 1, 0, 2))
    waiting.start()
    scene = line.until(lambda x: x.scene.get("phase") == "start" and x.picture)
    assert (scene["number"], scene["of"], scene["seed"], scene["limit"]) == (1, 2, 1, 100)
    assert scene["items"][0] == ["water_bucket", 1]
    shown = cv2.imdecode(np.frombuffer(line.picture, np.uint8), 1)
    assert shown.shape[:2] == PICTURE  # though 64x64 is what an agent sees
    small = cv2.resize(shown[:, 140:500], (64, 64), interpolation=cv2.INTER_AREA)[..., ::-1]
    assert np.corrcoef(small.ravel(), env.render().ravel())[0, 1] > 0.9  # it is the same view
    time.sleep(0.2)
    assert waiting.is_alive()
    line.tell(choice="stop")
    waiting.join(10)
    assert player.done


def test_keys_taps_mouse_and_items_become_one_tick(game):
    _, player, line = game
    begun(game)
    line.tell(keys=["forward", "format"], tapped=["jump"], mouse=[1.5, -3.0], slot=1)
    time.sleep(0.2)
    action = player.act()
    assert {key: action[key] for key in action if key != "camera"} == {
        "forward": 1,
        "jump": 1,
        "equip": "cobblestone",
    }
    assert action["camera"].tolist() == [1.5, -3.0]
    still = player.act()
    assert still.pop("camera").tolist() == [0, 0]
    assert still == {"forward": 1}


def test_twenty_ticks_a_second_and_a_late_tick_is_made_up_for(game):
    env, player, line = game
    begun(game)
    line.tell(keys=["forward"])
    began = time.monotonic()
    for tick in range(40):
        env.step(player.act())
        if tick == 20:
            time.sleep(0.12)
    assert 1.9 < time.monotonic() - began < 2.6
    assert line.until(lambda x: x.scene["tick"] >= 39)["rate"] > 15


def test_the_world_stands_still_without_a_page_and_nothing_is_lost(game):
    env, player, line = game
    begun(game)
    line.tell(keys=["forward"])
    env.step(player.act())
    line.socket.close()
    acted = []
    waiting = threading.Thread(target=lambda: acted.append(player.act()))
    waiting.start()
    time.sleep(0.4)
    assert not acted
    line.socket = connect(f"ws://127.0.0.1:{line.port}/play")
    assert line.until(lambda x: x.picture and x.scene["tick"])["phase"] == "play"
    line.tell(keys=["back"])
    waiting.join(10)
    assert acted[0]["back"] == 1


def test_the_verdict_waits_for_a_word_and_the_stop_ends_the_episode(game):
    _, player, line = game
    begun(game)
    line.tell()
    player.act()
    line.tell(choice="stop")
    while player.act() is not None:
        pass
    words = []
    waiting = threading.Thread(target=lambda: words.append(player.judge(False, ["no: a waterfall"])))
    waiting.start()
    scene = line.until(lambda x: x.scene["phase"] == "verdict")
    assert (scene["success"], scene["reasons"]) == (False, ["no: a waterfall"])
    line.tell(choice="start")  # no answer to this question
    time.sleep(0.2)
    assert waiting.is_alive()
    line.tell(choice="retry")
    waiting.join(10)
    assert words == ["retry"]


@pytest.mark.parametrize(
    "text",
    ['{"mouse": [NaN, 0]}', '{"mouse": [1e999, 0]}', '{"mouse": [1e9, 0]}', '{"mouse": "far"}', '{"slot": 9}',
     '{"slot": -1}', '{"keys": "forward"}', '{"choice": "format"}', "[]", "{", "", '{"keys": [' + "[" * 9000,
     '{"keys": ["' + "x" * 4000 + '"]}'],
)  # fmt: skip
def test_a_broken_message_enters_no_demonstration(game, text):
    _, player, line = game
    begun(game)
    line.tell(keys=["forward"])
    time.sleep(0.1)
    line.socket.send(text)
    with pytest.raises(ConnectionClosed):
        line.until(lambda _: False)
    line.socket = connect(f"ws://127.0.0.1:{line.port}/play")
    line.tell(keys=["back"])
    time.sleep(0.1)
    action = player.act()
    assert np.isfinite(action["camera"]).all()
    assert action["back"] == 1


def test_an_older_page_is_told_that_a_newer_one_plays(game):
    _, player, line = game
    newer = Line(player)
    with pytest.raises(ConnectionClosed) as closed:
        line.until(lambda _: False)
    assert closed.value.rcvd.code == 4001
    newer.until(lambda x: x.scene)
    newer.socket.close()

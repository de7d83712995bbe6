"""A person's page: the protocol, and a real headless browser where there is one."""

import json
import shutil
import threading
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

from basalt_iq.contract import find_task
from basalt_iq.play.keyboard import WebPlayer
from basalt_iq.world import make

CHROME = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")


@pytest.fixture
def game():
    env = make("MakeWaterfall")
    env.reset(seed=1)
    with WebPlayer(find_task("MakeWaterfall")) as player:
        player.reset(env)
        yield env, player


def tell(player, header="MakeWaterfall", **changes):
    message = {
        "tick": 0,
        "keys": [],
        "tapped": [],
        "mouse": [0, 0],
        "slot": 0,
        "playing": True,
        "stopped": False,
    }
    request = urllib.request.Request(player.url + "tick", json.dumps(message | changes).encode())
    request.add_header("X-Play", header)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.headers["X-State"]), answer.read()


def test_keys_taps_mouse_and_items_become_one_tick(game):
    _, player = game
    told = {"keys": ["forward", "format"], "tapped": ["jump"], "mouse": [1.5, -3.0], "slot": 1}
    talk = threading.Thread(target=tell, args=(player,), kwargs=told)
    talk.start()
    time.sleep(0.2)
    action = player.act()
    talk.join()
    assert {key: action[key] for key in action if key != "camera"} == {
        "forward": 1,
        "jump": 1,
        "equip": "cobblestone",
    }
    assert action["camera"].tolist() == [1.5, -3.0]
    still = player.act()
    assert still.pop("camera").tolist() == [0, 0]
    assert still == {"forward": 1}


def test_frames_come_at_most_twenty_a_second_and_stop_ends_it(game):
    env, player = game
    tell(player)
    started = time.monotonic()
    for _ in range(20):
        env.step(player.act())
    assert time.monotonic() - started > 0.9
    state, png = tell(player, stopped=True)
    assert state["tick"] == 20
    assert state["items"][0] == ["water_bucket", 1]
    assert png.startswith(b"\x89PNG")
    assert player.act() == {}
    assert player.done


def test_other_sites_and_broken_messages_are_refused(game):
    _, player = game
    with pytest.raises(urllib.error.HTTPError, match="403"):
        tell(player, header="x")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        tell(player, mouse="far")


@pytest.mark.slow
@pytest.mark.skipif(CHROME is None, reason="no chromium here")
def test_a_real_browser_walks_and_looks(game):
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    env, player = game
    options = webdriver.ChromeOptions()
    options.binary_location = CHROME
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=900,900"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        driver.get(player.url)
        start, actions, over = env.body[:3].copy(), [], threading.Event()

        def run():
            while not over.is_set() and not player.done:
                actions.append(player.act())
                env.step(actions[-1])

        game_thread = threading.Thread(target=run, daemon=True)
        game_thread.start()
        driver.find_element(By.ID, "view").click()
        time.sleep(1.0)
        ActionChains(driver).key_down("w").pause(1.5).key_up("w").send_keys("2").perform()
        ActionChains(driver).move_by_offset(40, 10).perform()
        time.sleep(0.5)
        held = driver.execute_script("return document.querySelector('#bar .held').textContent")
        assert held.startswith("cobblestone")
        driver.execute_script("document.exitPointerLock(); document.getElementById('stop').click()")
        game_thread.join(20)
        over.set()
    finally:
        driver.quit()
    assert player.done
    assert sum(action.get("forward", 0) for action in actions) > 10
    assert any(np.abs(action.get("camera", 0.0)).max() > 0 for action in actions)
    assert np.hypot(*(env.body[:3] - start)[[0, 2]]) > 1.0

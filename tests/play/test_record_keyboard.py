"""A person records: the real command, a real headless browser, the recording read back."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from basalt_iq.data.store import Store

CHROME = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
COMMAND = [sys.executable, "-m", "basalt_iq", "data"]


def start(out, *options):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["record", str(out), "--player", "keyboard", "--port", str(port), "--json", *options]
    process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}/"
        time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate()[1])


@pytest.fixture
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROME
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=900,900"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def visible(driver, name):
    return driver.execute_script("return !document.getElementById(arguments[0]).closest('[hidden]')", name)


def until(driver, phase, seconds=60):
    end = time.monotonic() + seconds
    while driver.execute_script("return document.documentElement.dataset.phase") != phase:
        assert time.monotonic() < end, phase
        time.sleep(0.05)


def begin(driver, url):
    from selenium.webdriver.common.by import By

    driver.get(url)
    until(driver, "start")
    assert visible(driver, "card-start")
    text = driver.find_element(By.ID, "card-start").text
    assert "find a cave" in text
    assert "How to end it" in text
    driver.execute_script("document.getElementById('full').checked = false")
    driver.find_element(By.ID, "start").click()
    until(driver, "play")


def walk(driver, seconds):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).key_down("w").pause(seconds).key_up("w").perform()


@pytest.mark.slow
@pytest.mark.skipif(CHROME is None, reason="no chromium here")
@pytest.mark.parametrize("era", ["2021", "2022"])
def test_what_a_person_plays_is_what_is_read_back(tmp_path, browser, era):
    process, url = start(tmp_path / "demos", "--n", "1", "--max-steps", "60", "--era", era)
    try:
        begin(browser, url)
        walk(browser, 2.0)
        until(browser, "verdict")
        assert not list((tmp_path / "demos").rglob("*.npz"))  # not before its player says so
        browser.find_element("id", "keep").click()
        stdout, stderr = process.communicate(timeout=120)
    finally:
        process.kill()
    result = json.loads(stdout)
    assert process.returncode == 0, stderr
    assert (result["recorded"], result["steps"]) == (1, 60)
    store = tmp_path / "store"
    ingest = [*COMMAND, "ingest", str(tmp_path / "demos"), "--store", str(store), "--task", "FindCave"]
    subprocess.run(ingest, check=True, capture_output=True)
    (demo,) = Store.open(store).select(task="FindCave")
    walked = demo.buttons[:, list(demo.button_names).index("forward")]
    assert demo.length == 60
    assert demo.frames.shape == (61, 3, 64, 64)
    assert walked.sum() > 10
    moved = np.abs(np.diff(demo.frames[:].astype(int), axis=0)).mean((1, 2, 3))
    assert moved[walked == 1].max() > 2


@pytest.mark.slow
@pytest.mark.skipif(CHROME is None, reason="no chromium here")
def test_trying_again_discarding_and_stopping_are_the_players_words(tmp_path, browser):
    process, url = start(tmp_path / "demos", "--n", "2", "--max-steps", "30")
    try:
        begin(browser, url)
        until(browser, "verdict")
        browser.find_element("id", "retry").click()  # the same world again
        until(browser, "start")
        assert "seed 0" in browser.find_element("id", "count").text
        browser.find_element("id", "start").click()
        until(browser, "verdict")
        browser.find_element("id", "discard").click()
        until(browser, "start")
        assert "1 of 2" in browser.find_element("id", "number").text
        assert "seed 1" in browser.find_element("id", "count").text
        browser.find_element("id", "start").click()
        until(browser, "play")
        walk(browser, 0.8)
        browser.execute_script("document.exitPointerLock()")
        time.sleep(0.3)
        assert visible(browser, "card-pause")
        browser.find_element("id", "end").click()  # an episode that was stopped is the player's to keep
        until(browser, "verdict")
        assert "Stopped" in browser.find_element("id", "verdict").text
        browser.find_element("id", "keep").click()
        until(browser, "start")
        browser.find_element("id", "stop").click()
        stdout, stderr = process.communicate(timeout=120)
        until(browser, "over")
        assert visible(browser, "card-over")
    finally:
        process.kill()
    assert process.returncode == 1, stderr
    found = json.loads(stdout)
    assert (found["attempts"], found["recorded"]) == (2, 1)
    assert 10 <= found["steps"] < 30
    assert len(list((tmp_path / "demos").rglob("*.npz"))) == 1


@pytest.mark.slow
@pytest.mark.skipif(CHROME is None, reason="no chromium here")
def test_ctrl_c_keeps_what_was_being_played(tmp_path, browser):
    process, url = start(tmp_path / "demos", "--n", "2")
    try:
        begin(browser, url)
        walk(browser, 2.0)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=180)
    finally:
        process.kill()
    (about,) = (tmp_path / "demos").rglob("metadata.json")
    assert list(about.parent.glob("recording.mp4"))


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = [*COMMAND, "record", str(tmp_path / "demos"), "--player", "keyboard", "--port", port]
        done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert port in done.stderr
    assert "--port" in done.stderr

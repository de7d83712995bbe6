import importlib.util
import json
import shutil
import sys
import time
from pathlib import Path

import pytest


def _load(name: str):
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"watch_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def synthetic():
    """Makes episodes, evaluations and run folders; see synthetic.py."""
    return _load("synthetic")


@pytest.fixture
def fake_worlds():
    """A class to put in VectorWorld's place; see fake_world.py."""
    return type("Worlds", (_load("fake_world").FakeWorlds,), {"played": [], "busiest": 0})


def find_browser() -> tuple[str, str] | None:
    """Paths of an installed Chromium and its driver; nothing is ever downloaded."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


@pytest.fixture(scope="session")
def chromium():
    """A headless browser that reaches nothing but files and 127.0.0.1, and keeps logs."""
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium with chromedriver (Debian: apt-get install chromium chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1280,1000",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(found[1]))
    yield driver
    driver.quit()


class Page:
    """What the tests ask of a page."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, address: str, width: int = 1280, height: int = 1000) -> "Page":
        self.driver.get("about:blank")
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        self.driver.get(address)
        self.until("document.documentElement.dataset.ready === 'true'")
        return self

    def ask(self, expression: str):
        return self.driver.execute_script(f"return {expression}")

    def until(self, condition: str, seconds: float = 60.0):
        """Wait until the expression is true in the page."""
        end = time.monotonic() + seconds
        while not self.ask(condition):
            if time.monotonic() > end:
                raise AssertionError(f"never true: {condition}; console: {self.console()}")
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        self.driver.execute_script("document.querySelector(arguments[0]).click()", selector)

    def choose(self, selector: str, value: str) -> None:
        script = (
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change'))"
        )
        self.driver.execute_script(script, selector, value)

    def press(self, key: str, shift: bool = False) -> None:
        """A real key, by the name that the browser gives it."""
        from selenium.webdriver import ActionChains, Keys

        special = {
            "ArrowLeft": Keys.LEFT,
            "ArrowRight": Keys.RIGHT,
            "ArrowUp": Keys.UP,
            "ArrowDown": Keys.DOWN,
        }
        chain = ActionChains(self.driver)
        chain = chain.key_down(Keys.SHIFT) if shift else chain
        chain.send_keys(special.get(key, key)).key_up(Keys.SHIFT).perform()

    def text(self, selector: str) -> str:
        return self.ask(f"document.querySelector({selector!r}).textContent")

    def console(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


@pytest.fixture
def page(chromium):
    return Page(chromium)

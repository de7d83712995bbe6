"""Takes the pictures of docs/: the report and the comparison page, wide and phone, light and dark.

    python benchmarks/screenshots.py RUN... [--out docs]

Needs selenium, and an installed Chromium with chromedriver. To be looked at, not only taken.
"""

from __future__ import annotations

import argparse
import base64
import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from selenium import webdriver

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from fixtures.browser import find_browser

from basalt_iq.server import run_site
from basalt_iq.watch.compare import Comparison
from basalt_iq.watch.judgements import Judgements
from basalt_iq.watch.report import write_report
from basalt_iq.watch.runs import find

WIDE, PHONE = (1280, 900, 0.62), (390, 844, 0.75)
PICTURES = (("desktop", WIDE, "light"), ("dark", WIDE, "dark"), ("phone", PHONE, "light"))
#: An episode of another player beside the first, and a moment in its middle.
BESIDE = """
const viewer = basalt.viewer, choice = viewer.beside;
if (arguments[0]) choice.selectedIndex = Math.min(1, choice.options.length - 1);
choice.dispatchEvent(new Event("change"));
viewer.seek(viewer.episode.steps * 0.4);
document.querySelector(".top").style.position = "static";
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser() as driver:
        page = Path(folder) / "report.html"
        write_report(options.runs, page)
        for name, shape, theme in PICTURES:
            show(driver, page.as_uri(), shape, theme)
            driver.execute_script(BESIDE, shape is WIDE)
            time.sleep(2)
            take(driver, shape, options.out / f"report-{name}.png")
        compare(driver, options.runs, Path(folder), options.out)


def compare(driver: webdriver.Chrome, runs: list[Path], folder: Path, out: Path) -> None:
    evaluations = [evaluation for _, evaluation in find(runs)[1]]
    task = evaluations[0].summary.task
    comparison = Comparison(task, evaluations, Judgements(folder / "judged"))
    with run_site(comparison.routes) as address:
        for name, shape, theme in (("compare", WIDE, "light"), ("compare-phone", PHONE, "dark")):
            show(driver, address, shape, theme)
            driver.execute_script("document.querySelector('[data-winner=left]').click()")
            time.sleep(2)
            driver.execute_script("document.querySelector('#standing').open = true")
            time.sleep(3)
            take(driver, shape, out / f"report-{name}.png")


def browser() -> webdriver.Chrome:
    found = find_browser()
    if found is None:
        sys.exit("no Chromium with chromedriver (Debian: apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(found[1]))


def show(driver: webdriver.Chrome, address: str, shape: tuple, theme: str) -> None:
    width, height, _ = shape
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    feature = {"name": "prefers-color-scheme", "value": theme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    driver.get(address)
    time.sleep(2)


def take(driver: webdriver.Chrome, shape: tuple, path: Path) -> None:
    """The whole page, reduced and in 256 colours: docs should stay small."""
    width, _, scale = shape
    height = driver.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    picture.quantize(256).save(path, optimize=True)
    print(path, picture.size)


if __name__ == "__main__":
    main()

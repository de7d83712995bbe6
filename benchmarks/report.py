"""How long a report of many episodes takes to write, and to open in a headless browser.

    python benchmarks/report.py [--episodes 100] [--steps 800]

Needs selenium and an installed Chromium with chromedriver for the second part.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from fixtures import synthetic
from fixtures.browser import find_browser

from basalt_iq.watch.report import INSIDE_LIMIT, write_report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--steps", type=int, default=800, help="of an episode (50 ms each)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = synthetic.run(Path(folder) / "run", players=())
        began = time.perf_counter()
        synthetic.evaluation(run / "evaluations" / "agent", options.episodes, options.steps)
        recorded = time.perf_counter() - began
        total = options.episodes * options.steps
        print(f"recording: {1000 * recorded / total:.2f} ms a step, drawing the fake frames included")
        for name, limit in (("inside", 1 << 40), ("beside", 0)):
            measure(run, Path(folder) / f"{name}.html", name, limit)
        print(f"(the report chooses by itself: inside up to {INSIDE_LIMIT >> 20} MiB of media)")


def measure(run: Path, out: Path, name: str, limit: int) -> None:
    began = time.perf_counter()
    found = write_report([run], out, inside_limit=limit)
    wrote = time.perf_counter() - began
    print(f"media {name}: wrote {found.bytes / 1e6:.1f} MB of HTML in {wrote:.2f} s", end="")
    print(f", first frame shown {open_in_browser(out):.2f} s after opening" if find_browser() else "")


def open_in_browser(path: Path) -> float:
    """Seconds from asking for the page until the first episode's video and timeline are there."""
    from selenium import webdriver

    browser, driver_path = find_browser() or ("", "")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_path)) as driver:
        driver.get("about:blank")
        began = time.perf_counter()
        driver.get(path.as_uri())
        there = "return !!(basalt.viewer.arrays && basalt.viewer.main.video.readyState >= 2)"
        while not driver.execute_script(there):
            time.sleep(0.01)
        return time.perf_counter() - began


if __name__ == "__main__":
    main()

"""How long the browser for demonstrations takes to open on a store of many, and to filter and sort them.

python benchmarks/browse.py [--demos 5000] [--ticks 20]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np

from basalt_iq.contract import BUTTONS, find_task
from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Store
from basalt_iq.server import run_site
from basalt_iq.watch.browse import Browser

TASK = find_task("FindCave")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demos", type=int, default=5000)
    parser.add_argument("--ticks", type=int, default=20, help="of each (50 ms)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        fill(Path(folder) / "store", options.demos, options.ticks)
        print(f"made {options.demos} demonstrations in {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        browser = Browser(Path(folder) / "store")
        print(f"opened in {time.perf_counter() - began:.2f} s")
        with browser, run_site(browser.routes) as address:
            for asked in ("", "sort=steps&order=down", "show=odd", "search=demo_049&offset=5"):
                began = time.perf_counter()
                with urllib.request.urlopen(f"{address}demos?{asked}") as answer:
                    total = json.loads(answer.read())["total"]
                print(f"{asked or 'all':30} {total:6} found in {time.perf_counter() - began:.3f} s")
            began = time.perf_counter()
            browser._looking.join()
            print(f"frames of all looked at {time.perf_counter() - began:.1f} s later, in the background")


def fill(path: Path, count: int, ticks: int) -> None:
    store, names = Store.create(path, size=16), BUTTONS[2021]
    rng = np.random.default_rng(0)
    for i in range(count):
        length = ticks + int(rng.integers(0, 10))
        steps = Steps(
            task=TASK.name, era=2021, button_names=names,
            buttons=rng.integers(0, 2, (length, len(names))).astype(np.uint8),
            camera=rng.normal(size=(length, 2)).astype(np.float32), equip_values=TASK.equip,
            equip=np.full(length, TASK.equip.index("none"), np.int16),
            equipped=np.zeros(length + 1, np.int16), items=TASK.items,
            inventory=np.ones((length + 1, len(TASK.items)), np.int32), meta={"success": i % 7 != 0},
        )  # fmt: skip
        with store.writer(f"v3_demo_{i:05d}") as writer:
            for k in range(length + 1):
                writer.append(np.full((3, 16, 16), (11 * k) % 256, np.uint8))
            writer.commit(steps)


if __name__ == "__main__":
    main()

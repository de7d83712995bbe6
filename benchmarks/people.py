"""What people wait for: reports of 100 and 1,000 episodes, the browser of 5,000 demos, the wheel, an install.

    python benchmarks/people.py [--out benchmarks/results/people.json] [--install]

CPU-seconds beside seconds, for a machine that does other work. `--install` asks the package registry. Opening
needs selenium and an installed Chromium with chromedriver.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent))
import browse
from fixtures import synthetic
from fixtures.browser import find_browser
from report import open_in_browser

from basalt_iq.play.episode import load_all, save
from basalt_iq.play.places import SUMMARY
from basalt_iq.play.plan import read_summary
from basalt_iq.records import write_json
from basalt_iq.watch.browse import Browser
from basalt_iq.watch.report import write_report

ROOT = Path(__file__).parent.parent
STEPS, DRAWN = 800, 20


@dataclass
class Figures:
    """By what was done: seconds, CPU-seconds of all processes, and sizes in MB."""

    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)

    def timed(self, name: str, job: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), _cpu()
        job()
        self.seconds[name] = round(time.perf_counter() - wall, 2)
        self.cpu_seconds[name] = round(_cpu() - cpu, 2)
        print(f"{name}: {self.seconds[name]} s, {self.cpu_seconds[name]} CPU-s")

    def sized(self, name: str, *paths: Path) -> None:
        files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
        self.megabytes[name] = round(sum(file.stat().st_size for file in files if file.is_file()) / 1e6, 2)
        print(f"{name}: {self.megabytes[name]} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/people.json")
    parser.add_argument("--episodes", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--demos", type=int, default=5000)
    parser.add_argument("--install", action="store_true", help="install the wheel into an empty folder too")
    options, figures = parser.parse_args(), Figures()
    with tempfile.TemporaryDirectory() as folder:
        for count in options.episodes:
            reports(figures, Path(folder), count)
        demos(figures, Path(folder), options.demos)
        packages(figures, Path(folder), options.install)
    options.out.write_text(json.dumps(asdict(figures), indent=1) + "\n")


def reports(figures: Figures, folder: Path, count: int) -> None:
    """Half the episodes are an agent's, half chance's."""
    run, page = synthetic.run(folder / f"run-{count}", players=()), folder / f"report-{count}.html"
    for player in ("agent", "random"):
        evaluation(run / "evaluations" / player, count // 2, player)
    figures.timed(f"write a report of {count} episodes", lambda: write_report([run], page))
    figures.sized(f"page of {count} episodes", page)
    beside = page.with_name(f"{page.stem}_files")
    if beside.exists():
        figures.sized(f"media beside the page of {count} episodes", beside)
    if find_browser():
        opened = open_in_browser(page)
        figures.seconds[f"open a report of {count} episodes"] = round(opened, 2)
        print(f"open a report of {count} episodes: {opened:.2f} s until the first video stands")


def evaluation(folder: Path, count: int, player: str) -> None:
    """Drawn are DRAWN episodes; the others are copies of them under other seeds."""
    synthetic.evaluation(folder, DRAWN, STEPS, player)
    drawn = load_all(folder)
    for i in range(DRAWN, count):
        one, seed = drawn[i % DRAWN], 100 + i
        shutil.copyfile(one.video, folder / f"seed_{seed}.mp4")
        save(folder, replace(one.facts, seed=seed), one.arrays)
    summary = read_summary(folder)
    write_json(folder / SUMMARY, replace(summary, episodes=count, seeds=list(range(100, 100 + count))))


def demos(figures: Figures, folder: Path, count: int) -> None:
    browse.fill(folder / "store", count, 20)
    found: list[Browser] = []
    figures.timed(f"open the browser of {count} demos", lambda: found.append(Browser(folder / "store")))
    with found[0] as browser:
        for name, query in (
            ("all", {}),
            ("sorted", {"sort": "steps", "order": "down"}),
            ("odd ones", {"show": "odd"}),
        ):
            figures.timed(f"list {name} of {count} demos", lambda query=query: browser.page(query))
        figures.timed(f"look at all frames of {count} demos, in the background", browser._looking.join)


def packages(figures: Figures, folder: Path, install: bool) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder / "wheel"), str(ROOT)]
    figures.timed("build the wheel", lambda: subprocess.run(build, check=True))
    (wheel,) = (folder / "wheel").glob("*.whl")
    figures.sized("wheel", wheel)
    if install:
        place = [*pip, "install", "--target", str(folder / "installed"), str(wheel)]
        figures.timed("install it, plain", lambda: subprocess.run(place, check=True))
        figures.sized("plain install", folder / "installed")


def _cpu() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, who))


if __name__ == "__main__":
    main()

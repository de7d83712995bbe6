"""Methods x tasks x numbers of demos x trainings on the stand-in world: a JSON file a cell, a page of all.

    python benchmarks/leaderboard.py --tasks FindCave --near --demos 20 80 --methods bc bc-hindsight
    python benchmarks/leaderboard.py --page                  # what is there, as the page has it
    python benchmarks/leaderboard.py --tuning --methods bc-hindsight --more "--change-weight 2"

A cell that is there already is left alone, a training that was stopped goes on where it was, so the same
command continues. A training goes through `basalt-iq train`, and what the run calls its agent plays the
task's own limit on held-out seeds with its own end guard.

Seeds: demos from 50000, episodes from 300000. No setting may be chosen on these. `--tuning` takes demos from
20000 and episodes from 200000, and writes beside the runs instead of into benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from basalt_iq.data.store import Store
from basalt_iq.files import make_folder
from basalt_iq.play.phases import Phases, phase_shares
from basalt_iq.play.player import Player
from basalt_iq.play.stats import mcnemar, wilson
from basalt_iq.play.ticks import PHASES, Seen
from basalt_iq.play.vector import VectorWorld
from basalt_iq.play.worlds import Maker
from basalt_iq.records import read_json, write_json

#: (first seed of demos, first seed of episodes)
REPORTED, TUNING = (50_000, 300_000), (20_000, 200_000)
RESULTS = Path(__file__).parent / "results" / "leaderboard"
SIDE_BY_SIDE = 25
#: Of every method: one frame, keys and turns apart; steps enough for the held-out minimum.
ALIKE = "--stack 1 --head factored --steps 900"
HINDSIGHT = "--hindsight-updates 3000 --hindsight-weight 0.1"
METHODS = {
    "bc": f"--objective bc {ALIKE}",
    "bc-two-frames": f"--objective bc {ALIKE} --stack 2",
    "bc-hindsight": f"--objective bc {ALIKE} {HINDSIGHT}",
    "iq": ALIKE,
    "iq-hindsight": f"{ALIKE} {HINDSIGHT}",
}


@dataclass(frozen=True)
class Episode:
    """One held-out seed."""

    seed: int
    success: bool
    steps: int
    phases: Phases | None = None


@dataclass(frozen=True)
class Cell:
    """What was trained, how, and how its agent did."""

    task: str
    distance: str
    method: str
    demos: int
    training: int
    """Seed of the training."""
    options: str
    """Of `basalt-iq train`."""
    commit: str
    """The repository as it was."""
    cpu_minutes: float
    """Of training, over the sitting that finished it."""
    held_out: dict[str, Any]
    """What training said of its agent on held-out demos, and at which update it was chosen."""
    episodes: list[Episode] = field(default_factory=list)

    @property
    def won(self) -> dict[int, bool]:
        return {episode.seed: episode.success for episode in self.episodes}


@dataclass(frozen=True)
class Bench:
    """Where everything is, and under which seeds."""

    task: str
    near: bool
    out: Path
    results: Path
    seeds: tuple[int, int]
    most: int
    """Demos recorded; fewer are the first of them."""

    @property
    def distance(self) -> str:
        return "near" if self.near else "real"

    @property
    def name(self) -> str:
        return f"{self.task}-{self.distance}"

    def store(self, demos: int) -> Path:
        """The first so many demos, recorded once and then linked."""
        whole, part = self.out / self.name / "demos", self.out / self.name / f"demos-{demos}"
        near = ["--near"] * self.near
        if not part.exists():
            where = ["--store", whole, "--task", self.task, "--seed", self.seeds[0]]
            call("data", "record", *where, "--n", self.most, "--workers", 1, *near)
            first = sorted(Store.open(whole).select(self.task), key=lambda t: t.meta["seed"])[:demos]
            Store.create(part)
            for trajectory in first:
                folder = make_folder(part / self.task / trajectory.name)
                for file in trajectory.folder.iterdir():
                    os.link(file, folder / file.name)
        return part

    def cell(self, method: str, demos: int, training: int, more: str, episodes: int) -> Cell:
        """Train and play, or read what was found before."""
        name = f"{self.name}-{demos}-{method}{label(more)}-{training}"
        file = self.results / f"{name}.json"
        if file.exists():
            return read_json(file, Cell, remedy="move it away to measure again")
        store, run = self.store(demos), self.out / "runs" / name
        options, before = f"{METHODS[method]} {more}".strip(), cpu_seconds()
        where = ["--store", store, "--task", self.task, "--run", run, "--seed", training]
        told = call("train", *where, *shlex.split(options))
        minutes = (cpu_seconds() - before) / 60
        seeds = range(self.seeds[1], self.seeds[1] + episodes)
        found = list(play(run, seeds, Maker(near=self.near, progress=True)))
        kept = {key: value for key, value in told.items() if key == "step" or key.startswith("held_out/")}
        cell = Cell(
            self.task, self.distance, method + label(more), demos, training, options, commit(),
            round(minutes, 2), kept, found,
        )  # fmt: skip
        write_json(make_folder(self.results) / file.name, cell)
        return cell


def play(run: Path, seeds: Sequence[int], build: Maker) -> Iterator[Episode]:
    """As `basalt-iq evaluate` plays, without recording: worlds draw only what is looked at."""
    torch.set_num_threads(1)
    player, queue = Player.load(run), list(seeds)
    live: dict[int, tuple[int, int, Any]] = {}  # slot -> (seed, steps, what is seen)
    with VectorWorld(player.task, SIDE_BY_SIDE, 1, player.era, build=build) as worlds:
        while queue or live:
            fresh = {slot: queue.pop(0) for slot in range(SIDE_BY_SIDE) if slot not in live and queue}
            if fresh:
                player.start(list(fresh), list(fresh.values()))
                live |= {slot: (fresh[slot], 0, told[0]) for slot, told in worlds.reset(fresh).items()}
            slots = sorted(live)
            chosen = player.decide([live[slot][2] for slot in slots], slots)
            held = {slot: (first, then) for slot, (_, first, then) in zip(slots, chosen, strict=True)}
            for slot, answer in worlds.hold(held, player.repeat).items():
                seen, (seed, steps, _) = Seen(*answer), live[slot]
                live[slot] = (seed, steps + player.repeat, seen.observation)
                if seen.over:
                    won, phases = bool(seen.info.get("success")), seen.info.get(PHASES)
                    yield Episode(seed, won, steps + player.repeat, phases)
                    del live[slot]


def page(cells: Sequence[Cell]) -> str:
    """Markdown: a table for each task, distance and number of demos, cloning beside the others."""
    text = ""
    for key in sorted({(c.task, c.distance, c.demos) for c in cells}):
        some = [c for c in cells if (c.task, c.distance, c.demos) == key]
        head = "| method | each training | success | 95 % | reached | p against bc | CPU-minutes each |"
        text += f"\n### {key[0]}, {key[1]}, {key[2]} demos\n\n{head}\n|{' --- |' * 7}\n"
        text += "".join(row(method, some) for method in dict.fromkeys(c.method for c in some))
    return text


def row(method: str, cells: Sequence[Cell]) -> str:
    """One method's trainings, together and against cloning's on the same worlds and training seeds."""
    mine = [c for c in cells if c.method == method]
    won = [sum(c.won.values()) for c in mine]
    played = sum(len(c.episodes) for c in mine)
    low, high = wilson(sum(won), played)
    shares = phase_shares(episode.phases for c in mine for episode in c.episodes)
    reached = f"{shares[0].count} of {shares[0].of}" if shares else ""
    theirs = {c.training: c.won for c in cells if c.method == "bc"}
    pairs = [
        (c.won[s], theirs[c.training][s])
        for c in mine if c.training in theirs for s in c.won.keys() & theirs[c.training].keys()
    ]  # fmt: skip
    p = mcnemar(sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs))
    versus = f"{p:.3f}" if pairs and method != "bc" else ""
    minutes = sum(c.cpu_minutes for c in mine) / len(mine)
    return (
        f"| {method} | {', '.join(map(str, won))} | {sum(won)} of {played} | {low:.0%} to {high:.0%} | "
        f"{reached} | {versus} | {minutes:.1f} |\n"
    )


def call(*words: Any) -> dict[str, Any]:
    """One basalt-iq command; what it says goes to the terminal."""
    line = [sys.executable, "-m", "basalt_iq", *map(str, words), "--json"]
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    return json.loads(subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True, env=alone).stdout)


def cpu_seconds() -> float:
    """Of the commands that were called so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def commit() -> str:
    line = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(line, capture_output=True, text=True).stdout.strip()


def label(more: str) -> str:
    """Options that were added, as part of a name."""
    return f" {more}".replace(" --", "+").replace(" ", "=") if more else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=["FindCave"])
    parser.add_argument("--near", action="store_true", help="what a task needs is near the start")
    parser.add_argument("--methods", nargs="+", default=["bc", "bc-hindsight"], choices=list(METHODS))
    parser.add_argument("--demos", nargs="+", type=int, default=[20])
    parser.add_argument("--trainings", type=int, default=3, help="training seeds")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--more", default="", help="more options of train, for all methods")
    parser.add_argument("--tuning", action="store_true", help="on the seeds that settings are chosen on")
    parser.add_argument("--out", type=Path, default=Path("runs/leaderboard"))
    parser.add_argument("--page", action="store_true", help="write what was found, measure nothing")
    args = parser.parse_args()
    out = args.out / ("tuning" if args.tuning else "reported")
    results = out / "results" if args.tuning else RESULTS
    if not args.page:
        for task in args.tasks:
            seeds = TUNING if args.tuning else REPORTED
            bench = Bench(task, args.near, out, results, seeds, max(args.demos))
            for training in range(args.trainings):
                for demos in args.demos:
                    for method in args.methods:
                        bench.cell(method, demos, training, args.more, args.episodes)
    cells = [read_json(file, Cell, remedy="move it away") for file in sorted(results.glob("*.json"))]
    sys.stdout.write(page(cells))


if __name__ == "__main__":
    main()

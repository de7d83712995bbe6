"""`basalt-iq evaluate` and `basalt-iq watch`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from basalt_iq.command import Command, console, progress
from basalt_iq.errors import UserError

if TYPE_CHECKING:
    from basalt_iq.agent.player import Actor
    from basalt_iq.watch.evaluation import Plan
    from basalt_iq.watch.rollout import Build

#: Far from the small numbers that people record demos on.
FIRST_SEED = 100_000


@dataclass(frozen=True, kw_only=True)
class Evaluate(Command):
    """Play episodes on held-out seeds, recorded with what the agent thought; success rate with an interval.

    The same command again plays only what is missing.
    """

    run_dir: Annotated[Path | None, tyro.conf.arg(name="run")] = None
    """A run folder (its chosen checkpoint plays) or one checkpoint folder. The scripted player needs none."""
    task: str | None = None
    """FindCave, MakeWaterfall, CreateVillageAnimalPen or BuildVillageHouse. Default: the agent's own."""
    episodes: int = 20
    """How many episodes, each on a seed of its own."""
    first_seed: int = FIRST_SEED
    """Seeds are this one and those that follow. Keep them apart from the seeds of the demos."""
    max_steps: int | None = None
    """Episode limit in steps of 50 ms. Default: the task's own (3600 to 14400)."""
    player: Literal["agent", "random", "scripted"] = "agent"
    """Who plays: the trained agent, uniformly random actions, or the world's demonstrator."""
    argmax: bool = False
    """Take the best action at every step instead of sampling from the policy."""
    name: str | None = None
    """Folder under RUN/evaluations. Default: agent, random or scripted."""
    out: Path | None = None
    """Write here instead of RUN/evaluations/NAME."""
    era: Literal[2021, 2022] = 2021
    """The interface that the scripted player uses; an agent has its own."""
    workers: int = 2
    """Processes that step worlds."""
    worlds: int = 8
    """Episodes under way at once."""
    device: str = "cpu"
    """Where the network runs: cpu, cuda, cuda:1."""
    seed: int = 0
    """Seed of the agent's own sampling."""

    def run(self) -> dict[str, Any]:
        from basalt_iq.watch.evaluation import evaluate

        if self.episodes < 1 or self.workers < 1 or self.worlds < 1:
            raise UserError("--episodes, --workers and --worlds must be at least 1")
        if self.max_steps is not None and self.max_steps < 1:
            raise UserError("--max-steps must be at least 1; leave it out for the task's own limit")
        plan, actor = self._plan()
        folder = self._folder()
        seeds = range(self.first_seed, self.first_seed + self.episodes)
        with progress() as bar:
            line = bar.add_task(f"{plan.player} plays {plan.task}", total=self.episodes)
            summary = evaluate(
                plan, seeds, folder, actor, workers=self.workers, worlds=self.worlds,
                command=said(), on_done=lambda _: bar.advance(line), build=self._build(),
            )  # fmt: skip
        console.print(f"{describe(summary)}\n{folder}", markup=False, highlight=False, soft_wrap=True)
        return summary | {"ok": True, "folder": str(folder)}

    def _build(self) -> Build | None:
        """Makes the worlds; None is the stand-in world."""
        return None

    def _plan(self) -> tuple[Plan, Actor | None]:
        from basalt_iq.watch.evaluation import Plan
        from basalt_iq.world.contract import find_task

        if self.player == "scripted":
            if self.task is None:
                raise UserError("the scripted player needs --task")
            task = find_task(self.task)
            task.check_era(self.era)
            return Plan(task.name, "scripted", self.era, self.max_steps, choice="scripted"), None
        return self._agent()

    def _agent(self) -> tuple[Plan, Actor]:
        from basalt_iq.agent.checkpoint import find_agent, load_spec
        from basalt_iq.agent.player import Player, RandomPlayer
        from basalt_iq.watch.evaluation import Plan, fingerprint
        from basalt_iq.world.contract import find_task

        if self.run_dir is None:
            raise UserError("--run: name the run folder or the checkpoint whose agent plays")
        checkpoint = find_agent(self.run_dir)
        spec = load_spec(checkpoint)
        task = find_task(self.task or spec.task).name
        if task != spec.task:
            raise UserError(f"{checkpoint}: was trained for {spec.task} and cannot play {task}")
        if self.player == "random":
            plan = Plan(task, "random", spec.era, self.max_steps, choice="uniform")
            return plan, RandomPlayer(spec.actions, repeat=spec.repeat, seed=self.seed)
        one_thread_each(self.workers)
        choice = "argmax" if self.argmax else "sampled"
        label = relative(checkpoint, run_folder(self.run_dir))
        plan = Plan(task, "agent", spec.era, self.max_steps, label, fingerprint(checkpoint), choice)
        return plan, Player.load(checkpoint, device=self.device, seed=self.seed, argmax=self.argmax)

    def _folder(self) -> Path:
        if self.out is not None:
            return self.out
        if self.run_dir is None:
            raise UserError("--out: name the folder for the episodes (without --run there is no other)")
        return run_folder(self.run_dir) / "evaluations" / (self.name or self.player)


def said() -> str:
    """The command line, as a person would repeat it."""
    import shlex
    import sys

    return shlex.join(["basalt-iq", *sys.argv[1:]])


def run_folder(path: Path) -> Path:
    """The run that ``path``, itself or a checkpoint in it, belongs to; ``path`` where there is none."""
    return next((p for p in (path, path.parent, path.parent.parent) if (p / "config.json").exists()), path)


def relative(path: Path, base: Path) -> str:
    """``path`` with links resolved, as seen from ``base`` where it lies in it."""
    path, base = path.resolve(), base.resolve()
    return str(path.relative_to(base)) if path.is_relative_to(base) else path.name


def one_thread_each(workers: int) -> None:
    """The network gets the cores that the worlds' processes leave, at least one."""
    import os

    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) - workers))


def describe(summary: dict[str, Any]) -> str:
    """A summary in one line."""
    head = f"{summary['player']} on {summary['task']}: {summary['episodes']} episodes"
    if summary.get("rate") is None:
        return head
    rate = f"{summary['rate']:.0%} succeed (95 % interval {summary['low']:.0%} to {summary['high']:.0%})"
    return f"{head}, {rate}, {summary['mean_steps']:.0f} steps on average"


@dataclass(frozen=True, kw_only=True)
class Watch(Command):
    """Write the report of training runs and evaluations: one HTML page that opens from disk.

    With --live, follow them in the browser and in the terminal while they run.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run folders, evaluation folders, or folders of such."""
    out: Path = Path("report.html")
    """The page. Videos too large for one file go into a folder of its name beside it."""
    demos: int = 4
    """Demonstrations to show for each run, with what its agent makes of them (0: none)."""
    store: Path | None = None
    """Where the demonstrations are. Default: the store that the run was trained from."""
    inside_limit: float = 32.0
    """Media above this size in MB go beside the page instead of into it."""
    live: bool = False
    """Serve the page on 127.0.0.1 and keep it current, until interrupted."""
    port: int = 0
    """Port for --live; 0 takes a free one."""
    seconds: float | None = None
    """Stop --live after this long. Default: when interrupted."""

    def run(self) -> dict[str, Any]:
        if not self.runs:
            raise UserError("name at least one run folder, for example: basalt-iq watch runs/demo/iq")
        if self.live:
            from basalt_iq.watch.live import follow

            return follow(self.runs, port=self.port, seconds=self.seconds)
        from basalt_iq.watch.report import write_report

        self._show_demos()
        found = write_report(self.runs, self.out, command=said(), inside_limit=int(self.inside_limit * 1e6))
        size = f"{found['episodes']} episodes, {found['bytes'] / 1e6:.1f} MB"
        beside = f", videos in {found['media']}" if found["media"] else ""
        console.print(f"{self.out} ({size}{beside}): open it in a browser", markup=False, soft_wrap=True)
        return found | {"ok": True}

    def _show_demos(self) -> None:
        from basalt_iq.watch.demos import show_demos
        from basalt_iq.watch.runs import find

        if self.demos < 1:
            return
        for run in find(self.runs)[0]:
            settings = run.settings
            store = self.store or Path(settings.get("store", ""))
            if not (store / "manifest.json").exists():
                console.print(f"{run.name}: no demos beside its play (--store names the store)", style="dim")
                continue
            show_demos(run.folder, store, count=self.demos, held_out=float(settings.get("held_out", 0.1)))


@dataclass(frozen=True, kw_only=True)
class Compare(Command):
    """Which agent is better? Same-seed episodes side by side, unnamed: people click, TrueSkill rates.

    The world's own judgement, where it has one, is compared too, with an exact McNemar test.
    """

    agents: tyro.conf.Positional[tuple[Path, ...]]
    """Two or more run or evaluation folders (or folders of such), with episodes on the same seeds."""
    task: str | None = None
    """Task to compare on. Default: the agents' own, if it is one."""
    out: Path = Path("comparison")
    """Folder of the judgements. The same folder again adds to them."""
    auto: bool = False
    """Only compare by the world's judgement and the ratings so far: open no page."""
    judge: str = ""
    """Who judges, as the record calls them."""
    port: int = 0
    """Port of the page on 127.0.0.1; 0 takes a free one."""
    seconds: float | None = None
    """Close the page after this long. Default: when interrupted."""
    import_matches: Path | None = None
    """Add the matches of a file in BEDD's format (its human answers); those already known are left out."""
    export_matches: Path | None = None
    """Afterwards write all judgements on the task to this file in BEDD's format."""

    def run(self) -> dict[str, Any]:
        from basalt_iq.watch.bedd import read_matches, write_matches
        from basalt_iq.watch.compare import Comparison
        from basalt_iq.watch.judgements import Judgements
        from basalt_iq.watch.report import paired_tests
        from basalt_iq.watch.runs import find

        evaluations = [evaluation for _, evaluation in find(self.agents)[1]]
        task = self._task(sorted({str(e.summary.get("task")) for e in evaluations}))
        imported = read_matches(self.import_matches) if self.import_matches else []
        judgements = Judgements(self.out)
        judgements.add(imported)
        comparison = Comparison(task, evaluations, judgements, self.judge)
        if not self.auto:
            self._serve(comparison)
        if self.export_matches:
            write_matches(self.export_matches, judgements.of(task))
        tests = paired_tests([e for e in evaluations if e.summary.get("task") == task])
        standing = comparison.standing()
        _print_comparison(tests, standing)
        found = {"task": task, "world": tests, "people": standing, "judgements": str(judgements.path)}
        return {"ok": True, **found}

    def _task(self, found: list[str]) -> str:
        from basalt_iq.world.contract import find_task

        if self.task:
            return find_task(self.task).name
        if len(found) != 1:
            raise UserError(f"--task: the episodes are of {' and '.join(found) or 'no task'}; choose one")
        return found[0]

    def _serve(self, comparison: Any) -> None:
        from basalt_iq.watch.serve import run_site

        with run_site(comparison.get, comparison.post, self.port) as address:
            console.print(f"Open {address} to judge (Ctrl-C ends it).", markup=False)
            wait(self.seconds)


def wait(seconds: float | None) -> None:
    """Until the time is over or somebody presses Ctrl-C."""
    import contextlib
    import threading

    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait(seconds)


def _print_comparison(tests: list[dict[str, Any]], standing: dict[str, Any]) -> None:
    from rich.table import Table

    world = Table(title="By the world's judgement, on shared seeds")
    for heading in ("agents", "seeds", "both", "only the first", "only the second", "exact McNemar p"):
        world.add_column(heading)
    for t in tests:
        counts = (t["seeds"], t["both"], t["only_a"], t["only_b"], f"{t['p']:.3g}")
        world.add_row(f"{t['a']} | {t['b']}", *map(str, counts))
    people = Table(title=f"By people: {standing['judged']} judgements (TrueSkill, score = mu - 3 sigma)")
    for heading in ("agent", "mu", "sigma", "score", "judged"):
        people.add_column(heading)
    for a in standing["agents"]:
        people.add_row(a["agent"], *(f"{a[k]:.3f}" for k in ("mu", "sigma", "score")), str(a["judged"]))
    if tests:
        console.print(world)
    console.print(people)
    more = standing["needed"]
    about = f"{'more than' if more >= standing['most'] else 'about'} {more} more judgements needed"
    console.print(f"The order is {'settled' if more == 0 else f'not settled: {about}'}.")

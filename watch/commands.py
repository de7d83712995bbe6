"""`basalt-iq watch` and `basalt-iq compare`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Optional

import tyro

from basalt_iq.command import Command, Result, console, said, tell_address
from basalt_iq.data.places import refuse_no_store
from basalt_iq.errors import UserError
from basalt_iq.ranges import COUNT_OR_NONE, PORT, require
from basalt_iq.watch.results import Browsed, Compared, EpisodesWritten, Tracked

if TYPE_CHECKING:
    from basalt_iq.watch.compare import Comparison, Standing
    from basalt_iq.watch.contents import PairedTest, Unpaired
    from basalt_iq.watch.runs import Run


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
    store: Optional[Path] = None
    """Where the demonstrations are. Default: the store that the run was trained from."""
    looked: int = 0
    """For so many episodes of each agent, successes and failures in turn: find out what it looked at, by
    hiding parts of the picture. They are played again for it, which only the stand-in can (seconds each)."""
    inside_limit: float = 32.0
    """Media above this size in MB go beside the page instead of into it."""
    track: Literal["none", "tensorboard", "wandb"] = "none"
    """Send each run's hyper-parameters, the table of its evaluations and videos of episodes to its tracker
    instead of writing a page."""
    rerun: Optional[Path] = None
    """Write the episodes to this file for the Rerun viewer (.rrd) instead of a page."""
    live: bool = False
    """Serve the page on 127.0.0.1 and keep it current, until interrupted."""
    port: int = 0
    """Port for --live; 0 takes a free one."""
    open: bool = False
    """Open the page in this machine's browser."""
    seconds: Optional[float] = None
    """Stop --live after this long. Default: when interrupted."""

    def run(self) -> Result:
        require("demos", self.demos, COUNT_OR_NONE)
        require("port", self.port, PORT)
        if not self.runs:
            raise UserError("name at least one run folder, for example: basalt-iq watch runs/demo/iq")

        from basalt_iq.watch.runs import find

        runs, _ = find(self.runs)
        if self.live:
            from basalt_iq.watch.live import follow

            return follow(self.runs, port=self.port, seconds=self.seconds, show=self.open)
        if self.track != "none":
            return self._track()
        if self.rerun:
            return self._write_rerun(self.rerun)
        from basalt_iq.watch.report import write_report

        self._show_demos(runs)
        if self.looked > 0:
            self._look()
        found = write_report(self.runs, self.out, command=said(), inside_limit=int(self.inside_limit * 1e6))
        size = f"{found.episodes} episodes, {found.bytes / 1e6:.1f} MB"
        beside = f", videos in {found.media}" if found.media else ""
        console.print(f"{self.out} ({size}{beside}): open it in a browser", markup=False, soft_wrap=True)
        return found

    def _track(self) -> Tracked:
        from basalt_iq.watch.tracked import track_evaluations

        found = track_evaluations(self.runs, self.track)
        said = f"{found.runs} runs, {found.evaluations} evaluations, {found.videos} videos"
        console.print(f"sent to {self.track}: {said}", markup=False, soft_wrap=True)
        return found

    def _write_rerun(self, out: Path) -> EpisodesWritten:
        from basalt_iq.watch.rerun_file import write_rerun

        episodes = write_rerun(self.runs, out)
        console.print(
            f"{out} ({episodes} episodes): look at it with `rerun {out}`", markup=False, soft_wrap=True
        )
        return EpisodesWritten(out=str(out), episodes=episodes)

    def _look(self) -> None:
        from basalt_iq.progress import counted
        from basalt_iq.watch.looked import unlooked

        waiting = list(unlooked(self.runs, self.looked))
        with counted("what it looked at") as update:
            for done, look in enumerate(waiting, 1):
                look()
                update(done, len(waiting))

    def _show_demos(self, runs: list[Run]) -> None:
        from basalt_iq.watch.shown_demos import show_demos

        for run in runs if self.demos > 0 else ():
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

    folders: tyro.conf.Positional[tuple[Path, ...]]
    """Run or evaluation folders (or folders of such), with episodes on the same seeds."""
    agents: tuple[str, ...] = ()
    """Who is judged. Default: each run's own agent and every evaluation given itself, but no baselines."""
    task: Optional[str] = None
    """Task to compare on. Default: the agents' own, if it is one."""
    out: Path = Path("comparison")
    """Folder of the judgements. The same folder again adds to them."""
    auto: bool = False
    """Only compare by the world's judgement and the ratings so far: open no page."""
    judge: str = ""
    """Who judges, as the record calls them."""
    port: int = 0
    """Port of the page on 127.0.0.1; 0 takes a free one."""
    open: bool = False
    """Open the page in this machine's browser."""
    seconds: Optional[float] = None
    """Close the page after this long. Default: when interrupted."""
    import_matches: Optional[Path] = None
    """Add the matches of a file in BEDD's format (its human answers); those already known are left out."""
    export_matches: Optional[Path] = None
    """Afterwards write all judgements on the task to this file in BEDD's format."""

    def run(self) -> Compared:
        from basalt_iq.watch.runs import find

        _, found = find(self.folders)

        from basalt_iq.watch.compare import Comparison, judged_ones
        from basalt_iq.watch.judgements import Judgements
        from basalt_iq.watch.matches import read_matches, write_matches
        from basalt_iq.watch.pairing import paired_tests

        evaluations = judged_ones(found, self.agents)
        task = self._task(sorted({e.summary.task for e in evaluations}))
        imported = read_matches(self.import_matches) if self.import_matches else []
        judgements = Judgements(self.out)
        judgements.add(imported)
        if judgements.lost:
            where = f"line {', '.join(map(str, judgements.lost[:10]))} of {judgements.path}"
            words = f"{len(judgements.lost)} lost: {where} says nothing and is passed over"
            console.print(words, markup=False, soft_wrap=True)
        comparison = Comparison(task, evaluations, judgements, self.judge)
        if not self.auto:
            self._serve(comparison)
        if self.export_matches:
            write_matches(self.export_matches, judgements.of(task))
        tests, unpaired = paired_tests([e for e in evaluations if e.summary.task == task])
        standing = comparison.standing()
        _print_comparison(tests, unpaired, standing)
        return Compared(
            task=task, world=tests, unpaired=unpaired, people=standing, judgements=str(judgements.path)
        )

    def _task(self, found: list[str]) -> str:
        from basalt_iq.contract import find_task

        if self.task:
            return find_task(self.task).name
        if len(found) != 1:
            raise UserError(f"--task: the episodes are of {' and '.join(found) or 'no task'}; choose one")
        return found[0]

    def _serve(self, comparison: Comparison) -> None:
        from basalt_iq.server import run_site

        with run_site(comparison.routes, self.port) as address:
            who = ", ".join(sorted(comparison.episodes))
            console.print(f"judged are {who}; the page does not say who is who", markup=False, soft_wrap=True)
            tell_address(address, "to judge", self.open)
            wait(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Browse(Command):
    """Look through a store's demonstrations in a local page: filter, sort, watch, note, exclude.

    What is excluded is kept in STORE/marks.json by content; `train` leaves it out from then on.
    """

    store: tyro.conf.Positional[Path]
    """Folder of the store."""
    task: Optional[str] = None
    """Only this task."""
    port: int = 0
    """Port of the page on 127.0.0.1; 0 takes a free one."""
    open: bool = False
    """Open the page in this machine's browser."""
    seconds: Optional[float] = None
    """Close the page after this long. Default: when interrupted."""

    def run(self) -> Browsed:
        refuse_no_store(self.store)

        from basalt_iq.contract import find_task
        from basalt_iq.server import run_site
        from basalt_iq.watch.browse import Browser

        with Browser(self.store, self.task and find_task(self.task).name) as browser:
            with run_site(browser.routes, self.port) as address:
                tell_address(address, f"to look through {len(browser.demos)} demonstrations", self.open)
                wait(self.seconds)
            excluded = len(browser.marks.excluded)
        console.print(f"{excluded} demonstrations are excluded from training")
        return Browsed(demos=len(browser.demos), excluded=excluded)


def wait(seconds: float | None) -> None:
    """Until the time is over or somebody presses Ctrl-C."""
    import contextlib
    import threading

    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait(seconds)


def _print_comparison(tests: list[PairedTest], unpaired: list[Unpaired], standing: Standing) -> None:
    from rich.table import Table

    world = Table(title="By the world's judgement, on shared seeds")
    for heading in ("agents", "seeds", "both", "only the first", "only the second", "exact McNemar p"):
        world.add_column(heading)
    for t in tests:
        counts = (t.seeds, t.both, t.only_a, t.only_b, f"{t.p:.3g}")
        world.add_row(f"{t.a} | {t.b}", *map(str, counts))
    people = Table(
        title=f"By people: {standing.judged} judgements (TrueSkill, score = mu - 3 sigma; openskill)"
    )
    for heading in ("agent", "mu", "sigma", "score", "openskill", "judged"):
        people.add_column(heading, overflow="fold")
    for a in standing.agents:
        second = f"{a.open_mu:.1f} ± {a.open_sigma:.1f}"
        people.add_row(a.agent, f"{a.mu:.3f}", f"{a.sigma:.3f}", f"{a.score:.3f}", second, str(a.judged))
    if tests:
        console.print(world)
    for u in unpaired:
        console.print(f"{u.a} and {u.b} are not compared: {u.why}", markup=False, soft_wrap=True)
    console.print(people)
    more = standing.needed
    about = f"{'more than' if more >= standing.most else 'about'} {more} more judgements needed"
    console.print(f"The order is {'settled' if more == 0 else f'not settled: {about}'}.")

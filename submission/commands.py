"""`basalt-iq submit`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

import tyro

from basalt_iq import plugins
from basalt_iq.agent.places import find_agent
from basalt_iq.command import Command, console
from basalt_iq.errors import UserError
from basalt_iq.play.worlds import STAND_IN
from basalt_iq.submission.manifest import BEDD, TARGETS, Manifest, read_manifest, refuse_existing
from basalt_iq.submission.results import Built, CheckRow, PackageChecked


@dataclass(frozen=True, kw_only=True)
class Build(Command):
    """Build what an evaluator takes from one run, or from one run for each task."""

    runs: tyro.conf.Positional[Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN [RUN ...]")]]
    """Run or checkpoint folders. A task without a run of its own is played by the first one's agent."""
    target: str
    """aicrowd-2021: one task. aicrowd-2022: all four tasks. bedd: videos of all four on its 44 fixed seeds.
    Or a plugin's. An agent that was trained on the other interface's demos plays by translation."""
    out: Path
    """Folder of the package; must not exist yet."""
    authors: tuple[str, ...] = ()
    """AIcrowd user names."""
    description: str = "An agent trained from demonstrations with basalt-iq"
    """A line for the leaderboard."""
    license: str = "MIT"
    """Licence of the submission."""
    gpu: bool = False
    """Ask AIcrowd for a GPU."""
    debug: bool = False
    """aicrowd-2022: two episodes of 100 steps, to try the submission out."""
    world: str = STAND_IN
    """bedd: where the episodes are played: stand-in, minerl-1.0, minestudio, mcio, or a
    plugin's. BEDD's judges compare videos from MineRL 1.0."""
    world_python: Optional[str] = None
    """bedd: the Python interpreter that has the world's package. Default: $BASALT_IQ_MINERL_PYTHON (or
    _MINESTUDIO_, _MCIO_), else this one."""
    max_steps: Optional[int] = None
    """bedd: episode limit in steps of 50 ms. Default: each task's own (3600 to 14400)."""
    workers: int = 2
    """bedd: processes that play."""

    def run(self) -> Built:
        if not self.runs:
            raise UserError("submit build: name at least one run folder, as in `submit build runs/cave ...`")
        for run in self.runs:
            find_agent(run)
        refuse_existing(self.out)
        plugins.check("evaluator", self.target, TARGETS)

        from basalt_iq.submission.building import Particulars, build_package

        if self.target == BEDD:
            manifest = self._bedd()
        else:
            about = Particulars(self.authors, self.description, self.license, self.gpu, self.debug)
            build: Callable[..., Manifest] = partial(build_package, self.target)
            if self.target not in TARGETS:
                from basalt_iq.submission.evaluators import find_evaluator

                build = find_evaluator(self.target).build
            manifest = build(self.runs, self.out, about)
        for note in manifest.notes:
            console.print(note, soft_wrap=True, highlight=False)
        console.print(f"{self.out}: ready; try it with `basalt-iq submit check {self.out}`", soft_wrap=True)
        return Built(manifest=manifest, out=str(self.out))

    def _bedd(self) -> Manifest:
        from basalt_iq.play.worlds import Maker
        from basalt_iq.progress import progress
        from basalt_iq.submission.bedd import SEEDS, Stage, build_rollouts

        build = Maker(self.world, self.world_python, progress=True)
        build.check()
        build.check_era(2022)
        stage = Stage(self.world, build, self.max_steps, self.workers)
        with progress() as bar:
            line = bar.add_task("playing", total=sum(map(len, SEEDS.values())))
            return build_rollouts(self.runs, self.out, stage, lambda _: bar.advance(line))


@dataclass(frozen=True, kw_only=True)
class Check(Command):
    """Run a package as the evaluator would, in the stand-in world; exit code 1 if anything is wrong."""

    folder: tyro.conf.Positional[Path]
    """What `submit build` made."""
    episodes: Optional[int] = None
    """Episodes of each task. Default: as many as the evaluator plays (5, in 2022 11)."""
    max_steps: int = 100
    """Steps of 50 ms in an episode; the evaluator's are 3600 to 14400."""
    originals: Optional[Path] = None
    """The competition's own submission template: its run.py and the like are copied over the package's (in a
    copy of it), as its README asks for. Without it the package runs as it is."""
    full: bool = False
    """Play episodes of the evaluator's own length, whatever --max-steps says."""

    def run(self) -> PackageChecked:
        if self.max_steps < 1 or (self.episodes is not None and self.episodes < 1):
            raise UserError("--episodes and --max-steps must be at least 1")
        read_manifest(self.folder)

        from basalt_iq.submission.checking import Trial, check_package

        limit = None if self.full else self.max_steps
        rows = check_package(self.folder, Trial(self.episodes, limit, originals=self.originals))
        _print(rows)
        return PackageChecked(ok=all(row.ok for row in rows), checks=rows)


def _print(rows: list[CheckRow]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("", "check", ""):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row("[green]pass[/]" if row.ok else "[red]FAIL[/]", row.check, row.detail)
    console.print(table)

"""`basalt-iq demo`: the whole loop on the stand-in world, one ordinary command after another."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basalt_iq.command import Command, Result, console
from basalt_iq.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from basalt_iq.play.results import Evaluated

#: Far from the demos' seeds, which start at 0.
HELD_OUT_SEED = 100_000
#: What two cores can train in minutes, see train/recipes.py.
RECIPE = "demo"
PLAYERS = ("demonstrator", "IQ-Learn", "behaviour cloning", "random")


@dataclass(frozen=True, kw_only=True)
class Demonstrated(Result):
    """What `demo --json` prints."""

    task: str
    demos: int
    minutes: float
    max_steps: int
    distance: str
    players: dict[str, Evaluated]
    report: str
    seconds: int

    def to_json(self) -> Any:
        """Players as `evaluate --json` tells of them."""
        from basalt_iq.records import to_json

        return to_json(self) | {"players": {name: one.to_json() for name, one in self.players.items()}}


@dataclass(frozen=True, kw_only=True)
class Demo(Command):
    """Record demos, train IQ-Learn and behaviour cloning on them, evaluate, report: the whole loop.

    Everything happens in the stand-in world, on land where caves and such are near (--near). The same command
    again continues where it stopped.
    """

    out: Path = Path("runs/demo")
    """Folder for demos, store, runs, evaluations and the report."""
    task: str = "FindCave"
    """BASALT task to learn."""
    demos: int = 80
    """Successful demonstrations to record, on seeds from 0."""
    demo_steps: int = 900
    """Limit of a demonstration in steps of 50 ms."""
    minutes: float = 3.5
    """Training time of each agent. Both train side by side, one core each."""
    episodes: int = 20
    """Episodes for each player, all on the same seeds, none of which a demo was played on."""
    max_steps: int = 3600
    """Limit of an evaluated episode in steps of 50 ms; FindCave's own."""
    seed: int = 0
    """Seed of the trainings."""

    def run(self) -> Demonstrated:
        began = time.monotonic()
        self.out.mkdir(parents=True, exist_ok=True)
        compile_world(self.task)
        limit = ["--only-successful", "--near", "--max-steps", self.demo_steps]
        self._call("data", "record", self.out / "demos", "--task", self.task, "--n", self.demos, *limit)
        self._call("data", "ingest", self.out / "demos", "--store", self.out / "store")
        self._train()
        players = self._evaluate()
        self._call("watch", self.out / "iq", self.out / "bc", "--out", self.out / "report.html")
        console.print(_table(players, self.max_steps))
        seconds = round(time.monotonic() - began)
        console.print(f"{seconds} s in all. Open [bold]{self.out / 'report.html'}[/bold] in a browser.")
        return Demonstrated(
            task=self.task, demos=self.demos, minutes=self.minutes, max_steps=self.max_steps,
            distance="near", players=players, report=str(self.out / "report.html"), seconds=seconds,
        )  # fmt: skip

    def _train(self) -> None:
        """IQ-Learn and behaviour cloning at the same time, each for the same time on a core of its own."""
        common = ["--store", self.out / "store", "--task", self.task, "--minutes", self.minutes]
        common += ["--steps", 10**9, "--seed", self.seed, "--recipe", RECIPE]
        jobs = {
            name: ["train", *common, "--objective", name, "--run", self.out / name] for name in ("bc", "iq")
        }
        log = self.out / "bc.log"
        with log.open("a") as file:
            beside = subprocess.Popen(_line(jobs["bc"]), stdout=subprocess.DEVNULL, stderr=file)
            console.print(
                f"$ basalt-iq {_text(jobs['bc'])} &   (its output: {log})", style="dim", soft_wrap=True
            )
            try:
                self._call(*jobs["iq"])
                if beside.wait():
                    raise UserError(
                        f"{log}: the training of behaviour cloning failed; its last lines say why"
                    )
            finally:
                beside.kill()
                beside.wait()

    def _evaluate(self) -> dict[str, Evaluated]:
        from basalt_iq.play.plan import read_summary
        from basalt_iq.play.results import Evaluated

        common = ["--near", "--episodes", self.episodes, "--first-seed", HELD_OUT_SEED]
        common += ["--max-steps", self.max_steps]
        jobs = (
            [
                "--player",
                "scripted",
                "--task",
                self.task,
                "--out",
                self.out / "iq" / "evaluations" / "scripted",
            ],
            ["--run", self.out / "iq"],
            ["--run", self.out / "bc"],
            ["--run", self.out / "iq", "--player", "random"],
        )
        folders = {}
        for name, job in zip(PLAYERS, jobs, strict=True):
            folders[name] = Path(self._call("evaluate", *job, *common)["folder"])
        return {
            name: Evaluated(summary=read_summary(folder), folder=str(folder))
            for name, folder in folders.items()
        }

    def _call(self, *words: Any) -> Any:
        """Run one basalt-iq command as a person would, and return the JSON of its result."""
        console.print(f"$ basalt-iq {_text(words)}", style="dim", soft_wrap=True)
        done = subprocess.run(_line(words), stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise UserError(f"`basalt-iq {_text(words)}` failed (see above); mend it and repeat to continue")
        return json.loads(done.stdout)


def compile_world(task: str) -> None:
    """Let numba compile the world's code into its cache, once, before several processes want it."""
    from basalt_iq.play.worlds import make
    from basalt_iq.world.players import make_player

    with console.status("compiling the world (only the first time)"):
        env = make(task, near=True)
        env.reset(seed=0)
        player = make_player(task, 0)
        player.reset(env)
        for _ in range(50):
            env.step(player.act())
        env.close()


def _text(words: Any) -> str:
    return shlex.join(str(word) for word in words)


def _line(words: Any) -> list[str]:
    return [sys.executable, "-m", "basalt_iq", *(str(word) for word in words), "--json"]


def _table(players: dict[str, Evaluated], max_steps: int) -> Table:
    from rich.table import Table

    table = Table(title=f"Success on held-out seeds, at most {max_steps} steps an episode")
    for heading in ("player", "episodes", "success", "95 % interval", "mean steps"):
        table.add_column(heading, justify="left" if heading == "player" else "right")
    for name, s in ((name, one.summary) for name, one in players.items()):
        interval = f"{s.low:.0%} to {s.high:.0%}"
        table.add_row(name, str(s.episodes), f"{s.rate:.0%}", interval, f"{s.mean_steps:.0f}")
    return table

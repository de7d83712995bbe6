"""`basalt-iq demo`: the whole loop on the stand-in world, one ordinary command after another."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from basalt_iq.command import Command, console
from basalt_iq.errors import UserError

#: Far from the demos' seeds, which start at 0.
HELD_OUT_SEED = 100_000
#: What two cores can train in minutes, see train/recipes.py.
RECIPE = "demo"
PLAYERS = ("demonstrator", "IQ-Learn", "behaviour cloning", "random")


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

    def run(self) -> dict[str, Any]:
        began = time.monotonic()
        self.out.mkdir(parents=True, exist_ok=True)
        compile_world(self.task)
        limit = ["--only-successful", "--near", "--max-steps", self.demo_steps]
        self._call("data", "record", self.out / "demos", "--task", self.task, "--n", self.demos, *limit)
        self._call("data", "ingest", self.out / "demos", "--store", self.out / "store")
        self._train()
        summaries = self._evaluate()
        report = self._call("watch", self.out / "iq", self.out / "bc", "--out", self.out / "report.html")
        console.print(_table(summaries, self.max_steps))
        seconds = round(time.monotonic() - began)
        console.print(f"{seconds} s in all. Open [bold]{self.out / 'report.html'}[/bold] in a browser.")
        return {
            "task": self.task, "demos": self.demos, "minutes": self.minutes, "max_steps": self.max_steps,
            "distance": "near",
            "players": summaries, "report": str(self.out / "report.html"), "seconds": seconds,
            "ok": report["ok"],
        }  # fmt: skip

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

    def _evaluate(self) -> dict[str, Any]:
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
        return {name: self._call("evaluate", *job, *common) for name, job in zip(PLAYERS, jobs, strict=True)}

    def _call(self, *words: Any) -> dict[str, Any]:
        """Run one basalt-iq command as a person would, and return its result."""
        console.print(f"$ basalt-iq {_text(words)}", style="dim", soft_wrap=True)
        done = subprocess.run(_line(words), stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise UserError(f"`basalt-iq {_text(words)}` failed (see above); mend it and repeat to continue")
        return json.loads(done.stdout)


def compile_world(task: str) -> None:
    """Let numba compile the world's code into its cache, once, before several processes want it."""
    from basalt_iq.world import make
    from basalt_iq.world.players import make_player

    with console.status("compiling the world (only the first time)"):
        env = make(task, distance="near")
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


def _table(summaries: dict[str, Any], max_steps: int) -> Table:
    table = Table(title=f"Success on held-out seeds, at most {max_steps} steps an episode")
    for heading in ("player", "episodes", "success", "95 % interval", "mean steps"):
        table.add_column(heading, justify="left" if heading == "player" else "right")
    for name, s in summaries.items():
        interval = f"{s['low']:.0%} to {s['high']:.0%}"
        table.add_row(name, str(s["episodes"]), f"{s['rate']:.0%}", interval, f"{s['mean_steps']:.0f}")
    return table

"""`basalt-iq evaluate` and `basalt-iq data record`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import tyro

from basalt_iq.agent.places import find_agent
from basalt_iq.command import Command, console, said, tell_address
from basalt_iq.contract import find_task
from basalt_iq.data.places import refuse_no_store
from basalt_iq.errors import UserError
from basalt_iq.play.results import Evaluated, Outcome, Recorded
from basalt_iq.play.seeds import chosen_seeds
from basalt_iq.play.worlds import FOREIGN, STAND_IN, Maker, at_once, era_of
from basalt_iq.ranges import COUNT, PIXELS, PORT, SEED, require

if TYPE_CHECKING:
    from basalt_iq.play.plan import Plan
    from basalt_iq.play.player import Actor
    from basalt_iq.play.record import Recipe

#: Far from the small numbers that people record demos on.
FIRST_SEED = 100_000


@dataclass(frozen=True, kw_only=True)
class Evaluate(Command):
    """Play episodes on held-out seeds, recorded with what the agent thought; success rate with an interval.

    The same command again plays only what is missing.
    """

    run_dir: Annotated[Optional[Path], tyro.conf.arg(name="run")] = None
    """A run folder (its chosen checkpoint plays) or one checkpoint folder. The scripted player needs none."""
    task: Optional[str] = None
    """FindCave, MakeWaterfall, CreateVillageAnimalPen or BuildVillageHouse. Default: the agent's own."""
    episodes: int = 20
    """How many episodes, each on a seed of its own."""
    first_seed: int = FIRST_SEED
    """Seeds are this one and those that follow. Keep them apart from the seeds of the demos."""
    seeds: tuple[str, ...] = ()
    """These seeds instead: numbers, or bedd for the eleven of the task that BEDD takes."""
    max_steps: Optional[int] = None
    """Episode limit in steps of 50 ms. Default: the task's own (3600 to 14400)."""
    player: Literal["agent", "random", "walker", "scripted"] = "agent"
    """Who plays: the trained agent, uniformly random actions, a walker that does what the demos of --store do
    as often as they do it and never looks, or the world's demonstrator."""
    store: Optional[Path] = None
    """The walker's demos."""
    argmax: bool = False
    """Take the best action at every step instead of sampling from the policy."""
    name: Optional[str] = None
    """Folder under RUN/evaluations. Default: agent, random, walker or scripted."""
    out: Optional[Path] = None
    """Write here instead of RUN/evaluations/NAME."""
    era: Literal[2021, 2022] = 2021
    """The interface that the scripted player uses; an agent has its own."""
    workers: int = 2
    """Processes that step worlds."""
    worlds: int = 8
    """Episodes under way at once."""
    world: str = STAND_IN
    """Where to play: stand-in, minerl-0.4, minerl-1.0, minestudio, mcio, or a plugin's. Only the stand-in
    judges success; elsewhere each of --workers plays one at a time."""
    world_python: Optional[str] = None
    """The Python interpreter that has the world's package. Default: $BASALT_IQ_MINERL_PYTHON (or
    _MINESTUDIO_, _MCIO_), else this one."""
    near: bool = False
    """Short episodes: the stand-in puts what the task needs near the start. Every result says so."""
    large: bool = False
    """Also film what a person would have seen, 640x360 (seed_N.large.mp4): report and comparison show that.
    Takes about twice as long; episodes that are there already are not filmed."""
    device: str = "auto"
    """Where the network runs: auto (a GPU if there is one), cpu, cuda, cuda:1."""
    seed: int = 0
    """Seed of the agent's own sampling."""
    ray: bool = False
    """Play on the Ray cluster that is found (else one on this machine), --worlds episodes a job. All its
    machines must see the same files."""

    def run(self) -> Evaluated:
        self._refuse_nonsense()

        from basalt_iq.play.evaluation import evaluate
        from basalt_iq.play.plan import describe
        from basalt_iq.progress import progress

        maker = Maker(self.world, self.world_python, self.near, progress=True)
        maker.check()
        plan, actor = self._plan()
        if self.world == STAND_IN:
            plan = replace(plan, distance="near" if self.near else "real")
        seeds = chosen_seeds(self.seeds, plan.task, self.first_seed, self.episodes)
        folder = self._folder()
        if self.large:
            maker = replace(maker, film=folder.resolve())
        with progress() as bar:
            line = bar.add_task(f"{plan.player} plays {plan.task}", total=len(seeds))
            summary = evaluate(
                plan, seeds, folder, actor, workers=self.workers,
                worlds=at_once(self.world, self.worlds, self.workers),
                command=said(), on_done=lambda _: bar.advance(line), build=maker, ray=self.ray,
            )  # fmt: skip
        console.print(f"{describe(summary)}\n{folder}", markup=False, highlight=False, soft_wrap=True)
        return Evaluated(ok=not summary.faults, summary=summary, folder=str(folder))

    def _refuse_nonsense(self) -> None:
        """Raises UserError for what no installation could mend, before anything is read or written."""
        if self.world != STAND_IN:
            self._refuse_elsewhere()
        for name in ("episodes", "workers", "worlds", "max_steps"):
            require(name.replace("_", "-"), getattr(self, name), COUNT)
        require("seed", self.seed, SEED)
        if self.task is not None:
            find_task(self.task)
        chosen_seeds(self.seeds, self.task or "FindCave", self.first_seed, self.episodes)
        if self.player == "scripted" and self.task is None:
            raise UserError("the scripted player needs --task")
        if self.player == "walker":
            self._walked_like()
        elif self.player != "scripted":
            self._checkpoint()
        self._folder()

    def _refuse_elsewhere(self) -> None:
        """Raises UserError for what only the stand-in world can do."""
        if self.player == "scripted":
            raise UserError("the scripted player reads the stand-in world's state: it plays nowhere else")
        if self.near:
            raise UserError("--near: only the stand-in world has a say in its distances")
        if self.large:
            raise UserError(
                "--large: only the stand-in draws a second picture; worlds of 2022 show 640x360 anyway"
            )

    def _plan(self) -> tuple[Plan, Actor | None]:
        from basalt_iq.play.plan import Plan
        from basalt_iq.play.translation import fitted

        if self.player == "scripted" and self.task is not None:
            task = find_task(self.task)
            task.check_era(self.era)
            return Plan(task.name, "scripted", self.era, self.max_steps, choice="scripted"), None
        plan, player = self._walker() if self.player == "walker" else self._agent()
        if self.world == STAND_IN:
            return plan, player
        era = era_of(self.world, player.era)
        return replace(plan, era=era, world=self.world), fitted(player, plan.task, era)

    def _walked_like(self) -> tuple[Path, str]:
        """The store and the task of the demos that the walker walks like."""
        if self.store is None or self.task is None:
            raise UserError("--player walker: name the demos that it walks like by --store, and --task")
        refuse_no_store(self.store)
        return self.store, self.task

    def _walker(self) -> tuple[Plan, Actor]:
        from basalt_iq.play.plan import Plan
        from basalt_iq.play.unknowing import walker

        store, task = self._walked_like()
        player = walker(store, task, seed=self.seed)
        label = store.resolve().name
        return Plan(player.task, "walker", player.era, self.max_steps, label, choice="frequencies"), player

    def _agent(self) -> tuple[Plan, Actor]:
        from basalt_iq.agent.checkpoint import load_spec
        from basalt_iq.agent.device import find_device
        from basalt_iq.play.evaluation import fingerprint
        from basalt_iq.play.plan import Plan
        from basalt_iq.play.player import Player
        from basalt_iq.play.unknowing import RandomPlayer

        checkpoint = self._checkpoint()
        spec = load_spec(checkpoint)
        task = find_task(self.task or spec.task).name
        if task != spec.task:
            raise UserError(f"{checkpoint}: was trained for {spec.task} and cannot play {task}")
        if self.player == "random":
            plan = Plan(task, "random", spec.era, self.max_steps, choice="uniform")
            return plan, RandomPlayer(spec.actions, repeat=spec.repeat, seed=self.seed)
        one_thread_each(self.workers)
        choice = "argmax" if self.argmax else "sampled"
        label = relative(checkpoint, run_folder(self.run_dir or checkpoint))
        plan = Plan(task, "agent", spec.era, self.max_steps, label, fingerprint(checkpoint), choice)
        return plan, Player.load(
            checkpoint, device=find_device(self.device), seed=self.seed, argmax=self.argmax
        )

    def _checkpoint(self) -> Path:
        """Whose agent plays."""
        if self.run_dir is None:
            raise UserError("--run: name the run folder or the checkpoint whose agent plays")
        return find_agent(self.run_dir)

    def _folder(self) -> Path:
        if self.out is not None:
            return self.out
        if self.run_dir is None:
            raise UserError("--out: name the folder for the episodes (without --run there is no other)")
        default = self.player if self.world == STAND_IN else f"{self.player}-{self.world}"
        return run_folder(self.run_dir) / "evaluations" / (self.name or default)


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


@dataclass(frozen=True, kw_only=True)
class Record(Command):
    """Record demonstrations of a task, in a real data set's layout or into a store.

    Scripted players play in the stand-in world, or you do: --player keyboard opens a local page to play in
    with keys and mouse, in any world.
    """

    out: tyro.conf.Positional[Optional[Path]] = None
    """Root folder of the data set."""
    store: Optional[Path] = None
    """Record straight into this store instead, to train from: no video is written and none decoded, and
    frames are exact. Several times as fast; scripted players only."""
    size: int = 64
    """With --store: height and width of its frames in pixels."""
    task: str = "FindCave"
    """FindCave, MakeWaterfall, CreateVillageAnimalPen or BuildVillageHouse."""
    n: int = 20
    """Demonstrations."""
    player: Literal["scripted", "keyboard"] = "scripted"
    """scripted: the task's own player. keyboard: a person, in a page that only this machine can open."""
    port: int = 0
    """Port of that page on 127.0.0.1; 0 takes a free one."""
    open: bool = False
    """Open that page in this machine's browser."""
    seed: int = 0
    """Seed of the first episode; the others follow it."""
    era: Optional[Literal[2021, 2022]] = None
    """2021: folders of recording.mp4, rendered.npz and metadata.json. 2022: pairs of mp4 and jsonl. Default:
    that of the world; 2021 in the stand-in, which has both."""
    world: str = STAND_IN
    """Where a person plays: stand-in, minerl-0.4, minerl-1.0, minestudio, mcio, or a plugin's. Only the
    stand-in judges success; MineRL ends itself where a person pauses for long."""
    world_python: Optional[str] = None
    """The Python interpreter that has the world's package. Default: $BASALT_IQ_MINERL_PYTHON (or
    _MINESTUDIO_, _MCIO_), else this one."""
    max_steps: Optional[int] = None
    """End episodes after this many ticks (20 a second); the task's own limit unless given."""
    near: bool = False
    """Short episodes: what the task needs is near the start, and players make do with little. Else episodes
    are about as long as real ones."""
    keep_failures: bool = False
    """Keep what a scripted player failed at too, marked as such, and play n seeds whatever comes of them.
    Otherwise further seeds follow until there are n successes. A person's are the person's to keep."""
    only_successful: bool = False
    """Keep successes only, a person's too; for scripted players that is so anyway."""
    workers: Optional[int] = None
    """Processes; one for each core unless given."""

    def run(self) -> Recorded:
        root = self._root()
        for name in ("n", "workers", "max_steps"):
            require(name.replace("_", "-"), getattr(self, name), COUNT)
        require("seed", self.seed, SEED)
        require("port", self.port, PORT)
        if self.only_successful and self.keep_failures:
            raise UserError("--only-successful and --keep-failures contradict each other; give one of them")
        era = self.era or era_of(self.world)
        find_task(self.task).check_era(era)
        maker = Maker(self.world, self.world_python, self.near)
        if self.world != STAND_IN:
            self._refuse_elsewhere()
        maker.check_era(era)
        maker.check()

        from basalt_iq.play.record import Recipe
        from basalt_iq.progress import counted

        only = self.only_successful or (self.player == "scripted" and not self.keep_failures)
        size = None if self.store is None else self.size
        recipe = Recipe(root, self.task, era, self.max_steps, only, maker, size=size)
        with counted("recording") as update:
            outcomes = (
                self._by_hand(recipe, update) if self.player == "keyboard" else self._play(recipe, update)
            )
        result = Recorded.of(outcomes, self.n, str(root), self.task)
        console.print(
            f"{result.recorded} demonstrations of {self.task} in {root}: {result.steps} steps, "
            f"{result.successes} of {result.attempts} attempts succeeded"
        )
        if self.player == "scripted" and result.recorded < self.n:
            console.print(f"{self.n} were asked for: allow more with --max-steps, or give --keep-failures")
        return result

    def _refuse_elsewhere(self) -> None:
        """Raises UserError for what only the stand-in world can do."""
        if self.player == "scripted":
            raise UserError("the scripted player reads the stand-in world's state: add --player keyboard")
        if self.near:
            raise UserError("--near: only the stand-in world has a say in its distances")
        if self.only_successful and self.world in FOREIGN:
            raise UserError("--only-successful: only the stand-in world judges; keep or discard in the page")

    def _root(self) -> Path:
        if self.store is not None and self.out is None:
            if self.player == "keyboard":
                raise UserError("--store: what a person plays is kept as a data set; give its folder instead")
            require("size", self.size, PIXELS)
            return self.store
        if self.out is None or self.store is not None:
            raise UserError("give either the root folder of a data set or --store STORE")
        return self.out

    def _play(self, recipe: Recipe, update: Callable[[int, int], None]) -> list[Outcome]:
        from basalt_iq.play.record import record
        from basalt_iq.play.record_store import record_into_store

        start = record if recipe.size is None else record_into_store
        return start(recipe, self.n, self.seed, workers=self.workers, progress=update)

    def _by_hand(self, recipe: Recipe, update: Callable[[int, int], None]) -> list[Outcome]:
        from basalt_iq.play.keyboard import WebPlayer
        from basalt_iq.play.person import record_person
        from basalt_iq.play.record import person_of

        with WebPlayer(recipe.spec, recipe.era, self.port, self.max_steps) as player:
            tell_address(player.url, f"to play {recipe.task}", self.open)
            recipe = replace(recipe, who=person_of(recipe.root))
            return record_person(recipe, self.n, self.seed, player, progress=update)

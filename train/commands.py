"""`basalt-iq train`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Optional, get_args

import tyro

from basalt_iq.command import Command, Result, console
from basalt_iq.contract import find_task
from basalt_iq.data.places import refuse_no_store
from basalt_iq.play.worlds import use_world
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from rich.progress import Progress

    from basalt_iq.train.checkpoints import Chosen
    from basalt_iq.train.loop import TrainResult
    from basalt_iq.train.parallel import Team
    from basalt_iq.train.profile import Profile, ProfileRecord


@dataclass(frozen=True, kw_only=True)
class Trained(Result):
    """What `train --json` prints."""

    steps: int
    """Updates made, over all sittings."""
    seconds: float
    chosen: Chosen | None
    """The update whose weights are the agent; None where none was evaluated yet."""
    profile: ProfileRecord | None
    """With --profile."""

    def to_json(self) -> Any:
        """The agent's update and its measures stand beside the others."""
        from basalt_iq.records import to_json

        chosen = {"step": self.chosen.step, **self.chosen.values} if self.chosen else {}
        profile = {"profile": to_json(self.profile)} if self.profile else {}
        return {"ok": self.ok, "steps": self.steps, "seconds": self.seconds, **chosen, **profile}


@dataclass(frozen=True, kw_only=True)
class Train(TrainConfig, Command):
    """Train an agent from a store of demos. The same command again continues where it stopped.

    Several processes, each on its own core or GPU, share the batches of one run when torchrun starts them:
    torchrun --nproc_per_node 4 -m -- basalt_iq train ...
    """

    has_presets: ClassVar[bool] = True

    store: Path
    """Store made by `basalt-iq data ingest`. It may be moved; its demos must stay what they are."""
    folder: Annotated[Path, tyro.conf.arg(name="run")]
    """Run folder: configuration, metrics, checkpoints, agent."""
    recipe: Recipe = "demo"
    """Settings to start from; options given beside it win. demo: what `make demo`'s figures were measured
    with, minutes on two cores. online: the same while playing. hindsight: single frames, by an encoder that
    first learned where demonstrators were about to go. standard: a decision every tick, four frames.
    A run that continues keeps its own settings."""

    world_python: Optional[str] = None
    """With --world: the Python interpreter that has its package. Default: $BASALT_IQ_MINERL_PYTHON (or
    _MINESTUDIO_, _MCIO_), else this one."""
    profile: bool = False
    """Show afterwards where the time went: drawing batches, convolutions, memory, backward, checks, ..."""

    @classmethod
    def preset(cls, words: Sequence[str]) -> Train:
        """Left out, an option is the recipe's; without a recipe, that of the run which continues."""
        recipe = _value_of("--recipe", words)
        config = RECIPES[recipe] if recipe in get_args(Recipe) else None  # type: ignore[index]
        config = config or _settings_of(_value_of("--run", words)) or RECIPES["demo"]
        settings = {f.name: getattr(config, f.name) for f in fields(TrainConfig)}
        named: Any = recipe if recipe in get_args(Recipe) else "demo"
        return cls(**settings, store=tyro.MISSING, folder=tyro.MISSING, recipe=named)

    def run(self) -> Trained:
        refuse_no_store(self.store)
        find_task(self.task)

        from basalt_iq.agent.device import find_device
        from basalt_iq.train.parallel import Team
        from basalt_iq.train.process import tune_process
        from basalt_iq.train.profile import Profile

        use_world(self.online.world, self.world_python)
        tune_process()
        team = Team.join(find_device(self.device))
        try:
            profile = Profile(self.profile, team.device)
            result = self._train(team, profile)
        finally:
            team.leave()
        if team.rank > 0:
            raise SystemExit(_code(result))  # one result is enough
        return self._told(result, profile)

    def _told(self, result: TrainResult, profile: Profile) -> Trained:
        if self.profile:
            console.print(profile.table())
        if result.signal is not None:
            line = f"interrupted after update {result.steps}; the same command continues from there"
            console.print(line, markup=False, soft_wrap=True)
            raise SystemExit(_code(result))
        line = f"trained {result.steps} updates in {result.seconds:.0f} s: {self.folder}/agent"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        return Trained(
            steps=result.steps, seconds=result.seconds, chosen=result.chosen,
            profile=profile.record() if self.profile else None,
        )  # fmt: skip

    def _train(self, team: Team, profile: Profile) -> TrainResult:
        from rich.progress import Progress

        from basalt_iq.progress import progress
        from basalt_iq.train.loop import train

        config = TrainConfig(**{f.name: getattr(self, f.name) for f in fields(TrainConfig)})
        with progress() if team.rank == 0 else Progress(disable=True) as bar:
            follower = Follower(config, bar)
            return train(config, self.store, self.folder, follower, team=team, profile=profile)


class Follower:
    """Shows a training as a progress bar."""

    def __init__(self, config: TrainConfig, bar: Progress):
        self.config, self.bar = config, bar
        self.head = f"{config.objective.name} {config.task}"
        total = config.minutes * 60 if config.minutes else config.hindsight.hindsight_updates + config.steps
        self.job = bar.add_task(self.head, total=total)

    def update(self, step: int, seconds: float, values: dict[str, float]) -> None:
        told = f"nll {values['nll']:.2f}" if "nll" in values else f"hindsight side {values['side']:.0%}"
        line = f"{self.head} step {step} {told}"
        self.bar.update(self.job, completed=seconds if self.config.minutes else step, description=line)

    def say(self, line: str) -> None:
        self.bar.console.print(f"basalt-iq: {line}", style="yellow", markup=False, soft_wrap=True)


def _code(result: TrainResult) -> int:
    """As shells have it for a signal."""
    return 0 if result.signal is None else 128 + result.signal


def _value_of(option: str, words: Sequence[str]) -> str | None:
    """What a command line gives an option, as `--option value` or `--option=value`."""
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None


def _settings_of(run: str | None) -> TrainConfig | None:
    """The settings of the run that is there; where and how it is trained is said anew."""
    from basalt_iq.train.settings import read_config, settings_from_json

    if run is None or (file := read_config(Path(run))) is None:
        return None
    default = RECIPES["demo"]
    return replace(settings_from_json(file.config, run), track=default.track, device=default.device)

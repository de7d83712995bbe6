"""`basalt-iq train`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.progress import Progress

from basalt_iq.command import Command, console, progress
from basalt_iq.play.worlds import use_world
from basalt_iq.train.config import TrainConfig

if TYPE_CHECKING:
    from basalt_iq.train.parallel import Team
    from basalt_iq.train.profile import Profile


@dataclass(frozen=True, kw_only=True)
class Train(TrainConfig, Command):
    """Train an agent from a store of demos. The same command again continues where it stopped.

    Several processes, each on its own core or GPU, share the batches of one run when torchrun starts them:
    torchrun --nproc_per_node 4 -m basalt_iq train ...
    """

    store: Path
    """Store made by `basalt-iq data ingest`."""
    folder: Annotated[Path, tyro.conf.arg(name="run")]
    """Run folder: configuration, metrics, checkpoints, agent."""

    world_python: str | None = None
    """With --world: the Python interpreter that has its package. Default: $BASALT_IQ_MINERL_PYTHON (or
    _MINESTUDIO_, _MCIO_), else this one."""
    profile: bool = False
    """Show afterwards where the time went: drawing batches, convolutions, memory, backward, checks, ..."""

    def run(self) -> dict[str, Any]:
        from basalt_iq.train.parallel import Team
        from basalt_iq.train.process import tune_process
        from basalt_iq.train.profile import Profile

        use_world(self.online.world, self.world_python)
        tune_process()
        team = Team.join(self.device)
        try:
            profile = Profile(self.profile, team.device)
            result = self._train(team, profile)
        finally:
            team.leave()
        if team.rank > 0:
            raise SystemExit  # one result is enough
        console.print(f"trained {result['steps']} updates in {result['seconds']:.0f} s: {self.folder}/agent")
        if not self.profile:
            return result
        console.print(profile.table())
        return result | {"profile": profile.to_json()}

    def _train(self, team: Team, profile: Profile) -> dict[str, Any]:
        from basalt_iq.train.loop import train

        config = TrainConfig(**{f.name: getattr(self, f.name) for f in fields(TrainConfig)})
        with progress() if team.rank == 0 else Progress(disable=True) as bar:
            job = bar.add_task(f"{config.goal.objective} {config.task}", total=self._total())

            def listen(step: int, seconds: float, values: dict[str, float]) -> None:
                bar.update(
                    job, completed=seconds if self.minutes else step, description=_line(config, step, values)
                )

            return train(config, self.store, self.folder, listen, team=team, profile=profile)

    def _total(self) -> float:
        return self.minutes * 60 if self.minutes else self.steps


def _line(config: TrainConfig, step: int, values: dict[str, float]) -> str:
    return f"{config.goal.objective} {config.task} step {step} nll {values['nll']:.2f}"

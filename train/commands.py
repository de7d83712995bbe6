"""`basalt-iq train`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import tyro

from basalt_iq.command import Command, console, progress
from basalt_iq.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class Train(TrainConfig, Command):
    """Train an agent from a store of demos. The same command again continues where it stopped."""

    store: Path
    """Store made by `basalt-iq data ingest`."""
    folder: Annotated[Path, tyro.conf.arg(name="run")]
    """Run folder: configuration, metrics, checkpoints, agent."""

    def run(self) -> dict[str, Any]:
        import torch

        from basalt_iq.train.loop import train

        torch.set_num_threads(1)  # more threads only spin on small batches; use more processes instead
        config = TrainConfig(**{f.name: getattr(self, f.name) for f in fields(TrainConfig)})
        with progress() as bar:
            job = bar.add_task(f"{config.goal.objective} {config.task}", total=self._total())

            def listen(step: int, seconds: float, values: dict[str, float]) -> None:
                bar.update(
                    job, completed=seconds if self.minutes else step, description=_line(config, step, values)
                )

            result = train(config, self.store, self.folder, listen)
        console.print(f"trained {result['steps']} updates in {result['seconds']:.0f} s: {self.folder}/agent")
        return result

    def _total(self) -> float:
        return self.minutes * 60 if self.minutes else self.steps


def _line(config: TrainConfig, step: int, values: dict[str, float]) -> str:
    return f"{config.goal.objective} {config.task} step {step} nll {values['nll']:.2f}"

"""The training loop: sample, update, log; now and then look at held-out demos and write a checkpoint."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from basalt_iq.agent.checkpoint import AgentSpec
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.data.sampler import SequenceSampler
from basalt_iq.errors import UserError
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.demos import Demos, episodes, load_demos
from basalt_iq.train.held_out import HeldOut
from basalt_iq.train.learner import Learner
from basalt_iq.train.metrics import Metrics
from basalt_iq.train.online import Online
from basalt_iq.train.run_folder import RunFolder
from basalt_iq.train.states import StoredStates

#: Told after every update: step, seconds of training so far, newest metrics.
Listener = Callable[[int, float, dict[str, float]], None]


def train(
    config: TrainConfig, store: Path, folder: Path, listener: Listener = lambda *_: None
) -> dict[str, Any]:
    """Train, or continue, the run in `folder`. Returns steps, seconds, metrics of the chosen agent."""
    demos = load_demos(store, config.task, config.held_out)
    run = RunFolder(folder, asdict(config) | {"store": str(store.resolve())})
    try:
        return Trainer(config, demos, run).run(listener)
    except FloatingPointError as error:
        raise UserError(f"{folder}: {error}; the last checkpoint is intact, lower --learning-rate") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise UserError(
            f"{folder}: the disk is full; the last checkpoint is intact, free space and repeat"
        ) from None


class Trainer:
    """One sitting of a run: built from the configuration, brought to where the last sitting stopped."""

    def __init__(self, config: TrainConfig, demos: Demos, run: RunFolder):
        self.config, self.run_folder = config, run
        look = ObservationSpec.of(demos.task, demos.era, demos.size)
        self.spec = AgentSpec(
            demos.task, demos.era, demos.action_set(config.actions, config.action_count, config.repeat), look,
            config.network, config.goal.temperature, config.goal.discount,
            repeat=config.repeat, trained={"objective": config.goal.objective},
        )  # fmt: skip
        torch.manual_seed(config.seed)
        self.network = self.spec.build().to(config.device)
        self.held_out = HeldOut(demos.held_out, self.spec)
        expert = episodes(demos.train, self.spec)
        if config.mirror:
            expert += episodes(demos.train, self.spec, mirrored=True)
        sampling = {
            "batch": config.batch, "length": config.length, "stack": config.network.stack,
            "seed": config.seed, "grid": config.grid, "burn_in": config.burn_in,
        }  # fmt: skip
        self.sampler = SequenceSampler(expert, **sampling)
        states = [StoredStates([e.length for e in expert], config.network.hidden, config.grid)]
        self.online = None
        if config.online.online:
            self.online = Online(config.online, self.spec, self.network, run.folder / "replay", **sampling)
            states.append(self.online.replay.states)
        self.learner = Learner(self.network, config.learner, config.goal, seed=config.seed, sources=states)
        self.step, self.seconds, self.best = 0, 0.0, {"held_out/nll": float("inf")}
        self._resume()

    def run(self, listener: Listener) -> dict[str, Any]:
        """Train until the steps or the minutes are over."""
        config = asdict(self.config)
        metrics = Metrics(self.run_folder.folder, step=self.step, wandb=self.config.wandb, config=config)
        try:
            while not self._over():
                self._advance(metrics, listener)
        finally:
            metrics.close()
            if self.online:
                self.online.close()
        return {"steps": self.step, "seconds": round(self.seconds, 1), **self.best}

    def _advance(self, metrics: Metrics, listener: Listener) -> None:
        began = time.monotonic()
        values = self._update()
        self.step += 1
        self.seconds += time.monotonic() - began
        if self.step % self.config.log_every == 0:
            metrics.log(self.step, self.seconds, {f"train/{name}": value for name, value in values.items()})
        if self.step % self.config.check_every == 0 or self._over():
            metrics.log(self.step, self.seconds, self._check())
        listener(self.step, self.seconds, values)

    def _update(self) -> dict[str, float]:
        """One update; online, the worlds move on meanwhile."""
        batches = [self.sampler.sample()]
        if self.online is None or self.step < self.config.online.start_after:
            return self.learner.update(batches)
        return self.online.beside(lambda played: self.learner.update(batches + played))

    def _over(self) -> bool:
        limit = self.config.minutes
        return self.step >= self.config.steps or (limit is not None and self.seconds >= 60 * limit)

    def _check(self) -> dict[str, float]:
        """Look at the held-out demos and write a checkpoint."""
        values = {f"held_out/{name}": value for name, value in self.held_out.look(self.learner.agent).items()}
        better = values["held_out/nll"] < self.best["held_out/nll"]
        if better:
            self.best = {"step": self.step, **values}
        guard = values.get("held_out/end_confidence", 2 * self.spec.end_guard) / 2
        spec = replace(self.spec, end_guard=guard, trained=self.spec.trained | {"step": self.step, **values})
        self.run_folder.save(self.step, spec, self.learner.agent, self._state(), best=better)
        if self.online:
            self.online.replay.sweep()
            values |= self.online.metrics()
        return values

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
            "learner": self.learner.state_dict(),
            "sampler": self.sampler.state_dict(),
            "online": self.online.state_dict() if self.online else None,
        }

    def _resume(self) -> None:
        state = self.run_folder.resume()
        if state is None:
            return
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]
        self.learner.load_state_dict(state["learner"])
        self.sampler.load_state_dict(state["sampler"])
        if self.online:
            self.online.load_state_dict(state["online"])

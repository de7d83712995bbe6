"""The training loop: sample, update, log; now and then look at held-out demos and write a checkpoint."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from contextlib import ExitStack
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
from basalt_iq.train.learner import ALONE, OFF, Learner
from basalt_iq.train.metrics import Metrics
from basalt_iq.train.online import Online
from basalt_iq.train.parallel import Team
from basalt_iq.train.prefetch import Prefetch
from basalt_iq.train.profile import Profile
from basalt_iq.train.run_folder import RunFolder
from basalt_iq.train.states import StoredStates

#: Told after every update: step, seconds of training so far, newest metrics.
Listener = Callable[[int, float, dict[str, float]], None]


def train(
    config: TrainConfig, store: Path, folder: Path, listener: Listener = lambda *_: None, *,
    team: Team = ALONE, profile: Profile = OFF,
) -> dict[str, Any]:  # fmt: skip
    """Train, or continue, the run in `folder`. Returns steps, seconds, metrics of the chosen agent.

    Each process of a `team` calls it alike; the first alone listens and writes.
    """
    if team.size > 1:
        _refuse_what_is_not_shared(config, team)
    try:
        with team.first_alone():
            demos = load_demos(store, config.task, config.held_out)
            known = asdict(config) | {"store": str(store.resolve())}
            run = RunFolder(folder, known, writer=team.rank == 0)
            trainer = Trainer(config, demos, run, team, profile)
        return trainer.run(listener)
    except FloatingPointError as error:
        raise UserError(f"{folder}: {error}; the last checkpoint is intact, lower --learning-rate") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise UserError(
            f"{folder}: the disk is full; the last checkpoint is intact, free space and repeat"
        ) from None


def _refuse_what_is_not_shared(config: TrainConfig, team: Team) -> None:
    if config.online.online:
        raise UserError("--online plays beside one learner; start it without torchrun")
    if config.batch % team.size:
        raise UserError(f"--batch {config.batch} does not split evenly over {team.size} processes")


class Trainer:
    """One sitting of a run: built from the configuration, brought to where the last sitting stopped."""

    def __init__(
        self, config: TrainConfig, demos: Demos, run: RunFolder, team: Team = ALONE, profile: Profile = OFF
    ):
        self.config, self.run_folder, self.team, self.profile = config, run, team, profile
        look = ObservationSpec.of(demos.task, demos.era, demos.size)
        self.spec = AgentSpec(
            demos.task, demos.era, demos.action_set(config.actions, config.action_count, config.repeat), look,
            config.network, config.goal.temperature, config.goal.discount,
            absorbing_reward=config.goal.reward.absorbing, value_bound=config.goal.reward.value_bound,
            repeat=config.repeat, trained={"objective": config.goal.objective},
        )  # fmt: skip
        torch.manual_seed(config.seed)
        self.network = self.spec.build().to(team.device if team.size > 1 else config.device)
        self.held_out = HeldOut(demos.held_out, self.spec)
        expert = episodes(demos.train, self.spec)
        if config.mirror:
            expert += episodes(demos.train, self.spec, mirrored=True)
        sampling = {
            "batch": config.batch, "length": config.length, "stack": config.network.stack,
            "seed": config.seed, "grid": config.grid, "burn_in": config.burn_in, "shift": config.shift,
        }  # fmt: skip
        part = (team.rank, team.size)
        self.sampler = Prefetch(SequenceSampler(expert, part=part, buffers=2, **sampling), profile)
        states = [StoredStates([e.length for e in expert], config.network.hidden, config.grid)]
        self.online = None
        if config.online.online:
            replay = run.folder / "replay"
            self.online = Online(config.online, self.spec, self.network, replay, profile, **sampling)
            states.append(self.online.replay.states)
        self.learner = Learner(
            self.network, config.learner, config.goal, seed=config.seed, sources=states, team=team,
            profile=profile,
        )  # fmt: skip
        self.step, self.seconds, self.best = 0, 0.0, {"held_out/nll": float("inf")}
        self._resume()

    def run(self, listener: Listener) -> dict[str, Any]:
        """Train until the steps or the minutes are over."""
        config, first = asdict(self.config), self.team.rank == 0
        with ExitStack() as stack:
            stack.enter_context(self.profile.whole())
            stack.callback(self.sampler.close)
            if self.online:
                stack.callback(self.online.close)
            if first:
                metrics = Metrics(
                    self.run_folder.folder, step=self.step, wandb=self.config.wandb, config=config
                )
                stack.callback(metrics.close)
            while not self._over():
                values = self._advance()
                if first:
                    self._tell(metrics, listener, values)
        return {"steps": self.step, "seconds": round(self.seconds, 1), **self.best}

    def _advance(self) -> dict[str, float]:
        began = time.monotonic()
        values = self._update()
        self.step += 1
        self.profile.updates += 1
        self.seconds = self.team.agreed(self.seconds + time.monotonic() - began)
        return values

    def _tell(self, metrics: Metrics, listener: Listener, values: dict[str, float]) -> None:
        """Log, look at the held-out demos and write a checkpoint, each when it is due."""
        with self.profile.part("logging"):
            if self.step % self.config.log_every == 0:
                metrics.log(self.step, self.seconds, {f"train/{name}": v for name, v in values.items()})
        with self.profile.part("held-out demos and checkpoints"):
            if self.step % self.config.check_every == 0 or self._over():
                metrics.log(self.step, self.seconds, self._check())
        with self.profile.part("logging"):
            listener(self.step, self.seconds, values)

    def _update(self) -> dict[str, float]:
        """One update; online, the worlds move on meanwhile."""
        batches = [self.sampler.sample()]
        if self.online is None or not self._plays():
            return self.learner.update(batches)
        return self.online.beside(lambda played: self.learner.update(batches + played))

    def _plays(self) -> bool:
        """Is the policy's own play learned from by now? What that teaches does not show in held-out demos."""
        return self.online is not None and self.step >= self.config.online.start_after

    def _over(self) -> bool:
        limit = self.config.minutes
        return self.step >= self.config.steps or (limit is not None and self.seconds >= 60 * limit)

    def _check(self) -> dict[str, float]:
        """Look at the held-out demos and write a checkpoint."""
        values = {f"held_out/{name}": value for name, value in self.held_out.look(self.learner.agent).items()}
        better = self._plays() or values["held_out/nll"] < self.best["held_out/nll"]
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

"""The training loop: sample, update, log; now and then evaluate on held-out demos and write a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch

from basalt_iq.agent.checkpoint import AgentSpec, load_agent, load_spec
from basalt_iq.agent.device import find_device
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.data.sampler import SequenceSampler
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder
from basalt_iq.locks import owned
from basalt_iq.train.changes import manners
from basalt_iq.train.checkpoints import Checkpoint, Chosen, Resumed
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.demo_records import DemoRecord, as_recorded, records_of
from basalt_iq.train.demos import Demos, episodes, load_demos
from basalt_iq.train.held_out import HeldOut
from basalt_iq.train.hindsight_head import HindsightHead
from basalt_iq.train.interruption import Interruption
from basalt_iq.train.learner import ALONE, OFF, Learner
from basalt_iq.train.look_backs import LookBacks
from basalt_iq.train.metrics import Metrics, Record
from basalt_iq.train.online import Online
from basalt_iq.train.parallel import Team
from basalt_iq.train.prefetch import Prefetch
from basalt_iq.train.pretraining import HeldOutFrames, Pretraining
from basalt_iq.train.profile import Profile
from basalt_iq.train.run_folder import RunFolder
from basalt_iq.train.settings import settings_to_json
from basalt_iq.train.stored_states import StoredStates
from basalt_iq.train.trackers import Tracker, open_tracker

#: What each `choose_by` looks at; less is better.
RULES = {"nll": "held_out/nll", "decisions": "held_out/decisions"}


class Listener(Protocol):
    """Whoever follows a training."""

    def update(self, step: int, seconds: float, values: dict[str, float]) -> None:
        """After every update: seconds of training so far, the newest metrics."""

    def say(self, line: str) -> None:
        """What a person should know."""


class Silent:
    """Nobody."""

    def update(self, step: int, seconds: float, values: dict[str, float]) -> None: ...

    def say(self, line: str) -> None: ...


@dataclass(frozen=True)
class TrainResult:
    """How a sitting ended."""

    steps: int
    """Updates made, over all sittings."""
    seconds: float
    chosen: Chosen | None
    """The agent; None where none was evaluated yet."""
    signal: int | None = None
    """What interrupted it, None where it came to its end."""


def train(
    config: TrainConfig, store: Path, folder: Path, listener: Listener | None = None, *,
    team: Team = ALONE, profile: Profile = OFF,
) -> TrainResult:  # fmt: skip
    """Train, or continue, the run in `folder`. Interrupted by a signal it stops between two updates.

    Each process of a `team` calls it alike; the first alone listens and writes. Raises UserError.
    """
    listener = listener or Silent()
    device = team.device if team.size > 1 else find_device(config.device)
    if team.size > 1:
        _refuse_what_is_not_shared(config, team)
    with ExitStack() as stack, _told(folder):
        with team.main_process_first():
            demos = load_demos(store, config.task, config.held_out)
            spec = make_spec(config, demos)
            if team.rank == 0:
                stack.enter_context(owned(make_folder(folder), "training"))
            run = RunFolder(folder, store, writer=team.rank == 0)
            resumed = run.resume(config, listener.say if team.rank == 0 else Silent().say)
            trainer = Trainer(config, demos, spec, run, resumed, device, team, profile, listener.say)
        return trainer.run(stack.enter_context(Interruption()), listener)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What stops a training is told in one line."""
    try:
        yield
    except FloatingPointError as error:
        raise UserError(f"{folder}: {error}; the last checkpoint is intact, lower --learning-rate") from None
    except OSError as error:
        place, reason = error.filename or folder, error.strerror or error
        raise UserError(
            f"{place}: {reason}; the last checkpoint is intact: mend that and repeat the command to continue"
        ) from None


def _refuse_what_is_not_shared(config: TrainConfig, team: Team) -> None:
    if config.online.online:
        raise UserError("--online plays beside one learner; start it without torchrun")
    batches = {"batch": config.batch, "hindsight-batch": config.hindsight.hindsight_batch}
    for option, rows in batches.items():
        if rows % team.size:
            raise UserError(f"--{option} {rows} does not split evenly over {team.size} processes")


def make_spec(config: TrainConfig, demos: Demos) -> AgentSpec:
    """What the agent of a new run is."""
    reward = config.objective.reward
    actions = demos.action_set(config.actions, config.action_count, config.repeat, config.head)
    return AgentSpec(
        demos.task, demos.era, actions,
        ObservationSpec.of(demos.task, demos.era, demos.size), config.network, config.objective.temperature,
        config.objective.discount, absorbing_reward=reward.absorbing, value_bound=reward.value_bound,
        repeat=config.repeat, trained={"objective": config.objective.name},
    )  # fmt: skip


class Trainer:
    """One sitting of a run: built from the configuration, brought to where the last sitting stopped."""

    def __init__(
        self, config: TrainConfig, demos: Demos, spec: AgentSpec, run: RunFolder,
        resumed: Resumed | None = None, device: str = "cpu", team: Team = ALONE, profile: Profile = OFF,
        say: Callable[[str], None] = lambda _: None,
    ):  # fmt: skip
        self.config, self.run_folder, self.team, self.profile = config, run, team, profile
        self.demos, self.spec = _as_before(demos, spec, run, resumed)
        torch.manual_seed(config.seed)
        self.network = self.spec.build().to(device)
        self.held_out = HeldOut(self.demos.held_out, self.spec)
        head, look_backs = self._hindsight()
        aside = look_backs if config.hindsight.hindsight_weight else None
        expert = episodes(self.demos.train, self.spec, look_back=aside)
        if config.mirror:
            expert += episodes(self.demos.train, self.spec, mirrored=True, look_back=aside)
        sampling = {
            "batch": config.batch, "length": config.length, "stack": config.network.history,
            "seed": config.seed, "grid": config.grid, "burn_in": config.burn_in, "shift": config.shift,
        }  # fmt: skip
        part = (team.rank, team.size)
        self.sampler = Prefetch(SequenceSampler(expert, part=part, buffers=2, **sampling), profile)
        states = [StoredStates([e.length for e in expert], config.network.hidden, config.grid)]
        self.online = None
        if config.online.online:
            replay = run.folder / "replay"
            self.online = Online(config.online, self.spec, self.network, replay, profile, say, **sampling)
            states.append(self.online.replay.states)
        self.learner = Learner(
            self.network, config.learner, config.objective, seed=config.seed, sources=states, team=team,
            profile=profile, manner=manners(self.spec.actions), head=head if aside else None,
            hindsight_weight=config.hindsight.hindsight_weight,
        )  # fmt: skip
        self.records = _records(self.demos, resumed)
        self.step, self.seconds, self.chosen, self.stopped = (
            0,
            0.0,
            resumed.chosen if resumed else None,
            False,
        )
        self._carried = resumed.record.metrics if resumed and resumed.record else ()
        if resumed:
            self._load(resumed.state)

    def _hindsight(self) -> tuple[HindsightHead | None, LookBacks | None]:
        """What predicts and its labels, and in a run that begins by it what teaches that alone."""
        config = self.config.hindsight
        self.pretraining: Pretraining | None = None
        self.held_out_frames: HeldOutFrames | None = None
        self._told: dict[str, float] = {}
        if not config.wanted:
            return None, None
        head = HindsightHead(self.spec.network.features).to(self.network.head.weight.device)
        look_backs = LookBacks(config.hindsight_reach)
        self.held_out_frames = HeldOutFrames(self.demos.held_out, look_backs)
        if config.hindsight_updates:
            self.pretraining = Pretraining(
                self.config, self.demos.train, look_backs, self.held_out_frames, self.network, head, self.team
            )
        return head, look_backs

    def run(self, interruption: Interruption, listener: Listener) -> TrainResult:
        """Train until the steps or the minutes are over, or a signal comes."""
        with ExitStack() as stack:
            stack.enter_context(self.profile.whole())
            stack.callback(self.sampler.close)
            if self.online:
                stack.callback(self.online.close)
            writer = stack.enter_context(Writer(self, listener)) if self.team.rank == 0 else None
            while not self.over and not self.stopped:
                values = self._advance(interruption)
                if writer:
                    writer.tell(values)
            if writer and self.over:
                interruption.release()  # what is left may be cut short
                writer.finish()
        signal = interruption.signal or 0 if self.stopped else None
        return TrainResult(self.step, round(self.seconds, 1), self.chosen, signal)

    @property
    def updates(self) -> int:
        """Those of the pretraining, and `steps` of the objective."""
        return self.config.hindsight.hindsight_updates + self.config.steps

    @property
    def due(self) -> bool:
        """Is it time to measure and to write a checkpoint?"""
        ends = self.step in (self.config.hindsight.hindsight_updates, self.updates) or self.over
        return ends or self.step % self.config.check_every == 0

    @property
    def over(self) -> bool:
        limit = self.config.minutes
        return self.step >= self.updates or (limit is not None and self.seconds >= 60 * limit)

    def _advance(self, interruption: Interruption) -> dict[str, float]:
        """One update, after which all processes agree on the time and on whether to stop."""
        began = time.monotonic()
        values = self.pretraining.update() if self.pretraining else self._update()
        self.step += 1
        self.profile.updates += 1
        if self.pretraining and self.due:
            self._check_pretraining(self.pretraining)
        seconds = self.seconds + time.monotonic() - began
        told = [seconds if self.team.rank == 0 else 0.0, float(interruption.signal is not None)]
        self.seconds, stop = self.team.all_reduce(torch.tensor(told, dtype=torch.float64)).tolist()
        self.stopped = stop > 0 and not self.over
        return values

    def _check_pretraining(self, pretraining: Pretraining) -> None:
        with self.profile.part("held-out demos and checkpoints"):
            self._told = pretraining.check()
        if self.step >= self.config.hindsight.hindsight_updates:
            pretraining.finish()
            self.learner.start_from(pretraining.network, pretraining.head)
            self.pretraining = None

    def _update(self) -> dict[str, float]:
        """One update; online, the worlds move on meanwhile."""
        batches = [self.sampler.sample()]
        if self.online is None or not self._plays():
            return self.learner.update(batches)
        return self.online.beside(lambda played: self.learner.update(batches + played))

    def _plays(self) -> bool:
        """Is the policy's own play learned from by now? What that teaches does not show in held-out demos."""
        return self.online is not None and self.learner.updates >= self.config.online.start_after

    def evaluate(self) -> dict[str, float]:
        """Measure on the held-out demos, and choose the agent by it; before the objective sets in there is
        none to choose."""
        if self.learner.updates == 0:
            return _held_out(self._told)
        values = self.held_out.evaluate(self.learner.averaged)
        if self.learner.head is not None and self.held_out_frames is not None:
            values |= self.held_out_frames.evaluate(self.learner.network, self.learner.head)
        values = _held_out(values)
        rule = RULES[self.config.choose_by]
        best = self.chosen.values.get(rule) if self.chosen else None
        if self._plays() or best is None or values[rule] < best:
            self.chosen = Chosen(self.step, values)
        return values

    def save(self, values: dict[str, float], metrics: tuple[Record, ...]) -> None:
        """Write a checkpoint; `values` are what was just measured, if anything was."""
        guard = values.get("held_out/end_confidence", 2 * self.spec.end_guard) / 2
        trained = self.spec.trained | {"step": self.step, **values}
        record = Checkpoint(
            self.step, self.seconds, settings_to_json(self.config), self.records, self.chosen, metrics
        )
        spec = replace(self.spec, end_guard=guard, trained=trained)
        self.run_folder.save(record, spec, self.learner.averaged, self._state())
        if self.online:
            self.online.replay.sweep()

    def resume_metrics(self) -> Metrics:
        return Metrics(self.run_folder.folder, step=self.step, kept=self._carried)

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "seconds": self.seconds,
            "learner": self.learner.state_dict(),
            "sampler": self.sampler.state_dict(),
            "online": self.online.state_dict() if self.online else None,
            "pretraining": self.pretraining.state_dict() if self.pretraining else None,
        }

    def _load(self, state: dict[str, Any]) -> None:
        self.step, self.seconds = state["step"], state["seconds"]
        self.learner.load_state_dict(state["learner"])
        self.sampler.load_state_dict(state["sampler"])
        if self.online:
            self.online.load_state_dict(state["online"])
        if self.pretraining and state.get("pretraining") is not None:
            self.pretraining.load_state_dict(state["pretraining"])
        else:
            self.pretraining = None


class Writer:
    """What the first process does between updates: log, evaluate, write checkpoints, each when it is due."""

    def __init__(self, trainer: Trainer, listener: Listener):
        self.trainer, self.listener, self.config = trainer, listener, trainer.config
        self.metrics: Metrics = trainer.resume_metrics()
        self.tracker: Tracker | None = open_tracker(
            trainer.run_folder.folder, self.config, trainer.step, listener.say
        )

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.metrics.close()
        if self.tracker:
            self.tracker.close()

    def tell(self, values: dict[str, float]) -> None:
        trainer, step = self.trainer, self.trainer.step
        with trainer.profile.part("logging"):
            if step % self.config.log_every == 0:
                self._log({f"train/{name}": value for name, value in values.items()})
        with trainer.profile.part("held-out demos and checkpoints"):
            if trainer.due:
                self._check()
            elif trainer.stopped:
                self._save({})  # choosing an agent now would make another run of it
        with trainer.profile.part("logging"):
            self.listener.update(step, trainer.seconds, values)

    def finish(self) -> None:
        """Measure the agent on all held-out demos, where only a sample of them was looked at so far."""
        held_out, agent = self.trainer.held_out, self.trainer.run_folder.folder / "agent"
        if held_out.sampled and self.trainer.chosen:
            self.listener.say("measuring the agent on all held-out demos")
            _, network = load_agent(agent, str(self.trainer.learner.device))
            values = held_out.evaluate(network, whole=True)
            self._log({f"held_out_all/{name}": value for name, value in values.items()})

    def _log(self, values: dict[str, float]) -> None:
        record = self.metrics.record(self.trainer.step, self.trainer.seconds, values)
        self.metrics.write(record)
        if self.tracker:
            self.tracker.log(self.trainer.step, values)

    def _check(self) -> None:
        values = self.trainer.evaluate()
        told = values | (self.trainer.online.metrics() if self.trainer.online else {})
        record = self.metrics.record(self.trainer.step, self.trainer.seconds, told)
        self._save(values)
        self.metrics.write(record)
        if self.tracker:
            self.tracker.log(self.trainer.step, told)

    def _save(self, values: dict[str, float]) -> None:
        """The checkpoint carries its own metrics: a kill right after it loses none of them."""
        self.metrics.sync()
        self.trainer.save(values, tuple(self.metrics.since_checkpoint))
        self.metrics.since_checkpoint.clear()


def _held_out(values: Mapping[str, float]) -> dict[str, float]:
    return {f"held_out/{name}": value for name, value in values.items()}


def _as_before(
    demos: Demos, spec: AgentSpec, run: RunFolder, resumed: Resumed | None
) -> tuple[Demos, AgentSpec]:
    """A run that continues keeps the split of its demos and its actions."""
    if resumed is None:
        return demos, spec
    if resumed.record is not None and resumed.record.demos is not None:
        demos = as_recorded(demos, resumed.record.demos, run.store)
    return demos, replace(spec, actions=load_spec(resumed.folder).actions)


def _records(demos: Demos, resumed: Resumed | None) -> tuple[DemoRecord, ...]:
    known = resumed.record.demos if resumed and resumed.record else None
    return known or records_of(demos)

"""Every setting of a training run. The docstrings are the help of `basalt-iq train`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from basalt_iq.agent.network import NetworkConfig
from basalt_iq.errors import UserError
from basalt_iq.train.actors import OnlineConfig
from basalt_iq.train.learner import LearnerConfig
from basalt_iq.train.objectives import ObjectiveConfig

#: What the policy plays bounds its recovered rewards. Its values in the loss itself (`value`) taught agents
#: of the control benchmark to end their episodes (docs/control.md).
GOAL = ObjectiveConfig(temperature=0.1, regularise="mixture")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What to train, on what, for how long."""

    task: str = "FindCave"
    """BASALT task: FindCave, MakeWaterfall, CreateVillageAnimalPen or BuildVillageHouse."""
    steps: int = 20_000
    """Updates to make."""
    minutes: float | None = None
    """Stop after this much training, even before --steps."""
    actions: Literal["demos", "entry-2021"] = "demos"
    """Actions: the demos' most frequent keys and camera turns, or a set like the 2021 entry's"""
    action_count: int = 64
    """Actions in a set built from demos."""
    held_out: float = 0.1
    """Share of the demos kept back to choose the checkpoint (at least one demo)."""
    batch: int = 16
    """Sequences per update (per source, where there is online data too), over all processes together."""
    length: int = 32
    """Decisions of a sequence that are learned from."""
    burn_in: int = 8
    """Decisions before them that only refresh the memory."""
    grid: int = 16
    """Decisions between possible starts of a sequence, and between stored memory states."""
    repeat: int = 1
    """Ticks that each decision is held for, in play and in what is learned: 4 decides five times a second."""
    mirror: bool = False
    """Learn from every demo's mirror image too, left for right: twice the demos where sides do not matter."""
    shift: int = 4
    """Random shift of a sequence's frames, in pixels each way."""
    seed: int = 0
    """Seed of weights, sampling and augmentation."""
    check_every: int = 500
    """Updates between looks at the held-out demos; each writes a checkpoint that resumes."""
    log_every: int = 50
    """Updates between records of the training metrics."""
    device: str = "cpu"
    """Where to train: cpu, cuda, cuda:1, ... Under torchrun cuda is each process's own GPU."""
    wandb: Literal["auto", "offline", "online", "off"] = "auto"
    """auto: offline unless you are logged in."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    goal: ObjectiveConfig = GOAL
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    online: OnlineConfig = field(default_factory=OnlineConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.burn_in < self.grid:
            raise UserError(f"--burn-in {self.burn_in} must be at least 0 and less than --grid {self.grid}")
        if (
            min(
                self.steps,
                self.batch,
                self.length,
                self.check_every,
                self.log_every,
                self.action_count,
                self.repeat,
            )
            < 1
        ):
            raise UserError(
                "--steps, --batch, --length, --action-count, --repeat and the intervals must be at least 1"
            )
        if self.online.online and self.goal.objective == "bc":
            raise UserError("--online: cloning learns from demos alone; choose --objective iq or sqil")
        if self.goal.objective == "sqil" and not self.online.online:
            raise UserError("--objective sqil needs the policy's own episodes: add --online")

"""Everything that decides what is learned, apart from torch, so that a command line knows it at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import tyro

from basalt_iq import plugins
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.errors import UserError
from basalt_iq.play.worlds import STAND_IN
from basalt_iq.train.ranges import check_ranges

if TYPE_CHECKING:
    from basalt_iq.agent.reward import RewardSpec


OBJECTIVES = ("iq", "bc", "sqil")


@dataclass(frozen=True)
class ObjectiveConfig:
    """What is learned, and how strongly."""

    name: Annotated[str, tyro.conf.arg(name="objective")] = "iq"
    """iq (IQ-Learn), bc (behaviour cloning), sqil, or a plugin's."""
    temperature: float = 1.0
    """tau of the soft policy softmax(Q / tau)."""
    discount: float = 0.99
    """gamma, per decision (a tick of a twentieth of a second, unless --repeat holds it longer)."""
    value_term: Literal["value_expert", "value", "v0"] = "value_expert"
    """States whose value IQ-Learn lowers: the experts', experts' and policy's, or first states."""
    divergence: Literal["chi2", "hellinger", "kl", "js", "tv"] = "chi2"
    """f-divergence of IQ-Learn's expert term (tv: the reward as it is, no weight and no regulariser)."""
    alpha: float = 0.5
    """Strength of the chi2 regulariser r^2 / (4 alpha); larger is weaker, inf is none (pure cloning)."""
    regularise: Literal["expert", "mixture"] = "expert"
    """Where the chi2 regulariser acts: on the experts' transitions or, with online data, on both."""
    absorbing_reward: float = 0.0
    """Reward per step after an expert's ending (minus it after the policy's), for ever: 0 ignores endings."""
    clip_targets: bool = False
    """Clip bootstrapped values to what bounded rewards can reach, 4 alpha / (1 - gamma) (LS-IQ)."""
    gradient_penalty: float = 0.0
    """Weight of a penalty on how steeply V changes between the experts' states and the policy's (from demos
    alone: other experts'). IQ-Learn and SQIL; 0 is none."""
    clone_first: int = 0
    """Updates of cloning before the objective sets in: Q starts as tau times the clone's logits (CSIL)."""
    change_weight: float = 1.0
    """How many times a demonstrated decision counts whose keys, item or direction of turning differ from
    those of the one before. Most decisions repeat the last one: otherwise that is what is learned."""

    def __post_init__(self) -> None:
        plugins.check("objective", self.name, OBJECTIVES)
        check_ranges(self)

    @property
    def reward(self) -> RewardSpec:
        """What this objective says of rewards; a checkpoint carries it."""
        from basalt_iq.agent.reward import RewardSpec

        bound = 4 * self.alpha / (1 - self.discount)
        clipped = self.clip_targets and math.isfinite(bound)
        return RewardSpec(self.discount, self.absorbing_reward, bound if clipped else None)

    def at(self, update: int) -> ObjectiveConfig:
        """The configuration in force at this update, counted from 0."""
        return replace(self, name="bc") if update < self.clone_first else self


@dataclass(frozen=True)
class LearnerConfig:
    """How the network is updated."""

    learning_rate: float = 3e-4
    """Adam's step size."""
    weight_decay: float = 0.0
    """Decoupled weight decay (AdamW)."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the convolutions. auto: bfloat16 where the GPU or the CPU has instructions for it, else float32."""
    clip_gradient: float = 10.0
    """Largest norm of the whole gradient."""
    target_rate: float = 1.0
    """Share of the network that flows into the target network per update; 1 is no target network."""
    forget_history: float = 0.0
    """Share of decisions that are learned from the present frame alone, which stands in the places of the
    older ones (--stack above 1): what moved last is then no sure sign of what to do."""
    average: float = 0.99
    """Share that the past keeps per update in the average of the weights that is the agent; 0: the newest."""


@dataclass(frozen=True)
class OnlineConfig:
    """Learning from what the agent itself plays, besides the demos."""

    online: bool = False
    """Play while learning (iq and sqil). Half of every batch is then the policy's."""
    worlds: int = 8
    """Episodes under way at once."""
    workers: int = 1
    """Processes that step worlds."""
    decisions: int = 1
    """Decisions that every world takes while one update is made: how much play is learned from how often."""
    online_steps: Optional[int] = None
    """Limit of an online episode in steps; default: the task's own."""
    replay_gb: float = 4.0
    """Newest episodes kept, in gigabytes on disk (a 64x64 frame takes 12 kB)."""
    start_after: int = 1000
    """Updates on demos alone before the first online step."""
    first_seed: int = 1_000_000
    """Seed of the first online episode; each takes the next."""
    world: str = STAND_IN
    """Where to play: stand-in, minerl-0.4, minerl-1.0, minestudio, mcio, or a plugin's. Elsewhere
    than in the stand-in each of --workers plays one episode at a time."""


@dataclass(frozen=True)
class HindsightConfig:
    """Foretelling from single frames where the demonstrator will be: what a demo's own future teaches."""

    hindsight_updates: int = 0
    """Updates that teach the encoder this alone, before the --steps of the objective; the best of them by
    held-out demos is where these start."""
    hindsight_weight: float = 0.0
    """Weight of it in the loss of the updates that follow."""
    hindsight_batch: int = 64
    """Frames per update that teaches this alone."""
    hindsight_reach: int = 300
    """Ticks ahead up to which the place of a decisive action, or of the end, is foretold."""

    @property
    def wanted(self) -> bool:
        return self.hindsight_updates > 0 or self.hindsight_weight > 0


#: What the policy plays bounds its recovered rewards. Its values in the loss itself (`value`) taught agents
#: of the control benchmark to end their episodes (docs/control.md).
DEMO_OBJECTIVE = ObjectiveConfig(temperature=0.1, regularise="mixture")
DEMO_NETWORK = NetworkConfig(stack=2)
DEMO_LEARNER = LearnerConfig(learning_rate=1e-3, weight_decay=0.03)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What to train, on what, for how long. Its own defaults are those of the recipe `demo`."""

    task: str = "FindCave"
    """BASALT task: FindCave, MakeWaterfall, CreateVillageAnimalPen or BuildVillageHouse."""
    steps: int = 20_000
    """Updates of the objective to make."""
    minutes: Optional[float] = None
    """Stop after this much training, even before --steps."""
    actions: Literal["demos", "entry-2021"] = "demos"
    """Actions: the demos' most frequent keys and camera turns, or a set like the 2021 entry's"""
    action_count: int = 64
    """Actions in a set built from demos; with a factored head, combinations of keys and decisive actions."""
    head: Literal["joint", "factored"] = "joint"
    """Values of actions. joint: each has its own. factored: the sum of its keys', pitch's and yaw's, so that
    all their combinations exist; what is decisive (use, take an item, end) keeps a value of its own."""
    held_out: float = 0.15
    """Share of the demos kept back to choose the checkpoint (at least one demo)."""
    batch: int = 8
    """Sequences per update (per source, where there is online data too), over all processes together."""
    length: int = 32
    """Decisions of a sequence that are learned from."""
    burn_in: int = 8
    """Decisions before them that only refresh the memory."""
    grid: int = 16
    """Decisions between possible starts of a sequence, and between stored memory states."""
    repeat: int = 4
    """Ticks that each decision is held for, in play and in what is learned: 4 decides five times a second."""
    mirror: bool = True
    """Learn from every demo's mirror image too, left for right: twice the demos where sides do not matter."""
    shift: int = 4
    """Random shift of a sequence's frames, in pixels each way."""
    seed: int = 0
    """Seed of weights, sampling and augmentation."""
    check_every: int = 100
    """Updates between evaluations on held-out demos; each writes a checkpoint that resumes."""
    choose_by: Literal["decisions", "nll"] = "decisions"
    """What the agent is chosen by on held-out demos: decisions (how unlikely it finds what the demonstrator
    did where that changed, and the endings), or nll (all decisions alike: mostly how things go on)."""
    log_every: int = 50
    """Updates between records of the training metrics."""
    device: str = "auto"
    """Where to train: auto (a GPU if there is one), cpu, cuda, cuda:1, ... Under torchrun cuda is each
    process's own GPU."""
    track: Literal["none", "tensorboard", "wandb"] = "none"
    """A tracker beside metrics.jsonl, from the extra basalt-iq[track]. Trouble with it never stops training;
    wandb stays offline unless a key is known."""
    network: NetworkConfig = DEMO_NETWORK
    objective: ObjectiveConfig = DEMO_OBJECTIVE
    learner: LearnerConfig = DEMO_LEARNER
    online: OnlineConfig = field(default_factory=OnlineConfig)
    hindsight: HindsightConfig = field(default_factory=HindsightConfig)

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.burn_in >= self.grid:
            raise UserError(f"--burn-in {self.burn_in} must be less than --grid {self.grid}")
        if self.head == "factored" and self.actions != "demos":
            raise UserError("--head factored: only --actions demos has keys, pitch and yaw apart")
        if self.online.online and self.objective.name == "bc":
            raise UserError("--online: cloning learns from demos alone; choose --objective iq or sqil")
        if self.objective.name == "sqil" and not self.online.online:
            raise UserError("--objective sqil needs the policy's own episodes: add --online")

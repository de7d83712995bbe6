"""What the report holds: the records that its page is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from basalt_iq.play.episode import Facts
from basalt_iq.play.plan import Summary
from basalt_iq.train.meanings import Meaning
from basalt_iq.watch.runs import Curve


@dataclass(frozen=True)
class PairedTest:
    """Two players on the seeds that both played, and the exact McNemar test of who succeeds more often."""

    a: str
    b: str
    seeds: int
    only_a: int
    only_b: int
    both: int
    p: float


@dataclass(frozen=True)
class Unpaired:
    """Two players that cannot be compared, and why not."""

    a: str
    b: str
    why: str


@dataclass(frozen=True)
class RunPart:
    """A training."""

    name: str
    colour: int
    setting: str
    """Equal for trainings that differ in nothing but their seed and place."""
    objective: str
    commands: list[str]
    """What gives this run again: updates made, no clock, no --json."""
    facts: list[str]
    """Versions, and what the data were."""
    config: list[tuple[str, str]]
    curves: dict[str, Curve]
    chosen: int | None
    """The update whose weights are the agent."""


@dataclass(frozen=True)
class EndingCount:
    """One way in which episodes end, and the keys of those that did."""

    words: str
    success: bool | None
    episodes: list[str]


@dataclass(frozen=True)
class Digest:
    """What the list of episodes shows without unpacking arrays; None where nothing is known."""

    reward: float | None
    entropy: float | None
    act_ms: float | None
    """Means over ticks: recovered reward, nats, milliseconds a decision."""
    progress: float | None
    """The furthest."""


@dataclass(frozen=True)
class EpisodePart:
    """An episode as lists, filters and the map show it; its arrays and video are fetched by the key."""

    key: str
    video: bool
    facts: Facts
    digest: Digest
    path: list[tuple[float, float]]
    """Where the player went: x and z in blocks, evenly spaced in time; empty where the world did not tell."""


@dataclass(frozen=True)
class RewardPoint:
    """An episode: mean recovered reward a step, the progress reached, and whether it succeeded."""

    seed: int
    reward: float | None
    progress: float
    success: bool | None


@dataclass(frozen=True)
class RewardView:
    """Correlations of the recovered reward with the world's ground truth; None where none can be had."""

    between: float | None
    """Over episodes, by rank: mean reward a step and the progress reached; None below three episodes."""
    within: float | None
    """Mean over episodes: the reward of a second and the progress made in it. (Sums from the start would
    correlate for any constant reward.)"""
    value: float | None
    """Mean over episodes: V and progress."""
    points: list[RewardPoint]


@dataclass(frozen=True)
class EvaluationPart:
    """A player's episodes."""

    name: str
    run: int | None
    colour: int | None
    """None: a baseline, drawn grey."""
    summary: Summary
    command: str | None
    reward_view: RewardView | None
    reward_words: str
    habits: dict[str, float]
    """Share of ticks in which each key is held, and the view turned."""
    endings: list[EndingCount]
    episodes: list[EpisodePart]


@dataclass(frozen=True)
class LandPicture:
    """A seed's land from above, from block 0, 0 on; north is up."""

    task: str
    seed: int
    wide: int
    deep: int
    """Blocks along x and z."""
    jpeg: str
    """Base64; a pixel a block."""


@dataclass(frozen=True)
class Report:
    """The page."""

    title: str
    written: str
    version: str
    command: str | None
    runs: list[RunPart]
    evaluations: list[EvaluationPart]
    pairs: list[PairedTest]
    unpaired: list[Unpaired]
    meanings: dict[str, Meaning]
    lands: list[LandPicture]
    media: str | None = None
    """Where arrays and videos are, relative to the page; None: inside it."""
    live: float | None = None
    """Seconds between looks for news; None: the page does not change."""

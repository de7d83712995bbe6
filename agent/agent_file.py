"""`agent.json` as a typed record: the schema and its bounds in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from basalt_iq.agent.actions import Action, ActionSet, Factors
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec

FORMAT = 1
MAX_REPEAT = 200
#: Records of play number them in 16 bits.
MAX_ACTIONS = 32_767
#: The 2021 entry's (facts, section 3), for agents whose own confidence at people's endings is not known.
END_GUARD = 0.15
#: Bounds that keep a stranger's checkpoint from filling memory before its weights are even read.
LIMITS = {"width": 16, "features": 8192, "hidden": 8192, "stack": 64, "spacing": 64, "size": 1024}

Name = Annotated[str, Meta(max_length=100)]
Degrees = Annotated[float, Meta(ge=-360, le=360)]


@dataclass(frozen=True)
class ActionRecord:
    buttons: Annotated[tuple[Name, ...], Meta(max_length=64)]
    camera: tuple[Degrees, Degrees]
    equip: Name


@dataclass(frozen=True)
class FactorsRecord:
    keys: Annotated[tuple[Annotated[tuple[Name, ...], Meta(max_length=64)], ...], Meta(max_length=128)]
    pitch: Annotated[tuple[Degrees, ...], Meta(min_length=1, max_length=16)]
    yaw: Annotated[tuple[Degrees, ...], Meta(min_length=1, max_length=16)]

    def build(self) -> Factors:
        return Factors(self.keys, self.pitch, self.yaw)


@dataclass(frozen=True)
class ActionsRecord:
    task: Name
    era: Literal[2021, 2022]
    origin: Name
    actions: Annotated[tuple[ActionRecord, ...], Meta(max_length=4096)]
    """With factors, those beside their product."""
    factors: FactorsRecord | None = None
    """None: every action stands in the list, and the head is joint."""

    def build(self) -> ActionSet:
        actions = [Action(a.buttons, a.camera, a.equip) for a in self.actions]
        factors = self.factors.build() if self.factors else None
        if factors is not None and len(self.actions) + math.prod(factors.sizes) > MAX_ACTIONS:
            raise ValueError(f"more than {MAX_ACTIONS} actions")
        return ActionSet(self.task, self.era, actions, self.origin, factors)


@dataclass(frozen=True)
class ObservationRecord:
    size: Annotated[int, Meta(ge=1, le=LIMITS["size"])]
    items: Annotated[tuple[Name, ...], Meta(max_length=256)]
    start_counts: tuple[Annotated[float, Meta(gt=0, le=1e6)], ...]
    equip_values: Annotated[tuple[Name, ...], Meta(max_length=256)]

    def build(self) -> ObservationSpec:
        if len(self.items) != len(self.start_counts):
            raise ValueError("items and start_counts differ in number")
        return ObservationSpec(self.size, self.items, self.start_counts, self.equip_values)


@dataclass(frozen=True)
class AgentFile:
    """What `agent.json` says; what a field means stands at AgentSpec's of the same name."""

    format: Literal[1]
    task: Name
    era: Literal[2021, 2022]
    temperature: Annotated[float, Meta(gt=0, le=1e6)]
    discount: Annotated[float, Meta(ge=0, le=1)]
    network: NetworkConfig
    observation: ObservationRecord
    actions: ActionsRecord
    end_guard: Annotated[float, Meta(ge=0, le=1)] = END_GUARD
    repeat: Annotated[int, Meta(ge=1, le=MAX_REPEAT)] = 1
    absorbing_reward: Annotated[float, Meta(ge=-1e6, le=1e6)] = 0.0
    value_bound: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    trained: dict[str, Any] = field(default_factory=dict)

    def refuse_nonsense(self) -> None:
        """Raises ValueError where parts contradict each other."""
        for name, limit in LIMITS.items():
            if not 1 <= getattr(self.network, name) <= limit:
                raise ValueError(f"network {name} must lie in 1..{limit}")
        if (self.task, self.era) != (self.actions.task, self.actions.era):
            raise ValueError("its actions are of another task or era")
        if self.observation.size != self.network.size:
            raise ValueError("observation and network differ in size")


def from_builtins(data: Any) -> AgentFile:
    """From what a JSON parser gave. Raises ValueError."""
    return msgspec.convert(data, AgentFile)

"""The player: a network that acts in many episodes at once and carries each one's memory through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from basalt_iq.agent.actions import ActionSet
from basalt_iq.agent.checkpoint import AgentSpec, find_agent, load_agent
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.observation import equipped
from basalt_iq.agent.policy import entropy, policy, soft_value


@dataclass(frozen=True)
class Decision:
    """What was chosen at one step, and what the agent thought of it."""

    action: dict[str, Any]
    index: int
    q: np.ndarray
    policy: np.ndarray
    v: float
    entropy: float
    memory_norm: float


class Actor(Protocol):
    """Whoever plays: told when an episode starts in a slot, asked for one action per live slot."""

    task: str
    era: int
    action_names: list[str]

    def start(self, slots: Sequence[int], seeds: Sequence[int] | None = None) -> None: ...

    def act(self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]) -> list[Decision]: ...


class Player:
    """Acts from softmax(Q / temperature) in any number of episodes ("slots") side by side.

    ``argmax`` takes the best action instead of sampling. An action that ends the episode is taken out of the
    choice while the probability of all such actions together is below ``end_guard`` (the agent's own by
    default: half of its median confidence where people ended held-out demos).
    """

    def __init__(
        self,
        spec: AgentSpec,
        network: SoftQNetwork,
        *,
        seed: int = 0,
        argmax: bool = False,
        end_guard: float | None = None,
    ):
        self.spec, self.network = spec, network.eval()
        self.task, self.era = spec.task, spec.era
        self.discount, self.temperature = spec.discount, spec.temperature
        self.action_names = spec.actions.action_names
        self.argmax = argmax
        self.end_guard = spec.end_guard if end_guard is None else end_guard
        self.seed = seed
        self._slots: dict[int, _Memory] = {}

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu", **options: Any) -> Player:
        """From a run folder or a checkpoint folder. Raises UserError if it is not one."""
        return cls(*load_agent(find_agent(Path(path)), device), **options)

    def start(self, slots: Sequence[int], seeds: Sequence[int] | None = None) -> None:
        """Begin a new episode in these slots: memory and frame stack are those of a first step.

        Each draws from its own random numbers, given by the episode's seed (or its slot): what else is played
        beside it does not change it.
        """
        for slot, seed in zip(slots, seeds if seeds is not None else slots, strict=True):
            h, c = self.network.initial_carry(1)
            self._slots[slot] = _Memory(np.random.default_rng([self.seed, seed]), None, h[0], c[0])

    @torch.inference_mode()
    def act(self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]) -> list[Decision]:
        """One step in each of `slots`, as one batch."""
        memories = [self._slots[slot] for slot in slots]
        q, (h, c) = self.network(*self._inputs(observations, memories))
        for row, memory in enumerate(memories):
            memory.h, memory.c = h[row], c[row]
        return [self._decide(*row) for row in zip(q[:, 0].cpu(), observations, memories, strict=True)]

    def state_dict(self) -> dict[int, Any]:
        """Every slot's random numbers, frame stack and memory."""
        return {slot: memory.state_dict() for slot, memory in self._slots.items()}

    def load_state_dict(self, state: Mapping[int, Mapping[str, Any]]) -> None:
        self._slots = {slot: _Memory.of(kept) for slot, kept in state.items()}

    def _inputs(self, observations: Sequence[Mapping[str, Any]], memories: list[_Memory]) -> tuple[Any, ...]:
        look = self.spec.observation
        frames = [
            m.push(look.frame(o), self.spec.network.stack)
            for m, o in zip(memories, observations, strict=True)
        ]
        seen = np.stack([look.vector(o) for o in observations])
        vectors = self.spec.vectors(seen, np.array([memory.taken for memory in memories]))
        device = self.network.head.weight.device
        carry = (torch.stack([m.h for m in memories]), torch.stack([m.c for m in memories]))
        batch = torch.from_numpy(np.stack(frames)[:, None]), torch.from_numpy(vectors[:, None])
        return (*(tensor.to(device) for tensor in batch), carry)

    def _decide(self, q: torch.Tensor, observation: Mapping[str, Any], memory: _Memory) -> Decision:
        pi = policy(q, self.temperature)
        ends = self.spec.actions.ends_episode(equipped(observation))
        index = memory.taken = self._choose(pi.double().numpy(), ends, memory.rng)
        return Decision(
            action=self.spec.actions.decode(index),
            index=index,
            q=q.numpy(),
            policy=pi.numpy(),
            v=float(soft_value(q, self.temperature)),
            entropy=float(entropy(q, self.temperature)),
            memory_norm=float(memory.h.norm()),
        )

    def _choose(self, pi: np.ndarray, ends: np.ndarray, rng: np.random.Generator) -> int:
        if pi[ends].sum() < self.end_guard:
            pi = np.where(ends, 0.0, pi)
        return int(pi.argmax() if self.argmax else rng.choice(len(pi), p=pi / pi.sum()))


@dataclass
class _Memory:
    """One episode's random numbers, frame stack (stack, 3, H, W) oldest first, and LSTM carry."""

    rng: np.random.Generator
    frames: np.ndarray | None
    h: torch.Tensor
    c: torch.Tensor
    taken: int = -1

    def push(self, frame: np.ndarray, stack: int) -> np.ndarray:
        """Before the first frame there is the first frame, as in the training sequences."""
        older = np.repeat(frame[None], stack, 0) if self.frames is None else self.frames
        self.frames = np.concatenate([older[1:], frame[None]])
        return self.frames

    def state_dict(self) -> dict[str, Any]:
        frames = None if self.frames is None else torch.from_numpy(self.frames)
        return {
            "rng": self.rng.bit_generator.state,
            "frames": frames,
            "h": self.h,
            "c": self.c,
            "taken": self.taken,
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> _Memory:
        rng = np.random.default_rng()
        rng.bit_generator.state = state["rng"]
        frames = None if state["frames"] is None else state["frames"].numpy()
        return cls(rng, frames, state["h"], state["c"], state["taken"])


class RandomPlayer:
    """Every action of the set with equal probability: the baseline that knows nothing."""

    def __init__(self, actions: ActionSet, *, seed: int = 0):
        self.task, self.era, self.actions = actions.task, actions.era, actions
        self.action_names = actions.action_names
        self.seed = seed
        self._slots: dict[int, np.random.Generator] = {}

    def start(self, slots: Sequence[int], seeds: Sequence[int] | None = None) -> None:
        """As the player's."""
        for slot, seed in zip(slots, seeds if seeds is not None else slots, strict=True):
            self._slots[slot] = np.random.default_rng([self.seed, seed])

    def act(self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]) -> list[Decision]:
        return [self._decide(int(self._slots[slot].integers(len(self.actions)))) for slot in slots]

    def _decide(self, index: int) -> Decision:
        count = len(self.actions)
        even = np.full(count, 1 / count, np.float32)
        zeros = np.zeros(count, np.float32)
        return Decision(self.actions.decode(index), index, zeros, even, 0.0, float(np.log(count)), 0.0)

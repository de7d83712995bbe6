"""The player: a network that acts in many episodes at once and carries each one's memory through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch

from basalt_iq.agent.checkpoint import AgentSpec, load_agent
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.observation import equipped
from basalt_iq.agent.places import find_agent
from basalt_iq.agent.policy import policy
from basalt_iq.agent.reward import RewardSpec
from basalt_iq.agent.thoughts import OPINION, opinion


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
    repeat: int
    """Ticks that each decision is held for."""

    @property
    def reward(self) -> RewardSpec | None:
        """What its Q says of rewards; None of one without Q."""

    def start(self, slots: Sequence[int], seeds: Sequence[int] | None = None) -> None: ...

    def act(self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]) -> list[Decision]: ...


class Player:
    """Acts from softmax(Q / temperature) in any number of episodes ("slots") side by side.

    Each decision is held for the agent's ``repeat`` ticks; the network does not look in between.

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
        self.reward, self.temperature, self.repeat = spec.reward, spec.temperature, spec.repeat
        self.action_names = spec.actions.action_names
        self.argmax = argmax
        self.end_guard = spec.end_guard if end_guard is None else end_guard
        self.seed = seed
        self._slots: dict[int, _Memory] = {}

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu", **options: Any) -> Player:
        """From a run folder, a checkpoint folder or an ONNX file. Raises UserError if it is none of them."""
        path = Path(path)
        if path.suffix == ".onnx":
            from basalt_iq.agent.onnx_file import load_onnx

            spec, network = load_onnx(path)
            return cls(spec, cast(SoftQNetwork, network), **options)  # all of one that acting takes
        return cls(*load_agent(find_agent(path), device), **options)

    def start(self, slots: Sequence[int], seeds: Sequence[int] | None = None) -> None:
        """Begin a new episode in these slots: memory and frame stack are those of a first step.

        Each draws from its own random numbers, given by the episode's seed (or its slot): what else is played
        beside it does not change it.
        """
        for slot, seed in zip(slots, seeds if seeds is not None else slots, strict=True):
            h, c = self.network.initial_carry(1)
            self._slots[slot] = _Memory(np.random.default_rng([self.seed, seed]), None, h[0], c[0])

    @torch.inference_mode()
    def decide(
        self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]
    ) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
        """A whole decision in each of `slots`, as one batch: its index, its first action, that of the ticks
        that it is then held for. As `act` so many times, without an account of it."""
        memories = [self._slots[slot] for slot in slots]
        self._think(observations, memories, told=False)
        for memory in memories:
            memory.tick += self.repeat
        decode = self.spec.actions.decode
        return [(m.taken, decode(m.taken), decode(m.taken, held=True)) for m in memories]

    @torch.inference_mode()
    def act(self, observations: Sequence[Mapping[str, Any]], slots: Sequence[int]) -> list[Decision]:
        """One step in each of `slots`; those in which a decision is due think as one batch."""
        memories = [self._slots[slot] for slot in slots]
        due = [(o, m) for o, m in zip(observations, memories, strict=True) if m.tick % self.repeat == 0]
        if due:
            seen, thinkers = zip(*due, strict=True)
            self._think(seen, thinkers)
        return [self._go_on(memory) for memory in memories]

    def state_dict(self) -> dict[int, Any]:
        """Every slot's random numbers, frame stack and memory."""
        return {slot: memory.state_dict() for slot, memory in self._slots.items()}

    def load_state_dict(self, state: Mapping[int, Mapping[str, Any]]) -> None:
        self._slots = {slot: _Memory.of(kept) for slot, kept in state.items()}

    def _think(
        self, observations: Sequence[Mapping[str, Any]], memories: Sequence[_Memory], told: bool = True
    ) -> None:
        """Choose in every episode; only if it is to be `told`, with an account of it."""
        q, (h, c) = self.network(*self._inputs(observations, memories))
        q = q[:, 0].cpu()
        likely = policy(q, self.temperature).numpy()
        for row, memory in enumerate(memories):
            memory.h, memory.c, memory.q = h[row], c[row], q[row]
            memory.taken = self._choose(memory.rng, likely[row], observations[row])
            memory.decision = None
        if told:
            for memory, thought in zip(memories, self._opinions(q, h), strict=True):
                memory.decision = self._decision(memory.taken, thought)

    def _go_on(self, memory: _Memory) -> Decision:
        if memory.decision is None:  # it was restored in the middle of a decision
            (thought,) = self._opinions(memory.q[None], memory.h[None])
            memory.decision = self._decision(memory.taken, thought)
        decision, first = memory.decision, memory.tick % self.repeat == 0
        memory.tick += 1
        return decision if first else replace(decision, action=self.spec.actions.decode(decision.index, True))

    def _inputs(
        self, observations: Sequence[Mapping[str, Any]], memories: Sequence[_Memory]
    ) -> tuple[Any, ...]:
        observation = self.spec.observation
        frames = [
            m.push(observation.frame(o), self.spec.network.history)
            for m, o in zip(memories, observations, strict=True)
        ]
        seen = observation.vectors_of(observations)
        vectors = self.spec.vectors(seen, np.array([memory.taken for memory in memories]))
        device = self.network.device
        carry = (torch.stack([m.h for m in memories]), torch.stack([m.c for m in memories]))
        batch = torch.from_numpy(np.stack(frames)), torch.from_numpy(vectors[:, None])
        return (*(tensor.to(device) for tensor in batch), carry)

    def _choose(self, rng: np.random.Generator, pi: np.ndarray, observation: Mapping[str, Any]) -> int:
        pi, ends = pi.astype(np.float64), self.spec.actions.ends_episode(equipped(observation))
        if pi[ends].sum() < self.end_guard:
            pi = np.where(ends, 0.0, pi)
        return int(pi.argmax()) if self.argmax else _draw(rng, pi)

    def _opinions(self, q: torch.Tensor, h: torch.Tensor) -> list[dict[str, Any]]:
        """What Q (B, A) and the memory (B, H) say of each row, as a Decision has it."""
        thought, norms = opinion(q, self.temperature), h.flatten(1).norm(dim=1).tolist()
        rows = zip(*(thought[name] for name in OPINION), strict=True)
        return [
            {"q": row_q, "policy": pi, "v": float(v), "entropy": float(nats), "memory_norm": norm}
            for (row_q, pi, v, nats), norm in zip(rows, norms, strict=True)
        ]

    def _decision(self, taken: int, thought: Mapping[str, Any]) -> Decision:
        return Decision(action=self.spec.actions.decode(taken), index=taken, **thought)


@dataclass
class _Memory:
    """One episode's random numbers, last frames (history, 3, H, W), LSTM carry, last decision."""

    rng: np.random.Generator
    frames: np.ndarray | None
    h: torch.Tensor
    c: torch.Tensor
    taken: int = -1
    q: torch.Tensor = field(default_factory=lambda: torch.zeros(0))
    tick: int = 0
    decision: Decision | None = None
    """Follows from the others; kept so that ticks in which it is held cost nothing."""

    def push(self, frame: np.ndarray, history: int) -> np.ndarray:
        """Before the first frame there is the first frame, as in the training sequences."""
        older = np.repeat(frame[None], history, 0) if self.frames is None else self.frames
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
            "q": self.q,
            "tick": self.tick,
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> _Memory:
        rng = np.random.default_rng()
        rng.bit_generator.state = state["rng"]
        frames = None if state["frames"] is None else state["frames"].numpy()
        return cls(rng, frames, *(state[name] for name in ("h", "c", "taken", "q", "tick")))


def _draw(rng: np.random.Generator, weights: np.ndarray) -> int:
    """An index with probability in proportion to its weight: what `rng.choice` gives, without its checks."""
    cdf = (weights / weights.sum()).cumsum()
    return int((cdf / cdf[-1]).searchsorted(rng.random(), side="right"))

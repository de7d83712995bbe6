"""All that is needed to act, as `weights.safetensors` and `agent.json`. Never pickle, so never code."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from basalt_iq.agent.actions import ActionSet
from basalt_iq.agent.agent_file import END_GUARD, FORMAT, AgentFile, from_builtins
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.agent.reward import RewardSpec
from basalt_iq.agent.soft_head import head_for
from basalt_iq.errors import UserError
from basalt_iq.files import check_sums
from basalt_iq.records import read_bytes, read_json, write_json

#: Logits per unit of the last layer. An LSTM's outputs are small; with 1 the first thousand updates are slow.
LOGIT_SCALE = 10.0
#: What a file of weights may hold besides the numbers: names and shapes.
MAX_HEADER = 1 << 20
AGAIN = "copy the checkpoint folder again"


@dataclass(frozen=True)
class AgentSpec:
    """What an agent is, apart from its weights."""

    task: str
    era: int
    actions: ActionSet
    observation: ObservationSpec
    network: NetworkConfig
    temperature: float
    discount: float
    end_guard: float = END_GUARD
    """The player does not end the episode while the probability of doing so is below this."""
    absorbing_reward: float = 0.0
    """Reward per step for ever after an expert's ending, minus it after the policy's."""
    value_bound: float | None = None
    """What bootstrapped values were clipped to, if they were."""
    repeat: int = 1
    """Ticks of a twentieth of a second that every decision is held for."""
    trained: dict[str, Any] = field(default_factory=dict)
    """Where it comes from: objective, step, held-out metrics."""

    @property
    def reward(self) -> RewardSpec:
        """How its reward is recovered from Q, as in the loss that it was trained by."""
        return RewardSpec(self.discount, self.absorbing_reward, self.value_bound)

    def build(self) -> SoftQNetwork:
        """A network of this shape with fresh weights."""
        scale = LOGIT_SCALE * self.temperature
        head = head_for(self.actions)
        size = self.observation.vector_size + (head.outputs if self.network.last_action else 0)
        return SoftQNetwork(self.network, size, head, scale)

    def vectors(self, seen: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """The network's vector input (N, V): the observations' `seen`, and the action `taken` before each.

        `taken` (N,) holds indices, -1 where an episode starts.
        """
        if not self.network.last_action:
            return seen
        return np.concatenate([seen, self.actions.one_hot(taken)], 1).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "task": self.task,
            "era": self.era,
            "temperature": self.temperature,
            "discount": self.discount,
            "end_guard": self.end_guard,
            "repeat": self.repeat,
            "absorbing_reward": self.absorbing_reward,
            "value_bound": self.value_bound,
            "network": asdict(self.network),
            "observation": self.observation.to_json(),
            "actions": self.actions.to_json(),
            "trained": self.trained,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> AgentSpec:
        """Of what `to_json` gave. Raises ValueError or UserError."""
        return cls.of(from_builtins(data))

    @classmethod
    def of(cls, file: AgentFile) -> AgentSpec:
        """Raises ValueError or UserError where its parts contradict each other."""
        file.refuse_nonsense()
        return cls(
            file.task, file.era, file.actions.build(), file.observation.build(), file.network,
            file.temperature, file.discount, file.end_guard, file.absorbing_reward, file.value_bound,
            file.repeat, file.trained,
        )  # fmt: skip


def save_agent(folder: Path, spec: AgentSpec, network: SoftQNetwork) -> None:
    """Write the two files into the existing `folder` (a new one: see `basalt_iq.files.write_folder`)."""
    weights = {name: value.detach().contiguous().cpu() for name, value in network.state_dict().items()}
    (folder / "weights.safetensors").write_bytes(save(weights))
    write_json(folder / "agent.json", spec.to_json())


def load_agent(folder: Path, device: str = "cpu") -> tuple[AgentSpec, SoftQNetwork]:
    """Read a checkpoint, held to its sums where it has them.

    Raises UserError naming the file if anything in it is missing, damaged or does not fit.
    """
    spec = load_spec(folder)
    path = folder / "weights.safetensors"
    with torch.device("meta"):
        shape = spec.build()  # takes no memory: what a stranger asks for is held against the file first
    wanted = shape.state_dict()
    limit = sum(value.numel() * value.element_size() for value in wanted.values()) + MAX_HEADER
    try:
        weights = load(read_bytes(path, limit))
    except (OSError, SafetensorError, ValueError, MemoryError) as error:
        raise UserError(f"{path}: cannot read the weights ({error}); {AGAIN}") from None
    _check_shapes(path, wanted, weights)
    for name, value in weights.items():
        if not value.isfinite().all():
            raise UserError(f"{path}: {name} is not finite; the training diverged, take another checkpoint")
    if problem := check_sums(folder):
        raise UserError(f"{folder}: {problem}; {AGAIN}")
    network = spec.build()
    network.load_state_dict(weights)
    return spec, network.to(device).eval()


def load_spec(folder: Path) -> AgentSpec:
    """Read `agent.json` alone. Raises UserError."""
    path = folder / "agent.json"
    try:
        return AgentSpec.of(read_json(path, AgentFile, remedy=AGAIN))
    except FileNotFoundError:
        raise UserError(
            f"{folder}: no agent.json there; give a run folder or one of its checkpoints"
        ) from None
    except ValueError as error:
        raise UserError(f"{path}: not an agent's description ({error}); {AGAIN}") from None


def _check_shapes(path: Path, wanted: dict[str, torch.Tensor], found: dict[str, torch.Tensor]) -> None:
    for name in wanted.keys() | found.keys():
        expect, got = (tuple(side[name].shape) if name in side else None for side in (wanted, found))
        if expect != got:
            hint = "another action set" if name.startswith("head") else "another network"
            raise UserError(f"{path}: {name} is {got}, agent.json asks for {expect}: weights of {hint}")

"""All that is needed to act, as `weights.safetensors` and `agent.json`. Never pickle, so never code."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from basalt_iq.agent.actions import ActionSet
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.network import ENCODERS, SoftQNetwork
from basalt_iq.agent.observation import ObservationSpec
from basalt_iq.agent.reward import RewardSpec
from basalt_iq.errors import UserError

FORMAT = 1
#: Logits per unit of the last layer. An LSTM's outputs are small; with 1 the first thousand updates are slow.
LOGIT_SCALE = 10.0
#: The 2021 entry's (facts, section 3), for agents whose own confidence at people's endings is not known.
END_GUARD = 0.15
MAX_JSON_BYTES = 8 << 20
MAX_REPEAT = 200
#: Bounds that keep a stranger's checkpoint from filling memory before its weights are even read.
LIMITS = {"width": 16, "features": 8192, "hidden": 8192, "stack": 64, "size": 1024}


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
        fed_back = len(self.actions) if self.network.last_action else 0
        size = self.observation.vector_size + fed_back
        return SoftQNetwork(self.network, size, len(self.actions), scale)

    def vectors(self, seen: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """The network's vector input (N, V): the observations' `seen`, and the action `taken` before each.

        `taken` (N,) holds indices, -1 where an episode starts.
        """
        if not self.network.last_action:
            return seen
        one_hot = taken[:, None] == np.arange(len(self.actions))
        return np.concatenate([seen, one_hot], 1).astype(np.float32)

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
        network = NetworkConfig(**data["network"])
        for name, limit in LIMITS.items():
            if not 1 <= getattr(network, name) <= limit:
                raise ValueError(f"network {name} must lie in 1..{limit}")
        spec = cls(
            task=str(data["task"]),
            era=int(data["era"]),
            actions=ActionSet.from_json(data["actions"]),
            observation=ObservationSpec.from_json(data["observation"]),
            network=network,
            temperature=float(data["temperature"]),
            discount=float(data["discount"]),
            end_guard=float(data.get("end_guard", END_GUARD)),
            absorbing_reward=float(data.get("absorbing_reward", 0.0)),
            value_bound=None if data.get("value_bound") is None else float(data["value_bound"]),
            repeat=int(data.get("repeat", 1)),
            trained=dict(data.get("trained", {})),
        )
        spec._refuse_nonsense()
        return spec

    def _refuse_nonsense(self) -> None:
        if self.network.encoder not in ENCODERS:
            raise ValueError(f"unknown encoder {self.network.encoder!r}")
        if (self.task, self.era) != (self.actions.task, self.actions.era):
            raise ValueError("its actions are of another task or era")
        if self.observation.size != self.network.size:
            raise ValueError("observation and network differ in size")
        if not 1 <= self.repeat <= MAX_REPEAT:
            raise ValueError(f"repeat must lie in 1..{MAX_REPEAT}")
        if not (0 < self.temperature < math.inf and 0 <= self.discount <= 1):
            raise ValueError("the temperature must be positive and the discount lie in 0..1")


def save_agent(folder: Path, spec: AgentSpec, network: SoftQNetwork) -> None:
    """Write the two files into the existing `folder` (a new one: see `basalt_iq.files.write_folder`)."""
    weights = {name: value.detach().contiguous().cpu() for name, value in network.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    (folder / "agent.json").write_text(json.dumps(spec.to_json(), indent=1) + "\n")


def load_agent(folder: Path, device: str = "cpu") -> tuple[AgentSpec, SoftQNetwork]:
    """Read a checkpoint. Raises UserError naming the file if anything in it is missing or does not fit."""
    spec = load_spec(folder)
    path = folder / "weights.safetensors"
    with torch.device("meta"):
        shape = spec.build()  # takes no memory: what a stranger asks for is held against the file first
    try:
        if path.exists() and not path.is_file():
            raise OSError("not a regular file")
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{path}: cannot read the weights ({error}); copy the checkpoint folder again"
        ) from None
    _check_shapes(path, shape.state_dict(), weights)
    for name, value in weights.items():
        if not value.isfinite().all():
            raise UserError(f"{path}: {name} is not finite; the training diverged, take another checkpoint")
    network = spec.build()
    network.load_state_dict(weights)
    return spec, network.to(device).eval()


def load_spec(folder: Path) -> AgentSpec:
    """Read `agent.json` alone."""
    path = folder / "agent.json"
    try:
        if path.exists() and not path.is_file():
            raise ValueError("not a regular file")
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ValueError(f"larger than {MAX_JSON_BYTES} bytes")
        data = json.loads(path.read_text())
        if data.get("format") != FORMAT:
            raise ValueError(f"format {data.get('format')!r}, this version reads {FORMAT}")
        return AgentSpec.from_json(data)
    except FileNotFoundError:
        raise UserError(
            f"{folder}: no agent.json there; give a run folder or one of its checkpoints"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise UserError(
            f"{path}: not an agent's description ({error!r}); copy the checkpoint folder again"
        ) from None


def _newest_first(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((f for f in folder.iterdir() if f.name.isdigit()), key=lambda f: int(f.name), reverse=True)


def _check_shapes(path: Path, wanted: dict[str, torch.Tensor], found: dict[str, torch.Tensor]) -> None:
    for name in wanted.keys() | found.keys():
        expect, got = (tuple(side[name].shape) if name in side else None for side in (wanted, found))
        if expect != got:
            hint = "another action set" if name.startswith("head") else "another network"
            raise UserError(f"{path}: {name} is {got}, agent.json asks for {expect}: weights of {hint}")


def find_agent(path: Path) -> Path:
    """The checkpoint folder that `path` means: itself, or the chosen one (`agent/`) of a run folder.

    Where a copy of the run has lost that, its newest checkpoint.
    """
    for folder in (path, path / "agent", *_newest_first(path / "checkpoints"), path / "last"):
        if (folder / "agent.json").exists():
            return folder
    raise UserError(
        f"{path}: neither a run with a trained agent nor a checkpoint; train one with `basalt-iq train`"
    )

"""The first updates of a run: the encoder learns by hindsight from single frames, before anything acts."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.data.store import Trajectory
from basalt_iq.train import hindsight
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.hindsight_frames import FrameSampler, fixed_frames
from basalt_iq.train.hindsight_head import HindsightHead
from basalt_iq.train.learner import ALONE, in_half
from basalt_iq.train.look_backs import LookBacks
from basalt_iq.train.parallel import Team

#: Frames encoded at once where there is nothing to learn, to bound memory.
CHUNK = 256


class HeldOutFrames:
    """Frames of demos set apart from training, always the same ones."""

    def __init__(self, trajectories: Sequence[Trajectory], look_backs: LookBacks):
        self.frames = fixed_frames(trajectories, look_backs)

    @torch.inference_mode()
    def evaluate(self, network: SoftQNetwork, head: HindsightHead) -> dict[str, float]:
        """The loss and its parts, and how often the side is right; see `hindsight.METRICS`."""
        device = network.head.weight.device
        told = [head(network.look(some.to(device))).cpu() for some in self.frames.pixels.split(CHUNK)]
        _, values = hindsight.loss(torch.cat(told), self.frames.labels)
        return {name: float(value) for name, value in values.items()}


class Pretraining:
    """Teaches `network`'s encoder and `head` to predict; what was best on held-out frames is kept."""

    def __init__(
        self, config: TrainConfig, trajectories: Sequence[Trajectory], look_backs: LookBacks,
        held_out: HeldOutFrames, network: SoftQNetwork, head: HindsightHead, team: Team = ALONE,
    ):  # fmt: skip
        self.network, self.head, self.held_out, self.team = network, head, held_out, team
        self.clip = config.learner.clip_gradient
        self.device = network.head.weight.device
        self.half = in_half(config.learner.precision, self.device)
        self.sampler = FrameSampler(
            trajectories, look_backs, batch=config.hindsight.hindsight_batch, seed=config.seed,
            shift=config.shift, mirror=config.mirror, part=(team.rank, team.size),
        )  # fmt: skip
        self.learned = [p for part in (network.encoder, network.project, head) for p in part.parameters()]
        self.optimiser = torch.optim.AdamW(
            self.learned, lr=config.learner.learning_rate, weight_decay=config.learner.weight_decay
        )
        self.generator = torch.Generator().manual_seed(config.seed)
        self.best: dict[str, Any] = {}
        """The weights of least held-out loss so far, and that loss."""

    def update(self) -> dict[str, float]:
        """One gradient step. Raises FloatingPointError if the gradient is not finite."""
        frames = self.sampler.sample()
        seen = self.network.look(frames.pixels.to(self.device), half=self.half)
        told = self.head(seen, self._drawn(seen))
        labels = {name: x.to(self.device) for name, x in frames.labels.items()}
        loss, metrics = hindsight.loss(told, labels, self.team.all_reduce)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.team.all_reduce_gradients(self.learned)
        norm = torch.nn.utils.clip_grad_norm_(self.learned, self.clip)
        if not torch.isfinite(norm):
            raise FloatingPointError("the loss or its gradient is not finite")
        self.optimiser.step()
        totals = self.team.all_reduce(torch.stack(list(metrics.values())))
        return dict(zip(metrics, totals.tolist(), strict=True)) | {"gradient_norm": float(norm)}

    def check(self) -> dict[str, float]:
        """Measure on held-out frames and keep the weights if none were better: alike in all processes."""
        values = self.held_out.evaluate(self.network, self.head)
        loss = self.team.broadcast(values["hindsight"])
        if not self.best or loss < self.best["loss"]:
            weights = {"network": self.network.state_dict(), "head": self.head.state_dict()}
            self.best = {"loss": loss, **copy.deepcopy(weights)}
        return values

    def finish(self) -> None:
        """Go back to the best weights."""
        self.network.load_state_dict(self.best["network"])
        self.head.load_state_dict(self.best["head"])

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "head": self.head.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "sampler": self.sampler.state_dict(),
            "best": self.best,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.head.load_state_dict(state["head"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.sampler.load_state_dict(state["sampler"])
        self.best = state["best"]

    def _drawn(self, seen: Tensor) -> Tensor:
        """Random numbers of this process's rows, of those of the whole batch."""
        whole = torch.rand(self.sampler.batch, seen.shape[1], generator=self.generator)
        return whole[self.sampler.rows]

"""The training step: one pass over a batch of sequences gives Q(s_t) and, shifted by one, V(s_{t+1})."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from basalt_iq.agent.network import Carry, SoftQNetwork
from basalt_iq.data.sampler import Sequences
from basalt_iq.train import hindsight
from basalt_iq.train.batch import Batch
from basalt_iq.train.changes import change_weights
from basalt_iq.train.config import LearnerConfig, ObjectiveConfig
from basalt_iq.train.hindsight_head import HindsightHead
from basalt_iq.train.objectives import Loss, Transitions, objective, recurrent_gradient_penalty
from basalt_iq.train.parallel import Team
from basalt_iq.train.profile import Profile, timed
from basalt_iq.train.stored_states import StoredStates

ALONE, OFF = Team(), Profile()


class Trace(NamedTuple):
    """What a pass saw and remembered after the burn-in."""

    seen: Tensor
    """(B, length + 1, F), by the encoder"""
    start: Carry
    """The memory before, (B, hidden) twice."""
    memory: Carry
    """The memory after each step, (B, length + 1, hidden) twice, without a gradient."""


class Learner:
    """A network, its optimiser, and the memories of the sequences it trains on."""

    def __init__(
        self, network: SoftQNetwork, config: LearnerConfig, objective: ObjectiveConfig, *, seed: int,
        sources: Sequence[StoredStates], team: Team = ALONE, profile: Profile = OFF,
        manner: np.ndarray | None = None, head: HindsightHead | None = None, hindsight_weight: float = 0.0,
    ):  # fmt: skip
        """`manner` (A,), see `manners`, is for a change_weight; `head` learns beside, by its weight."""
        self.network, self.config, self.objective = network, config, objective
        self.manner = None if manner is None else torch.from_numpy(manner).to(network.head.weight.device)
        self.head, self.hindsight_weight = head, hindsight_weight
        self.team, self.profile = team, profile
        self.device = network.head.weight.device
        self.half = in_half(config.precision, self.device)
        self.sources = list(sources)
        self.target = copy.deepcopy(network) if config.target_rate < 1 else None
        self.averaged = copy.deepcopy(network)
        """What is evaluated and kept: the weights' running average (Polyak and Juditsky 1992)."""
        self.learned = [*network.parameters(), *(head.parameters() if head else ())]
        self.optimiser = torch.optim.AdamW(
            self.learned, lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.generator = torch.Generator().manual_seed(seed)
        self.updates = 0

    def update(self, batches: Sequence[Sequences]) -> dict[str, float]:
        """One gradient step. `batches` come one per source: the experts' first, then the policy's, if any."""
        batch = self._to_device(batches)
        forget = self._forgotten(batch)
        q, trace = self._unroll(self.network, batch, forget)
        v = self._soft_value(q)
        if self.target is not None:
            with torch.no_grad():
                v = self._soft_value(self._unroll(self.target, batch, forget)[0])
        weight = self._weights(batch, q.dtype)
        head = self.network.soft
        transitions = batch.transitions(q[:, :-1], v[:, 1:], self.team.all_reduce, weight, head)
        loss, metrics = self._loss(transitions, trace)
        loss = self._with_hindsight(loss, metrics, batch, trace)
        self.updates += 1
        norm = self._step(loss)
        self._refresh(batches, trace)
        return self._all_reduced(metrics) | {"gradient_norm": norm}

    def start_from(self, network: SoftQNetwork, head: HindsightHead) -> None:
        """Begin with the weights of a pretraining."""
        for mine in (self.network, self.averaged, self.target):
            if mine is not None:
                mine.load_state_dict(network.state_dict())
        if self.head is not None:
            self.head.load_state_dict(head.state_dict())

    def _unroll(self, network: SoftQNetwork, batch: Batch, forget: Tensor | None) -> tuple[Tensor, Trace]:
        """The head's outputs (B, length + 1, A) after the burn-in, and what they were made from."""
        carry, burn_in = batch.carry, batch.burn_in
        if burn_in:
            before = burn_in + network.config.history - 1
            with torch.no_grad():
                seen = self._encode(network, batch.frames[:, :before], batch.vector[:, :burn_in])
                h, c = self._remember(network, seen, carry)
                carry = (h[:, -1], c[:, -1])
        keep = ~batch.fresh[:, None]  # an episode starts with an empty memory
        start = (carry[0] * keep, carry[1] * keep)
        seen = self._encode(network, batch.frames[:, burn_in:], batch.vector[:, burn_in:], forget)
        h, c = self._remember(network, seen, start)
        return self._values(network, h), Trace(seen, start, (h.detach(), c.detach()))

    def _forgotten(self, batch: Batch) -> Tensor | None:
        """(B, length + 1) bool: the steps that see the present frame alone; None where all see all."""
        if not self.config.forget_history or self.network.config.stack == 1:
            return None
        drawn = self._drawn(len(batch.vector), batch.vector.shape[1] - batch.burn_in)
        return drawn < self.config.forget_history

    def _weights(self, batch: Batch, dtype: torch.dtype) -> Tensor:
        """(B, length): how often each decision counts."""
        even = torch.ones(batch.a_t.shape, dtype=dtype, device=self.device)
        if self.manner is None or self.objective.change_weight == 1:
            return even
        more = change_weights(self.manner, batch.a_t, batch.a_tm1, self.objective.change_weight)
        return torch.where(batch.expert[:, None], more.to(dtype), even)

    @timed("objective")
    def _with_hindsight(self, loss: Tensor, metrics: dict[str, Tensor], batch: Batch, trace: Trace) -> Tensor:
        """The loss with what the experts' frames predict beside it, as the encoder saw them."""
        if self.head is None or not batch.labels:
            return loss
        experts, columns = batch.labels["kind"].shape
        seen = trace.seen[:experts, :columns, : self.network.config.features]
        told = self.head(seen, self._drawn(*seen.shape))
        more, found = hindsight.loss(told, batch.labels, self.team.all_reduce)
        metrics |= found
        return loss + self.hindsight_weight * more

    @timed("objective")
    def _loss(self, transitions: Transitions, trace: Trace) -> Loss:
        config = self.objective.at(self.updates)
        loss, metrics = objective(transitions, config)
        if config.gradient_penalty and config.name != "bc":
            share = self._shares(int(transitions.expert.sum()))
            penalty = recurrent_gradient_penalty(
                self._value, transitions, trace.seen[:, :-1], trace.start, share
            )
            loss = loss + config.gradient_penalty * penalty
            metrics["gradient_penalty"] = penalty.detach()
        metrics["loss"] = loss.detach()
        nats = self.network.soft.entropy(transitions.q_t.detach(), config.temperature)
        metrics["entropy"] = transitions.mean(nats)
        return loss, metrics

    def _step(self, loss: Tensor) -> float:
        """Descend; returns the length of the gradient. Raises FloatingPointError if that is not finite."""
        self.optimiser.zero_grad(set_to_none=True)
        self._backward(loss)
        self._share_gradients()
        with self.profile.part("optimiser"):
            norm = torch.nn.utils.clip_grad_norm_(self.learned, self.config.clip_gradient)
            if not torch.isfinite(norm):
                raise FloatingPointError("the loss or its gradient is not finite")
            self.optimiser.step()
            if self.target is not None:
                polyak_update(self.target, self.network, self.config.target_rate)
            # While young, the average forgets its first weights sooner: they are random.
            rate = max(1 - self.config.average, 10 / (10 + self.updates))
            polyak_update(self.averaged, self.network, rate)
            return float(norm)

    @timed("copying to the device")
    def _to_device(self, batches: Sequence[Sequences]) -> Batch:
        carries = [s.read(*_places(b)) for s, b in zip(self.sources, batches, strict=False)]
        return Batch.of(batches, carries, self.device)

    @timed("convolutions")
    def _encode(
        self, network: SoftQNetwork, frames: Tensor, vector: Tensor, forget: Tensor | None = None
    ) -> Tensor:
        return network.encode(frames, vector, half=self.half, forget=forget)

    @timed("memory and head")
    def _remember(self, network: SoftQNetwork, seen: Tensor, carry: Carry) -> tuple[Tensor, Tensor]:
        return network.remember(seen, carry)

    @timed("memory and head")
    def _values(self, network: SoftQNetwork, remembered: Tensor) -> Tensor:
        return network.values(remembered)

    @timed("backward")
    def _backward(self, loss: Tensor) -> None:
        loss.backward()

    @timed("gradients of other processes")
    def _share_gradients(self) -> None:
        self.team.all_reduce_gradients(self.learned)

    @timed("objective")
    def _all_reduced(self, metrics: dict[str, Tensor]) -> dict[str, float]:
        totals = self.team.all_reduce(torch.stack(list(metrics.values())))
        return dict(zip(metrics, totals.tolist(), strict=True))

    @timed("stored states")
    def _refresh(self, batches: Sequence[Sequences], trace: Trace) -> None:
        """Store what the memory was at each multiple of grid that the sequences passed over."""
        grid, row, burn_in = self.sources[0].grid, 0, batches[0].burn_in
        columns = torch.arange(grid, burn_in + trace.memory[0].shape[1], grid)
        for source, batch in zip(self.sources, batches, strict=False):
            rows = slice(row, row := row + len(batch.start))
            before = [x[rows, columns - burn_in - 1] for x in trace.memory]
            episode, start, h, c = (self.team.all_gather(x) for x in (*_places(batch), *before))
            for i, column in enumerate(columns):
                source.write(episode, start + column, (h[:, i], c[:, i]))

    def _value(self, seen: Tensor, carry: Carry) -> Tensor:
        """V along encoded steps (B, T, F), differentiable twice."""
        remembered, _ = self.network.remember(seen, carry, twice=True)
        return self._soft_value(self.network.values(remembered))

    def _soft_value(self, outputs: Tensor) -> Tensor:
        return self.network.soft.value(outputs, self.objective.temperature)

    def _shares(self, count: int) -> Tensor:
        """A random number for each of this process's experts' sequences, drawn together with the others'."""
        return self._drawn(count)

    def _drawn(self, rows: int, *shape: int) -> Tensor:
        """Uniform random numbers (rows, ...): this process's of those of all."""
        drawn = torch.rand(self.team.size * rows, *shape, generator=self.generator)
        return drawn[self.team.rank * rows :][:rows].to(self.device)

    def state_dict(self) -> dict[str, Any]:
        """Everything the next update depends on."""
        return {
            "network": self.network.state_dict(),
            "target": self.target.state_dict() if self.target is not None else {},
            "averaged": self.averaged.state_dict(),
            "head": self.head.state_dict() if self.head is not None else {},
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "updates": self.updates,
            "sources": [source.state_dict() for source in self.sources],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        if self.target is not None:
            self.target.load_state_dict(state["target"])
        self.averaged.load_state_dict(state["averaged"])
        if self.head is not None:
            self.head.load_state_dict(state["head"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.updates = state["updates"]
        for source, kept in zip(self.sources, state["sources"], strict=True):
            source.load_state_dict(kept)


def in_half(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16. Emulated, it takes over twice as long (benchmarks/training.py)."""
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())


def polyak_update(slow: SoftQNetwork, fast: SoftQNetwork, rate: float) -> None:
    """Move the slow weights towards the fast ones by this share of the way."""
    for old, new in zip(slow.parameters(), fast.parameters(), strict=True):
        old.data.lerp_(new.data, rate)


def _places(batch: Sequences) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(batch.episode), torch.from_numpy(batch.start)

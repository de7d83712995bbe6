"""The training step: one pass over a batch of sequences gives Q(s_t) and, shifted by one, V(s_{t+1})."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from basalt_iq.agent.network import Carry, SoftQNetwork
from basalt_iq.agent.policy import entropy, soft_value
from basalt_iq.data.sampler import Sequences
from basalt_iq.train.config import LearnerConfig, ObjectiveConfig
from basalt_iq.train.objectives import Transitions, objective
from basalt_iq.train.parallel import Team
from basalt_iq.train.profile import Profile
from basalt_iq.train.states import StoredStates
from basalt_iq.train.steepness import steepness

ALONE, OFF = Team(), Profile()


class Learner:
    """A network, its optimiser, and the memories of the sequences it trains on."""

    def __init__(
        self, network: SoftQNetwork, config: LearnerConfig, goal: ObjectiveConfig, *, seed: int,
        sources: Sequence[StoredStates], team: Team = ALONE, profile: Profile = OFF,
    ):  # fmt: skip
        self.network, self.config, self.goal, self.team = network, config, goal, team
        self.part = profile.part
        self.half = in_half(config.precision, network.head.weight.device)
        self.sources = list(sources)
        self.target = copy.deepcopy(network) if config.target_rate < 1 else None
        self.agent = copy.deepcopy(network)
        """What is looked at and kept: the weights' running average (Polyak and Juditsky 1992)."""
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.generator = torch.Generator().manual_seed(seed)
        self.updates = 0

    def update(self, batches: Sequence[Sequences]) -> dict[str, float]:
        """One gradient step. `batches` come one per source: the experts' first, then the policy's, if any."""
        with self.part("copying to the device"):
            frames, vector, carry = self._inputs(batches)
        fresh = torch.cat([torch.from_numpy(b.start == 0) for b in batches])
        burn_in = batches[0].burn_in
        q, seen, start = self._unroll(self.network, frames, vector, carry, fresh, burn_in, batches)
        v = soft_value(q, self.goal.temperature)
        if self.target is not None:
            with torch.no_grad():
                q_target, _, _ = self._unroll(self.target, frames, vector, carry, fresh, burn_in)
                v = soft_value(q_target, self.goal.temperature)
        with self.part("objective"):
            transitions = self._transitions(batches, q[:, :-1], v[:, 1:], burn_in)
            goal = self.goal.at(self.updates)
            loss, metrics = objective(transitions, goal)
            if goal.gradient_penalty and goal.objective != "bc":
                share = self._shares(batches)
                penalty = steepness(self.network, goal.temperature, transitions, seen[:, :-1], start, share)
                loss = loss + goal.gradient_penalty * penalty
                metrics["gradient_penalty"] = penalty.detach()
        self.updates += 1
        norm = self._descend(loss)
        with self.part("objective"):
            metrics |= {"loss": loss.detach()}
            metrics["entropy"] = transitions.mean(entropy(q.detach()[:, :-1], self.goal.temperature))
            shares = self.team.sum(torch.stack(list(metrics.values())))
            return dict(zip(metrics, shares.tolist(), strict=True)) | {"gradient_norm": float(norm)}

    def _inputs(self, batches: Sequence[Sequences]) -> tuple[Tensor, Tensor, Carry]:
        device = self.network.head.weight.device
        frames = torch.cat([torch.from_numpy(b.frames).to(device) for b in batches])
        vector = torch.cat([torch.from_numpy(b.arrays["vector"]) for b in batches]).to(device)
        carries = [s.read(*_places(b)) for s, b in zip(self.sources, batches, strict=False)]
        h, c = (torch.cat(parts).to(device) for parts in zip(*carries, strict=True))
        return frames, vector, (h, c)

    def _unroll(
        self, network: SoftQNetwork, frames: Tensor, vector: Tensor, carry: Carry, fresh: Tensor,
        burn_in: int, batches: Sequence[Sequences] = (),
    ) -> tuple[Tensor, Tensor, Carry]:  # fmt: skip
        """After the burn-in: q (B, length + 1, A), what it is made from (B, length + 1, F), the carry before.

        The carries on the way refresh the states of `batches`.
        """
        if burn_in:
            before = burn_in + network.config.stack - 1
            with torch.no_grad():
                h, c, _ = self._pass(network, frames[:, :before], vector[:, :burn_in], carry)
                carry = (h[:, -1], c[:, -1])
        keep = ~fresh[:, None].to(carry[0].device)  # an episode starts with an empty memory
        carry = (carry[0] * keep, carry[1] * keep)
        h, c, seen = self._pass(network, frames[:, burn_in:], vector[:, burn_in:], carry)
        with self.part("stored states"):
            self._refresh(batches, h.detach(), c.detach(), burn_in)
        with self.part("memory and head"):
            return network.values(h), seen, carry

    def _pass(
        self, network: SoftQNetwork, frames: Tensor, vector: Tensor, carry: Carry
    ) -> tuple[Tensor, ...]:
        with self.part("convolutions"):
            seen = network.encode(frames, vector, half=self.half)
        with self.part("memory and head"):
            return *network.remember(seen, carry), seen

    def _shares(self, batches: Sequence[Sequences]) -> Tensor:
        """A random number for each of this process's experts' sequences, drawn together with the others'."""
        count, team = len(batches[0].start), self.team
        drawn = torch.rand(team.size, count, generator=self.generator)
        return drawn[team.rank].to(self.network.head.weight.device)

    def _refresh(self, batches: Sequence[Sequences], h: Tensor, c: Tensor, burn_in: int) -> None:
        """Write what the memory was, (B, length + 1, hidden) after the burn-in, at each multiple of grid."""
        grid, row = self.sources[0].grid, 0
        columns = torch.arange(grid, burn_in + h.shape[1], grid)
        for source, batch in zip(self.sources, batches, strict=False):
            rows = slice(row, row := row + len(batch.start))
            before = [x[rows, columns - burn_in - 1] for x in (h, c)]
            episode, start, *memory = (self.team.rows(x) for x in (*_places(batch), *before))
            for i, column in enumerate(columns):
                source.write(episode, start + column, (memory[0][:, i], memory[1][:, i]))

    def _transitions(
        self, batches: Sequence[Sequences], q_t: Tensor, v_tp1: Tensor, burn_in: int
    ) -> Transitions:
        def joined(arrays: list[Any]) -> Tensor:
            return torch.cat([torch.from_numpy(a) for a in arrays])[:, burn_in:].to(q_t.device)

        mask = joined([b.mask for b in batches])
        first = torch.zeros_like(mask)
        first[:, 0] = torch.cat([torch.from_numpy(b.start == 0) for b in batches]).to(q_t.device)
        expert = torch.cat([torch.full((len(b.start),), i == 0) for i, b in enumerate(batches)])
        return Transitions(
            q_t=q_t, v_tp1=v_tp1, a_t=joined([b.arrays["action"][:, :-1] for b in batches]),
            done_t=joined([b.done for b in batches]), weight=mask.to(q_t.dtype),
            expert=expert.to(q_t.device), first=first, everywhere=self.team.sum,
        )  # fmt: skip

    def _descend(self, loss: Tensor) -> Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        with self.part("backward"):
            loss.backward()
        with self.part("gradients of other processes"):
            self.team.sum_gradients(self.network.parameters())
        with self.part("optimiser"):
            norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip_gradient)
            if not torch.isfinite(norm):
                raise FloatingPointError("the loss or its gradient is not finite")
            self.optimiser.step()
            if self.target is not None:
                _follow(self.target, self.network, self.config.target_rate)
            # While young, the average forgets its first weights sooner: they are random.
            _follow(self.agent, self.network, max(1 - self.config.average, 10 / (10 + self.updates)))
        return norm

    def state_dict(self) -> dict[str, Any]:
        """Everything the next update depends on."""
        return {
            "network": self.network.state_dict(),
            "target": self.target.state_dict() if self.target is not None else {},
            "agent": self.agent.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "updates": self.updates,
            "sources": [source.state_dict() for source in self.sources],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        if self.target is not None:
            self.target.load_state_dict(state["target"])
        self.agent.load_state_dict(state["agent"])
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


def _follow(slow: SoftQNetwork, fast: SoftQNetwork, rate: float) -> None:
    for old, new in zip(slow.parameters(), fast.parameters(), strict=True):
        old.data.lerp_(new.data, rate)


def _places(batch: Sequences) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(batch.episode), torch.from_numpy(batch.start)

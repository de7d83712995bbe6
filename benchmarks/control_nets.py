"""Many small networks trained at once, one per (number of demos, seed), by the objectives of basalt_iq.train.

The members of a population share every operation (one batched matrix product per layer) and nothing else: the
losses are means over equally many rows of each, and Adam's steps do not depend on the scale of a gradient.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn

from basalt_iq.agent.policy import log_policy, policy, soft_value
from basalt_iq.train.config import ObjectiveConfig
from basalt_iq.train.objectives import Transitions, chosen, objective

Rows = dict[str, Tensor]


@dataclass(frozen=True)
class Setting:
    """How a population is trained; everything but the objective is the same for all algorithms."""

    objective: ObjectiveConfig
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    batch: int = 32
    updates: int = 3000
    check_every: int = 100
    """Updates between looks at the held-out transitions."""
    environment_steps: int = 0
    """Online: steps played by each member, spread evenly over the updates. 0 is offline."""
    target_rate: float = 1.0
    """Share of the network that flows into the target network per update; 1 is no target network."""


class Population(nn.Module):
    """E networks of two hidden layers of 64 with ELU: (E, N, inputs) to Q (E, N, actions)."""

    def __init__(self, count: int, inputs: int, actions: int, generator: torch.Generator):
        super().__init__()
        sizes = (inputs, 64, 64, actions)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for fan_in, out in pairwise(sizes):
            for parameters, rows in ((self.weights, fan_in), (self.biases, 1)):
                uniform = torch.rand(count, rows, out, generator=generator)
                parameters.append(nn.Parameter((2 * uniform - 1) / math.sqrt(fan_in)))

    def forward(self, x: Tensor) -> Tensor:
        layers = list(zip(self.biases, self.weights, strict=True))
        for bias, weight in layers[:-1]:
            x = nn.functional.elu(torch.baddbmm(bias, x, weight))
        return torch.baddbmm(layers[-1][0], x, layers[-1][1])

    def __len__(self) -> int:
        return len(self.biases[0])

    def copy_members(self, other: Population, which: Tensor) -> None:
        """Take over the members `which` (E,) bool of another population."""
        for mine, theirs in zip(self.parameters(), other.parameters(), strict=True):
            mine.data[which] = theirs.data[which]


@dataclass
class Pool:
    """Transitions of every member, padded to a common length: state, next_state, action, done, first."""

    rows: Rows
    sizes: Tensor
    """(E,): how many are real."""

    @classmethod
    def of(cls, members: list[Rows]) -> Pool:
        pad = torch.nn.utils.rnn.pad_sequence
        rows = {name: pad([m[name] for m in members], batch_first=True) for name in members[0]}
        return cls(rows, torch.tensor([len(m["action"]) for m in members]))

    @classmethod
    def empty(cls, members: int, capacity: int, like: Rows) -> Pool:
        rows = {name: x.new_zeros(members, capacity, *x.shape[2:]) for name, x in like.items()}
        return cls(rows, torch.zeros(members, dtype=torch.long))

    def add(self, step: Rows) -> None:
        """One more transition for each member: (E, ...) each."""
        at = int(self.sizes[0])
        for name, value in step.items():
            self.rows[name][:, at] = value
        self.sizes += 1

    def sample(self, count: int, generator: torch.Generator) -> Rows:
        """(E, count, ...) each, with replacement."""
        share = torch.rand(len(self.sizes), count, generator=generator)
        index = (share * self.sizes[:, None]).long()
        return {name: x[torch.arange(len(x))[:, None], index] for name, x in self.rows.items()}


@dataclass
class Trained:
    last: Population
    chosen: Population
    """Each member after as many updates as its twin on 4/5 of the data needed for the least held-out NLL."""
    chosen_at: list[int]


def train(env: str, demos: list[Rows], setting: Setting, seed: int) -> Trained:
    """Train one member per set of demonstrated transitions; offline with twins that choose the checkpoint."""
    generator = torch.Generator().manual_seed(seed)
    kept, held_out = zip(*(split(d, generator) for d in demos), strict=True)
    online = setting.environment_steps > 0
    experts = Pool.of(demos if online else [*demos, *kept])
    played = Pool.empty(len(demos), setting.environment_steps, experts.rows)
    actions = int(gymnasium.spec(env).make().action_space.n)  # type: ignore[attr-defined]
    networks = Population(len(experts.sizes), demos[0]["state"].shape[1], actions, generator)
    if not online:  # twins start alike
        for p in networks.parameters():
            p.data[len(demos) :] = p.data[: len(demos)]
    best, best_nll, best_at = copy.deepcopy(networks), torch.full((len(demos),), math.inf), [0] * len(demos)
    learner = Learner(networks, setting)
    actor = play(env, networks, setting.objective.temperature, generator) if online else iter(())
    checks = Pool.of(list(held_out))
    for update in range(setting.updates):
        while int(played.sizes[0]) < setting.environment_steps * (update + 1) // setting.updates:
            played.add(next(actor))
        sources = [experts, played] if online else [experts]
        learner.update([pool.sample(setting.batch, generator) for pool in sources], update)
        if not online and (update + 1) % setting.check_every == 0:
            nll = held_out_nll(networks, checks, setting.objective.temperature)
            better = nll < best_nll
            best_nll = torch.minimum(nll, best_nll)
            best.copy_members(networks, torch.cat([better, better]))
            best_at = [update + 1 if b else at for b, at in zip(better.tolist(), best_at, strict=True)]
    return Trained(members(networks, len(demos)), members(best, len(demos)), best_at)


class Learner:
    """The update of a population."""

    def __init__(self, networks: Population, setting: Setting):
        self.networks, self.setting = networks, setting
        self.target = copy.deepcopy(networks) if setting.target_rate < 1 else None
        self.optimiser = torch.optim.AdamW(
            networks.parameters(), lr=setting.learning_rate, weight_decay=setting.weight_decay
        )

    def update(self, sources: list[Rows], update: int) -> None:
        """One gradient step on rows (E, N, ...) of the experts and, if given, of the policy."""
        rows = {name: torch.cat([source[name] for source in sources], 1) for name in sources[0]}
        count = rows["action"].shape[1]
        q = self.networks(torch.cat([rows["state"], rows["next_state"]], 1))
        q_tp1 = q[:, count:]
        if self.target is not None:
            with torch.no_grad():
                q_tp1 = self.target(rows["next_state"])
        expert = torch.arange(count) < sources[0]["action"].shape[1]
        batch = Transitions(
            q_t=q[:, :count].flatten(0, 1)[:, None],
            v_tp1=soft_value(q_tp1, self.setting.objective.temperature).reshape(-1, 1),
            a_t=rows["action"].reshape(-1, 1), done_t=rows["done"].reshape(-1, 1),
            first=rows["first"].reshape(-1, 1), expert=expert.repeat(len(q)),
            weight=torch.ones(len(q) * count, 1),
        )  # fmt: skip
        loss = objective(batch, self.setting.objective.at(update))[0] * len(q)  # a sum over members, of means
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        if self.target is not None:
            for slow, fast in zip(self.target.parameters(), self.networks.parameters(), strict=True):
                slow.data.lerp_(fast.data, self.setting.target_rate)


def split(demos: Rows, generator: torch.Generator) -> tuple[Rows, Rows]:
    """Four fifths of the transitions, and the rest (at least one)."""
    order = torch.randperm(len(demos["action"]), generator=generator)
    held_out = max(1, len(order) // 5)
    kept, rest = order[held_out:], order[:held_out]
    return {name: x[kept] for name, x in demos.items()}, {name: x[rest] for name, x in demos.items()}


def members(networks: Population, count: int) -> Population:
    """The first `count` members alone."""
    part = copy.deepcopy(networks)
    for x in part.parameters():
        x.data = x.data[:count]
    return part


@torch.no_grad()
def held_out_nll(networks: Population, pool: Pool, temperature: float) -> Tensor:
    """Of the twins, the second half of the population: (E / 2,)."""
    twins = len(pool.sizes)
    q = networks(pool.rows["state"].repeat(2, 1, 1))[twins:]
    nll = -chosen(log_policy(q, temperature), pool.rows["action"])
    real = torch.arange(nll.shape[1]) < pool.sizes[:, None]
    return (nll * real).sum(1) / pool.sizes


def play(env: str, networks: Population, temperature: float, generator: torch.Generator) -> Iterator[Rows]:
    """Every member's next step in its own environment, for ever, by sampled actions. No reward is read."""
    worlds = [gymnasium.make(env) for _ in range(len(networks))]
    seeds = torch.randint(2**31, (len(worlds),), generator=generator).tolist()
    states = np.stack([world.reset(seed=seed)[0] for world, seed in zip(worlds, seeds, strict=True)])
    first = np.ones(len(worlds), bool)
    while True:
        with torch.no_grad():
            pi = policy(networks(torch.from_numpy(states)[:, None])[:, 0], temperature)
        action = torch.multinomial(pi, 1, generator=generator)[:, 0]
        stepped = [world.step(int(a)) for world, a in zip(worlds, action, strict=True)]
        yield {
            "state": torch.from_numpy(states), "first": torch.from_numpy(first), "action": action,
            "next_state": torch.from_numpy(np.stack([s[0] for s in stepped])),
            "done": torch.tensor([s[2] for s in stepped]),
        }  # fmt: skip
        first = np.array([s[2] or s[3] for s in stepped])
        states = np.stack([
            world.reset()[0] if over else s[0]
            for world, s, over in zip(worlds, stepped, first, strict=True)
        ])  # fmt: skip


def returns(env: str, networks: Population, temperature: float, best: bool, episodes: int) -> list[float]:
    """Mean return of each member over the same `episodes` seeds; `best` actions or sampled ones."""
    worlds = [gymnasium.make(env, disable_env_checker=True) for _ in range(len(networks) * episodes)]
    seeds = [9_000_000 + i for i in range(episodes)] * len(networks)
    states = np.stack([w.reset(seed=seed)[0] for w, seed in zip(worlds, seeds, strict=True)])
    total, generator = np.zeros(len(worlds)), torch.Generator().manual_seed(0)
    running = list(range(len(worlds)))
    while running:
        with torch.no_grad():
            q = networks(torch.from_numpy(states).unflatten(0, (len(networks), episodes))).flatten(0, 1)
            pi = policy(q, temperature)
        actions = (pi.argmax(1) if best else torch.multinomial(pi, 1, generator=generator)[:, 0]).tolist()
        still = []
        for i in running:
            states[i], reward, done, truncated, _ = worlds[i].step(actions[i])
            total[i] += float(reward)
            if not (done or truncated):
                still.append(i)
        running = still
    return total.reshape(len(networks), episodes).mean(1).round(2).tolist()

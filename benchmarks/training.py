"""Training throughput against the straightforward way, in one run: `python benchmarks/training.py`.

Straightforward: current and next states in two passes, frame stacks copied, fp32, no channels-last.
Ours: `Learner.update`, one pass over T + 1 frames. One thread, CPU time, forward + backward + Adam.
The convolution peak is measured in the same run, on the largest layer of a dense 3x3 network.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import tyro
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from basalt_iq.agent.network import NetworkConfig, SoftQNetwork
from basalt_iq.agent.policy import soft_value
from basalt_iq.data.sampler import Episode, Sequences, SequenceSampler
from basalt_iq.train.learner import Learner, LearnerConfig
from basalt_iq.train.objectives import ObjectiveConfig, Transitions, iq_learn
from basalt_iq.train.states import StoredStates

VECTOR, ACTIONS = 25, 64


@dataclass(frozen=True)
class Options:
    """Frames per CPU-second of a training step."""

    batch: int = 16
    """Sequences."""
    length: int = 64
    """Ticks of a sequence."""
    hidden: int = 512
    """LSTM units."""
    repeats: int = 7
    """Measured steps of each variant; the median counts."""
    encoders: tuple[str, ...] = ("nature", "impala")
    """Encoders to measure."""


def sequences(options: Options) -> tuple[SequenceSampler, Episode]:
    rng = np.random.default_rng(0)
    steps = {"action": rng.integers(0, ACTIONS, 2000), "vector": np.zeros((2001, VECTOR), np.float32)}
    episode = Episode(rng.integers(0, 256, (2001, 3, 64, 64), dtype=np.uint8), steps)
    sampler = SequenceSampler([episode], batch=options.batch, length=options.length, stack=4, seed=0, grid=16)
    return sampler, episode


def fast(network: SoftQNetwork, sampler: SequenceSampler, episode: Episode) -> Callable[[Sequences], None]:
    states = StoredStates([episode.length], network.config.hidden, 16)
    learner = Learner(network, LearnerConfig(shift=0), ObjectiveConfig(), seed=0, sources=[states])
    return lambda batch: learner.update([batch]) and None


def naive(network: SoftQNetwork) -> Callable[[Sequences], None]:
    """Two passes, each over copied stacks; the optimiser is the same."""
    network = network.to(memory_format=torch.contiguous_format)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-4, weight_decay=0.0)

    def q_of(stacks: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        b, t = stacks.shape[:2]
        pixels = stacks.reshape(b * t, -1, 64, 64).float() / 255
        seen = network.project(network.encoder(pixels).flatten(1)).relu().view(b, t, -1)
        return network.values(network.memory(torch.cat([seen, vector], -1))[0])

    def update(batch: Sequences) -> None:
        stacks = torch.from_numpy(np.ascontiguousarray(batch.stacked()))
        vector = torch.from_numpy(batch.arrays["vector"])
        q_t = q_of(stacks[:, :-1].clone(), vector[:, :-1])
        v_tp1 = soft_value(q_of(stacks[:, 1:].clone(), vector[:, 1:]), 1.0)
        first = torch.zeros(batch.mask.shape, dtype=torch.bool)
        a_t = torch.from_numpy(batch.arrays["action"][:, :-1])
        done, weight = torch.from_numpy(batch.done), torch.from_numpy(batch.mask).float()
        expert = torch.ones(len(first), dtype=torch.bool)
        loss, _ = iq_learn(Transitions(q_t, v_tp1, a_t, done, weight, expert, first), ObjectiveConfig())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()

    return update


def seconds(work: Callable[[], None], repeats: int) -> float:
    """Median CPU time of one call, after two to warm up."""
    times = []
    for _ in range(repeats + 2):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return float(np.median(times[2:]))


def convolution_peak(repeats: int) -> float:
    """GFLOP per CPU-second of forward + backward through a large channels-last 3x3 convolution."""
    layer = nn.Conv2d(128, 128, 3, padding=1).to(memory_format=torch.channels_last)
    x = torch.randn(32, 128, 32, 32).to(memory_format=torch.channels_last).requires_grad_()
    flops = 3 * 2 * 32 * 32 * 32 * 128 * 128 * 9
    return flops / seconds(lambda: layer(x).sum().backward(), repeats) / 1e9


def flops_per_frame(network: SoftQNetwork) -> float:
    """GFLOP of forward + backward of the network for one step; the first layer's input needs no gradient."""
    with FlopCounterMode(display=False) as counter:
        seen = network.project(network.encoder(torch.zeros(1, 12, 64, 64)).flatten(1))
        joined = torch.cat([seen, torch.zeros(1, VECTOR)], 1)[:, None]
        network.values(network.remember(joined, network.initial_carry(1))[0]).sum().backward()
    return counter.get_total_flops() / 1e9


def measure(options: Options, encoder: str, peak: float) -> dict[str, float]:
    sampler, episode = sequences(options)
    frames = options.batch * options.length
    config = NetworkConfig(encoder=encoder, features=512, hidden=options.hidden)  # type: ignore[arg-type]
    rates = {}
    for name, build in (("naive", naive), ("fast", lambda n: fast(n, sampler, episode))):
        torch.manual_seed(0)
        update = build(SoftQNetwork(config, VECTOR, ACTIONS))
        rates[name] = frames / seconds(lambda u=update: u(sampler.sample()), options.repeats)  # type: ignore[misc]
    share = rates["fast"] * flops_per_frame(SoftQNetwork(config, VECTOR, ACTIONS)) / peak
    return {**rates, "ratio": rates["fast"] / rates["naive"], "share_of_peak": share}


def main(options: Options) -> None:
    torch.set_num_threads(1)
    peak = convolution_peak(options.repeats)
    table = {encoder: measure(options, encoder, peak) for encoder in options.encoders}
    print(json.dumps({"convolution_peak_gflops": peak, **table}, indent=1))


if __name__ == "__main__":
    main(tyro.cli(Options))

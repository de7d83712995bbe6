"""Training throughput against the straightforward way, in one run: `python benchmarks/training.py`.

Straightforward: current and next states in two passes, frame stacks copied, fp32, no channels-last.
Ours: `Learner.update`, one pass over T + 1 frames. One thread, CPU time, forward + backward + Adam.
The convolution peak is measured in the same run, on a large dense 3x3 layer, in fp32 and in bfloat16; the
share of it counts all of the network's multiplications (convolutions, memory, head), and the time of all of
the update. In bfloat16 only the encoder computes; the memory stays in fp32.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
import tyro
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.agent.policy import soft_value
from basalt_iq.data.sampler import SampledEpisode, Sequences, SequenceSampler
from basalt_iq.train.config import LearnerConfig, ObjectiveConfig
from basalt_iq.train.learner import Learner
from basalt_iq.train.objectives import Transitions, iq_learn
from basalt_iq.train.process import tune_process
from basalt_iq.train.stored_states import StoredStates

VECTOR, ACTIONS, STEPS = 25, 64, 2000
Update = Callable[[Sequences], object]
step: Callable[[], object]


@dataclass(frozen=True)
class Options:
    """Frames per CPU-second of a training step."""

    batch: int = 16
    """Sequences."""
    length: int = 64
    """Ticks of a sequence."""
    features: int = 512
    """Units between the encoder and the LSTM."""
    hidden: int = 512
    """LSTM units."""
    repeats: int = 7
    """Measured steps of each variant; the median counts."""
    encoders: tuple[str, ...] = ("nature", "impala")
    """Encoders to measure."""
    variants: tuple[str, ...] = ("naive", "float32", "bfloat16")
    """What to measure, naive among it. compiled: the encoder through torch.compile (needs a C++ compiler)."""


def sequences(options: Options) -> SequenceSampler:
    rng = np.random.default_rng(0)
    steps = {"action": rng.integers(0, ACTIONS, STEPS), "vector": np.zeros((STEPS + 1, VECTOR), np.float32)}
    episode = SampledEpisode(rng.integers(0, 256, (STEPS + 1, 3, 64, 64), dtype=np.uint8), steps)
    return SequenceSampler([episode], batch=options.batch, length=options.length, stack=4, seed=0, grid=16)


def fast(network: SoftQNetwork, precision: str = "float32", compiled: bool = False) -> Update:
    tune_process()
    states = StoredStates([STEPS], network.config.hidden, 16)
    setting = LearnerConfig(precision=precision)  # type: ignore[arg-type]
    learner = Learner(network, setting, ObjectiveConfig(), seed=0, sources=[states])
    if compiled:
        network.encode = torch.compile(network.encode)  # type: ignore[method-assign]
    return lambda batch: learner.update([batch])


def naive(network: SoftQNetwork) -> Update:
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


def prepare(options: Options, encoder: str, variant: str) -> None:
    """Build the variant in a process of its own."""
    global step
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if variant in PEAKS:
        step = peak(PEAKS[variant])
        return
    sampler = sequences(options)
    update = VARIANTS[variant](SoftQNetwork(network_of(options, encoder), VECTOR, ACTIONS))
    step = lambda: update(sampler.sample())  # noqa: E731


def turn() -> float:
    """CPU seconds of one step."""
    began = time.process_time()
    step()
    return time.process_time() - began


def seconds(options: Options, encoder: str, variants: Sequence[str]) -> dict[str, float]:
    """Median CPU time of a step of each variant, after two to warm up. They take turns, so that whatever else
    the machine does meanwhile slows all of them alike."""
    times: dict[str, list[float]] = {variant: [] for variant in variants}
    with ExitStack() as stack:
        context = multiprocessing.get_context("spawn")
        workers = {
            v: stack.enter_context(ProcessPoolExecutor(1, context, prepare, (options, encoder, v)))
            for v in variants
        }
        for _ in range(options.repeats + 2):
            for variant, worker in workers.items():
                times[variant].append(worker.submit(turn).result())
    return {variant: float(np.median(taken[2:])) for variant, taken in times.items()}


#: GFLOP of the convolution below, forward and backward.
PEAK_WORK = 3 * 2 * 32 * 32 * 32 * 128 * 128 * 9 / 1e9


PEAKS = {"peak": torch.float32, "bfloat16_peak": torch.bfloat16}


def peak(dtype: torch.dtype) -> Callable[[], None]:
    """Forward + backward through a large channels-last 3x3 convolution."""
    layer = nn.Conv2d(128, 128, 3, padding=1, dtype=dtype).to(memory_format=torch.channels_last)
    x = torch.randn(32, 128, 32, 32, dtype=dtype).to(memory_format=torch.channels_last).requires_grad_()
    return lambda: layer(x).sum().backward()


def flops_per_frame(network: SoftQNetwork) -> float:
    """GFLOP of forward + backward of the network for one step; the first layer's input needs no gradient."""
    with FlopCounterMode(display=False) as counter:
        seen = network.project(network.encoder(torch.zeros(1, 12, 64, 64)).flatten(1))
        joined = torch.cat([seen, torch.zeros(1, VECTOR)], 1)[:, None]
        network.values(network.remember(joined, network.initial_carry(1))[0]).sum().backward()
    return counter.get_total_flops() / 1e9


def measure(options: Options, encoder: str) -> dict[str, float]:
    """Frames per CPU-second of each variant; times the naive one's; share of the fp32 convolution peak."""
    taken = seconds(options, encoder, (*PEAKS, *options.variants))
    top, bfloat16_top = (PEAK_WORK / taken.pop(name) for name in PEAKS)
    rates = {name: options.batch * options.length / t for name, t in taken.items()}
    work = flops_per_frame(SoftQNetwork(network_of(options, encoder), VECTOR, ACTIONS))
    return {
        **rates, **{f"{name}_ratio": rate / rates["naive"] for name, rate in rates.items()},
        **{f"{name}_share_of_peak": rate * work / top for name, rate in rates.items()},
        "peak_gflops": top, "bfloat16_peak_gflops": bfloat16_top, "gflop_per_frame": work,
    }  # fmt: skip


def network_of(options: Options, encoder: str) -> NetworkConfig:
    return NetworkConfig(encoder=encoder, features=options.features, hidden=options.hidden)  # type: ignore[arg-type]


def main(options: Options) -> None:
    print(json.dumps({encoder: measure(options, encoder) for encoder in options.encoders}, indent=1))


VARIANTS: dict[str, Callable[[SoftQNetwork], Update]] = {
    "naive": naive,
    "float32": fast,
    "bfloat16": lambda network: fast(network, "bfloat16"),
    "compiled": lambda network: fast(network, compiled=True),
}

if __name__ == "__main__":
    main(tyro.cli(Options))

"""Several processes at one training job, started by torchrun. Each takes its rows of every batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from basalt_iq.errors import UserError


@dataclass(frozen=True)
class Team:
    """The processes of a job; without torchrun this one alone, and nothing is sent.

    All draw the same batches from the same seed and keep the same weights. What each adds to a sum, its
    rows' share of a mean or of a gradient, goes round, so that the job computes what one process would.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @classmethod
    def join(cls, device: str) -> Team:
        """The job that torchrun started this process for. `cuda` becomes the process's own GPU."""
        if not dist.is_torchelastic_launched():
            return cls(device=device)
        if device == "cuda":
            device = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
        return cls(dist.get_rank(), dist.get_world_size(), device)

    def leave(self) -> None:
        if dist.is_initialized():
            dist.destroy_process_group()

    def all_reduce(self, x: Tensor) -> Tensor:
        """Of x over all processes, without a gradient."""
        if self.size == 1:
            return x
        total = x.detach().to(self.device, copy=True)
        with _lost_with_the_others():
            dist.all_reduce(total)
        return total

    def all_gather(self, x: Tensor) -> Tensor:
        """The whole batch's x, of each process's rows (B / size, ...)."""
        if self.size == 1:
            return x
        x = x.detach().to(self.device).contiguous()
        parts = [torch.empty_like(x) for _ in range(self.size)]
        with _lost_with_the_others():
            dist.all_gather(parts, x)
        return torch.cat(parts)

    def all_reduce_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace every gradient by its sum over all processes, all in one message."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        total = self.all_reduce(torch.cat([g.flatten() for g in gradients]))
        for gradient, part in zip(gradients, total.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def broadcast(self, number: float) -> float:
        """The first process's number."""
        return float(self.all_reduce(torch.tensor(number if self.rank == 0 else 0.0, dtype=torch.float64)))

    @contextmanager
    def main_process_first(self) -> Iterator[None]:
        """The first process goes first: what stops it stops the job, and is told once."""
        if self.rank > 0:
            self.broadcast(0)
        yield
        if self.rank == 0:
            self.broadcast(0)


@contextmanager
def _lost_with_the_others() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise UserError(f"another process of this job is gone; it says why ({error})") from None

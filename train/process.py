"""How a process that trains uses its machine."""

from __future__ import annotations

import ctypes

import torch

#: Parameters of glibc's mallopt: above what size memory is the system's own, and from when it goes back.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1


def tune_process() -> None:
    """One thread, and memory that is freed stays for what comes next.

    More threads only spin on small batches; more processes serve better (torchrun). By default glibc gives
    every large tensor's memory back to the system, which clears it anew for the next: a tenth of an update.
    """
    torch.set_num_threads(1)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's alone
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)

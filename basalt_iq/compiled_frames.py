"""The loops of `frames.py`, compiled: with them preparation keeps up with the decoder."""

from __future__ import annotations

import numba
import numpy as np

from basalt_iq.jit import JIT


@numba.njit(**JIT)
def down(rows, tall, shares, lines):
    """Average rows (H, N) down to lines (size, N): no inner loop waits for its own last sum."""
    for i in range(len(lines)):
        line = lines[i]
        line[:] = 0
        for k in range(len(tall)):
            share, row = shares[k, i], rows[tall[k, i]]
            if share > 0:
                for x in range(row.size):
                    line[x] += share * np.float32(row[x])


@numba.njit(**JIT)
def along(columns, wide, shares, means):
    """Average columns (W * C, size) along to means (C, size, size), the picture's columns first."""
    channels = len(means)
    for c in range(channels):
        for j in range(means.shape[1]):
            total = means[c, j]
            total[:] = 0
            for k in range(len(wide)):
                share, column = shares[k, j], columns[wide[k, j] * channels + c]
                for i in range(total.size):
                    total[i] += share * column[i]

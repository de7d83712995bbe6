"""An LSTM unrolled over a sequence that gives the memory after every step, not only after the last.

Hochreiter and Schmidhuber 1997 with forget gates; weights and order of gates (i, f, g, o) as in `nn.LSTM`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def unroll(lstm: nn.LSTM, x: Tensor, h: Tensor, c: Tensor, *, twice: bool = False) -> tuple[Tensor, Tensor]:
    """(h_t, c_t) after every step of x (B, T, F), from (h, c) of (B, H): two tensors (B, T, H).

    `twice`: differentiable a second time, at three times the cost.
    """
    weights = [getattr(lstm, name) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
    if x.shape[1] > 1 and x.device.type == "cpu" and not twice:
        return _Unroll.apply(x, h, c, *weights)
    steps = []
    for x_t in x.unbind(1):  # for one step on CPUs a tenth of the time of nn.LSTM, on GPUs a fused kernel
        h, c = torch.lstm_cell(x_t, (h, c), *weights)
        steps.append((h, c))
    hs, cs = zip(*steps, strict=True)
    return torch.stack(hs, 1), torch.stack(cs, 1)


class _Unroll(torch.autograd.Function):
    """The same with all that needs no earlier step in one product for the whole sequence, in both directions.

    On CPUs nn.LSTM, cut where the memory is wanted, takes a third longer (benchmarks/training.py).
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h: Tensor, c: Tensor, w_x: Tensor, w_h: Tensor, b_x: Tensor, b_h: Tensor
    ) -> tuple[Tensor, Tensor]:
        batch, steps, _ = x.shape
        rows = x.transpose(0, 1).flatten(0, 1)
        gates = torch.addmm(b_x + b_h, rows, w_x.t()).view(steps, batch, -1)
        hs, cs = (torch.cat([start[None], start.new_empty(steps, *start.shape)]) for start in (h, c))
        tanh_c = torch.empty_like(cs[1:])
        for t, gate in enumerate(gates):
            gate.addmm_(hs[t], w_h.t())
            i, f, g, o = gate.chunk(4, 1)
            for part, squash in (
                (i, Tensor.sigmoid_),
                (f, Tensor.sigmoid_),
                (g, Tensor.tanh_),
                (o, Tensor.sigmoid_),
            ):
                squash(part)
            torch.mul(f, cs[t], out=cs[t + 1]).addcmul_(i, g)
            torch.tanh(cs[t + 1], out=tanh_c[t])
            torch.mul(o, tanh_c[t], out=hs[t + 1])
        ctx.save_for_backward(rows, gates, hs, cs, tanh_c, w_x, w_h)
        return hs[1:].transpose(0, 1), cs[1:].transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  (the decorator is untyped)
        ctx: Any, h_slopes: Tensor, c_slopes: Tensor
    ) -> tuple[Tensor, ...]:
        rows, gates, hs, cs, tanh_c, w_x, w_h = ctx.saved_tensors
        i, f, g, o = gates.chunk(4, 2)
        # What dL/dc_t is multiplied by at the gates i, f and g, and dL/dh_t at o and on its way to c_t.
        to_gates = torch.stack([g * i * (1 - i), cs[:-1] * f * (1 - f), i * (1 - g * g)], 2)
        to_o, to_c = tanh_c * o * (1 - o), o * (1 - tanh_c * tanh_c)
        slopes = torch.empty_like(gates)
        dh, dc = torch.zeros_like(hs[0]), torch.zeros_like(cs[0])
        for t in reversed(range(len(gates))):
            dh = dh + h_slopes[:, t]
            dc = dc + c_slopes[:, t] + dh * to_c[t]
            i_f_g, last = slopes[t].split([3 * dh.shape[1], dh.shape[1]], 1)
            torch.mul(dc[:, None], to_gates[t], out=i_f_g.view(to_gates[t].shape))
            torch.mul(dh, to_o[t], out=last)
            dh, dc = slopes[t] @ w_h, dc * f[t]
        flat = slopes.flatten(0, 1)
        dx = (flat @ w_x).view(*gates.shape[:2], -1).transpose(0, 1)
        bias = flat.sum(0)
        return dx, dh, dc, flat.t() @ rows, flat.t() @ hs[:-1].flatten(0, 1), bias, bias

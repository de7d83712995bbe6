"""Our unrolled LSTM against torch's own."""

import pytest
import torch
from torch import nn

from basalt_iq.agent.lstm import unroll


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    lstm = nn.LSTM(7, 5, batch_first=True).double()
    shapes = [(3, 6, 7), (3, 5), (3, 5)]
    return lstm, *(torch.randn(shape, dtype=torch.double, requires_grad=True) for shape in shapes)


@pytest.mark.parametrize("twice", [False, True])
def test_it_is_torchs_and_tells_the_memory_after_every_step(inputs, twice):
    lstm, x, h, c = inputs
    hs, cs = unroll(lstm, x, h, c, twice=twice)
    for steps in range(1, 7):
        wanted, (h_n, c_n) = lstm(x[:, :steps], (h[None], c[None]))
        torch.testing.assert_close(hs[:, :steps], wanted)
        torch.testing.assert_close(hs[:, steps - 1], h_n[0])
        torch.testing.assert_close(cs[:, steps - 1], c_n[0])


def test_one_step_is_the_sequences_first(inputs):
    lstm, x, h, c = inputs
    whole, alone = unroll(lstm, x, h, c), unroll(lstm, x[:, :1], h, c)
    for all_steps, first in zip(whole, alone, strict=True):
        torch.testing.assert_close(all_steps[:, :1], first)


@pytest.mark.parametrize("twice", [False, True])
def test_gradients_of_inputs_memory_and_weights(inputs, twice):
    lstm, x, h, c = inputs
    check = torch.autograd.gradgradcheck if twice else torch.autograd.gradcheck
    short = x[:2, :2].detach().requires_grad_()
    assert check(lambda *given: unroll(lstm, *given, twice=twice), (short, h[:2], c[:2]))
    assert torch.autograd.gradcheck(
        lambda *weights: unroll(lstm, x.detach(), h.detach(), c.detach(), twice=twice),
        tuple(lstm.parameters()),
    )

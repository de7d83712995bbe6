"""The first layer without copied stacks sees what the plain one sees."""

import pytest
import torch

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.network import SoftQNetwork, see_blocks, see_stacks


@pytest.mark.parametrize("size", [64, 70])
@pytest.mark.parametrize("stack", [1, 4])
def test_blocks_equal_stacks_in_values_and_gradients(size, stack):
    torch.manual_seed(0)
    layer = SoftQNetwork(NetworkConfig(features=8, hidden=8, stack=stack, size=size), 0, 3).encoder[0]
    frames = torch.randint(0, 256, (2, stack - 1 + 5, 3, size, size), dtype=torch.uint8)
    found = []
    for see in (see_stacks, see_blocks):
        seen = see(layer, frames)
        found.append((seen, *torch.autograd.grad((seen**2).mean(), layer.parameters())))
    for plain, fast in zip(*found, strict=True):
        torch.testing.assert_close(fast, plain, atol=1e-5, rtol=1e-5)


def test_blocks_of_other_strides():
    layer = torch.nn.Conv2d(6, 4, 4, 2)
    frames = torch.randint(0, 256, (2, 6, 3, 12, 12), dtype=torch.uint8)
    torch.testing.assert_close(see_blocks(layer, frames), see_stacks(layer, frames), atol=1e-5, rtol=1e-5)

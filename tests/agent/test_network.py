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


@pytest.mark.parametrize("encoder", ["nature", "impala"])
def test_a_spaced_stack_sees_every_so_many_frames(encoder):
    torch.manual_seed(0)
    config = NetworkConfig(encoder=encoder, features=16, hidden=8, stack=3, spacing=2)
    network = SoftQNetwork(config, 0, 4)
    assert config.history == 5
    frames = torch.randint(0, 256, (2, 5 - 1 + 4, 3, 64, 64), dtype=torch.uint8)
    seen = network.encode(frames, torch.zeros(2, 4, 0))
    close = SoftQNetwork(NetworkConfig(encoder=encoder, features=16, hidden=8, stack=3), 0, 4)
    close.load_state_dict(network.state_dict())
    for step in range(4):
        spaced = frames[:, [step, step + 2, step + 4]]
        torch.testing.assert_close(
            seen[:, step], close.encode(spaced, torch.zeros(2, 1, 0))[:, 0], atol=1e-4, rtol=1e-4
        )

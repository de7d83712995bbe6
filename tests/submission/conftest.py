import os

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@pytest.fixture
def checkpoint(tmp_path):
    """A small FindCave agent of 2021 with fresh weights, which holds each decision for 3 ticks."""
    return make_checkpoint(tmp_path / "checkpoint")


@pytest.fixture(scope="session")
def make_agent():
    return make_checkpoint


def make_checkpoint(folder, task="FindCave", temperature=1.0, seed=0, era=2021):
    import torch

    from basalt_iq.agent.actions import Action, ActionSet, entry_2021
    from basalt_iq.agent.checkpoint import AgentSpec, save_agent
    from basalt_iq.agent.network import NetworkConfig
    from basalt_iq.agent.observation import ObservationSpec

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = NetworkConfig(width=1, features=32, hidden=16, stack=2)
    look = ObservationSpec.of(task, era, 64)
    keys = [Action(), Action(("forward",), (0.0, 9.0)), Action(("hotbar.2", "use"))]
    actions = entry_2021(task) if era == 2021 else ActionSet(task, 2022, keys, "test")
    spec = AgentSpec(task, era, actions, look, network, temperature, 0.99, repeat=3)
    folder.mkdir(parents=True)
    save_agent(folder, spec, spec.build())
    return folder

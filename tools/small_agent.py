"""Writes a small agent with fresh weights, which knows nothing: usage small_agent.py FOLDER."""

import sys
from pathlib import Path

import torch

from basalt_iq.agent.action_presets import entry_2021
from basalt_iq.agent.checkpoint import AgentSpec, save_agent
from basalt_iq.agent.config import NetworkConfig
from basalt_iq.agent.observation import ObservationSpec

torch.manual_seed(0)
network = NetworkConfig(width=1, features=64, hidden=32)
look = ObservationSpec.of("FindCave", 2021, 64)
spec = AgentSpec("FindCave", 2021, entry_2021("FindCave"), look, network, 1.0, 0.99)
folder = Path(sys.argv[1])
folder.mkdir(parents=True)
save_agent(folder, spec, spec.build())

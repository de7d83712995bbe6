"""The BASALT tasks of the `minestudio` package, a fork of MineRL 1.0, in its own interpreter.

usage: minestudio_world.py ENV_ID DESCRIPTOR

The package fetches its Minecraft at first use and asks on the terminal, which nobody here can answer.
"""

import os
import sys
from typing import Any

import instance

INSTALL = "python -m minestudio.simulator.entry -y"


def make() -> instance.Counted:
    instance.old_numpy_names()
    from minestudio.simulator.minerl.herobraine.env_specs import basalt_specs
    from minestudio.utils import get_mine_studio_dir

    engine = os.path.join(get_mine_studio_dir(), "engine", "build", "libs")
    if not os.path.isdir(engine):
        raise RuntimeError(f"MineStudio's Minecraft is not there yet: fetch it once by `{INSTALL}`")
    return entry(basalt_specs, sys.argv[-2])


def entry(basalt_specs: Any, env_id: str, fake: bool = False) -> instance.Counted:
    """The environment `env_id` as gym.make gives it in MineRL, which the package does not register."""
    base = basalt_specs.BasaltBaseEnvSpec
    kinds = [kind for kind in vars(basalt_specs).values() if isinstance(kind, type)]
    specs = [kind() for kind in kinds if issubclass(kind, base) and kind is not base]
    spec = next(spec for spec in specs if spec.name == env_id)
    return instance.Counted(basalt_specs._basalt_gym_entrypoint(spec, fake=fake))


if __name__ == "__main__":
    instance.run(make)

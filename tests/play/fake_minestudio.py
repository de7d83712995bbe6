"""The minestudio package's own wrapper stack on painted frames, without its Minecraft.

Runs in its interpreter. usage: fake_minestudio.py LIMIT ENV_ID DESCRIPTOR; LIMIT is the task's time limit.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "play" / "instances"))
import instance
import minestudio_world

#: What else the package expects of its Minecraft.
WEATHER = ("biome_id", "biome_rainfall", "biome_temperature", "can_see_sky", "is_raining", "light_level",
           "sea_level", "sky_light_level", "sun_brightness")  # fmt: skip


def make():
    instance.old_numpy_names()
    from minestudio.simulator.minerl.env._fake import _FakeEnvMixin
    from minestudio.simulator.minerl.herobraine.env_specs import basalt_specs

    state = {"step": 0}

    def malmo_data(self):
        pov = np.full((360, 640, 3), min(255, 10 * state["step"]), np.uint8)
        pov[:180, :, 0] = 200  # the upper half is red, to show a flip
        state["step"] += 1
        where = {"isGuiOpen": False} | dict.fromkeys(("xpos", "ypos", "zpos", "yaw", "pitch", *WEATHER), 0)
        return {"pov": pov, **where}

    _FakeEnvMixin._get_fake_malmo_data = malmo_data
    env = minestudio_world.entry(basalt_specs, sys.argv[-2], fake=True)
    inner = env.env
    while hasattr(inner, "env"):
        if hasattr(inner, "timeout"):
            inner.env.task.max_episode_steps = int(sys.argv[1])
        inner = inner.env

    class Seeded(type(env)):
        def reset(self):
            state["step"] = 0
            return super().reset()

    env.__class__ = Seeded
    return env


if __name__ == "__main__":
    instance.run(make)

"""MineRL 0.4.4's own wrapper stack on frames of our choice: everything real but Minecraft.

Runs in MineRL's interpreter. usage: fake_minerl.py THROW_AT ENV_ID DESCRIPTOR, where the snowball is gone
from observation THROW_AT on (counting the one after reset as 0).
"""

import importlib.util
import sys
from pathlib import Path

import gym
import numpy as np

SPEC = importlib.util.spec_from_file_location(
    "instance", Path(__file__).parents[2] / "play" / "instances" / "instance.py"
)
instance = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(instance)

RESET_NOOPS = 30


def frame(size, seed, step):
    """Upper half dark by the seed, lower half by the step; the first column by the row, to show a flip."""
    pov = np.empty((size, size, 3), np.uint8)
    pov[: size // 2], pov[size // 2 :] = 3 * (seed % 80), step % 250
    pov[:, : size // 64] = (np.arange(size) * 64 // size)[:, None, None] * 3
    return pov


def make(env_id, throw_at):
    """The environment with its time limit, as `gym.make` would make it if Minecraft were there."""
    from minerl.env._fake import _FakeEnvMixin
    from minerl.herobraine import envs
    from minerl.herobraine.env_specs import basalt_specs

    spec = next(s for s in vars(envs).values() if getattr(s, "name", None) == env_id)
    start = {item["type"]: item["quantity"] for item in spec.inventory}
    state = {"asked": 0, "seed": 0, "next": 0}

    def malmo_data(self):
        # reset asks once, then the wrapper plays its no-ops; the last of them shows the first observation
        step = state["asked"] - RESET_NOOPS
        state["asked"] += 1
        items = {**start, "snowball": 0 if step >= throw_at else 1}
        stacks = [{"type": t, "quantity": q, "metadata": 0} for t, q in items.items()]
        hand = {"type": "snowball", "metadata": 0, "damage": 0, "maxDamage": 0}
        pov = frame(spec.pov_size, state["seed"], max(0, step))
        return {"pov": pov, "inventory": stacks, "equipped_items": {"mainhand": hand}}

    _FakeEnvMixin._get_fake_malmo_data = malmo_data

    class Counted(gym.Wrapper):
        def seed(self, seed=None):
            state["next"] = seed
            return self.env.seed(seed)

        def reset(self):  # a seed holds for one reset, as in MineRL
            state.update(asked=0, seed=state["next"], next=0)
            return self.env.reset()

        def close(self):  # there is no Minecraft to say goodbye to
            pass

    env = basalt_specs._basalt_gym_entrypoint(spec, fake=True)
    return Counted(gym.wrappers.TimeLimit(env, spec.max_episode_steps))


if __name__ == "__main__":
    instance.run(lambda: make(sys.argv[-2], int(sys.argv[1])))

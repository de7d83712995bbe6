"""MineRL 0.4 or 1.0 in its own interpreter. usage: minerl_world.py ENV_ID DESCRIPTOR"""

import sys

import instance


def make() -> instance.Counted:
    instance.old_numpy_names()
    import gym
    import minerl  # noqa: F401  registers the environments

    return instance.Counted(gym.make(sys.argv[-2]))


if __name__ == "__main__":
    instance.run(make)

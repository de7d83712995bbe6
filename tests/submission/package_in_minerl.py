"""Runs a package's own run.py in MineRL's interpreter, on MineRL's real wrapper stack without Minecraft.

usage: package_in_minerl.py PACKAGE SITE_PACKAGES THROW_AT REPORT; SITE_PACKAGES has torch and the like,
MineRL's own numpy and gym come first.
"""

import json
import os
import runpy
import site
import sys
from pathlib import Path

package, packages, throw_at, report = sys.argv[1:]
sys.path.insert(0, str(Path(__file__).parents[1] / "play"))
import fake_minerl  # noqa: E402

site.addsitedir(packages)
sys.path.insert(0, package)
os.chdir(package)
os.environ["EVALUATION_STAGE"] = "testing"  # without it run.py trains first

import gym  # noqa: E402
import numpy  # noqa: E402

told = {"numpy": numpy.__version__, "gym": gym.__version__, "envs": [], "episodes": []}


class Told(gym.Wrapper):
    """Notes what the package does."""

    def reset(self):
        told["episodes"].append([])
        return self.env.reset()

    def step(self, action):
        assert self.env.action_space.contains(action), action
        told["episodes"][-1].append({k: v.tolist() if hasattr(v, "tolist") else v for k, v in action.items()})
        return self.env.step(action)


def make(env_id):
    told["envs"].append(env_id)
    return Told(fake_minerl.make(env_id, int(throw_at)))


gym.make = make
runpy.run_path("run.py", run_name="__main__")
told["crowdai_api"] = "crowdai_api" in sys.modules
told["source"] = sys.modules["basalt_iq"].__file__
Path(report).write_text(json.dumps(told))

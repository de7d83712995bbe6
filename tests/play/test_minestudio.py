"""The real minestudio package's wrapper stack behind our interface, where build/ has it."""

from pathlib import Path

import pytest

from basalt_iq.play.minerl import Limits, MinerlWorld

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / "build" / "minestudio-1.1.6" / "bin" / "python"


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason="minestudio is not installed under build/")
def test_its_time_limit_begins_anew_with_every_episode():
    command = [str(PYTHON), str(HERE / "fake_minestudio.py"), "5"]
    world = MinerlWorld("FindCave", 2022, command=command, limits=Limits(step=120.0))
    for seed in (1, 2):
        seen, _ = world.reset(seed=seed)
        assert seen["pov"][0, 0, 0] == 200  # upright
        steps, over = 0, False
        while not over:
            seen, _, ended, truncated, info = world.step({"forward": 1, "camera": [0.0, 3.0]})
            assert not info.get("error"), info
            steps, over = steps + 1, ended or truncated
        assert steps == 5
    world.close()

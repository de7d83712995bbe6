"""The command line itself: quick to answer, and one copy of every module."""

import subprocess
import sys

import pytest

from basalt_iq.cli import COMMANDS

HEAVY = ("torch", "numba", "gymnasium", "av", "cv2", "wandb", "jinja2", "starlette")
SHOW = f"""
import sys
from basalt_iq.cli import main
try:
    main({{words}})
finally:
    print("HEAVY", [name for name in {HEAVY} if name in sys.modules])
"""


@pytest.mark.parametrize(
    "words", [["--help"], *([*line.split(), "--help"] for line in COMMANDS)], ids=" ".join
)
def test_help_imports_nothing_heavy(words):
    done = subprocess.run([sys.executable, "-c", SHOW.format(words=words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage: basalt-iq" in done.stdout
    assert "HEAVY []" in done.stdout


def test_a_misspelt_command_is_refused_with_the_choices():
    done = subprocess.run([sys.executable, "-m", "basalt_iq", "trian"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "train" in done.stderr


@pytest.mark.parametrize("room", ["world", "data", "agent", "play", "train", "watch", "submission"])
def test_a_room_cannot_be_imported_under_a_second_name(room):
    done = subprocess.run([sys.executable, "-c", f"import {room}"], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"import basalt_iq.{room}" in done.stderr

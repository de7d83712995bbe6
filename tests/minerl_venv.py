"""The real minerl 0.4.4 in a virtual environment of its own, made once under build/ (contract, section 4)."""

import os
import subprocess
import sys
from pathlib import Path

import filelock

FOLDER = Path(__file__).parent.parent / "build" / "minerl-0.4.4"
#: gym 0.19 is refused by newer build tools; READTHEDOCS makes minerl's setup.py skip its Gradle build.
STEPS = (
    ["pip<24", "setuptools==65.5.0", "wheel<0.40"],
    ["--no-deps", "--no-build-isolation", "minerl==0.4.4"],
    ["--no-build-isolation", "gym==0.19.0", "numpy<1.24", "opencv-python-headless", "coloredlogs", "psutil",
     "daemoniker", "requests", "tqdm", "jinja2", "lxml", "Pyro4", "xmltodict==0.12.0"],
)  # fmt: skip


def minerl_python() -> Path:
    """Its interpreter. Raises RuntimeError with the reason if it cannot be made here."""
    if not (3, 8) <= sys.version_info[:2] <= (3, 11):
        raise RuntimeError("minerl 0.4.4 needs Python 3.8 to 3.11")
    FOLDER.parent.mkdir(exist_ok=True)
    with filelock.FileLock(FOLDER.with_suffix(".lock")):
        done = FOLDER / "done"
        if not done.exists():
            _run([sys.executable, "-m", "venv", "--clear", str(FOLDER)])
            for step in STEPS:
                _run([str(FOLDER / "bin/python"), "-m", "pip", "install", "-q", *step])
            done.touch()
    return FOLDER / "bin" / "python"


def _run(command: list[str]) -> None:
    environment = {**os.environ, "READTHEDOCS": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"minerl 0.4.4 cannot be installed here: {result.stderr.strip().splitlines()[-1]}")

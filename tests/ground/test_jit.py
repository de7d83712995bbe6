"""Compiled code is made anew when any source that it holds changes."""

import os
import subprocess
import sys
from pathlib import Path

from basalt_iq import jit


def test_the_cache_is_named_after_the_sources_of_every_room() -> None:
    names = {"/".join(path.parts[-2:]) for path in jit.sources()}
    assert {
        "world/blocks.py",
        "world/physics.py",
        "players/paths.py",
        "basalt_iq/compiled_frames.py",
    } <= names


def cache_folder(**environment: str) -> Path:
    """Where another process would keep its compiled code."""
    code = "import numba; from basalt_iq import jit; print(numba.config.CACHE_DIR)"
    outer = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code], env=outer | environment, capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip())


def test_without_a_home_the_cache_is_among_temporary_files_and_nobody_elses(tmp_path: Path) -> None:
    found = cache_folder(HOME="/proc/none", TMPDIR=str(tmp_path))
    (base,) = tmp_path.iterdir()
    assert found.is_relative_to(base)
    assert base.stat().st_mode & 0o077 == 0
    home = tmp_path / "home"
    assert cache_folder(HOME=str(home), TMPDIR=str(tmp_path)).is_relative_to(home / ".cache")

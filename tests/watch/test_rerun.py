"""Episodes for the Rerun viewer, read by Rerun's own command."""

import re
import subprocess
import sys

import pytest

pytest.importorskip("rerun")

from basalt_iq.cli import main
from basalt_iq.errors import UserError
from basalt_iq.watch.rerun_file import write_rerun


def test_rerun_reads_every_episode(tmp_path, synthetic):
    run, out = synthetic.run(tmp_path / "run", count=2, steps=40, players=("agent",)), tmp_path / "run.rrd"
    with pytest.raises(SystemExit) as ended:
        main(["watch", str(run), "--rerun", str(out)])
    assert ended.value.code == 0
    read = subprocess.run(
        [sys.executable, "-m", "rerun", "rrd", "print", "-v", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    for seed, ticks in ((100, 40), (101, 41)):
        for part, rows in (("view", ticks + 1), ("v", ticks), ("path/player", ticks + 1), ("action", ticks)):
            assert re.search(rf"with {rows} rows .* - /run/seed_{seed}/{part} ", read.stdout), (seed, part)


def test_nothing_to_write_is_said(tmp_path, synthetic):
    run = synthetic.run(tmp_path / "run", players=())
    with pytest.raises(UserError, match="no episodes"):
        write_rerun([run], tmp_path / "a.rrd")
    with pytest.raises(UserError, match=r"ends in \.rrd"):
        write_rerun([run], tmp_path / "a.txt")
    assert list(tmp_path.glob("*.rrd*")) == []

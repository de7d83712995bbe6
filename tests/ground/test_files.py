import subprocess
import sys

import pytest

from basalt_iq.errors import UserError
from basalt_iq.files import check_sums, replacing, write_folder, write_sums, write_text
from basalt_iq.locks import owned


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path):
    write_text(tmp_path / "a", "old")

    def half():
        with replacing(tmp_path / "a") as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [("a", "old")]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    def fail(folder):
        (folder / "half").write_text("")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_folder(tmp_path / "f", fail)
    assert list(tmp_path.iterdir()) == []
    write_folder(tmp_path / "f", lambda folder: (folder / "x").write_text("1"))
    assert (tmp_path / "f" / "x").read_text() == "1"


def test_sums_tell_damage_and_loss_and_a_folder_without_sums_is_taken_as_it_is(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a", "sub/b"):
        (tmp_path / name).write_text(name)
    assert check_sums(tmp_path) is None
    write_sums(tmp_path)
    assert check_sums(tmp_path) is None
    (tmp_path / "sub/b").write_text("c")
    assert check_sums(tmp_path) == "sub/b is damaged"
    (tmp_path / "sub/b").unlink()
    assert check_sums(tmp_path) == "sub/b is missing"
    (tmp_path / "SHA256SUMS").write_text("gibberish")
    assert "cannot be read" in check_sums(tmp_path)


HOLD = """
import sys
from pathlib import Path
from basalt_iq.locks import owned
with owned(Path(sys.argv[1]), "training"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_hears_who_holds_the_folder_and_a_kill_lets_go(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(UserError, match=f"in use by training, process {other.pid} of"),
            owned(tmp_path, "x"),
        ):
            pass
        other.kill()
    with owned(tmp_path, "x"):
        pass

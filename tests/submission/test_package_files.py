"""Packages hold what is ours by list: nothing else that lies in the folders."""

import shutil
from pathlib import Path

import pytest

import basalt_iq
from basalt_iq.submission import package_files
from basalt_iq.submission.building import AICROWD_2021, Particulars, build_package
from basalt_iq.submission.checking import _contents

ROOT = Path(basalt_iq.__file__).resolve().parents[1]
ROOMS = ("agent", "data", "play", "submission", "train", "watch", "world", "basalt_iq")
PLANTED = (".env", ".netrc", "settings.json", "wandb/settings", "private.mp4", ".git/config", "id_rsa")


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A copy of the source tree without git, with secrets in every room."""
    tree = tmp_path / "tree"
    for room in ROOMS:
        shutil.copytree(ROOT / room, tree / room, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stranger.py").write_text("SECRET = 1\n")
    for place in (*(tree / room for room in ROOMS), tree / "submission/templates/aicrowd-2021"):
        for name in PLANTED:
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text("machine example.org login me password hunter2\n")
        (place / "linked").symlink_to(outside)
    monkeypatch.setattr(basalt_iq, "__file__", str(tree / "basalt_iq/__init__.py"))
    monkeypatch.setattr(package_files, "_installed", lambda root: [])
    return tree


def test_a_tree_full_of_secrets_gives_the_same_files_as_git(planted, monkeypatch):
    found = package_files.package_files()
    monkeypatch.undo()
    tracked = package_files._in_git(Path(basalt_iq.__file__).parent)
    if not tracked:
        pytest.skip("not a clone")
    assert set(found) == {name for name in tracked if not name.endswith(package_files.LEFT_OUT)}


def test_a_package_holds_no_secret_and_the_check_sees_planted_ones(
    planted, checkpoint, tmp_path, monkeypatch
):
    package = tmp_path / "package"
    build_package(AICROWD_2021, [checkpoint], package, Particulars())
    assert list(package_files.private(package)) == []
    names = {path.name for path in package.rglob("*")}
    assert not names & {".env", ".netrc", "settings.json", "settings", "private.mp4", "id_rsa", "stranger.py"}
    assert (package / "postBuild").stat().st_mode & 0o111
    for name, text in ((".env", "x"), ("notes.txt", "WANDB_API_KEY=0123456789abcdef0123"), ("b/id_rsa", "x")):
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_text(text)
    rows = {row.check: row for row in _contents(package)}
    assert rows["nothing private in it"].detail == ".env, b/id_rsa, notes.txt (a key or password in it)"

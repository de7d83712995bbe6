"""Which files our package consists of: by list, never whatever else lies in its folders."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath

import basalt_iq

#: What a source tree without git holds of ours, by the ends of names.
KINDS = (".py", ".html", ".css", ".js", ".template", ".LICENSE")
TEMPLATE_KINDS = (*KINDS, ".txt", ".yml", ".sh", "postBuild", "Dockerfile")
LEFT_OUT = ("py.typed",)
#: Names of files that are somebody's own.
PRIVATE_NAMES = re.compile(
    r"(^|/)(\.(?!keep$)[^/]*|wandb|id_(rsa|dsa|ecdsa|ed25519)|credentials[^/]*|secrets?[^/]*|"
    r"[^/]*\.(pem|key|p12|pfx|kdbx|mp4|mkv|avi|webm|jsonl))(/|$)", re.I,
)  # fmt: skip
#: Texts that open doors.
PRIVATE_TEXT = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bhf_[A-Za-z0-9]{30,}|\bAKIA[0-9A-Z]{16}\b"
    rb"|\bgh[pousr]_[A-Za-z0-9]{30,}|(?m:^\s*machine\s+\S+\s+login\s)"
    rb"|(?i:\b(wandb_api_key|aws_secret_access_key|api[_-]?token)\s*[=:]\s*['\"]?\w{16,})"
)


def package_files() -> list[str]:
    """Every file of our package, relative to it, with the rooms as sub-packages."""
    assert basalt_iq.__file__
    root = Path(basalt_iq.__file__).parent
    names = _installed(root) or _in_git(root) or _by_kind(root)
    return sorted(name for name in names if PurePosixPath(name).name not in LEFT_OUT)


def copy_files(names: list[str], source: Path, target: Path) -> None:
    """Copy files of a list, and no links."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, target / name)


def private(folder: Path) -> Iterator[str]:
    """What in a package is nobody's business but its builder's: name, or name and what is in it."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield f"{name} (a link)"
        elif path.is_file() and PRIVATE_NAMES.search(name):
            yield name
        elif path.is_file() and path.stat().st_size < 8 << 20 and PRIVATE_TEXT.search(path.read_bytes()):
            yield f"{name} (a key or password in it)"


def _installed(root: Path) -> list[str]:
    """From the record of a wheel; an editable install has none of our files in its own."""
    files = metadata.files("basalt-iq") or []
    ours = [PurePosixPath(file) for file in files if file.parts[0] == root.name and file.suffix != ".pyc"]
    named = [file.relative_to(root.name).as_posix() for file in ours if (root.parent / file).is_file()]
    return named if "__init__.py" in named else []


def _rooms(root: Path) -> dict[str, Path]:
    """Sub-package -> where it lies; in a source tree it is a link to a folder beside ours."""
    beside = root.resolve().parent
    found = {path.name: path.resolve() for path in root.iterdir() if path.is_dir()}
    return {name: path for name, path in found.items() if path.is_relative_to(beside) and _is_package(path)}


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").is_file()


def _in_git(root: Path) -> list[str]:
    """What git tracks, in a clone of ours."""
    top = root.resolve().parent
    if not (top / ".git").exists():
        return []
    try:
        told = subprocess.run(["git", "-C", str(top), "ls-files", "-z"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    tracked = [name for name in told.stdout.decode().split("\0") if (top / name).is_file()]
    places = {path.relative_to(top).as_posix(): name for name, path in _rooms(root).items()}
    own = f"{root.name}/"
    named = [name.removeprefix(own) for name in tracked if name.startswith(own)]
    for place, room in places.items():
        named += [f"{room}/{n.removeprefix(place + '/')}" for n in tracked if n.startswith(place + "/")]
    return [name for name in named if not (root / name).is_symlink()]


def _by_kind(root: Path) -> list[str]:
    """Sources and pages by the ends of their names, without hidden files and links."""
    named = []
    for prefix, folder in {"": root, **{f"{n}/": p for n, p in _rooms(root).items()}}.items():
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            kinds = TEMPLATE_KINDS if name.startswith("templates/") else KINDS
            ours = name.endswith(kinds) and not PRIVATE_NAMES.search(name)
            if ours and path.is_file() and not _linked(path, folder):
                named.append(prefix + name)
    return [name for name in named if "__pycache__" not in name]


def _linked(path: Path, folder: Path) -> bool:
    within = [path, *(parent for parent in path.parents if folder in parent.parents)]
    return any(part.is_symlink() for part in within)

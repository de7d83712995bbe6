"""House rules that no linter knows."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("agent", "basalt_iq", "data", "play", "submission", "train", "watch", "world")


def sources():
    for room in ROOMS:
        for file in sorted((ROOT / room).glob("**/*.py")):
            if "templates" not in file.parts and not any(parent.is_symlink() for parent in file.parents):
                yield file


def untyped(function: ast.FunctionDef) -> bool:
    arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    named = [a for a in arguments if a.arg not in ("self", "cls")]
    returns = function.returns is not None or function.name == "__init__"
    return not returns or any(a.annotation is None for a in named)


def compiled(function: ast.FunctionDef) -> bool:
    return any("njit" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_only_compiled_functions_leave_out_types():
    """Numba infers theirs; comments say what the arguments are. (mypy leaves whole files of them alone.)"""
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in sources()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and untyped(node) and not compiled(node)
    ]
    assert found == []


def test_what_is_built_holds_every_room(request, monkeypatch):
    dist = pytest.importorskip("setuptools.dist").Distribution()
    monkeypatch.chdir(request.config.rootpath)
    dist.parse_config_files(["pyproject.toml"])
    rooms = {"world", "data", "agent", "play", "train", "watch", "submission"}
    assert {"basalt_iq", *(f"basalt_iq.{room}" for room in rooms)} <= set(dist.packages)

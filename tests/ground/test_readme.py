"""The Python of README and docs, as it stands there; and the docs as a site."""

import re
import subprocess
import sys

import pytest


def blocks(path):
    return re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL)


def run(code, folder):
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_readmes_example_runs_on_a_small_demo(small_demo, tmp_path, request):
    (code,) = blocks(request.config.rootpath / "README.md")
    said = run(code.replace("runs/demo/", f"{small_demo.out}/"), tmp_path)
    assert len(said) == 4


@pytest.mark.parametrize("page", ["api", "world"])
def test_the_docs_examples_run(page, tmp_path, request):
    for code in blocks(request.config.rootpath / f"docs/{page}.md"):
        run(code, tmp_path)


def test_the_site_is_whole(tmp_path, request):
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=request.config.rootpath, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "load_agent" in (tmp_path / "site/api/index.html").read_text()

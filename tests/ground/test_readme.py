"""The README's Python, as it stands there, on a small demo."""

import re
import subprocess
import sys


def test_its_example_runs(small_demo, tmp_path, request):
    (block,) = re.findall(r"```python\n(.*?)```", (request.config.rootpath / "README.md").read_text(), re.DOTALL)
    code = block.replace("runs/demo/", f"{small_demo.out}/")
    assert code != block
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4

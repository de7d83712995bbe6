"""Whoever interrupts a command is not kept waiting by its workers."""

import signal
import subprocess
import sys
import time

SLEEPERS = """
import signal, time
from basalt_iq.jobs import run_jobs
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
if __name__ == "__main__":
    print("ready", flush=True)
    for _ in run_jobs(time.sleep, [600, 0, 600, 600], workers=2):
        print("first", flush=True)
"""


def test_ctrl_c_to_the_parent_alone_ends_it_within_seconds(tmp_path):
    script = tmp_path / "sleepers.py"
    script.write_text(SLEEPERS)
    process = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "first\n"]
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert process.returncode != 0
    assert errors.count("Traceback") == 1

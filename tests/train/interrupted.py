"""Trains again and again in forked processes, each disturbed at another moment; prints how it came out.

    python tests/train/interrupted.py STORE FOLDER kill|fail [--every N] [--first N] [--online]

Every file operation in the run folder (Python's audit events, and every wait for the disk) is in turn the
one at which the process is killed, or that fails for want of space. The same training is then repeated
undisturbed, and its weights, metrics and agent are compared with those of one that was never disturbed.
"""

import argparse
import errno
import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.errors import UserError
from basalt_iq.files import digest
from basalt_iq.train.config import LearnerConfig, OnlineConfig, TrainConfig
from basalt_iq.train.loop import train
from basalt_iq.train.process import tune_process

CHANGES = {
    "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree", "os.truncate", "tempfile.mkstemp",
    "tempfile.mkdtemp", "os.chmod",
}  # fmt: skip
TINY = TrainConfig(
    steps=6, batch=2, length=8, burn_in=2, grid=4, repeat=1, mirror=False, check_every=2, log_every=1,
    action_count=8, held_out=0.2, device="cpu", network=NetworkConfig(features=8, hidden=8, stack=2),
    learner=LearnerConfig(precision="float32"),
)  # fmt: skip
PLAYING = replace(TINY, online=OnlineConfig(online=True, worlds=1, online_steps=4, start_after=2))


class Disturbance:
    """Counts the operations that change `folder`; at the `at`-th it kills or fails."""

    def __init__(self, folder, at, kind):
        self.folder, self.at, self.kind, self.count = str(folder), at, kind, 0

    def hook(self, event, arguments):
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) if isinstance(flags, int) else False
            if isinstance(mode, str):
                writes |= any(letter in mode for letter in "wax+")
        elif event in CHANGES:
            path, writes = arguments[0], True
        else:
            return
        if writes and isinstance(path, str | Path) and str(path).startswith(self.folder):
            self.hit(path)

    def hit(self, path):
        self.count += 1
        if self.count == self.at:
            if self.kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def disturb(folder, at, kind):
    disturbance, fsync = Disturbance(folder, at, kind), os.fsync
    sys.addaudithook(disturbance.hook)

    def counted(handle):
        disturbance.hit(folder)
        fsync(handle)

    os.fsync = counted
    return disturbance


def in_child(job):
    """(how it ended, what it said)"""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            said = job()
        except UserError as error:
            said = f"refused: {error}"
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            said = f"traceback: {error!r}"
        os.write(write, str(said).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    return status, said


def outcome(run):
    """What must not depend on any disturbance."""
    newest = max((run / "checkpoints").iterdir())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    weights = [digest(f / "weights.safetensors") for f in (newest, run / "agent")]
    return weights, [{**line, "seconds": 0} for line in lines]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kind", choices=["kill", "fail"])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--online", action="store_true")
    args = parser.parse_args()
    config, whole = PLAYING if args.online else TINY, args.folder / "whole"

    def counting():
        disturbance = disturb(whole, 0, args.kind)
        tune_process()
        train(config, args.store, whole)
        return disturbance.count

    _, count = in_child(counting)
    wanted, wrong, said = outcome(whole), {}, set()
    moments = range(args.first, int(count) + 1, args.every)
    for at in moments:
        run = args.folder / f"run-{at}"

        def disturbed(run=run, at=at):
            disturb(run, at, args.kind)
            tune_process()
            return train(config, args.store, run).steps

        def again(run=run):
            tune_process()
            return train(config, args.store, run).steps

        _, first = in_child(disturbed)
        if first.startswith("traceback"):
            wrong[at] = first
        said.add(first.replace(str(run), "RUN")[:200])
        _, second = in_child(again)
        if second != str(config.steps):
            wrong[at] = f"then: {second}"
        elif outcome(run) != wanted:
            wrong[at] = "another outcome"
        if at not in wrong:
            shutil.rmtree(run, ignore_errors=True)
    print(json.dumps({"tried": len(moments), "wrong": wrong, "said": sorted(said)}))


if __name__ == "__main__":
    main()

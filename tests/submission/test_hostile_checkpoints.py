"""A checkpoint from a stranger cannot run code, fill memory or disk, or read outside of its folder."""

import json
import os
import pickle
import resource
import struct
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.errors import UserError
from basalt_iq.submission.building import AICROWD_2021, Particulars, build_package


class Bomb:
    """What unpickling would execute."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def edit(checkpoint, change):
    path = checkpoint / "agent.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_a_pickle_is_not_loaded(checkpoint, tmp_path):
    trap = tmp_path / "trap"
    for payload in (pickle.dumps(Bomb(str(trap))), b"PK\x03\x04"):
        (checkpoint / "weights.safetensors").write_bytes(payload)
        with pytest.raises(UserError, match=r"weights\.safetensors"):
            load_agent(checkpoint)
    torch.save({"head.bias": Bomb(str(trap))}, checkpoint / "weights.safetensors")
    with pytest.raises(UserError, match=r"weights\.safetensors"):
        load_agent(checkpoint)
    assert not trap.exists()


def header(data, size=None):
    text = json.dumps(data).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        header({}, size=1 << 62),
        header({"head.bias": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}),
        header({"head.bias": {"dtype": "F32", "shape": [4], "data_offsets": [-8, 8]}}),
        header({"head.bias": {"dtype": "F32", "shape": [4], "data_offsets": [1 << 63, (1 << 63) + 16]}}),
        b"[" * 100_000,
    ],
    ids=["empty", "noise", "huge header", "huge tensor", "before the file", "after the file", "brackets"],
)
def test_headers_that_lie(checkpoint, content):
    (checkpoint / "weights.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"weights\.safetensors"):
        load_agent(checkpoint)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["network"].update(hidden=10**9),
        lambda d: d["network"].update(stack=-1),
        lambda d: d["network"].update(encoder="../../etc/passwd"),
        lambda d: d["network"].update(size="64; rm -rf"),
        lambda d: d.update(task="../../../etc"),
        lambda d: d.update(era=10**30),
        lambda d: d.update(format=2),
        lambda d: d["observation"].update(items=["a"] * 10**6),
        lambda d: d["observation"].update(size=10**6),
        lambda d: d["actions"].update(actions=[]),
        lambda d: d["actions"]["actions"][0].update(buttons=["__class__"]),
        lambda d: d.update(actions=None),
        lambda d: d.update(temperature="nan"),
        lambda d: d.update(temperature=0.0),
        lambda d: d.update(discount=float("inf")),
    ],
)
def test_descriptions_that_lie(checkpoint, change):
    edit(checkpoint, change)
    with pytest.raises(UserError):
        load_agent(checkpoint)


def test_json_bombs(checkpoint):
    path = checkpoint / "agent.json"
    for content in ("[" * 200_000, "9" * 100_000, " " * (9 << 20), "{}", "[]", "\x00", '{"format": NaN}'):
        path.write_text(content)
        with pytest.raises(UserError, match=r"agent\.json"):
            load_agent(checkpoint)


def test_weights_that_are_no_numbers(checkpoint):
    weights = load_file(checkpoint / "weights.safetensors")
    for value in (float("nan"), float("inf")):
        weights["head.bias"][0] = value
        save_file(weights, checkpoint / "weights.safetensors")
        with pytest.raises(UserError, match=r"head\.bias.*not finite"):
            load_agent(checkpoint)


def test_a_link_out_of_the_folder_is_not_copied_into_a_package(checkpoint, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("do not publish")
    (checkpoint / "weights.safetensors").unlink()
    (checkpoint / "weights.safetensors").symlink_to(secret)
    with pytest.raises(UserError, match=r"weights\.safetensors"):
        build_package(AICROWD_2021, [checkpoint], tmp_path / "package", Particulars())
    assert not (tmp_path / "package").exists()


def test_a_device_that_never_ends_is_not_read(checkpoint):
    for name in ("weights.safetensors", "agent.json"):
        (checkpoint / name).unlink()
        (checkpoint / name).symlink_to("/dev/zero")
        with pytest.raises(UserError, match=name.replace(".", r"\.")):
            load_agent(checkpoint)


def test_the_largest_description_allowed_stays_within_memory(checkpoint):
    """A network at every limit would take terabytes: it must be refused before it is made."""
    edit(checkpoint, lambda d: d["network"].update(width=16, features=8192, hidden=8192, size=1024, stack=64))
    code = f"""
import pathlib
from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.errors import UserError
try:
    load_agent(pathlib.Path({str(checkpoint)!r}))
except UserError as error:
    print("refused", error)
"""
    limit = 8 << 30

    def small():
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=60, preexec_fn=small, check=False
    )
    assert result.stdout.startswith("refused"), result.stderr[-500:]

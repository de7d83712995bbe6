"""Recording straight into a store: what `data ingest` would have made, but with exact frames."""

import json
import subprocess
import sys

import numpy as np
import pytest

from basalt_iq.data.store import Store
from basalt_iq.errors import UserError
from basalt_iq.play.commands import Record

RECORD = ["data", "record", "--n", "2", "--max-steps", "30", "--keep-failures", "--workers", "1", "--json"]


def call(*words):
    line = [sys.executable, "-m", "basalt_iq", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("era", ["2021", "2022"])
def test_a_store_has_what_the_ingested_data_set_has(tmp_path, era):
    """But for the pixels, which no video has touched; a second call finds all there."""
    options = [*RECORD, "--era", era]
    done = call(*options, "--store", tmp_path / "direct")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["recorded"] == 2
    again = call(*options, "--store", tmp_path / "direct")
    assert json.loads(again.stdout)["outcomes"] == json.loads(done.stdout)["outcomes"]
    assert call(*options, tmp_path / "videos").returncode == 0
    assert call("data", "ingest", tmp_path / "videos", "--store", tmp_path / "ingested").returncode == 0
    ours, theirs = (Store.open(tmp_path / name).select("FindCave") for name in ("direct", "ingested"))
    assert len(ours) == len(theirs) == 2
    for one, other in zip(ours, theirs, strict=True):
        one.verify()
        assert (one.length, one.era, one.success) == (other.length, other.era, other.success)
        assert one.about.ended == other.about.ended
        for column in ("buttons", "camera", "equip", "inventory", "equipped"):
            assert np.allclose(getattr(one, column), getattr(other, column), atol=1e-3), column
        assert np.abs(one.frames[:].astype(int) - other.frames[:]).mean() < 6
        assert one.meta["seed"] in (0, 1)


def test_where_to_is_said_once(tmp_path):
    for options, words in (
        ({}, "either"),
        ({"out": tmp_path, "store": tmp_path}, "either"),
        ({"store": tmp_path, "player": "keyboard"}, "a person"),
        ({"store": tmp_path, "size": 0}, "--size 0: must be at least 1"),
    ):
        with pytest.raises(UserError, match=words):
            Record(**options).run()

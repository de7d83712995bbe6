"""What version 0.1 (format 1) wrote is opened for ever: kept in tests/golden, made by that version itself."""

import hashlib
import shutil
from pathlib import Path

import numpy as np

from basalt_iq.data.check import check
from basalt_iq.data.ingest import ingest
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store

GOLDEN = Path(__file__).parents[1] / "golden"
COLUMNS = ("buttons", "camera", "equip", "inventory", "equipped")
#: Name -> steps, and the beginning of the SHA-256 of frames and columns as version 0.1 read them.
HELD = {
    "nimble-hazelnut-troll-000000000000-20220701-000000": (
        6,
        "3c877bed6d93dc14",
    ),
    "v4_calm_mango_troll-1_0-24": (24, "8443e3c39bf326a4"),
    "v4_nimble_hazelnut_troll-0_0-24": (
        24,
        "04ad33b1adbe9a98",
    ),
}


def sum_of(trajectory):
    sha = hashlib.sha256()
    for name in ("frames", *COLUMNS):
        sha.update(np.ascontiguousarray(getattr(trajectory, name)).tobytes())
    return sha.hexdigest()[:16]


def test_a_store_of_format_1_reads_as_it_did():
    store = Store.open(GOLDEN / "store-0.1")
    assert {one.name: (one.length, sum_of(one)) for one in store.select()} == HELD
    assert store.tasks() == {"FindCave": 2, "MakeWaterfall": 1}
    assert [one.meta["seed"] for one in store.select("FindCave")] == [1, 0]
    for one in store.select():
        one.verify()
        assert one.counts().ticks == one.length


def test_its_demonstrations_are_told_apart_by_content_and_wherever_they_lie(tmp_path):
    shutil.copytree(GOLDEN / "store-0.1", tmp_path / "elsewhere")
    old, moved = Store.open(GOLDEN / "store-0.1"), Store.open(tmp_path / "elsewhere")
    assert old.fingerprint() == moved.fingerprint()
    assert len({one.digest for one in old.select()}) == 3


def test_it_is_added_to_and_what_it_holds_is_known(tmp_path, demos):
    shutil.copytree(GOLDEN / "store-0.1", tmp_path / "store")
    store = Store.create(tmp_path / "store", size=16)
    before = {one.name: one.digest for one in store.select()}
    demos.write_2021(tmp_path / "new")
    for root, added, known in ((GOLDEN / "demos-0.1", 0, 2), (tmp_path / "new", 1, 0)):
        report = ingest(find_sources(root).sources, store, workers=1)
        assert (len(report.added), report.known, report.findings) == (added, known, [])
    after = {one.name: one.digest for one in Store.open(tmp_path / "store").select()}
    assert before.items() < after.items()


def test_its_recordings_are_read_as_it_read_them(tmp_path):
    sources = find_sources(GOLDEN / "demos-0.1").sources
    diagnoses, _ = check(sources, workers=1)
    assert [one.steps for one in diagnoses] == [24, 6]
    assert not any(finding.fault for one in diagnoses for finding in one.findings)
    store = Store.create(tmp_path, size=16)
    ingest(sources, store, workers=1)
    then = {one.name: one for one in Store.open(GOLDEN / "store-0.1").select()}
    for one in store.select():
        for column in COLUMNS:
            assert np.array_equal(getattr(one, column), getattr(then[one.name], column))
        assert np.abs(one.frames[:].astype(int) - then[one.name].frames[:]).max() <= 1

"""What others may have written: mutated JSON, names that terminals obey, bytes that are no text."""

import json
import os
import random
import shutil
import signal

import pytest

from basalt_iq.cli import main
from basalt_iq.data.ingest import ingest
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store
from basalt_iq.data.work_list import from_index
from basalt_iq.errors import UserError

CASES = 2000
SECONDS = 20
VALUES = [
    *("x", "", None, True, -1, 0, 1.5, 1e300, 10**30, [], {}, [None], float("nan"), float("inf"), 2**31),
    *("\ud800", "\x1b[2J", "a" * 10_000, [[]] * 50, {"a": {"b": {}}}, "../../x", 2**63),
]


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def mutated(value, rng):
    """Text of a JSON value with something in it replaced, dropped, doubled or cut."""
    kind = rng.choice(("replace", "replace", "replace", "drop", "cut", "flip"))
    path = rng.choice([place for place in places(value) if place])
    value = json.loads(json.dumps(value))
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if kind == "replace":
        inner[path[-1]] = rng.choice(VALUES)
    elif kind == "drop":
        del inner[path[-1]]
    raw = bytearray(json.dumps(value, allow_nan=True).encode())
    if kind == "cut":
        del raw[rng.randrange(len(raw)) :]
    elif kind == "flip":
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


@pytest.fixture
def store(tmp_path, demos):
    demos.write_2021(tmp_path / "demos", "v4_a-1_0-30", success=True)
    result = Store.create(tmp_path / "store")
    ingest(find_sources(tmp_path / "demos").sources, result, workers=1)
    return result.path


@pytest.fixture
def bounded():
    """Whatever hangs is an error."""

    def late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    yield lambda: signal.alarm(SECONDS)
    signal.alarm(0)


def use(path):
    """Everything that a command does with a store's records."""
    store = Store.open(path)
    for one in store.select():
        one.counts().facts()
        assert one.success in (True, False, None)
        assert isinstance(one.about.ended, bool)
        _ = one.camera, one.frames[0], one.about.origins(), one.digest
    return store.tasks()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["manifest.json", "FindCave/v4_a-1_0-30/trajectory.json"])
def test_mutated_records_of_a_store_are_read_or_refused_in_a_line(store, bounded, name):
    file = store / name
    sound, rng, refused = json.loads(file.read_text()), random.Random(0), []
    for _ in range(CASES):
        file.write_bytes(mutated(sound, rng))
        bounded()
        try:
            use(store)
        except UserError as error:
            refused.append(str(error))
    assert all("\n" not in text and str(store) in text for text in refused)
    assert len(refused) > CASES // 10


def test_mutated_indexes_are_read_or_refused_in_a_line(bounded):
    sound = {"basedir": "http://x/y/", "relpaths": ["dir/a-1-20220701-000000.mp4", "b.mp4", "c/d.mp4"]}
    rng, refused = random.Random(0), []
    for _ in range(CASES):
        bounded()
        try:
            work = from_index(mutated(sound, rng), "index.json")
        except UserError as error:
            refused.append(str(error))
            continue
        for entry in work.entries:
            assert not any(file.startswith(("/", "../")) or "/../" in file for file in entry.files)
        json.dumps([entry.files for entry in work.entries], allow_nan=False)
    assert all(text.startswith("index.json: ") and "\n" not in text for text in refused)


@pytest.mark.parametrize("name", ["manifest.json", "FindCave/v4_a-1_0-30/trajectory.json"])
@pytest.mark.parametrize("what", ["pipe", "folder", "huge", "nested", "empty"])
def test_what_is_no_record_at_all(store, bounded, name, what):
    file = store / name
    file.unlink()
    if what == "pipe":
        os.mkfifo(file)
    elif what == "folder":
        file.mkdir()
    elif what == "huge":
        with open(file, "wb") as sparse:
            sparse.truncate(1 << 40)
    else:
        file.write_text("[" * 1_000_000 if what == "nested" else "")
    bounded()
    with pytest.raises(UserError, match=file.name):
        use(store)


def shown(capsys, *words):
    with pytest.raises(SystemExit) as exit:
        main(["data", *map(str, words)])
    return exit.value.code, capsys.readouterr().err


def test_escapes_in_names_are_shown_and_not_obeyed(tmp_path, demos, capsys):
    root = tmp_path / "demos"
    folder = demos.write_2021(root, "v4_a\x1b[2J\x07-1_0-30")
    bad = demos.write_2021(root, "v4_b\x1b]0;x\x07-1_0-30", demos.steps_2021(seed=1))
    (bad / "recording.mp4").unlink()
    store = tmp_path / "store"
    for words in (("check", root), ("ingest", root, "--store", store), ("show", store)):
        _, text = shown(capsys, *words, *(("--workers", 1) if words[0] != "show" else ()))
        assert not {"\x1b", "\x07"} & set(text.replace("\x1b[?25", ""))
        assert "\\x1b" in text
    assert folder.exists()


def test_names_that_are_no_text_are_shown(tmp_path, demos, capsys):
    folder = demos.write_2021(tmp_path / "demos", "v4_a-1_0-30")
    named = folder.rename(os.fsdecode(os.fsencode(folder.parent) + b"/v4_caf\xe9-1_0-30"))
    assert named.exists()
    store = tmp_path / "store"
    assert shown(capsys, "check", tmp_path / "demos", "--workers", 1)[0] == 0
    assert shown(capsys, "ingest", tmp_path / "demos", "--store", store, "--workers", 1)[0] == 0
    code, text = shown(capsys, "show", store)
    assert code == 0
    assert "v4_caf\\udce9" in text.replace("\n", "")
    shutil.rmtree(store)

"""2,000 seeded corruptions: each is read exactly as before or reported by name, never anything else."""

import json
import random
import shutil
import signal
from collections import Counter

import numpy as np
import pytest

from basalt_iq.contract import find_task
from basalt_iq.data import era2021
from basalt_iq.data.check import examine
from basalt_iq.data.defects import Finding
from basalt_iq.data.era2021 import Stream2021
from basalt_iq.data.era2022 import Demo2022, Pair
from basalt_iq.data.reading import read_around, remarks_on

CASES = 1000
SECONDS = 60
JUNK = ["x", "", None, True, -1, 1.5, 1e300, 10**30, [], {}, [None], float("nan"), 2**31]


def flip(file, rng):
    content = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 1, 4, 64))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def cut(file, rng):
    content = file.read_bytes()
    file.write_bytes(content[: rng.randrange(len(content))])


def grow(file, rng):
    file.write_bytes(file.read_bytes() + rng.randbytes(rng.randrange(1, 200)))


def drop(file, rng):
    file.unlink()


def spoil(value, rng):
    """Drop or replace something somewhere in a JSON value."""
    while True:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if isinstance(value[key], (dict, list)) and value[key] and rng.random() < 0.7:
            value = value[key]
        else:
            break
    if rng.random() < 0.4:
        del value[key]
    else:
        value[key] = rng.choice(JUNK)


def edit_json(file, rng):
    value = json.loads(file.read_text())
    spoil(value, rng)
    file.write_text(json.dumps(value))


def edit_lines(file, rng):
    lines = file.read_text().splitlines()
    at = rng.randrange(len(lines))
    kind = rng.choice(("spoil", "spoil", "spoil", "drop", "double", "swap"))
    if kind == "spoil":
        value = json.loads(lines[at])
        spoil(value, rng)
        lines[at] = json.dumps(value)
    elif kind == "drop":
        del lines[at]
    elif kind == "double":
        lines.insert(at, lines[at])
    else:
        lines[at], lines[0] = lines[0], lines[at]
    file.write_text("\n".join(lines) + "\n")


def edit_arrays(file, rng):
    with np.load(file) as arrays:
        arrays = {key: arrays[key] for key in arrays.files}
    key = rng.choice(list(arrays))
    array = arrays[key]
    number = array.dtype.kind in "iuf"
    changes = {
        "drop": lambda: None,
        "shorten": lambda: array[: rng.randrange(len(array))],
        "lengthen": lambda: np.concatenate([array, array[:1]]),
        "type": lambda: array.astype(rng.choice(["U8", "f8", "O", "?", "c8"] if number else ["O", "S8"])),
        "shape": lambda: array[None],
        "scalar": lambda: array[0],
        "huge": lambda: np.full(array.shape, 10**9 if number else "diamond"),
        "nan": lambda: np.full(array.shape, np.nan),
    }
    changed = changes[rng.choice(list(changes))]()
    arrays = {k: v for k, v in arrays.items() if k != key} | ({} if changed is None else {key: changed})
    np.savez_compressed(file, **arrays)


EDITORS = {".json": edit_json, ".jsonl": edit_lines, ".npz": edit_arrays}


def corrupt(files, rng):
    file = rng.choice(files)
    kinds = [flip, flip, cut, grow, drop] + [EDITORS.get(file.suffix, flip)] * 6
    kind = rng.choice(kinds)
    kind(file, rng)
    return kind.__name__


def demo_2021(root, demos):
    demos.write_2021(root, lead_in=2)


def demo_2022(root, demos):
    demos.write_2022(root, sizes=[12, 18], seed=1)


def source_2021(root):
    (folder,) = root.glob("*/v4_*")
    return Stream2021(folder, find_task("FindCave"))


def source_2022(root):
    (folder,) = root.iterdir()
    stem = "calm-fig-troll-000000000001-20220701-00"
    return Demo2022((Pair(folder / f"{stem}0000"), Pair(folder / f"{stem}0500")), find_task("FindCave"))


def read(source):
    """([(steps, frames) of each run], findings), by the way that check and ingest go."""
    runs, findings = [], []

    def one(run):
        frames = []
        return run.read(64, frames.append), np.array(frames)

    for result in read_around(source, one):
        if isinstance(result, Finding):
            findings.append(result)
        else:
            runs.append(result)
            findings += remarks_on(result[0])
            assert len(result[1]) == result[0].length + 1
    return runs, findings


def part_of(run, original):
    """Whether a run holds ticks of the original that follow each other, in actions and in pixels."""
    (steps, frames), (whole, shown) = run, original
    n = steps.length
    return any(
        all(np.array_equal(getattr(steps, c), getattr(whole, c)[at : at + n]) for c in ("buttons", "camera"))
        and np.array_equal(frames[:n], shown[at : at + n])
        for at in range(whole.length - n + 1)
    )


def judge(source, original, same):
    """same, reported, or how the demonstration differs unnoticed."""
    runs, findings = read(source)
    for finding in findings:
        assert str(source.files[0].parent) in str(finding), finding
        assert "; " in str(finding) or not finding.fault
    if len(runs) == 1 and not findings:
        steps, frames = runs[0]
        if same(steps, original[0]) and np.array_equal(frames, original[1]):
            return "same"
        if examine(source).findings:
            return "reported"
        return "other length" if steps.length != original[0].length else unlike(steps, original, same)
    if not all(part_of(run, original) for run in runs):
        return "parts reported, other values in the rest"
    return "reported"


def unlike(steps, original, same):
    return "other pixels" if same(steps, original[0]) else "other actions"


@pytest.mark.slow
@pytest.mark.parametrize(("make", "find"), [(demo_2021, source_2021), (demo_2022, source_2022)])
def test_corrupted_demos_are_read_as_before_or_reported(tmp_path, demos, same, make, find):
    """With checksums, as we write them, without exception. Without, what no format can tell is counted:
    a changed digit or pixel that leaves the demonstration valid, and of the right length."""
    sound, copy = tmp_path / "sound", tmp_path / "copy"
    make(sound, demos)
    ((original,), _) = read(find(sound))
    with_sums, without = Counter(), Counter()

    def late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    for seed in range(CASES):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(sound, copy)
        sums = [*copy.rglob(era2021.SUMS), *copy.rglob("*.sha256")]
        files = sorted(file for file in copy.rglob("*") if file.is_file() and file not in sums)
        rng = random.Random(seed)
        signal.alarm(SECONDS)
        kind = corrupt(files, rng)
        with_sums[judge(find(copy), original, same)] += 1
        for file in sums:
            file.unlink()
        outcome = judge(find(copy), original, same)
        without[outcome] += 1
        assert outcome != "other length", (seed, kind)
        signal.alarm(0)
    print(f"with checksums {dict(with_sums)}, without {dict(without)}")
    assert set(with_sums) <= {"same", "reported"}, (with_sums, without)
    unnoticed = without["other pixels"] + without["other actions"]
    unnoticed += without["parts reported, other values in the rest"]
    assert unnoticed < CASES * 0.2, without

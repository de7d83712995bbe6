"""Whatever is wrong with demonstrations: `data check` finds what `data ingest` refuses, and nothing else."""

import random
import shutil

import pytest

from basalt_iq.data.check import check
from basalt_iq.data.ingest import ingest
from basalt_iq.data.sources import find_sources
from basalt_iq.data.store import Store

ROUNDS = 40


def flip(file, rng):
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def cut(file, rng):
    file.write_bytes(file.read_bytes()[: rng.randrange(file.stat().st_size)])


def drop(file, rng):
    file.unlink()


def lose_lines(file, rng):
    lines = file.read_bytes().splitlines(keepends=True)
    at = rng.randrange(len(lines))
    del lines[at : at + rng.randrange(1, 4)]
    file.write_bytes(b"".join(lines))


def spoil_a_line(file, rng):
    lines = file.read_bytes().splitlines(keepends=True)
    lines[rng.randrange(len(lines))] = b"{\n"
    file.write_bytes(b"".join(lines))


def double(file, rng):
    shutil.copytree(file.parent, file.parent.with_name(f"{file.parent.name}-copy"))


DAMAGE = (flip, cut, drop, lose_lines, spoil_a_line, double)


@pytest.mark.slow
def test_check_and_ingest_agree_on_generated_damage(tmp_path, demos):
    sound = tmp_path / "sound"
    for seed in (1, 2):
        demos.write_2021(sound, f"v4_a-{seed}_0-30", demos.steps_2021(seed=seed))
    demos.write_2022(sound, sizes=[12, 18])
    for file in (*sound.rglob("SHA256SUMS"), *sound.rglob("*.sha256")):
        file.unlink()
    refused = 0
    for seed in range(ROUNDS):
        rng, root = random.Random(seed), tmp_path / f"round-{seed}"
        shutil.copytree(sound, root)
        for _ in range(rng.randrange(1, 4)):
            files = sorted(file for file in root.rglob("*") if file.is_file() and file.stat().st_size)
            file = rng.choice(files)
            damage = rng.choice(DAMAGE if file.suffix == ".jsonl" else (flip, cut, drop))
            damage(file, rng)
        found = find_sources(root, "FindCave")
        diagnoses, together = check(found.sources, workers=1)
        noticed = [*together, *(finding for one in diagnoses for finding in one.findings)]
        report = ingest(found.sources, Store.create(tmp_path / f"store-{seed}"), workers=1)
        faults = [{(f.file, f.what) for f in part if f.fault} for part in (noticed, report.findings)]
        assert faults[0] == faults[1], seed
        assert sum(one.steps for one in diagnoses) >= report.steps
        told = {(f.file, f.what) for f in noticed}
        assert {(f.file, f.what) for f in report.findings} <= told, seed
        refused += len(faults[0])
    assert refused > ROUNDS // 4

"""Which seeds an evaluation plays."""

from __future__ import annotations

from collections.abc import Sequence

from basalt_iq.contract import find_task
from basalt_iq.errors import UserError

#: BEDD's seeds, which its importer takes and no others (minerllabs/basalt-benchmark).
BEDD_SEEDS: dict[str, tuple[int, ...]] = {
    "FindCave": (14169, 65101, 78472, 76379, 39802, 95099, 63686, 49077, 77533, 31703, 73365),
    "MakeWaterfall": (95674, 39036, 70373, 84685, 91255, 56595, 53737, 12095, 86455, 19570, 40250),
    "CreateVillageAnimalPen": (
        *(21212, 85236, 14975, 57764, 56029, 65215, 83805, 35884, 27406, 5681265, 20848),
    ),
    "BuildVillageHouse": (52216, 29342, 67640, 73169, 86898, 70333, 12658, 99066, 92974, 32150, 78702),
}
#: Worlds take seeds of 64 bits.
LARGEST = 2**63 - 1


def chosen_seeds(words: Sequence[str], task: str, first: int, count: int) -> list[int]:
    """The seeds that options name: numbers, or "bedd" for BEDD's of the task; else `count` from `first` on.

    Raises UserError for what is no seed, and for one that is named twice.
    """
    if not words:
        return [_seed(str(first), "--first-seed") + i for i in range(count)]
    seeds: list[int] = []
    for word in words:
        seeds += BEDD_SEEDS[find_task(task).name] if word == "bedd" else [_seed(word, "--seeds")]
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise UserError(f"--seeds: {', '.join(map(str, twice))} named twice; give each seed once")
    return seeds


def _seed(word: str, option: str) -> int:
    try:
        seed = int(word)
    except ValueError:
        raise UserError(f"{option} {word}: no seed; give numbers from 0, or bedd") from None
    if not 0 <= seed <= LARGEST:
        raise UserError(f"{option} {word}: seeds are from 0 to {LARGEST}")
    return seed

"""How far the world's motion is from Minecraft's: random land and keys through both, compared every tick.

    npm install --prefix benchmarks          # once: prismarine-physics, MIT
    python benchmarks/physics.py             # the certificate: both eras, every kind of scene
    python benchmarks/physics.py --golden tests/world/golden
                                             # makes the files that the tests hold the world to anew

Exits with 1 if any tick is off by more than a millimetre.
"""

import argparse
import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from physics_scenes import KINDS, SIZE, Scene, in_minecraft, scene

from basalt_iq.world import physics
from basalt_iq.world.blocks import BLOCKS

VERSIONS = {2021: "1.11.2", 2022: "1.16.5"}
MILLIMETRE = 0.001
BATCH = 100


def ours(
    land: np.ndarray, start: Sequence[float], keys: np.ndarray, era: int
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (ticks, 3) of a player in the world, and whether it sprints (ticks,)."""
    body, boxes = np.zeros(physics.BODY_SIZE), np.zeros((physics.MAX_BOXES, 6))
    path, sprints = np.zeros((len(keys), 3)), np.zeros(len(keys))
    body[:3] = start
    for tick, (forward, left, jump, sneak, sprint, yaw) in enumerate(keys):
        body[physics.YAW] = yaw
        physics.tick_body(
            land,
            body,
            forward,
            left,
            jump > 0,
            sneak > 0,
            sprint > 0,
            0.1,
            physics.WIDTH,
            physics.HEIGHT,
            boxes,
            era,
        )
        path[tick], sprints[tick] = body[:3], body[physics.SPRINTING]
    return path, sprints


def _for_node(one: Scene, sprints: np.ndarray, era: int) -> dict:
    used, cells = np.unique(one.land, return_inverse=True)
    keys = one.keys.copy()
    keys[:, 4] = sprints  # when a sprint begins and ends is not the oracle's to say: whoever calls it decides
    return {
        "size": one.land.shape,
        "palette": [in_minecraft(int(block), era) for block in used],
        "cells": base64.b64encode(cells.astype(np.uint8).tobytes()).decode(),
        "pos": one.start,
        "keys": keys.tolist(),
    }


def ask_node(asked: list[dict], era: int, *about: str) -> list[dict]:
    """What physics_oracle.js answers."""
    line = ["node", str(Path(__file__).with_name("physics_oracle.js")), VERSIONS[era], *about]
    answer = subprocess.run(line, input=json.dumps(asked), capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(
            f"node failed: {answer.stderr.strip().splitlines()[:8]}\nrun: npm install --prefix benchmarks"
        )
    return json.loads(answer.stdout)


def oracle(cases: list[dict], era: int) -> list[dict[str, np.ndarray]]:
    """Positions (ticks, 3) of each case by prismarine-physics, and the tick that it got stuck."""
    return [{k: np.array(v) for k, v in one.items()} for one in ask_node(cases, era)]


def _first(where: np.ndarray, otherwise: int) -> int:
    return int(where.argmax()) if where.any() else otherwise


def _until(answer: dict[str, np.ndarray]) -> int:
    """Ticks until the oracle's player is inside a block, or near the edge of the land."""
    path = answer["mended"]
    out = ((path[:, [0, 2]] < 2) | (path[:, [0, 2]] > SIZE - 2)).any(1) | (path[:, 1] < 2)
    return min(_first(out, len(path)), int(answer["stuck"]))


def _row(path: np.ndarray, answer: dict[str, np.ndarray]) -> tuple[float, ...]:
    until = _until(answer)
    differ = (answer["published"] != answer["mended"]).any(1)
    off = np.abs(path[:until] - answer["mended"][:until]).max(1, initial=0.0)
    stuck = until < len(path) and until == answer["stuck"]
    return until, min(until, _first(differ, until)), stuck, (off > MILLIMETRE).sum(), off.max(initial=0.0)


def compare(kind: str, era: int, cases: int, first: int) -> np.ndarray:
    """(cases, 5): ticks compared, of them judged by the package as published, whether its player got stuck,
    ticks off by more than 1 mm, worst (metres)."""
    rows = []
    for at in range(first, first + cases, BATCH):
        scenes = [scene(kind, era, seed) for seed in range(at, min(at + BATCH, first + cases))]
        paths = [ours(s.land, s.start, s.keys, era) for s in scenes]
        asked = [_for_node(s, sprints, era) for s, (_, sprints) in zip(scenes, paths, strict=True)]
        rows += [_row(path, answer) for (path, _), answer in zip(paths, oracle(asked, era), strict=True)]
    return np.array(rows, np.float64)


def _line(name: str, rows: np.ndarray) -> str:
    ticks, agreed, stuck, off = rows[:, :4].sum(0).astype(int)
    worst = 1000 * rows[:, 4].max()
    return f"| {name} | {len(rows)} | {ticks:,} | {agreed:,} | {stuck} | {off:,} | {worst:.2g} |"


def certify(eras: list[int], kinds: list[str], cases: int, first: int) -> bool:
    """Prints the certificate; whether every tick held."""
    held = True
    for era in eras:
        print(f"\nEra {era}, Minecraft {VERSIONS[era]}\n")
        print("| scene | cases | ticks | as published | stuck | off by > 1 mm | worst, mm |")
        print("| --- " * 7 + "|")
        rows = []
        for kind in kinds:
            rows.append(compare(kind, era, cases, first))
            print(_line(kind, rows[-1]), flush=True)
        print(_line("all", np.concatenate(rows)))
        held &= not np.concatenate(rows)[:, 3].any()
    return held


def write_golden(folder: Path, cases: int) -> None:
    """Writes one small file for each era: scenes, keys and where Minecraft's player is at each tick."""
    for era in VERSIONS:
        scenes = [scene(kind, era, seed) for kind in KINDS for seed in range(90_000, 90_000 + cases)]
        sprints = [ours(s.land, s.start, s.keys, era)[1] for s in scenes]
        answers = oracle([_for_node(s, r, era) for s, r in zip(scenes, sprints, strict=True)], era)
        paths = [a["mended"] for a in answers]
        used, cells = np.unique([s.land for s in scenes], return_inverse=True)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            folder / f"motion-{era}.npz",
            kinds=[s.kind for s in scenes],
            palette=[BLOCKS[block].name for block in used],
            cells=cells.reshape(len(scenes), *scenes[0].land.shape).astype(np.uint8),
            start=np.array(scenes[0].start),
            keys=np.array([s.keys for s in scenes], np.float64),
            until=np.array([_until(a) for a in answers]),
            path=np.array(paths).astype(np.float32),
        )


def write_blocks(folder: Path) -> None:
    """Writes the boxes, hardness and tools of Minecraft's blocks, by our names, one file for each era."""
    for era in VERSIONS:
        facts = ask_node([in_minecraft(i, era) for i in range(len(BLOCKS))], era, "blocks")
        known = {b.name: fact for b, fact in zip(BLOCKS, facts, strict=True) if fact}
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(fact)}" for name, fact in known.items())
        (folder / f"blocks-{era}.json").write_text(f"{{\n{lines}\n}}\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--era", type=int, choices=list(VERSIONS), action="append", help="default: both")
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="kind of scene; default: all")
    parser.add_argument("--cases", type=int, default=120, help="scenes of each kind, of 100 ticks (120)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first scene (0)")
    parser.add_argument("--golden", type=Path, metavar="DIR", help="write the tests' files here instead")
    args = parser.parse_args()
    if args.golden:
        write_golden(args.golden, 2)
        write_blocks(args.golden)
    elif not certify(args.era or list(VERSIONS), args.kind or list(KINDS), args.cases, args.first):
        sys.exit(1)


if __name__ == "__main__":
    main()

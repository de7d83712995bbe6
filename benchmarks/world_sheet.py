"""A picture sheet of the four tasks as their players play them: early, middle and end, in both interfaces.

    python benchmarks/world_sheet.py [--out docs/world-tasks.png] [--beside VIDEO ...]

To be looked at beside real recordings: --beside puts frames of such videos on top (never for docs/).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from basalt_iq.contract import TASKS
from basalt_iq.video import read_video
from basalt_iq.world import make
from basalt_iq.world.env import BasaltEnv
from basalt_iq.world.players import make_player

HEIGHT = 180
MOMENTS = (0.08, 0.5, 1.0)


def played(task: str, era: int, seed: int) -> Iterator[tuple[BasaltEnv, int]]:
    """An episode tick by tick, undrawn: the environment and the actions so far, up to the player's end."""
    env, player = make(task, era=era), make_player(task, seed)
    env.draws = False
    env.reset(seed=seed)
    player.reset(env)
    over, count = False, 0
    while not (over or player.done):
        yield env, count
        *_, terminated, truncated, _ = env.step(player.act())
        over, count = terminated or truncated, count + 1
    yield env, count


def episode(task: str, era: int, seed: int) -> list[np.ndarray]:
    """The first successful episode from this seed on: its pictures at MOMENTS, all of one height."""
    while True:
        end = 0
        for env, count in played(task, era, seed):
            if not env.ended_by_player:
                end = count
        if env.verdict and env.verdict.success:
            break
        seed += 1
    wanted = {round(moment * end) for moment in MOMENTS}  # the same episode anew: a player sees no picture
    return sized([env.render() for env, count in played(task, era, seed) if count in wanted])


def sized(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Frames of one height."""
    wide = round(HEIGHT * frames[0].shape[1] / frames[0].shape[0])
    way = cv2.INTER_NEAREST if frames[0].shape[0] < HEIGHT else cv2.INTER_AREA
    return [cv2.resize(frame, (wide, HEIGHT), interpolation=way) for frame in frames]


def spread(video: Path, count: int) -> list[np.ndarray]:
    """So many frames from all over a recording."""
    frames = list(read_video(video))
    return sized([frames[round(moment * (len(frames) - 1))] for moment in np.linspace(0.05, 1.0, count)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("docs/world-tasks.png"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="real 64x64 recordings")
    options = parser.parse_args()
    rows = [
        np.hstack([picture for era in (2021, 2022) for picture in episode(task, era, options.seed)])
        for task in TASKS
    ]
    wide = rows[0].shape[1]
    for video in options.beside:
        real = np.hstack(spread(video, wide // HEIGHT))
        rows.insert(0, np.pad(real, [(0, 0), (0, wide - real.shape[1]), (0, 0)]))
    cv2.imwrite(str(options.out), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()

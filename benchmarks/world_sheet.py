"""A picture sheet of the four tasks as their players play them: early, middle and end, in both interfaces.

    python benchmarks/world_sheet.py [--out docs/world-tasks.png] [--beside VIDEO ...]

To be looked at beside real recordings: --beside puts frames of such videos on top (never for docs/).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from basalt_iq.contract import TASKS
from basalt_iq.video import read_video
from basalt_iq.world import make
from basalt_iq.world.players import make_player

HEIGHT = 180
MOMENTS = (0.08, 0.5, 1.0)


def episode(task: str, era: int, seed: int) -> list[np.ndarray]:
    """The first successful episode from this seed on: its frames up to the player's own end."""
    while True:
        env, player = make(task, era=era), make_player(task, seed)
        observation, info = env.reset(seed=seed)
        player.reset(env)
        frames, over = [observation["pov"]], False
        while not over and not player.done:
            observation, _, terminated, truncated, info = env.step(player.act())
            over = terminated or truncated
            if not env.unwrapped.ended_by_player:
                frames.append(observation["pov"])
        if info.get("success") or (env.unwrapped.verdict and env.unwrapped.verdict.success):
            return frames
        seed += 1


def picked(frames: list[np.ndarray], moments: tuple[float, ...]) -> list[np.ndarray]:
    """Frames at shares of an episode, all of one height."""
    chosen = [frames[round(moment * (len(frames) - 1))] for moment in moments]
    wide = round(HEIGHT * chosen[0].shape[1] / chosen[0].shape[0])
    way = cv2.INTER_NEAREST if chosen[0].shape[0] < HEIGHT else cv2.INTER_AREA
    return [cv2.resize(frame, (wide, HEIGHT), interpolation=way) for frame in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("docs/world-tasks.png"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="real 64x64 recordings")
    options = parser.parse_args()
    rows = []
    for task in TASKS:
        small, large = (episode(task, era, options.seed) for era in (2021, 2022))
        rows.append(np.hstack([*picked(small, MOMENTS), *picked(large, MOMENTS)]))
    wide = rows[0].shape[1]
    for video in options.beside:
        real = np.hstack(picked(list(read_video(video)), tuple(np.linspace(0.05, 1.0, wide // HEIGHT))))
        rows.insert(0, np.pad(real, [(0, 0), (0, wide - real.shape[1]), (0, 0)]))
    cv2.imwrite(str(options.out), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()

"""The picture of the stand-in beside real recordings of 2021: frames, real above ours, and figures of both.

    python benchmarks/picture_sheet.py [--out docs/world-picture.png]

Reads the recordings in ../shared/real_demos, or those named by --real.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from basalt_iq.video import read_video
from basalt_iq.world import make
from basalt_iq.world.players import make_player

REAL = Path(__file__).resolve().parents[2] / "shared" / "real_demos" / "basalt2021_video"
SIDE, COLUMNS = 160, 9
DARK = 50
"""Grey below which a pixel counts as dark."""
PAIRS = (("caves2", "FindCave", 1), ("caves1", "FindCave", 4), ("waterfall2", "MakeWaterfall", 3))
"""A recording, and the task and seed whose player is put below it."""


def played(task: str, seed: int) -> np.ndarray:
    """(n, 64, 64, 3): what the scripted player of a task sees, up to its end."""
    env, player = make(task), make_player(task, seed)
    frames, over = [env.reset(seed=seed)[0]["pov"]], False
    player.reset(env)
    while not over and not player.done:
        observation, _, *ends, _ = env.step(player.act())
        frames.append(observation["pov"])
        over = any(ends)
    return np.stack(frames)


def strip(frames: np.ndarray) -> np.ndarray:
    """Frames from all over an episode, side by side."""
    chosen = frames[np.linspace(0.04 * len(frames), 0.96 * len(frames) - 1, COLUMNS).astype(int)]
    return np.hstack([cv2.resize(f, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST) for f in chosen])


def figures(name: str, frames: np.ndarray) -> dict:
    """Shares of what the picture shows."""
    grey, colour = frames.mean(-1), frames.astype(int)
    red, green, blue = np.moveaxis(colour, -1, 0)
    return {
        "of": name,
        "frames": len(frames),
        "mean_grey": round(float(grey.mean()), 1),
        "dark_share": round(float((grey < DARK).mean()), 3),
        "sky_share": round(float(((blue > 235) & (green > 165)).mean()), 2),
        "green_share": round(float(((green > red + 8) & (green > blue + 20)).mean()), 2),
        "stone_share": round(float((np.ptp(colour, axis=-1) < 10).mean()), 2),
        "contrast_of_neighbours": round(float(np.abs(np.diff(grey, axis=2)).mean()), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=Path, default=REAL, help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=Path("docs/world-picture.png"))
    options = parser.parse_args()
    rows = []
    for recording, task, seed in PAIRS:
        for name, frames in (
            (f"real {recording}", np.stack(list(read_video(options.real / f"{recording}.mp4")))),
            (f"ours {task} {seed}", played(task, seed)),
        ):
            print(json.dumps(figures(name, frames)), flush=True)
            rows.append(strip(frames))
    cv2.imwrite(str(options.out), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()

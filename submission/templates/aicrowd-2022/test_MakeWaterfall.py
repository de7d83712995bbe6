"""Plays the evaluation episodes of MakeWaterfall."""

from pathlib import Path

import aicrowd_gym
import config
import minerl  # noqa: F401  registers the environments

from basalt_iq.submission.entries import play_2022


def main():
    play_2022(Path(__file__).resolve().parent, "MakeWaterfall", aicrowd_gym.make, config)


if __name__ == "__main__":
    main()

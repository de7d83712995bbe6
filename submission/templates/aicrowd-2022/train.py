"""Retrains the agent from the demonstrations under MINERL_DATA_ROOT."""

from pathlib import Path

from basalt_iq.submission.retraining import retrain


def main():
    retrain(Path(__file__).resolve().parent)


if __name__ == "__main__":
    main()

"""Retrains a package's agents from demonstrations, as the rules of both competitions ask."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

from basalt_iq.errors import UserError
from basalt_iq.files import make_folder, write_folder
from basalt_iq.records import read_json

#: Where the demonstrations are, by the competitions' convention.
DATA_ROOT = "MINERL_DATA_ROOT"
#: Of the four days that a submission may train, all but some hours for decoding the demonstrations.
MAX_MINUTES = 90.0 * 60
#: How an agent in a package was trained.
SETTINGS = "training.json"


def retrain(package: Path, data_root: Path | None = None) -> None:
    """Decode the demonstrations, train every agent of the package anew, and put it in the old one's place.

    Killed and called again it continues. Raises UserError if there is nothing to train from.
    """
    from basalt_iq.data.commands import Ingest
    from basalt_iq.train.loop import train

    root = data_root or Path(os.environ.get(DATA_ROOT, "data"))
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; set {DATA_ROOT} to where the demonstrations are")
    work = make_folder(package / "train" / "retraining")
    Ingest(source=root, store=work / "store").run()
    for settings in sorted((package / "train").glob(f"*/{SETTINGS}")):
        run = work / settings.parent.name
        train(read_settings(settings), work / "store", run)
        replace_agent(settings.parent, run / "agent")
    shutil.rmtree(work)


def replace_agent(folder: Path, agent: Path) -> None:
    """Put a new agent's two files beside the settings in `folder`, all at once."""

    def write(temporary: Path) -> None:
        shutil.copy(folder / SETTINGS, temporary)
        for name in ("weights.safetensors", "agent.json"):
            shutil.copy(agent / name, temporary)

    write_folder(folder, write)


def read_settings(path: Path) -> Any:
    """The TrainConfig that `path` holds. Raises UserError."""
    from basalt_iq.train.settings import settings_from_json

    saved = read_json(path, dict[str, Any], remedy="build the package again")
    config = settings_from_json(saved, str(path))
    minutes = min(config.minutes or MAX_MINUTES, MAX_MINUTES)
    return dataclasses.replace(config, minutes=minutes, track="none")

"""The settings of a run as JSON, and from it, those of older versions too."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from basalt_iq.errors import UserError
from basalt_iq.records import read_json
from basalt_iq.train.config import TrainConfig

CONFIG = "config.json"
REMEDY = "restore it from where the run was copied, or choose another --run folder"
#: Of the first version: it was written before there was a checkpoint.
OLD_FORMAT, FORMAT = 1, 2

#: What may differ when a run continues: how long to train, where, and how to speak about it.
FREE_TO_CHANGE = {"steps", "minutes", "track", "log_every", "device", "online.workers"}


@dataclass(frozen=True)
class ConfigFile:
    """`config.json`: everything a run was started with, for people and for what continues it."""

    config: dict[str, Any]
    command: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    format: int = OLD_FORMAT
    store: str = ""
    """Where the demos lay when training last started."""


def read_config(run: Path) -> ConfigFile | None:
    """The configuration of a run folder, None where there is none. Raises UserError naming the file."""
    try:
        return read_json(run / CONFIG, ConfigFile, remedy=REMEDY)
    except FileNotFoundError:
        return None
    except UserError:
        if run.exists() and not run.is_dir():
            raise UserError(f"{run}: is no folder; choose another --run folder") from None
        raise


def settings_to_json(config: TrainConfig) -> dict[str, Any]:
    """JSON has no number for an alpha of infinity: it becomes the word that the command line takes."""
    return _worded(asdict(config))


def settings_from_json(raw: Mapping[str, Any], source: str) -> TrainConfig:
    """Settings as `settings_to_json` or version 0.1 wrote them. Raises UserError naming the `source`."""
    known = dict(raw)
    if isinstance(goal := known.pop("goal", None), dict):  # version 0.1
        known["objective"] = {"name" if k == "objective" else k: v for k, v in goal.items()}
    known.setdefault("choose_by", "nll")  # a run from before there was a choice keeps its rule
    objective = known.get("objective")
    if isinstance(objective, dict) and objective.get("alpha") == "inf":
        known["objective"] = objective | {"alpha": math.inf}
    try:
        return msgspec.convert(known, TrainConfig)  # which holds every number to its range
    except (msgspec.ValidationError, ValueError, UserError, RecursionError) as error:
        raise UserError(f"{source}: not the settings of a training ({error}); {REMEDY}") from None


def differences(old: TrainConfig, new: TrainConfig) -> Iterator[str]:
    """What of two settings differs and makes another training, as "name = old, not new"."""
    before, after = flat(settings_to_json(old)), flat(settings_to_json(new))
    for name in before:
        if name not in FREE_TO_CHANGE and before[name] != after[name]:
            yield f"{name.rpartition('.')[2]} = {before[name]}, not {after[name]}"


def versions() -> dict[str, str]:
    """What the run is made with."""
    packages = {name: metadata.version(name) for name in ("basalt-iq", "torch", "numpy")}
    return {"python": platform.python_version(), **packages}


def _worded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _worded(item) for name, item in value.items()}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def flat(data: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings as one level, e.g. "objective.alpha"."""
    level: dict[str, Any] = {}
    for name, value in data.items():
        level |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return level

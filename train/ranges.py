"""Which values the options of a training may have: one line for whatever lies outside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from basalt_iq.ranges import COUNT, COUNT_OR_NONE, SEED, Range, require

_FINITE = Range(-math.inf, open="low high")
_POSITIVE = Range(0, open="low high")
_NOT_NEGATIVE = Range(0, open="high")
#: Field of `TrainConfig` or of its parts -> what it may be.
RANGES = {
    **dict.fromkeys(("steps", "batch", "length", "grid", "check_every", "log_every", "action_count"), COUNT),
    **dict.fromkeys(("repeat", "width", "features", "hidden", "stack", "spacing", "size"), COUNT),
    **dict.fromkeys(("worlds", "workers", "decisions", "online_steps"), COUNT),
    **dict.fromkeys(("hindsight_batch", "hindsight_reach"), COUNT),
    **dict.fromkeys(("burn_in", "shift", "clone_first", "start_after", "hindsight_updates"), COUNT_OR_NONE),
    **dict.fromkeys(("seed", "first_seed"), SEED),
    **dict.fromkeys(("minutes", "temperature", "change_weight", "learning_rate", "clip_gradient"), _POSITIVE),
    "replay_gb": _POSITIVE,
    **dict.fromkeys(("weight_decay", "gradient_penalty", "hindsight_weight"), _NOT_NEGATIVE),
    **dict.fromkeys(("held_out", "discount", "average"), Range(0, 1, open="high")),
    "alpha": Range(0, open="low"),  # infinity is a word in config.json, see settings.py
    "target_rate": Range(0, 1, open="low"),
    "forget_history": Range(0, 1),
    "absorbing_reward": _FINITE,
}


def check_ranges(config: Any) -> None:
    """Raises UserError that names the first option whose number it may not be."""
    for name, value in _numbers(config):
        require(name.replace("_", "-"), value, RANGES[name])


def _numbers(config: Any) -> Iterator[tuple[str, float]]:
    """Every number of a configuration and of its parts, with the name of its field."""
    for one in fields(config):
        value = getattr(config, one.name)
        if is_dataclass(value):
            yield from _numbers(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield one.name, value

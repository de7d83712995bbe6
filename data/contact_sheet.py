"""One HTML page of what demonstrations look like: frames with the actions drawn on them."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from basalt_iq.contract import TICK_SECONDS
from basalt_iq.data.statistics import Counts
from basalt_iq.data.store import Trajectory
from basalt_iq.files import make_folder, replacing
from basalt_iq.text import shown

#: Length in per cent of the frame's width of the arrow for a turn that goes off the scale.
_LONGEST = 45
#: Degrees a tick that draw an arrow of half that length.
_MIDDLE = 5.0


def write_sheet(
    path: Path, trajectories: Sequence[Trajectory], counts: Sequence[Counts], frames: int
) -> None:
    """Write the page, self-contained, with `frames` frames of each trajectory, evenly spaced."""
    import jinja2

    loader = jinja2.PackageLoader("basalt_iq.data", ".")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.get_template("contact_sheet.html")
    demos = (
        {
            "trajectory": one,
            "name": shown(one.name),
            "facts": counted.facts(),
            "cells": list(_cells(one, frames)),
        }
        for one, counted in zip(trajectories, counts, strict=True)
    )
    make_folder(path.parent)
    with replacing(path) as partial:
        template.stream(demos=demos, count=len(trajectories), tick=TICK_SECONDS).dump(str(partial), "utf-8")


def _cells(one: Trajectory, frames: int) -> Iterator[dict[str, Any]]:
    ticks = np.unique(np.linspace(0, one.length - 1, max(1, frames)).round().astype(int))
    for tick in ticks.tolist():
        row = one.rows.read(tick, tick + 1)[0]
        keys = [name for name, held in zip(one.button_names, row["buttons"], strict=True) if held]
        item = one.equip_values[row["equip"]]
        keys += [f"equip {item}"] if item != "none" else []
        yield {
            "tick": tick,
            "image": _image(one.frames[tick]),
            "held": " ".join(keys),
            "arrow": _arrow(*row["camera"].tolist()),
        }


def _image(frame: np.ndarray) -> str:
    """A frame (3, H, W) RGB as a data URI."""
    pixels = np.ascontiguousarray(frame.transpose(1, 2, 0)[..., ::-1])
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()


def _arrow(pitch: float, yaw: float) -> tuple[float, float] | None:
    """Where an arrow from the middle points, in per cent of the frame; None without movement."""
    turn = math.hypot(pitch, yaw)
    if not turn:
        return None
    length = _LONGEST * turn / (turn + _MIDDLE)
    return 50 + length * yaw / turn, 50 + length * pitch / turn

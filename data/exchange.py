"""Demonstrations for other tools and back: a step as named numbers, which any of them can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from basalt_iq.data.about import About
from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Committed, Store, Trajectory
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder
from basalt_iq.records import read_json, write_json

#: What other tools have no place for, beside what they have.
ABOUT = "basalt_iq.json"
CAMERA = ("camera.pitch", "camera.yaw")
#: Frames that are held at a time.
BLOCK = 256


@dataclass(frozen=True)
class Layout:
    """Which number of a step means what. All are float32, which holds each of them exactly."""

    button_names: tuple[str, ...]
    equip_values: tuple[str, ...]
    items: tuple[str, ...]

    @classmethod
    def of(cls, about: About) -> Layout:
        return cls(about.button_names, about.equip_values, about.items)

    @property
    def action_names(self) -> tuple[str, ...]:
        """Buttons (0 or 1), degrees turned, and the item asked for as an index into `equip_values`."""
        return (*self.button_names, *CAMERA, "equip")

    @property
    def state_names(self) -> tuple[str, ...]:
        """Counts of items, and the item in hand as an index into `equip_values`."""
        return (*self.items, "equipped")

    def actions(self, demo: Trajectory) -> np.ndarray:
        """(T, A) float32."""
        return np.column_stack([demo.buttons, demo.camera, demo.equip]).astype(np.float32)

    def states(self, demo: Trajectory) -> np.ndarray:
        """(T+1, S) float32."""
        return np.column_stack([demo.inventory, demo.equipped]).astype(np.float32)

    def steps(self, about: About, actions: np.ndarray, states: np.ndarray) -> Steps:
        """Of (T, A) and (T+1, S). Raises ValueError where they are no such numbers."""
        buttons = len(self.button_names)
        if actions.shape != (about.length, buttons + 3) or states.shape != (
            about.length + 1, len(self.items) + 1
        ):  # fmt: skip
            raise ValueError(f"actions {actions.shape} and states {states.shape} of {about.length} steps")
        _refuse_others(actions, buttons, len(self.equip_values))
        return Steps(
            about.task, about.era, self.button_names, actions[:, :buttons].astype(np.uint8),
            actions[:, buttons : buttons + 2].astype(np.float32), self.equip_values,
            actions[:, -1].astype(np.int16), states[:, -1].astype(np.int16), self.items,
            states[:, :-1].astype(np.int32), about.meta,
        )  # fmt: skip


def _refuse_others(actions: np.ndarray, buttons: int, equips: int) -> None:
    if not np.isfinite(actions).all():
        raise ValueError("actions that are not finite")
    if not np.isin(actions[:, :buttons], (0, 1)).all():
        raise ValueError("buttons other than 0 and 1")
    if not np.isin(actions[:, -1], range(equips)).all():
        raise ValueError("an equip index of no item")


@dataclass(frozen=True)
class Exported:
    """`basalt_iq.json` of an export: what is known of each demonstration, in the order of its episodes."""

    size: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    names: tuple[str, ...]
    demos: tuple[About, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.demos) or not self.demos:
            raise ValueError("names and demos do not match")

    @property
    def layout(self) -> Layout:
        return Layout.of(self.demos[0])

    def write(self, folder: Path) -> None:
        write_json(folder / ABOUT, self)

    @classmethod
    def read(cls, folder: Path, tool: str) -> Exported:
        """Raises UserError."""
        try:
            return read_json(folder / ABOUT, cls, remedy="export it again", limit=1 << 30)
        except FileNotFoundError:
            raise UserError(
                f"{folder}: no {ABOUT} here; `data import` reads what `data export --to {tool}` wrote"
            ) from None


def described(demos: Sequence[Trajectory]) -> Exported:
    """What is exported of `demos`. Raises UserError where their steps do not mean the same numbers."""
    if not demos:
        raise UserError("there is no demonstration to export")
    layouts = {Layout.of(demo.about) for demo in demos}
    if len(layouts) > 1:
        raise UserError(
            f"demonstrations of {len(layouts)} interfaces, which one data set cannot hold; name one by --task"
        )
    return Exported(demos[0].size, tuple(demo.name for demo in demos), tuple(map(_travelling, demos)))


def refuse_existing(out: Path) -> None:
    """Raises UserError where something is already there, or `out` cannot be written."""
    if out.exists():
        raise UserError(f"{out}: is there already; give --out a new folder")
    make_folder(out.parent)


def _travelling(demo: Trajectory) -> About:
    """What is known of a demonstration, without the paths of this machine."""
    meta = {key: value for key, value in demo.meta.items() if key not in ("source", "files")}
    return replace(demo.about, meta=meta, parts=(), counts=None)


def admit(store: Store, name: str, about: About, steps: Steps, frames: Any) -> Committed:
    """Put an imported demonstration into a store. `frames` yields T+1 frames (H, W, 3) uint8.

    Raises UserError where it is not what was exported.
    """
    with store.writer(name) as writer:
        for frame in frames:
            writer.append(np.ascontiguousarray(np.moveaxis(frame, -1, 0)))
        committed = writer.commit(steps)
    there = next(one for one in store.select(about.task) if one.name == committed.name)
    if about.digest and there.digest != about.digest:
        raise UserError(f"{name}: pixels or steps are not those that were exported; export it again")
    return committed

"""From the lines of a 2022 action file to actions and back (contract, section 2, quirks 1, 2, 3, 5, 6)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.contract import BUTTONS
from basalt_iq.data.defects import DemoError

NAMES = BUTTONS[2022]
DEGREES_PER_PIXEL = 360 / 2400
MAX_DEGREES = 180
_COLUMN = {name: i for i, name in enumerate(NAMES)}
KEYS = {
    **{
        "w": "forward",
        "s": "back",
        "a": "left",
        "d": "right",
        "space": "jump",
        "e": "inventory",
        "q": "drop",
    },
    **{"f": "swapHands", "left.shift": "sneak", "left.control": "sprint", "escape": "ESC"},
    **{str(slot): f"hotbar.{slot}" for slot in range(1, 10)},
}
_PREFIX = "key.keyboard."
_KEY_COLUMNS = {_PREFIX + key: _COLUMN[name] for key, name in KEYS.items()}
MOUSE = {0: "attack", 1: "use", 2: "pickItem"}
_MOUSE_COLUMNS = {button: _COLUMN[name] for button, name in MOUSE.items()}
ATTACK, ESC = _COLUMN["attack"], _COLUMN["ESC"]


@dataclass(frozen=True)
class Tick:
    """One validated line."""

    keys: frozenset[int]
    """Columns of the keys held."""
    mouse: frozenset[int]
    """Mouse buttons held."""
    pressed: tuple[int, ...]
    """Mouse buttons newly pressed."""
    dx: float
    dy: float
    x: float
    y: float
    hotbar: int
    gui: bool
    tick: int


@dataclass(frozen=True)
class Actions:
    """The n ticks of one file as actions of the environment."""

    buttons: np.ndarray
    """(n, 24 - 1) uint8"""
    camera: np.ndarray
    """(n, 2) float32 degrees, pitch and yaw"""
    cursor: np.ndarray
    """(n, 2) float32 mouse position in a menu, NaN outside"""
    last_hotbar: int
    counts: dict[str, int]

    def __len__(self) -> int:
        return len(self.buttons)

    @property
    def gui(self) -> np.ndarray:
        """(n,) bool: a menu is open."""
        return ~np.isnan(self.cursor[:, 0])


def read_actions(path: Path, hotbar: int | None = 0) -> Actions:
    """Read a file whose demo stood at slot `hotbar` before it (None: unknown). Raises DemoError."""
    ticks = _parse(path)
    buttons = np.zeros((len(ticks), len(NAMES)), np.uint8)
    for row, tick in zip(buttons, ticks, strict=True):
        row[[*tick.keys, *(_MOUSE_COLUMNS[button] for button in tick.mouse)]] = 1
    counts = _counts(buttons, ticks)
    buttons[: _stuck_until(ticks), ATTACK] = 0
    camera = np.array([(tick.dy, tick.dx) for tick in ticks]) * DEGREES_PER_PIXEL
    # Nothing pressed and nothing moved; turning the wheel alone does not count as pressing.
    counts["null_ticks"] = int((~buttons.any(axis=1) & ~camera.any(axis=1)).sum())
    slots = [ticks[0].hotbar if hotbar is None else hotbar, *(tick.hotbar for tick in ticks)]
    changed = np.flatnonzero(np.diff(slots))
    for i in changed:
        buttons[i, _COLUMN[f"hotbar.{slots[i + 1] + 1}"]] = 1
    counts.update(hotbar_changes=len(changed), attack=int(buttons[:, ATTACK].sum()))
    cursor = [(tick.x, tick.y) if tick.gui else (math.nan, math.nan) for tick in ticks]
    return Actions(buttons, camera.astype(np.float32), np.array(cursor, np.float32), slots[-1], counts)


def ending(actions: Actions) -> int | None:
    """The tick whose ESC ends the demo, or None.

    An ESC after which the person went on playing closed a menu; it is no ending.
    """
    escape = actions.buttons[:, ESC].astype(bool)
    presses = np.flatnonzero(escape & ~np.r_[False, escape[:-1]])
    if not len(presses):
        return None
    last = int(presses[-1])
    others = actions.buttons.copy()
    others[:, ESC] = 0
    playing = (others.any(axis=1) | actions.camera.any(axis=1)) & ~actions.gui
    return None if playing[last + 1 :].any() else last


def write_actions(path: Path, buttons: np.ndarray, camera: np.ndarray, held: np.ndarray, hotbar: int) -> int:
    """Write actions (n, 23) and (n, 2) that follow the buttons `held` (23,); returns the last hotbar slot.

    A press on the first tick is not marked new: a reader would take it for the stuck button of quirk 1.
    """
    before = np.concatenate([held[None], buttons[:-1]])
    fresh = (buttons > before).astype(np.uint8)
    fresh[0] = 0
    with open(path, "w", encoding="utf-8") as file:
        for tick, (row, new, (pitch, yaw)) in enumerate(zip(buttons, fresh, camera.tolist(), strict=True)):
            slots = [slot for slot in range(9) if row[_COLUMN[f"hotbar.{slot + 1}"]]]
            hotbar = slots[-1] if slots else hotbar
            mouse = {"x": 640.0, "y": 360.0, "dx": yaw / DEGREES_PER_PIXEL, "dy": pitch / DEGREES_PER_PIXEL}
            mouse |= {"scaledX": 0.0, "scaledY": 0.0, "dwheel": 0.0}
            mouse |= {"buttons": _held(MOUSE, row), "newButtons": _held(MOUSE, new)}
            keyboard = {"keys": _held(KEYS, row), "newKeys": _held(KEYS, new), "chars": ""}
            state = {"hotbar": hotbar, "tick": tick, "isGuiOpen": False}
            file.write(json.dumps({"mouse": mouse, "keyboard": keyboard, **state}) + "\n")
    return hotbar


def _held(mapping: dict[Any, str], row: np.ndarray) -> list[Any]:
    names = [key for key, name in mapping.items() if row[_COLUMN[name]]]
    return names if mapping is MOUSE else [_PREFIX + key for key in names]


def _stuck_until(ticks: list[Tick]) -> int:
    """How many ticks the attack of the first is stuck: until it is pressed again (quirk 1)."""
    if ticks[0].pressed != (0,):
        return 0
    again = (i for i, tick in enumerate(ticks) if i and 0 in tick.pressed)
    return next(again, len(ticks))


def _counts(buttons: np.ndarray, ticks: list[Tick]) -> dict[str, int]:
    """What the file holds as recorded."""
    attack = buttons[:, ATTACK].astype(bool)
    stuck = ticks[0].pressed == (0,)
    return {
        "ticks": len(ticks),
        "attack_recorded": int(attack.sum()),
        "attack_held_from_start": int(np.argmin(np.r_[attack, False])) if stuck else 0,
        "gui_ticks": sum(tick.gui for tick in ticks),
        "camera_ticks": sum(bool(tick.dx or tick.dy) for tick in ticks),
        "camera_ticks_below_one_degree": sum(_truncates(tick) for tick in ticks),
    }


def _truncates(tick: Tick) -> bool:
    """Whether a reader that truncates degrees to integers would lose the movement (quirk 5)."""
    degrees = max(abs(tick.dx), abs(tick.dy)) * DEGREES_PER_PIXEL
    return 0 < degrees < 1


def _parse(path: Path) -> list[Tick]:
    ticks: list[Tick] = []
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                tick = _tick(line)
                if ticks and tick.tick != ticks[-1].tick + 1:
                    raise ValueError(f"tick {tick.tick} follows {ticks[-1].tick}")
                ticks.append(tick)
    except OSError as error:
        raise DemoError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error).splitlines()[0]
        raise DemoError(path, f"line {len(ticks) + 1}: {reason}") from error
    if not ticks:
        raise DemoError(path, "is empty")
    return ticks


def _tick(line: str) -> Tick:
    record = json.loads(line)
    mouse, keys = record["mouse"], record["keyboard"]["keys"]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError(f"keyboard.keys is {keys!r}")
    return Tick(
        keys=frozenset(_KEY_COLUMNS[key] for key in keys if key in _KEY_COLUMNS),
        mouse=frozenset(_mouse_buttons(mouse, "buttons")) & _MOUSE_COLUMNS.keys(),
        pressed=tuple(_mouse_buttons(mouse, "newButtons")),
        dx=_number(mouse, "dx", MAX_DEGREES / DEGREES_PER_PIXEL),
        dy=_number(mouse, "dy", MAX_DEGREES / DEGREES_PER_PIXEL),
        x=_number(mouse, "x", 1e5),
        y=_number(mouse, "y", 1e5),
        hotbar=_integer(record, "hotbar", 8),
        gui=_boolean(record, "isGuiOpen"),
        tick=_integer(record, "tick", 1 << 53),
    )


def _mouse_buttons(mouse: dict[str, Any], key: str) -> Iterator[int]:
    buttons = mouse[key]
    if not isinstance(buttons, list) or not all(type(button) is int for button in buttons):
        raise ValueError(f"mouse.{key} is {buttons!r}")
    return iter(buttons)


def _number(record: dict[str, Any], key: str, limit: float) -> float:
    value = record[key]
    if type(value) not in (int, float) or not abs(value) <= limit:
        raise ValueError(f"mouse.{key} is {value!r}, not a number within {limit:g}")
    return float(value)


def _integer(record: dict[str, Any], key: str, limit: int) -> int:
    value = record[key]
    if type(value) is not int or not 0 <= value <= limit:
        raise ValueError(f"{key} is {value!r}, not 0 to {limit}")
    return value


def _boolean(record: dict[str, Any], key: str) -> bool:
    value = record[key]
    if type(value) is not bool:
        raise ValueError(f"{key} is {value!r}, not true or false")
    return value

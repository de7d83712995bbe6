"""From the lines of a 2022 action file to actions and back (contract, section 2, quirks 1, 2, 3, 5, 6)."""

from __future__ import annotations

import codecs
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from basalt_iq.contract import BUTTONS
from basalt_iq.data.defects import DemoError
from basalt_iq.records import read_bytes

NAMES = BUTTONS[2022]
DEGREES_PER_PIXEL = 360 / 2400
MAX_DEGREES = 180
#: A hundred turns within a tick: nobody's hand.
MOST_DEGREES = 36_000
#: Share of lines that may be unreadable; the rest would be no demonstration.
_MOST_BAD = 0.1
_MOST_BYTES = 256 << 20
_SHOWN = 3
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
#: Begins the name of a mouse button that stands for nothing here.
OTHER_BUTTON = "mouse button"
_MOUSE_COLUMNS = {button: _COLUMN[name] for button, name in MOUSE.items()}
ATTACK, ESC = _COLUMN["attack"], _COLUMN["ESC"]


@dataclass(frozen=True)
class RecordedTick:
    """One validated line."""

    keys: frozenset[int]
    """Columns of the keys held."""
    unknown: frozenset[str]
    """Keys and buttons held that stand for nothing here."""
    mouse: frozenset[int]
    """Mouse buttons held."""
    pressed: tuple[int, ...]
    """Mouse buttons newly pressed."""
    dx: float
    dy: float
    x: float
    y: float
    """Where the mouse is; NaN where no menu is open."""
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
    tick: np.ndarray
    """(n,) int64 counted from the file's first, which it calls 0"""
    line: np.ndarray
    """(n,) int64 line of the file, counted from 0; blank ones do not count. Beyond `tick` after lines that
    are none of a tick."""
    last_hotbar: int
    counts: dict[str, int]
    unknown_keys: dict[str, int]
    """Keys and mouse buttons that stand for nothing here -> ticks they are held on."""
    remarks: tuple[str, ...] = ()
    """Flaws that were read over."""

    def __len__(self) -> int:
        return len(self.buttons)

    @property
    def gui(self) -> np.ndarray:
        """(n,) bool: a menu is open."""
        return ~np.isnan(self.cursor[:, 0])

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """The stretches without a missing tick, each from a row to before a row."""
        cuts = (np.flatnonzero(np.diff(self.tick) > 1) + 1).tolist()
        return list(pairwise([0, *cuts, len(self)]))

    def piece(self, first: int, stop: int) -> Actions:
        names = ("buttons", "camera", "cursor", "tick", "line")
        return replace(self, **{name: getattr(self, name)[first:stop] for name in names})


def read_actions(path: Path, hotbar: int | None = 0) -> Actions:
    """Read a file whose demo stood at slot `hotbar` before it (None: unknown).

    Harmless flaws are read over, with a remark; lines that cannot be read are left out. Raises DemoError.
    """
    lines, remarks = _read_lines(path)
    ticks = [tick for _, tick in lines]
    buttons = np.zeros((len(ticks), len(NAMES)), np.uint8)
    for row, tick in zip(buttons, ticks, strict=True):
        row[[*tick.keys, *(_MOUSE_COLUMNS[button] for button in tick.mouse)]] = 1
    counts = _counts(buttons, ticks)
    buttons[: _stuck_until(ticks), ATTACK] = 0
    degrees = np.array([(tick.dy, tick.dx) for tick in ticks]) * DEGREES_PER_PIXEL
    camera, turned = within_half_turn(degrees, np.array([tick.gui for tick in ticks]))
    if turned:
        remarks.append(f"turns by more than {MAX_DEGREES} degrees on {turned} ticks; {TURNED}")
    # Nothing pressed and nothing moved; turning the wheel alone does not count as pressing.
    counts["null_ticks"] = int((~buttons.any(axis=1) & ~camera.any(axis=1)).sum())
    number = np.array([tick.tick for tick in ticks], np.int64)
    line = np.array([number for number, _ in lines], np.int64)
    slots = [ticks[0].hotbar if hotbar is None else hotbar, *(tick.hotbar for tick in ticks)]
    changed = np.flatnonzero(np.diff(slots))
    # Nobody knows when in a gap a slot was changed.
    changed = changed[(changed == 0) | (number[changed] - number[changed - 1] == 1)]
    for i in changed:
        buttons[i, _COLUMN[f"hotbar.{slots[i + 1] + 1}"]] = 1
    counts.update(hotbar_changes=len(changed), attack=int(buttons[:, ATTACK].sum()))
    cursor = [(tick.x, tick.y) for tick in ticks]
    unknown = dict(Counter(key for tick in ticks for key in tick.unknown))
    return Actions(
        buttons, camera.astype(np.float32), np.array(cursor, np.float32), number - number[0] + line[0], line,
        slots[-1], counts, unknown, tuple(remarks),
    )  # fmt: skip


#: What becomes of a turn that the action space cannot hold.
TURNED = (
    "yaw goes the shorter way round, which looks the same way afterwards; pitch is cut off, in a menu both"
)


def within_half_turn(degrees: np.ndarray, menu: np.ndarray | None = None) -> tuple[np.ndarray, int]:
    """Pitch and yaw (n, 2) within 180 degrees each way, as in the action space, and how many were not.

    Where a `menu` (n,) is open they move its cursor, which no turn brings back.
    """
    beyond = np.abs(degrees) > MAX_DEGREES
    cut = np.clip(degrees, -MAX_DEGREES, MAX_DEGREES)
    round_ = beyond[:, 1] if menu is None else beyond[:, 1] & ~menu
    yaw = np.where(round_, (degrees[:, 1] + 180) % 360 - 180, cut[:, 1])
    return np.stack([cut[:, 0], yaw], axis=1), int(beyond.any(axis=1).sum())


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


def _stuck_until(ticks: list[RecordedTick]) -> int:
    """How many ticks the attack of the first is stuck: until it is pressed again (quirk 1)."""
    if ticks[0].pressed != (0,):
        return 0
    again = (i for i, tick in enumerate(ticks) if i and 0 in tick.pressed)
    return next(again, len(ticks))


def _counts(buttons: np.ndarray, ticks: list[RecordedTick]) -> dict[str, int]:
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


def _truncates(tick: RecordedTick) -> bool:
    """Whether a reader that truncates degrees to integers would lose the movement (quirk 5)."""
    degrees = max(abs(tick.dx), abs(tick.dy)) * DEGREES_PER_PIXEL
    return 0 < degrees < 1


def _read_lines(path: Path) -> tuple[list[tuple[int, RecordedTick]], list[str]]:
    """The lines that can be read, with their numbers, and what was read over."""
    texts, remarks = _texts(_content(path), path.suffix)
    good: list[tuple[int, RecordedTick]] = []
    bad: list[tuple[int, str]] = []
    for number, text in enumerate(texts):
        try:
            tick = _tick(text)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            bad.append((number, f"lacks {error}" if isinstance(error, KeyError) else _short(error)))
            continue
        if good and tick.tick == good[-1][1].tick:
            bad.append((number, f"tick {tick.tick} is there already"))
            continue
        if good and tick.tick < good[-1][1].tick:
            raise DemoError(path, f"line {number + 1}: tick {tick.tick} follows {good[-1][1].tick}")
        good.append((number, tick))
    if not good and not bad:
        raise DemoError(path, "is empty")
    if len(bad) > _MOST_BAD * len(texts) and bad[0][0] < len(texts) - 1:
        of = f" (and {len(bad) - 1} more of {len(texts)})" if len(bad) > 1 else ""
        raise DemoError(path, f"line {bad[0][0] + 1}: {bad[0][1]}{of}")
    if not good:
        raise DemoError(path, f"line 1: {bad[0][1]}")
    remarks += [f"line {number + 1} is left out: {why}" for number, why in bad[:_SHOWN]]
    remarks += [f"{len(bad) - _SHOWN} more lines are left out"] * (len(bad) > _SHOWN)
    return good, remarks


def _texts(raw: bytes, suffix: str) -> tuple[list[bytes], list[str]]:
    """The lines with something in them, and what was read over."""
    remarks = [f"has its suffix as {suffix}; read all the same"] * (suffix != suffix.lower())
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        remarks.append("is text of UTF-16, not UTF-8; read all the same")
        raw = raw.decode("utf-16", "replace").encode("utf-8", "replace")
    remarks += ["begins with a byte order mark"] * raw.startswith(codecs.BOM_UTF8)
    lines = raw.removeprefix(codecs.BOM_UTF8).splitlines()
    texts = [text for text in lines if text.strip()]
    remarks += ["its lines end with a carriage return"] * (b"\r" in raw)
    remarks += [f"{len(lines) - len(texts)} blank lines are passed over"] * (len(lines) > len(texts))
    return texts, remarks


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, _MOST_BYTES)
    except OSError as error:
        raise DemoError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    except ValueError as error:
        raise DemoError(path, f"is no chunk of 5 minutes ({error})") from error


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _tick(line: bytes) -> RecordedTick:
    record = json.loads(line.decode("utf-8"))
    if not isinstance(record, dict):
        raise ValueError("is no JSON object")
    mouse, keyboard = _object(record, "mouse"), _object(record, "keyboard")
    keys = keyboard["keys"]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError(f"keyboard.keys is {keys!r}")
    limit, gui = MOST_DEGREES / DEGREES_PER_PIXEL, _boolean(record, "isGuiOpen")
    held = frozenset(_mouse_buttons(mouse, "buttons"))
    other = frozenset(f"{OTHER_BUTTON} {button}"[:60] for button in held - _MOUSE_COLUMNS.keys())
    return RecordedTick(
        keys=frozenset(_KEY_COLUMNS[key] for key in keys if key in _KEY_COLUMNS),
        unknown=frozenset(key[:60] for key in keys if key not in _KEY_COLUMNS) | other,
        mouse=held & _MOUSE_COLUMNS.keys(),
        pressed=tuple(_mouse_buttons(mouse, "newButtons")),
        dx=_number(mouse, "dx", limit),
        dy=_number(mouse, "dy", limit),
        x=_number(mouse, "x", 1e5) if gui else math.nan,
        y=_number(mouse, "y", 1e5) if gui else math.nan,
        hotbar=_integer(record, "hotbar", 8),
        gui=gui,
        tick=_integer(record, "tick", 1 << 53),
    )


def _object(record: dict[str, Any], key: str) -> dict[str, Any]:
    value = record[key]
    if not isinstance(value, dict):
        raise ValueError(f"{key} is {value!r}, not an object")
    return value


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

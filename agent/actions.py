"""The discrete action set: how a demo tick becomes an index, and an index an environment action."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from basalt_iq import contract
from basalt_iq.errors import UserError

# How far two ticks are apart. What cannot be undone weighs most: a throw, then a change of hand, then the
# direction of view beyond five degrees, then keys (the order in which the 2021 entry matched its rules).
BUTTON_COST = {"ESC": 40.0, "use": 20.0, "inventory": 10.0, "attack": 2.0, "jump": 1.5}
DEFAULT_BUTTON_COST = 1.0
EQUIP_COST = 15.0
CAMERA_COST = 0.3  # per unit of the companded angle, see `compand`

#: Keys that act when pressed: held on, they would act again.
PRESSES = frozenset({"use", "ESC", "inventory", "drop", "swapHands", "pickItem"}) | frozenset(
    f"hotbar.{i}" for i in range(1, 10)
)
OPPOSITES = (("forward", "back"), ("left", "right"))


@dataclass(frozen=True)
class Action:
    """One entry of the set: the keys held, the camera's turn in degrees (+ down, + right), the item taken."""

    buttons: tuple[str, ...] = ()
    camera: tuple[float, float] = (0.0, 0.0)
    equip: str = "none"

    @property
    def name(self) -> str:
        """For people, e.g. ``forward+jump yaw+5``."""
        pitch, yaw = self.camera
        parts = ["+".join(self.buttons)] if self.buttons else []
        parts += [f"pitch{pitch:+.3g}"] if pitch else []
        parts += [f"yaw{yaw:+.3g}"] if yaw else []
        parts += [f"equip {self.equip}"] if self.equip != "none" else []
        return " ".join(parts) or "wait"

    def mirrored(self) -> Action:
        """The same with left and right exchanged."""
        swap = {"left": "right", "right": "left"}
        keys = tuple(sorted(swap.get(key, key) for key in self.buttons))
        return Action(keys, (self.camera[0], 0.0 - self.camera[1]), self.equip)


@dataclass(frozen=True)
class Ticks:
    """Demo actions as arrays: buttons (T, B) named by `names`, camera (T, 2) degrees, equip (T,) strings."""

    names: tuple[str, ...]
    buttons: np.ndarray
    camera: np.ndarray
    equip: np.ndarray

    def __len__(self) -> int:
        return len(self.buttons)

    def held(self, repeat: int) -> Ticks:
        """As whole decisions of `repeat` ticks each, a rest left out: what a player that holds each would do.

        A key is down that was so for half of the ticks or more, or pressed at all where a press is what
        counts; the camera turns by the mean, and an item taken in any tick is taken.
        """
        count = len(self) // repeat
        keys, camera, equip = (x[: count * repeat].reshape(count, repeat, *x.shape[1:]) for x in self._arrays)
        presses = np.array([name in PRESSES for name in self.names], bool)
        down = np.where(presses, keys.any(1), 2 * keys.sum(1, dtype=int) >= repeat)
        taken = np.array([next((i for i in row if i != "none"), "none") for row in equip.tolist()], str)
        return Ticks(self.names, down.astype(np.uint8), camera.mean(1, dtype=np.float32), taken)

    @property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.buttons, self.camera, self.equip


class ActionSet:
    """An ordered, fixed set of actions for one task and era. Index 0 is always to wait."""

    def __init__(self, task: str, era: int, actions: Sequence[Action], origin: str):
        self._task = contract.find_task(task)
        self.task, self.era, self.origin = self._task.name, era, origin
        self.actions = tuple(actions)
        self.names = contract.BUTTONS[era]
        self._validate()
        self._features = self._embed(*self._arrays())
        self._decoded = [[self._decode(action, held) for action in self.actions] for held in (False, True)]
        self._ends = [np.array([_may_end(a, hand) for a in self.actions]) for hand in ("none", "snowball")]

    def __len__(self) -> int:
        return len(self.actions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActionSet) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    @property
    def action_names(self) -> list[str]:
        return [action.name for action in self.actions]

    def encode(self, ticks: Ticks) -> np.ndarray:
        """The nearest action of every tick, (T,) int64. An action's own tick always gives back its index."""
        columns = [ticks.names.index(name) for name in self.names]
        wanted = self._embed(ticks.buttons[:, columns], ticks.camera, ticks.equip)
        unique, inverse = np.unique(wanted, axis=0, return_inverse=True)
        index = np.empty(len(unique), np.int64)
        for start in range(0, len(unique), 256):  # bounds the (ticks, actions, features) block in memory
            gap = np.abs(unique[start : start + 256, None] - self._features[None]).sum(-1)
            index[start : start + 256] = gap.argmin(1)
        return index[inverse.reshape(-1)]

    def decode(self, index: int, held: bool = False) -> dict[str, Any]:
        """The environment's action dictionary (contract section 1); `held`, in the ticks after its first."""
        action = self._decoded[held][index]
        return {**action, "camera": action["camera"].copy()}

    def _decode(self, chosen: Action, held: bool) -> dict[str, Any]:
        action = contract.noop(self._task, self.era)
        action.update({key: 1 for key in chosen.buttons if not (held and key in PRESSES)})
        action["camera"] = np.array(chosen.camera, np.float32)
        if "equip" in action and not held:
            action["equip"] = chosen.equip
        return action

    def mirror(self) -> np.ndarray:
        """(A,) int64: the index of each action's mirror image, left for right; the nearest where none is."""
        twins = [action.mirrored() for action in self.actions]
        keys = np.array([[name in twin.buttons for name in self.names] for twin in twins], np.uint8)
        camera = np.array([twin.camera for twin in twins])
        return self.encode(Ticks(self.names, keys, camera, np.array([twin.equip for twin in twins])))

    def ends_episode(self, equipped: str) -> np.ndarray:
        """(A,) bool: may the action end the episode with `equipped` in hand? ESC, and a snowball's throw."""
        return self._ends[equipped == "snowball"]

    def fidelity(self, ticks: Ticks) -> dict[str, float]:
        """How well the set holds the ticks: share with exactly their keys, mean camera error in degrees."""
        index = self.encode(ticks)
        buttons, camera, _ = self._arrays()
        columns = [ticks.names.index(name) for name in self.names]
        keys = _without_opposites(ticks.buttons[:, columns], self.names)
        return {
            "same_keys": float((keys == buttons[index]).all(1).mean()),
            "camera_error": float(np.abs(ticks.camera - camera[index]).mean()),
        }

    def to_json(self) -> dict[str, Any]:
        actions = [asdict(action) | {"buttons": list(action.buttons)} for action in self.actions]
        for action in actions:
            action["camera"] = list(action["camera"])
        return {"task": self.task, "era": self.era, "origin": self.origin, "actions": actions}

    def _validate(self) -> None:
        known = set(self.names)
        items = set(_items(self._task, self.era))
        for action in self.actions:
            if not set(action.buttons) <= known or action.equip not in items:
                raise UserError(
                    f"action '{action.name}' is not one of {self.task}'s in the {self.era} interface"
                )
        if len(set(self.actions)) != len(self.actions) or not self.actions or self.actions[0] != Action():
            raise UserError("an action set must hold each action once, and waiting first")

    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        buttons = np.array([[name in a.buttons for name in self.names] for a in self.actions], np.uint8)
        return (
            buttons,
            np.array([a.camera for a in self.actions], float),
            np.array([a.equip for a in self.actions]),
        )

    def _embed(self, buttons: np.ndarray, camera: np.ndarray, equip: np.ndarray) -> np.ndarray:
        """Ticks as points whose L1 distance is the cost of mistaking one for another: (T, F)."""
        cost = np.array([BUTTON_COST.get(name, DEFAULT_BUTTON_COST) for name in self.names])
        one_hot = equip[:, None] == np.array(_items(self._task, self.era))[None]
        keys = _without_opposites(buttons, self.names)
        return np.concatenate([keys * cost, compand(camera) * CAMERA_COST, one_hot * EQUIP_COST / 2], 1)


def compand(degrees: np.ndarray) -> np.ndarray:
    """Angles on a scale where small turns count more, as people aim: sign(x) * 4 log2(1 + |x|)."""
    return 4 * np.sign(degrees) * np.log2(1 + np.abs(degrees))


def _without_opposites(buttons: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Opposite keys held together cancel, as in the game."""
    result = buttons.astype(np.uint8, copy=True)
    for pair in OPPOSITES:
        columns = [names.index(name) for name in pair]
        result[np.ix_(np.flatnonzero(result[:, columns].all(1)), np.array(columns))] = 0
    return result


def _may_end(action: Action, equipped: str) -> bool:
    held = action.equip if action.equip != "none" else equipped
    return "ESC" in action.buttons or ("use" in action.buttons and held == "snowball")


def _items(task: contract.Task, era: int) -> tuple[str, ...]:
    """The values of the equip action; the 2022 interface has none and selects by hotbar keys."""
    return task.equip if era == 2021 else ("none",)


def entry_2021(task: str) -> ActionSet:
    """A set like the 2021 entry's (facts, section 3): one thing at a time, the camera by ten degrees.

    Its own extra action, to wait, keeps ticks in place that the entry dropped.
    """
    keys = [
        ("forward",),
        ("back",),
        ("left",),
        ("right",),
        ("jump",),
        ("forward", "jump"),
        ("attack",),
        ("use",),
    ]
    turns = [(-10.0, 0.0), (10.0, 0.0), (0.0, 10.0), (0.0, -10.0)]
    actions = [Action(), *(Action(k) for k in keys), *(Action(camera=t) for t in turns)]
    actions += [Action(equip=item) for item in contract.find_task(task).start[2021]]
    return ActionSet(task, 2021, actions, "entry-2021")


#: Degrees. Nearly even steps on the companded scale, within what people do in a twentieth of a second.
YAW_BINS = (-18.0, -9.0, -4.0, -1.5, 0.0, 1.5, 4.0, 9.0, 18.0)
PITCH_BINS = (-10.0, -4.0, -1.5, 0.0, 1.5, 4.0, 10.0)


def from_demos(task: str, era: int, demos: Iterable[Ticks], *, size: int = 64) -> ActionSet:
    """The most frequent combinations of keys times camera bins, at most `size` of them.

    Rarer ticks become their nearest neighbour; an action that may end the episode is kept however rare it is.
    """
    counts: dict[Action, int] = {}
    for ticks in demos:
        for action in _binned(ticks, contract.BUTTONS[era]):
            counts[action] = counts.get(action, 0) + 1
    if not counts:
        raise UserError(
            f"no demo of {task} to build an action set from; run `basalt-iq data show` on the store"
        )
    counts.pop(Action(), None)
    for action in [*counts]:  # left and right count alike, so that the set holds both
        counts.setdefault(action.mirrored(), 0)
    both = {action: count + counts[action.mirrored()] for action, count in counts.items()}
    by_count = sorted(both, key=lambda action: (-both[action], action.name))
    thrown = "snowball" if era == 2021 else "none"
    ending = [action for action in by_count if _may_end(action, thrown)][:1]
    chosen = [Action(), *ending, *(action for action in by_count if action not in ending)]
    return ActionSet(task, era, chosen[:size], f"demos-{size}")


def _binned(ticks: Ticks, names: Sequence[str]) -> Iterable[Action]:
    columns = [ticks.names.index(name) for name in names]
    keys = _without_opposites(ticks.buttons[:, columns], names)
    pitch, yaw = (_nearest(bins, ticks.camera[:, axis]) for axis, bins in enumerate((PITCH_BINS, YAW_BINS)))
    for row, p, y, item in zip(keys, pitch, yaw, ticks.equip, strict=True):
        held = tuple(name for name, down in zip(names, row, strict=True) if down)
        yield Action(held, (float(p), float(y)), str(item))


def _nearest(bins: Sequence[float], degrees: np.ndarray) -> np.ndarray:
    gap = np.abs(compand(degrees)[:, None] - compand(np.array(bins))[None])
    return np.array(bins)[gap.argmin(1)]

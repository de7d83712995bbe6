"""The discrete action set: how a demo tick becomes an index, and an index an environment action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import product
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

    @property
    def decisive(self) -> bool:
        """Does it act at once, when pressed: use something, take an item, end the episode?"""
        return self.equip != "none" or not PRESSES.isdisjoint(self.buttons)

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


@dataclass(frozen=True)
class Factors:
    """Keys held x pitch x yaw (degrees): every combination is an action. To hold nothing comes first."""

    keys: tuple[tuple[str, ...], ...]
    pitch: tuple[float, ...]
    yaw: tuple[float, ...]

    @property
    def sizes(self) -> tuple[int, int, int]:
        return len(self.keys), len(self.pitch), len(self.yaw)

    def actions(self) -> list[Action]:
        """The product, yaw fastest."""
        return [Action(k, (p, y)) for k, p, y in product(self.keys, self.pitch, self.yaw)]


class ActionSet:
    """An ordered, fixed set of actions for one task and era. Index 0 is always to wait.

    With `factors` their product comes first and the `actions` given follow it, each decisive: what a factored
    head gives values to.
    """

    def __init__(
        self, task: str, era: int, actions: Sequence[Action], origin: str, factors: Factors | None = None
    ):
        self._task = contract.find_task(task)
        self.task, self.era, self.origin, self.factors = self._task.name, era, origin, factors
        self.alone = tuple(actions)
        self.actions = (*factors.actions(), *actions) if factors else self.alone
        self.names = contract.BUTTONS[era]
        self._validate()
        self._features = self._embed(*self._arrays(self.alone))
        self._decoded: dict[tuple[int, bool], dict[str, Any]] = {}
        self._ends = [np.array([may_end(a, hand) for a in self.actions]) for hand in ("none", "snowball")]

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
        index = self._nearest_of_all(unique) if self.factors else _nearest(unique, self._features)[0]
        return index[inverse.reshape(-1)]

    def _nearest_of_all(self, points: np.ndarray) -> np.ndarray:
        """The distance to the product is the sum of those to its parts, so each is found by itself."""
        index, cost = np.zeros(len(points), np.int64), np.zeros(len(points))
        for columns, features in self._parts:
            part, further = _nearest(points[:, columns], features)
            index, cost = index * len(features) + part, cost + further
        if not self.alone:
            return index
        decisive, least = _nearest(points, self._features)
        return np.where(least < cost, self._products + decisive, index)

    @cached_property
    def _parts(self) -> list[tuple[slice, np.ndarray]]:
        """For keys, pitch, yaw, and to take no item: columns of an embedding, and each choice in them."""
        assert self.factors is not None
        keys, (pitch, yaw) = len(self.names), (len(self.names), len(self.names) + 1)
        columns = [slice(0, keys), slice(pitch, yaw), slice(yaw, yaw + 1), slice(yaw + 1, None)]
        choices = [
            [Action(held) for held in self.factors.keys],
            [Action(camera=(p, 0.0)) for p in self.factors.pitch],
            [Action(camera=(0.0, y)) for y in self.factors.yaw],
            [Action()],
        ]
        return [
            (c, self._embed(*self._arrays(actions))[:, c])
            for c, actions in zip(columns, choices, strict=True)
        ]

    def one_hot(self, index: np.ndarray) -> np.ndarray:
        """(N, outputs of the head) float32: which of them make up each action (N,); none for -1."""
        if self.factors is None:
            return (index[:, None] == np.arange(len(self))).astype(np.float32)
        sizes, products = self.factors.sizes, self._products
        moves = (index >= 0) & (index < products)
        parts = [np.where(moves, p, -1) for p in np.unravel_index(np.where(moves, index, 0), sizes)]
        alone = np.where(index >= products, index - products, -1)
        return np.concatenate(
            [
                part[:, None] == np.arange(size)
                for part, size in zip([*parts, alone], [*sizes, len(self.alone)], strict=True)
            ],
            1,
        ).astype(np.float32)

    def decode(self, index: int, held: bool = False) -> dict[str, Any]:
        """The environment's action dictionary (contract section 1); `held`, in the ticks after its first."""
        if (index, held) not in self._decoded:
            self._decoded[index, held] = self._decode(self.actions[index], held)
        action = self._decoded[index, held]
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
        buttons, camera, _ = self._arrays(self.actions)
        columns = [ticks.names.index(name) for name in self.names]
        keys = without_opposites(ticks.buttons[:, columns], self.names)
        return {
            "same_keys": float((keys == buttons[index]).all(1).mean()),
            "camera_error": float(np.abs(ticks.camera - camera[index]).mean()),
        }

    def to_json(self) -> dict[str, Any]:
        actions = [asdict(action) | {"buttons": list(action.buttons)} for action in self.alone]
        for action in actions:
            action["camera"] = list(action["camera"])
        told = {"task": self.task, "era": self.era, "origin": self.origin, "actions": actions}
        if self.factors is None:
            return told
        keys = [list(held) for held in self.factors.keys]
        return told | {
            "factors": {"keys": keys, "pitch": list(self.factors.pitch), "yaw": list(self.factors.yaw)}
        }

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
        if self.factors and [action.decisive for action in self.actions] != [False] * self._products + [
            True
        ] * len(self.alone):
            raise UserError(
                "a factored action set holds what is decisive outside of its product, and only that"
            )

    @property
    def _products(self) -> int:
        return len(self.actions) - len(self.alone)

    def _arrays(self, actions: Sequence[Action]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        buttons = np.array([[name in a.buttons for name in self.names] for a in actions], np.uint8)
        return (
            buttons.reshape(-1, len(self.names)),
            np.array([a.camera for a in actions], float).reshape(-1, 2),
            np.array([a.equip for a in actions], str),
        )

    def _embed(self, buttons: np.ndarray, camera: np.ndarray, equip: np.ndarray) -> np.ndarray:
        """Ticks as points whose L1 distance is the cost of mistaking one for another: (T, F)."""
        cost = np.array([BUTTON_COST.get(name, DEFAULT_BUTTON_COST) for name in self.names])
        one_hot = equip[:, None] == np.array(_items(self._task, self.era))[None]
        keys = without_opposites(buttons, self.names)
        return np.concatenate([keys * cost, compand(camera) * CAMERA_COST, one_hot * EQUIP_COST / 2], 1)


def compand(degrees: np.ndarray) -> np.ndarray:
    """Angles on a scale where small turns count more, as people aim: sign(x) * 4 log2(1 + |x|)."""
    return 4 * np.sign(degrees) * np.log2(1 + np.abs(degrees))


def without_opposites(buttons: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Opposite keys held together cancel, as in the game."""
    result = buttons.astype(np.uint8, copy=True)
    for pair in OPPOSITES:
        columns = [names.index(name) for name in pair]
        result[np.ix_(np.flatnonzero(result[:, columns].all(1)), np.array(columns))] = 0
    return result


def _nearest(points: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of features (A, F) to each of points (N, F), and how far it is: (N,) twice."""
    index, cost = np.empty(len(points), np.int64), np.empty(len(points))
    for start in range(0, len(points), 256):  # bounds the (points, features, F) block in memory
        part = slice(start, start + 256)
        gap = np.abs(points[part, None] - features[None]).sum(-1)
        index[part], cost[part] = gap.argmin(1), gap.min(1)
    return index, cost


def may_end(action: Action, equipped: str) -> bool:
    """Whether an action may end the episode with `equipped` in hand."""
    held = action.equip if action.equip != "none" else equipped
    return "ESC" in action.buttons or ("use" in action.buttons and held == "snowball")


def _items(task: contract.Task, era: int) -> tuple[str, ...]:
    """The values of the equip action; the 2022 interface has none and selects by hotbar keys."""
    return task.equip if era == 2021 else ("none",)

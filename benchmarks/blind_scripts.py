"""Scripts of keys for those who never look: some made by hand, and families to draw more from, per task."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from policy_rows import Action, Script

WALK: Action = {"forward": 1, "jump": 1}
RUN: Action = {**WALK, "sprint": 1}
EYE = 1.62
NOTHING: Script = ((20, {}),)


def look(yaw: float = 0.0, pitch: float = 0.0) -> tuple[int, Action]:
    return 1, {"camera": [pitch, yaw]}


def hold(item: str) -> tuple[int, Action]:
    return 2, {"equip": item}


def facing(pitch: float) -> Script:
    """To a pitch, whatever it was: the view stops at straight up."""
    return look(pitch=-180.0), look(pitch=90.0 + pitch)


def sweep(item: str, count: int, pitch: float, step: int = 0) -> Script:
    """Place something all round, in so many directions, walking a few ticks between two of them."""
    walk: Script = ((step, {"forward": 1}),) if step else ()
    return (
        hold(item),
        *facing(pitch),
        *((*walk, (1, {"camera": [0.0, 360.0 / count], "use": 1}), (1, {})) * count),
    )


def down_to(away: float, drop: float = EYE) -> float:
    """The pitch, in degrees, of a look at what is so many blocks away and so many below the eye."""
    return math.degrees(math.atan2(drop, away))


# ---------------------------------------------------------------------- FindCave
def wander(turns: list[float], ticks: list[int], key: Action = RUN) -> Script:
    """Straight on, over ledges, with turns."""
    return tuple(part for turn, n in zip(turns, ticks, strict=True) for part in (look(turn), (n, key)))


def cave_scripts() -> dict[str, Script]:
    return {
        "straight on": wander([0.0], [3000]),
        "straight on, walking": wander([0.0], [3000], {"forward": 1}),
        "there and back": wander([0.0, 180.0] * 4, [300] * 8),
        "in squares": wander([90.0] * 20, [60 + 8 * i for i in range(20)]),
        "zigzag": wander([60.0, -60.0] * 15, [90] * 30),
        "downhill, turning where it ends": wander([75.0] * 40, [75] * 40, {"forward": 1}),
        "digging down": (*facing(90.0), (3000, {"attack": 1})),
        "digging ahead and down": (*facing(50.0), (3000, {"attack": 1, "forward": 1})),
    }


def draw_cave(rng: np.random.Generator) -> Script:
    n = int(rng.integers(2, 40))
    key: Action = [RUN, WALK, {"forward": 1}, {"forward": 1, "sprint": 1}][int(rng.integers(4))]
    return wander(rng.uniform(-180, 180, n).round().tolist(), rng.integers(20, 4000 // n, n).tolist(), key)


# ---------------------------------------------------------------------- MakeWaterfall
def waterfall(
    walk: int, pillar: int, turn: float, pitch: float, key: str, leave: int, back: float, up: float
) -> Script:
    """Walk on, pillar up on the cobblestone, pour, leave, turn round and look."""
    rise: Script = (hold("cobblestone"), *facing(90.0), (pillar, {"jump": 1, "use": 1})) if pillar else ()
    away: Action = {key: 1, "jump": 1}
    return (
        (walk, RUN), *rise, hold("water_bucket"), *facing(pitch), look(turn), (2, {"use": 1}), (15, {}),
        (leave, away), (30, {}), *facing(up), look(back), (60, {}),
    )  # fmt: skip


def waterfall_scripts() -> dict[str, Script]:
    return {
        "pillar, pour, step back": waterfall(0, 200, 0.0, 60.0, "back", 12, 0.0, 0.0),
        "pillar, pour, walk off, turn round": waterfall(0, 200, 0.0, 60.0, "forward", 60, 180.0, -10.0),
        "pour here, back off": waterfall(0, 0, 0.0, 50.0, "back", 60, 0.0, 0.0),
        "pour ahead, walk on, turn round": waterfall(0, 0, 0.0, 30.0, "forward", 60, 180.0, -10.0),
        "climb, pour, walk on, turn round": waterfall(300, 0, 0.0, 45.0, "forward", 60, 180.0, -10.0),
        "climb, pillar, pour, walk off, turn": waterfall(300, 100, 0.0, 60.0, "forward", 80, 180.0, -20.0),
        "walk to a wall, pour on it, back off": waterfall(200, 0, 0.0, -30.0, "back", 50, 0.0, -10.0),
        "walk, pour behind, walk on, turn round": waterfall(200, 0, 180.0, 45.0, "back", 80, 0.0, -10.0),
    }  # fmt: skip


def draw_waterfall(rng: np.random.Generator) -> Script:
    return waterfall(
        int(rng.integers(0, 1500)),
        int(rng.choice([0, 0, 20, 60, 120, 200])),
        float(rng.choice([0.0, 0.0, 90.0, 180.0])),
        float(rng.integers(-50, 85)),
        str(rng.choice(["forward", "back", "left", "right"])),
        int(rng.integers(10, 150)),
        float(rng.integers(-180, 180)),
        float(rng.integers(-50, 30)),
    )


# ---------------------------------------------------------------------- pens
def pen(food: str, walk: int, wait: int, count: int, away: float, step: int = 0, turns: int = 1) -> Script:
    """Show food on a way with some turns, wait for who comes, and fence in what is around, twice over."""
    way = tuple(part for _ in range(turns) for part in ((walk, WALK), look(360.0 / (turns + 1))))
    fences = sweep("fence", count, down_to(away), step)
    return hold(food), *way, (wait, {}), *fences, *facing(0.0), hold(food), (60, {}), *fences, (20, {})


def pen_scripts() -> dict[str, Script]:
    ways = {
        "fences round the start": (0, 200, 24, 2.5),
        "200 ticks on, fences round": (200, 200, 24, 2.5),
        "a wide ring after a round": (150, 100, 32, 3.6, 0, 3),
        "ringed in on foot": (100, 200, 16, 2.0, 12),
    }
    return {
        f"{food}, {name}": pen(food, *way)
        for food in ("wheat", "carrot", "wheat_seeds") for name, way in ways.items()
    }  # fmt: skip


def draw_pen(rng: np.random.Generator) -> Script:
    return pen(
        str(rng.choice(["wheat", "carrot", "wheat_seeds"])), int(rng.integers(0, 300)),
        int(rng.integers(0, 400)), int(rng.integers(14, 48)), float(rng.uniform(1.5, 4.0)),
        int(rng.choice([0, 0, 0, 6, 12])), int(rng.integers(1, 6)),
    )  # fmt: skip


# ---------------------------------------------------------------------- houses
BREAK: Action = {"attack": 1}


def hut(
    item: str, walk: int, count: int, away: float, door: str = "wooden_door", roofs: int = 3, times: int = 1
) -> Script:
    """A round hut about oneself: two layers from the ground, one from each of two blocks of a pillar, then
    down again, a roof from inside, and a doorway or door where one looks. What is underfoot is dug away."""
    wall, top = (
        sweep(item, count, down_to(away)) * times,
        sweep(item, count, down_to(away, EYE - 1.0)) * times,
    )
    rise: Script = (hold(item), *facing(90.0), (12, {"jump": 1, "use": 1}), (12, {}))
    sink: Script = (hold("stone_pickaxe"), *facing(90.0), (70, BREAK), (12, {}))
    roof = [sweep(item, count, -math.degrees(math.atan2(0.9, away - 0.5 - k * 0.8))) for k in range(roofs)]
    over = (hold(item), *facing(-88.0), (1, {"use": 1}), (5, {}), (1, {"use": 1}))
    opened: Script = (hold("stone_axe"), *facing(4.0), (70, BREAK), *facing(28.0), (70, BREAK))
    shut: Script = (hold(door), *facing(down_to(away)), (1, {"use": 1}), (5, {})) if door else ()
    tour: Script = tuple(
        part for _ in range(4) for part in (look(90.0), (8, {"forward": 1}), (8, {"back": 1}))
    )
    return (
        (walk, WALK), (20, {}), *wall, *top, *rise, *top, *rise, *top, *sink,
        *(part for layer in roof for part in layer), *over, *sink, *opened, *shut, *tour, (20, {}),
    )  # fmt: skip


def box(item: str, walk: int, count: int, pitches: tuple[float, ...], door: bool) -> Script:
    """Blocks all round, layer by layer and overhead, and a door where one looks."""
    layers = [part for pitch in pitches for part in sweep(item, count, pitch)]
    opened: Script = (*facing(30.0), (80, BREAK), *facing(50.0), hold("wooden_door"), (2, {"use": 1}))
    return ((walk, WALK), *layers, *(opened if door else ()), (20, {}))


WALLS = ("planks#0", "planks#1", "planks#4", "cobblestone", "sandstone#0", "sandstone#2", "log#0")


def house_scripts() -> dict[str, Script]:
    boxes = (60.0, 40.0, 15.0, -20.0, -45.0, -70.0)
    return {
        **{
            f"a box of {item}{' with a door' * door}": box(item, 60, 16, boxes, door)
            for item in ("planks#0", "cobblestone", "sandstone#0") for door in (False, True)
        },
        **{f"a round hut of {item}": hut(item, 0, 20, 2.6) for item in ("planks#0", "sandstone#0")},
        "a round hut farther on, no door": hut("planks#0", 60, 20, 2.6, ""),
    }  # fmt: skip


def draw_house(rng: np.random.Generator) -> Script:
    item, walk, count = str(rng.choice(WALLS)), int(rng.integers(0, 150)), int(rng.integers(12, 33))
    if rng.random() < 0.25:
        pitches = rng.uniform(-85, 75, int(rng.integers(3, 9))).round()
        return box(item, walk, count, tuple(sorted(pitches.tolist(), reverse=True)), bool(rng.random() < 0.7))
    door = str(rng.choice(["wooden_door", "acacia_door", "spruce_door", ""]))
    roofs, times = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    return hut(item, walk, count, float(rng.uniform(2.0, 3.6)), door, roofs, times)


FIXED: dict[str, Callable[[], dict[str, Script]]] = {
    "FindCave": cave_scripts,
    "MakeWaterfall": waterfall_scripts,
    "CreateVillageAnimalPen": pen_scripts,
    "BuildVillageHouse": house_scripts,
}
DRAWN: dict[str, Callable[[np.random.Generator], Script]] = {
    "FindCave": draw_cave,
    "MakeWaterfall": draw_waterfall,
    "CreateVillageAnimalPen": draw_pen,
    "BuildVillageHouse": draw_house,
}


def changed(script: Script, rng: np.random.Generator) -> Script:
    """The script with some times and turns changed a little."""
    out: list[tuple[int, Action]] = []
    for ticks, action in script:
        turn = action.get("camera")
        if rng.random() < 0.25 and ticks > 5:
            ticks = max(1, int(ticks * rng.uniform(0.6, 1.6)))
        if rng.random() < 0.25 and isinstance(turn, list) and abs(turn[0]) < 170 and "use" not in action:
            action = {**action, "camera": [v + float(rng.normal(0, 10)) if v else v for v in turn]}
        out.append((ticks, action))
    return tuple(out)


def cut(script: Script, ticks: int) -> Script:
    """The first ticks of a script."""
    out: list[tuple[int, Action]] = []
    for n, action in script:
        if ticks <= 0:
            break
        out.append((min(n, ticks), action))
        ticks -= n
    return tuple(out)

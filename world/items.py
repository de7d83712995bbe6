"""Items: what each places, digs or does. Names are those of both eras."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from basalt_iq.world.blocks import BLOCKS, ID

DURABILITY: Final = {"stone_pickaxe": 131, "stone_shovel": 131, "stone_axe": 131}
TOOLS: Final = {"stone_pickaxe": "pickaxe", "stone_shovel": "shovel", "stone_axe": "axe"}
TOOL_SPEED: Final = 4.0
STACK: Final = {"snowball": 16, "bucket": 16, "water_bucket": 1, **dict.fromkeys(DURABILITY, 1)}
"""Largest stack of an item, where it is not 64."""
DOORS: Final = {"wooden_door", "spruce_door", "acacia_door"}
FACED: Final = {"fence_gate", "oak_fence_gate", "stone_stairs", "sandstone_stairs", "ladder", "torch"} | DOORS

PLACES: Final = {
    # items whose block has another name
    "planks#0": "planks", "planks#1": "spruce_planks", "planks#4": "acacia_planks",
    "log#0": "oak_log", "log#1": "spruce_log", "log2#0": "acacia_log",
    "sandstone#0": "sandstone", "sandstone#2": "smooth_sandstone",
    "red_flower": "poppy", "grass_block": "grass", "oak_fence": "fence",
    # items whose block has their own name
    **{name: name for name in (
        "cobblestone", "dirt", "sand", "sandstone", "smooth_sandstone", "terracotta", "packed_ice",
        "snow_block", "white_wool", "glass", "glass_pane", "cactus", "cobweb", "lantern", "flower_pot",
        "poppy", "fence",
        "spruce_fence", "acacia_fence", "wooden_pressure_plate", "oak_log", "spruce_log", "acacia_log",
        "jungle_log",
    )},
}  # fmt: skip
"""The block that an item places, where it does not depend on where one looks."""
DROPS: Final = {
    # what a block drops, in the names of 2021 where an inventory lists them
    "planks": "planks#0", "spruce_planks": "planks#1", "acacia_planks": "planks#4", "oak_log": "log#0",
    "spruce_log": "log#1", "acacia_log": "log2#0", "sandstone": "sandstone#0",
    "smooth_sandstone": "sandstone#2", "poppy": "red_flower",
}  # fmt: skip
DROPS_2022: Final = {"fence": "oak_fence", "fence_gate": "oak_fence_gate", "grass": "grass_block"}
HARDNESS_2022: Final = {"smooth_sandstone": 2.0}
"""Minecraft's hardness in 2022, where it changed."""
FOODS: Final = ("carrot", "wheat", "wheat_seeds")


def dropped(block: int, era: int) -> str:
    """The item a block drops when broken, or ''."""
    name = BLOCKS[block].drop
    return (DROPS if era == 2021 else DROPS_2022).get(name, name)


def places_facing(item: str, facing: int, wall: int) -> int | None:
    """The block placed by an item that has a front.

    `facing` is where the player looks, `wall` the facing of the wall clicked, or -1 for a floor.
    None: it can't be placed there.
    """
    if item in ("fence_gate", "oak_fence_gate"):
        return ID[f"fence_gate_{facing}"]
    if item in ("stone_stairs", "sandstone_stairs"):
        return ID[f"{item}_{facing}"]
    if item == "torch":
        return ID["torch"] if wall < 0 else ID[f"wall_torch_{wall}"]
    if item == "ladder":
        return None if wall < 0 else ID[f"ladder_{wall}"]
    return ID[f"{item}_lower_{facing}"]


def dig_progress(block: int, item: str, hindrances: int, era: int = 2021) -> float:
    """Share of a block that one tick of digging takes away; 1 or more breaks it at once.

    Each hindrance makes it five times slower: eyes in water, feet off the ground.
    """
    b = BLOCKS[block]
    hardness = HARDNESS_2022.get(b.name, b.hardness) if era == 2022 else b.hardness
    if hardness < 0:
        return 0.0
    if hardness == 0:
        return 1.0
    right = bool(b.tool) and TOOLS.get(item) == b.tool
    speed = TOOL_SPEED if right else 1.0
    return speed / hardness / (30.0 if right or not b.needs_tool else 100.0) / 5.0**hindrances


@dataclass
class Stack:
    """Some of one item in a slot."""

    item: str
    count: int
    damage: int = 0


class Inventory:
    """36 slots, the first nine of which are the hotbar; one of those is in hand."""

    def __init__(self, start: dict[str, int] | None = None):
        self.slots: list[Stack | None] = [None] * 36
        self.selected = 0
        self.version = 0
        """Grows with every change, so that observations can be kept while nothing changes."""
        for slot, (item, count) in enumerate((start or {}).items()):
            self.slots[slot] = Stack(item, count)

    @property
    def hand(self) -> Stack | None:
        return self.slots[self.selected]

    @property
    def held(self) -> str:
        """The item in hand, 'air' if none."""
        stack = self.hand
        return stack.item if stack else "air"

    def count(self, item: str) -> int:
        return sum(s.count for s in self.slots if s and s.item == item)

    def counts(self) -> Counter[str]:
        """How many there are of every item."""
        total: Counter[str] = Counter()
        for stack in self.slots:
            if stack:
                total[stack.item] += stack.count
        return total

    def select(self, slot: int) -> None:
        if slot != self.selected:
            self.selected = slot
            self.version += 1

    def equip(self, item: str) -> None:
        """Takes an item in hand ('air': an empty hand), if there is one and if there is room."""
        if item == self.held:
            return
        slot = self._find(item)
        if slot is None:
            return
        if slot >= 9:
            self.swap(slot, self.selected)
        else:
            self.select(slot)

    def _find(self, item: str) -> int | None:
        for slot, stack in enumerate(self.slots):
            if (stack.item if stack else "air") == item:
                return slot
        return None

    def swap(self, a: int, b: int) -> None:
        self.slots[a], self.slots[b] = self.slots[b], self.slots[a]
        self.version += 1

    def use_up(self) -> None:
        """Takes one of what is in hand."""
        stack = self.hand
        if stack:
            stack.count -= 1
            if stack.count == 0:
                self.slots[self.selected] = None
            self.version += 1

    def wear(self) -> None:
        """Wears the tool in hand by one use; it breaks when it is worn out."""
        stack = self.hand
        if stack and stack.item in DURABILITY:
            stack.damage += 1
            if stack.damage > DURABILITY[stack.item]:
                self.slots[self.selected] = None
            self.version += 1

    def replace_hand(self, item: str) -> None:
        """Turns what is in hand into another item (a bucket filled or emptied)."""
        self.slots[self.selected] = Stack(item, 1)
        self.version += 1

    def add(self, item: str) -> bool:
        """Adds one of an item; False if there is no room."""
        room = STACK.get(item, 64)
        stack = next((s for s in self.slots if s and s.item == item and s.count < room), None)
        if stack:
            stack.count += 1
        elif None in self.slots:
            self.slots[self.slots.index(None)] = Stack(item, 1)
        else:
            return False
        self.version += 1
        return True

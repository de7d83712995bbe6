"""The tasks in words, for people who play or judge them (contract, section 1)."""

from __future__ import annotations

from basalt_iq.contract import TICK_SECONDS, Task, added_task

TASKS = {
    "FindCave": "Explore, find a cave, and throw a snowball once inside it.",
    "MakeWaterfall": "Make a waterfall with the water bucket, then move so that the view on it is beautiful "
    "and throw a snowball.",
    "CreateVillageAnimalPen": "Beside a house of the village, fence in two or more animals of one kind, "
    "harming neither villagers nor buildings, then throw a snowball.",
    "BuildVillageHouse": "Build a house in the style of the village without damaging the village, show it "
    "from inside and outside, then throw a snowball.",
}
_ENDS = {
    2021: "The throw ends the episode: choose the snowball (mouse wheel or its number), then right click. "
    "The world goes on for a moment, and is judged as it was at the throw.",
    2022: "P ends the episode (it is the game's Escape); the throw alone does not.",
}


def about(task: str) -> str:
    """What to do, in a sentence or two; empty for a task that is not BASALT's."""
    added = added_task(task)
    return added.briefing if added else TASKS.get(task, "")


def how_to_end(task: Task, era: int, max_steps: int) -> str:
    """What ends an episode of the era, and when it ends by itself."""
    minutes = max_steps * TICK_SECONDS / 60
    return f"{_ENDS[era]} It ends by itself after {minutes:.3g} minutes."

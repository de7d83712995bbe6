"""Who has done the task, from the state of the world. Never shown to the player.

Each judge takes the world and how the episode ended, and knows its era's own task text.
"""

from basalt_iq.world.judges.cave import judge_cave
from basalt_iq.world.judges.house import judge_house
from basalt_iq.world.judges.pen import judge_pen, judge_plains_pen
from basalt_iq.world.judges.verdict import Ending, Verdict
from basalt_iq.world.judges.waterfall import judge_waterfall

__all__ = [
    "Ending",
    "Verdict",
    "judge_cave",
    "judge_house",
    "judge_pen",
    "judge_plains_pen",
    "judge_waterfall",
]

"""Which values the numbers of a command line may have: one line for whatever lies outside."""

from __future__ import annotations

import math
from typing import NamedTuple

from basalt_iq.errors import UserError


class Range(NamedTuple):
    """Numbers from `low` to `high`, without those ends that are `open`; NaN lies in none."""

    low: float
    high: float = math.inf
    open: str = ""

    def holds(self, value: float) -> bool:
        above = value > self.low if "low" in self.open else value >= self.low
        return above and (value < self.high if "high" in self.open else value <= self.high)

    def __str__(self) -> str:
        low = f"above {self.low:g}" if "low" in self.open else f"at least {self.low:g}"
        if self.high == math.inf:
            return f"{low} and finite" if "high" in self.open else low
        return f"{low} and {'below' if 'high' in self.open else 'at most'} {self.high}"


#: Of things counted, and the same where there may be none.
COUNT, COUNT_OR_NONE = Range(1), Range(0)
SEED = Range(0, (1 << 63) - 1)
#: Height and width of stored frames, in pixels.
PIXELS = Range(1, 4096)
PORT = Range(0, 65535)


def require(option: str, value: float | None, allowed: Range) -> None:
    """Raises UserError where an `option` that was given ("workers" of --workers) has a value out of range."""
    if value is not None and not allowed.holds(value):
        shown = f"{value}" if isinstance(value, int) else f"{value:g}"
        raise UserError(f"--{option} {shown}: must be {allowed}")

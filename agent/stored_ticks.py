"""The actions of stored demos."""

from __future__ import annotations

import numpy as np

from basalt_iq.agent.actions import Ticks
from basalt_iq.data.store import Trajectory


def ticks(trajectory: Trajectory, first: int = 0) -> Ticks:
    """The actions of a stored demo from tick `first` on."""
    rows = trajectory.rows.read(first, trajectory.length)
    names = np.array(trajectory.equip_values or ("none",))
    return Ticks(trajectory.button_names, rows["buttons"], rows["camera"], names[rows["equip"]])

"""Named settings of a training: `basalt-iq train --recipe NAME`. Options given beside it win."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from basalt_iq.agent.config import NetworkConfig
from basalt_iq.train.config import HindsightConfig, LearnerConfig, OnlineConfig, TrainConfig

Recipe = Literal["demo", "online", "standard", "hindsight"]

#: What two cores train in minutes; the figures of `make demo` and of the ways to learn are its.
DEMO = TrainConfig()
RECIPES: dict[Recipe, TrainConfig] = {
    "demo": DEMO,
    # The best of docs/basalt.md: what the agent plays itself bounds its rewards, endings are worth something.
    "online": replace(
        DEMO,
        steps=1400,
        objective=replace(DEMO.objective, alpha=0.1, absorbing_reward=0.005),
        online=OnlineConfig(online=True, worlds=24, online_steps=900, start_after=200),
    ),
    # The encoder first learns where demonstrators were about to go; then it sees single frames, so that what
    # moved last cannot be copied, and the moments in which something changes count more.
    "hindsight": replace(
        DEMO,
        network=replace(DEMO.network, stack=1),
        objective=replace(DEMO.objective, change_weight=3.0),
        hindsight=HindsightConfig(hindsight_updates=3000, hindsight_weight=0.1),
    ),
    # A decision every tick, four frames, larger batches: the defaults up to version 0.1. No success rate is
    # known for it.
    "standard": replace(
        DEMO,
        held_out=0.1,
        batch=16,
        repeat=1,
        mirror=False,
        check_every=500,
        network=NetworkConfig(),
        learner=LearnerConfig(),
    ),
}

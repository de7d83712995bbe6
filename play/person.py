"""A person records demonstrations: each is played, judged, and kept, tried again or dropped by its player."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import gymnasium

from basalt_iq.errors import UserError
from basalt_iq.jobs import Progress
from basalt_iq.play.keyboard import WebPlayer
from basalt_iq.play.minerl import WorldFault
from basalt_iq.play.record import Recipe, Recording, fail, prepare, publish, recorded
from basalt_iq.play.results import Outcome
from basalt_iq.play.ticks import Seen
from basalt_iq.play.worlds import STAND_IN
from basalt_iq.scratch import scratch

#: Shorter ones, in ticks, hold nothing to keep.
_LEAST = 20


def record_person(
    recipe: Recipe,
    n: int,
    first_seed: int,
    player: WebPlayer,
    *,
    progress: Progress = lambda done, total: None,
) -> list[Outcome]:
    """Record until `n` demonstrations are kept or the person stops.

    What was being played at a stop is the person's to keep; at Ctrl-C it is kept, since nobody can be asked.
    """
    prepare(recipe)
    done: list[Outcome] = []
    while not player.done and (kept := sum(outcome.kept for outcome in done)) < n:
        progress(kept, n)
        seed = first_seed + len(done)
        outcome = recorded(recipe, seed) or _sitting(recipe, seed, player, kept, n)
        done += [outcome] if outcome else []
    progress(sum(outcome.kept for outcome in done), n)
    return done


def _sitting(recipe: Recipe, seed: int, player: WebPlayer, kept: int, n: int) -> Outcome | None:
    """One try at a seed; None where it is to be tried again, or the person stops before it."""
    env = recipe.make()
    with scratch(recipe.root, str(seed)) as folder, contextlib.closing(env):
        with Recording(recipe.spec, recipe.era, folder) as recording:
            observation = _ready(env, recipe.maker.world, seed)
            if not player.begin(env, observation, seed, kept, n, not recipe.only_successful):
                return None
            last, interrupted = _play(env, player, recording, observation)
        info = last or {}
        about: dict[str, Any] = {"success": False, "score": 0.0, "reasons": []}
        about |= {key: info[key] for key in about if key in info}
        outcome = Outcome(seed, recording.length, bool(about["success"]), float(about["score"]), True)
        reasons = about["reasons"]
        if recipe.maker.world != STAND_IN:
            judged = about if "success" in info else {}
            about = judged | {"world": recipe.maker.world}
        about |= {"seed": seed, "steps": recording.length, "player": "person", "stopped": last is None}
        if interrupted:
            if recording.length >= _LEAST and not recipe.only_successful:
                publish(recipe, seed, folder, recording, about)
            raise KeyboardInterrupt
        choice = player.judge(info.get("success"), reasons) if recording.length else "retry"
        if choice == "keep":
            publish(recipe, seed, folder, recording, about)
        elif choice == "discard":
            fail(recipe, seed, about)
    return None if choice == "retry" else Outcome(**{**vars(outcome), "kept": choice == "keep"})


def _ready(env: gymnasium.Env, world: str, seed: int) -> Mapping[str, Any]:
    """What the world shows at the start of an episode. Raises UserError if there is none."""
    if world == STAND_IN:
        env.reset(seed=seed)
        env.step({})  # whatever is compiled at a first tick is, before the person starts
    try:
        return env.reset(seed=seed)[0]
    except WorldFault as fault:
        raise UserError(f"--world {world}: {fault}") from None


def _play(
    env: Any, player: WebPlayer, recording: Recording, observation: Any
) -> tuple[dict[str, Any] | None, bool]:
    """Play to the end, the world's or the person's: what the world says then, None where it was not asked,
    and whether Ctrl-C ended it.

    A step in which the world breaks is none; what came before it is the person's to keep.
    """
    recording.see(observation)
    try:
        while (action := player.act()) is not None:
            observation, _, terminated, truncated, info = env.step(action)
            seen = Seen(observation, terminated, truncated, info)
            if seen.error is not None:
                return {"reasons": [f"the world broke: {seen.error}"]}, False
            recording.act(action)
            recording.see(observation)
            player.see(observation)
            if seen.over:
                return info, False
    except KeyboardInterrupt:
        return None, True
    return None, False

"""Scripted players record straight into a store: no video is written, and none has to be decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from basalt_iq.data.about import read_about
from basalt_iq.data.names import demo_name, stream_prefix
from basalt_iq.data.store import Store, TrajectoryWriter
from basalt_iq.errors import UserError
from basalt_iq.files import make_folder
from basalt_iq.frames import planar, shrink
from basalt_iq.jobs import Progress
from basalt_iq.play.record import Recipe, Recording, fail, failed, play, until_kept
from basalt_iq.play.results import Outcome
from basalt_iq.scratch import sweep


def record_into_store(
    recipe: Recipe,
    n: int,
    first_seed: int,
    *,
    workers: int | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Outcome]:
    """As `record`, with the store at `recipe.root` in the place of a data set. Frames are exact."""
    _open(recipe)
    sweep(recipe.root)
    make_folder(recipe.folder)
    return until_kept(
        n, first_seed, partial(_record_one, recipe), partial(_recorded, recipe), workers, progress
    )


def _open(recipe: Recipe) -> Store:
    if recipe.size is None:
        raise ValueError("the recipe is of a data set, not of a store")
    return Store.create(recipe.root, recipe.size)


def _recorded(recipe: Recipe, seed: int) -> Outcome | None:
    """How the episode of a seed went, if it was recorded before."""
    for file in sorted(recipe.folder.glob(f"{_prefix(recipe, seed)}*/trajectory.json")):
        told = read_about(file.parent, "restore it, or record into another store").meta
        if told.get("seed") == seed:
            return _outcome(told, kept=True)
    return failed(recipe, seed)


def _record_one(recipe: Recipe, seed: int) -> Outcome:
    store = _open(recipe)
    try:
        with store.writer("") as writer:
            recording = _StoredRecording(recipe, writer)
            about, ended = play(recipe, seed, recording)
            kept = about["success"] or not recipe.only_successful
            if kept:
                steps = recording.steps()
                meta = about | {"ended": ended, "source": f"the stand-in world, seed {seed}"}
                writer.name = _prefix(recipe, seed) + (f"0-{steps.length}" if recipe.era == 2021 else "")
                writer.commit(replace(steps, meta=meta))
            else:
                fail(recipe, seed, about)
    except OSError as error:
        raise UserError(
            f"{recipe.root}: cannot write ({error.strerror or error}); make room and run again"
        ) from error
    return _outcome(about, kept=kept)


def _outcome(about: Mapping[str, Any], *, kept: bool) -> Outcome:
    return Outcome(about["seed"], about["steps"], bool(about["success"]), float(about["score"]), kept)


def _prefix(recipe: Recipe, seed: int) -> str:
    return (stream_prefix if recipe.era == 2021 else demo_name)(seed, recipe.what)


class _StoredRecording(Recording):
    """Frames go into a trajectory as they are seen."""

    def __init__(self, recipe: Recipe, writer: TrajectoryWriter):
        super().__init__(recipe.spec, recipe.era, recipe.root)
        self._writer, self._size = writer, recipe.size or 0

    def see(self, observation: Mapping[str, Any]) -> None:
        self._keep_state(observation)
        self._writer.append(planar(shrink(observation["pov"], self._size)))

    def act(self, action: Mapping[str, Any]) -> None:
        self._actions.append(dict(action))

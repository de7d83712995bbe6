"""Demonstrations as a Minari data set (https://minari.farama.org), and back without loss.

    OUT/basalt/<task>-<era>-v0/data/    what `minari.load_dataset` reads with MINARI_DATASETS_PATH=OUT
    OUT/basalt_iq.json                  what Minari has no place for

An observation is a picture and a vector, an action a vector; see `exchange.Layout` for what its numbers are.
Pictures are raw, since Minari's other choice is JPEG, which changes them.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from basalt_iq.data.exchange import Exported, Layout, admit, described, refuse_existing
from basalt_iq.data.store import Store, Trajectory
from basalt_iq.errors import UserError
from basalt_iq.files import write_folder
from basalt_iq.jobs import Progress

if TYPE_CHECKING:
    import gymnasium
    from minari.data_collector import EpisodeBuffer


def export(demos: Sequence[Trajectory], out: Path, progress: Progress = lambda done, total: None) -> Exported:
    """Write the demonstrations of one task into the new folder `out`. Raises UserError."""
    exported = described(demos)
    if len({(demo.task, demo.era) for demo in demos}) > 1:
        raise UserError("a Minari data set holds one task; name it by --task")
    refuse_existing(out)
    write_folder(out, lambda folder: _write(demos, exported, folder, progress))
    return exported


def dataset_id(exported: Exported) -> str:
    """What `minari.load_dataset` calls it."""
    first = exported.demos[0]
    return f"basalt/{first.task}-{first.era}-v0"


def _write(demos: Sequence[Trajectory], exported: Exported, folder: Path, progress: Progress) -> None:
    from minari import __version__
    from minari.dataset.minari_storage import MinariStorage

    layout, name = exported.layout, dataset_id(exported)
    data = folder / name / "data"
    data.mkdir(parents=True)
    with contextlib.redirect_stderr(io.StringIO()):
        storage = MinariStorage.new(
            data, _observations(layout, exported.size), _actions(layout), data_format="arrow",
            jpeg_encoding=False,
        )  # fmt: skip
        for index, demo in enumerate(demos):
            storage.update_episodes([_episode(demo, layout)])
            progress(index + 1, len(demos))
        about = {"dataset_id": name, "minari_version": __version__, "algorithm_name": "human or scripted"}
        storage.update_metadata({**about, "action_names": list(layout.action_names)})
    exported.write(folder)


def _observations(layout: Layout, size: int) -> gymnasium.Space:
    from gymnasium.spaces import Box, Dict

    state = Box(-np.inf, np.inf, (len(layout.state_names),), np.float32)
    return Dict({"pov": Box(0, 255, (size, size, 3), np.uint8), "state": state})


def _actions(layout: Layout) -> gymnasium.Space:
    from gymnasium.spaces import Box

    buttons = len(layout.button_names)
    low = np.array([0] * buttons + [-180, -180, 0], np.float32)
    high = np.array([1] * buttons + [180, 180, max(len(layout.equip_values) - 1, 0)], np.float32)
    return Box(low, high, dtype=np.float32)


def _episode(demo: Trajectory, layout: Layout) -> EpisodeBuffer:
    from minari.data_collector import EpisodeBuffer

    over = np.arange(demo.length) == demo.length - 1
    return EpisodeBuffer(
        observations={
            "pov": np.moveaxis(demo.frames[: demo.length + 1], 1, -1),
            "state": layout.states(demo),
        },
        actions=list(layout.actions(demo)),
        rewards=[0.0] * demo.length,
        terminations=list(over & demo.about.ended),
        truncations=list(over & (not demo.about.ended)),
    )


def load(folder: Path, store: Store, progress: Progress = lambda done, total: None) -> list[str]:
    """Read what :func:`export` wrote into a store; the names of what is new there. Raises UserError."""
    from minari import MinariDataset

    exported = Exported.read(folder, "minari")
    path, added = folder / dataset_id(exported) / "data", []
    try:
        episodes = MinariDataset(path)
        for index, (name, about) in enumerate(zip(exported.names, exported.demos, strict=True)):
            seen = episodes[index]
            steps = Layout.of(about).steps(about, seen.actions, seen.observations["state"])
            committed = admit(store, name, about, steps, seen.observations["pov"])
            added += [committed.name] if committed.new else []
            progress(index + 1, len(exported.demos))
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise UserError(f"{path}: cannot be read ({error}); export it again") from error
    return added

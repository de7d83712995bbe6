"""Demonstrations as a LeRobotDataset v3.0 (https://huggingface.co/docs/lerobot), and back without loss.

    OUT/meta/info.json, stats.json, tasks.parquet, episodes/chunk-000/file-000.parquet
    OUT/data/chunk-000/file-000.parquet    one file a demonstration: frames as PNG, action, state, times
    OUT/basalt_iq.json                     what LeRobot has no place for

A demonstration of T steps is an episode of T+1 frames; in the last one nothing is done (`next.done`).
Frames are images rather than videos, so that pixels are exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from basalt_iq.contract import TICK_SECONDS
from basalt_iq.data.about import About
from basalt_iq.data.exchange import BLOCK, Exported, Layout, admit, described, refuse_existing
from basalt_iq.data.store import Store, Trajectory
from basalt_iq.errors import UserError
from basalt_iq.files import write_folder
from basalt_iq.jobs import Progress
from basalt_iq.records import write_json

VERSION = "v3.0"
FPS = round(1 / TICK_SECONDS)
POV, STATE, ACTION = "observation.images.pov", "observation.state", "action"
#: Files in a chunk folder.
_CHUNK = 1000


def export(demos: Sequence[Trajectory], out: Path, progress: Progress = lambda done, total: None) -> Exported:
    """Write the demonstrations into the new folder `out`. Raises UserError where that is impossible."""
    exported = described(demos)
    refuse_existing(out)
    write_folder(out, lambda folder: _write(demos, exported, folder, progress))
    return exported


def _write(demos: Sequence[Trajectory], exported: Exported, folder: Path, progress: Progress) -> None:
    tasks = sorted({demo.task for demo in demos})
    episodes, first = [], 0
    for index, demo in enumerate(demos):
        task = tasks.index(demo.task)
        episodes.append(_write_episode(folder, demo, exported.layout, index, first, task))
        first += demo.length + 1
        progress(index + 1, len(demos))
    _write_meta(folder, exported, episodes, tasks)
    exported.write(folder)


def _write_episode(
    folder: Path, demo: Trajectory, layout: Layout, index: int, first: int, task: int
) -> dict[str, Any]:
    """Write an episode's file; its row of `meta/episodes`. `first` is its first frame in the data set."""
    path = _data_file(folder, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    count = demo.length + 1
    numbers = _numbers(demo, layout, index, first, task)
    with pq.ParquetWriter(path, _schema(layout)) as writer:
        for begin in range(0, count, BLOCK):
            part = {name: array[begin : begin + BLOCK] for name, array in numbers.items()}
            writer.write_table(_table(part, demo.frames[begin : begin + BLOCK], layout))
    return {
        "episode_index": index, "tasks": [demo.task], "length": count,
        "data/chunk_index": index // _CHUNK, "data/file_index": index % _CHUNK,
        "dataset_from_index": first, "dataset_to_index": first + count,
        "meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0,
    }  # fmt: skip


def _data_file(folder: Path, index: int) -> Path:
    return folder / "data" / f"chunk-{index // _CHUNK:03d}" / f"file-{index % _CHUNK:03d}.parquet"


def _numbers(demo: Trajectory, layout: Layout, index: int, first: int, task: int) -> dict[str, np.ndarray]:
    """The columns of T+1 rows that are no pictures."""
    count = demo.length + 1
    actions = np.zeros((count, len(layout.action_names)), np.float32)
    actions[:-1] = layout.actions(demo)
    ticks = np.arange(count)
    return {
        ACTION: actions, STATE: layout.states(demo), "next.done": ticks == demo.length,
        "timestamp": (ticks * TICK_SECONDS).astype(np.float32), "frame_index": ticks,
        "episode_index": np.full(count, index), "index": first + ticks, "task_index": np.full(count, task),
    }  # fmt: skip


def _schema(layout: Layout) -> pa.Schema:
    fields: dict[str, pa.DataType] = {
        POV: pa.struct({"bytes": pa.binary(), "path": pa.string()}),
        ACTION: pa.list_(pa.float32(), len(layout.action_names)),
        STATE: _vector(len(layout.state_names)),
        "next.done": pa.bool_(), "timestamp": pa.float32(),
    }  # fmt: skip
    whole = ("frame_index", "episode_index", "index", "task_index")
    return pa.schema({**fields, **dict.fromkeys(whole, pa.int64())})


def _vector(length: int) -> pa.DataType:
    """A feature of one number is a number there, not a vector."""
    return pa.float32() if length == 1 else pa.list_(pa.float32(), length)


def _table(numbers: dict[str, np.ndarray], frames: np.ndarray, layout: Layout) -> pa.Table:
    """Of some rows; frames (N, 3, H, W) uint8 RGB."""
    pictures = [{"bytes": _png(frame), "path": None} for frame in frames]
    columns: dict[str, Any] = {POV: pictures}
    for name, array in numbers.items():
        flat = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        columns[name] = list(flat) if flat.ndim == 2 else flat
    return pa.Table.from_pydict(columns, schema=_schema(layout))


def _png(frame: np.ndarray) -> bytes:
    image = cv2.cvtColor(np.ascontiguousarray(np.moveaxis(frame, 0, -1)), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", image)[1].tobytes()


def _write_meta(
    folder: Path, exported: Exported, episodes: list[dict[str, Any]], tasks: Sequence[str]
) -> None:
    rows = folder / "meta/episodes/chunk-000/file-000.parquet"
    rows.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(episodes), rows)
    pq.write_table(_task_table(tasks), folder / "meta/tasks.parquet")
    frames = episodes[-1]["dataset_to_index"]
    write_json(folder / "meta/info.json", _info(exported, len(episodes), frames, len(tasks)))
    write_json(folder / "meta/stats.json", _stats(folder, exported.layout, len(episodes)))


def _task_table(tasks: Sequence[str]) -> pa.Table:
    """Indexed by name, as pandas writes and reads it."""
    import pandas as pd

    return pa.Table.from_pandas(pd.DataFrame({"task_index": range(len(tasks))}, index=pd.Index(tasks)))


def _info(exported: Exported, episodes: int, frames: int, tasks: int) -> dict[str, Any]:
    layout, size = exported.layout, exported.size
    one = {"shape": [1], "names": None}
    features: dict[str, Any] = {
        POV: {"dtype": "image", "shape": [size, size, 3], "names": ["height", "width", "channels"]},
        ACTION: _feature(layout.action_names),
        STATE: _feature(layout.state_names),
        "next.done": {"dtype": "bool", **one}, "timestamp": {"dtype": "float32", **one},
    }  # fmt: skip
    for name in ("frame_index", "episode_index", "index", "task_index"):
        features[name] = {"dtype": "int64", **one}
    pattern = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
    return {
        "codebase_version": VERSION, "robot_type": "minecraft", "fps": FPS, "total_episodes": episodes,
        "total_frames": frames, "total_tasks": tasks, "splits": {"train": f"0:{episodes}"},
        "chunks_size": _CHUNK, "data_files_size_in_mb": 100, "video_files_size_in_mb": 200,
        "data_path": f"data/{pattern}", "video_path": None, "features": features,
    }  # fmt: skip


def _feature(names: Sequence[str]) -> dict[str, Any]:
    return {"dtype": "float32", "shape": [len(names)], "names": list(names)}


def _stats(folder: Path, layout: Layout, episodes: int) -> dict[str, Any]:
    """Least, greatest, mean and spread of actions and states, which policies are normalised by."""
    found: dict[str, Any] = {}
    for name, count in ((ACTION, len(layout.action_names)), (STATE, len(layout.state_names))):
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        rows, total, squares = 0, np.zeros(count), np.zeros(count)
        for index in range(episodes):
            values = _array(pq.read_table(_data_file(folder, index), columns=[name])[name]).astype(np.float64)
            low, high = np.minimum(low, values.min(0)), np.maximum(high, values.max(0))
            rows, total, squares = rows + len(values), total + values.sum(0), squares + (values**2).sum(0)
        mean = total / rows
        std = np.sqrt(np.maximum(squares / rows - mean**2, 0))
        moments = {"min": low, "max": high, "mean": mean, "std": std, "count": np.array([rows])}
        found[name] = {key: value.tolist() for key, value in moments.items()}
    return found


def _array(column: pa.ChunkedArray) -> np.ndarray:
    """(N, numbers) of a column of vectors, or of numbers."""
    return np.array(column.to_pylist(), np.float32).reshape(len(column), -1)


def load(folder: Path, store: Store, progress: Progress = lambda done, total: None) -> list[str]:
    """Read what :func:`export` wrote into a store; the names of what is new there. Raises UserError."""
    exported = Exported.read(folder, "lerobot")
    added = []
    for index, (name, about) in enumerate(zip(exported.names, exported.demos, strict=True)):
        try:
            committed = _load_episode(folder, index, name, about, store)
        except (OSError, pa.ArrowException, KeyError, ValueError, cv2.error) as error:
            raise UserError(
                f"{_data_file(folder, index)}: cannot be read ({error}); export it again"
            ) from error
        added += [committed.name] if committed.new else []
        progress(index + 1, len(exported.demos))
    return added


def _load_episode(folder: Path, index: int, name: str, about: About, store: Store) -> Any:
    file = pq.ParquetFile(_data_file(folder, index))
    numbers = file.read(columns=[ACTION, STATE])
    steps = Layout.of(about).steps(about, _array(numbers[ACTION])[:-1], _array(numbers[STATE]))
    return admit(store, name, about, steps, _frames(file, store.size))


def _frames(file: pq.ParquetFile, size: int) -> Iterator[np.ndarray]:
    """(H, W, 3) uint8 RGB, one after the other."""
    for batch in file.iter_batches(BLOCK, columns=[POV]):
        for cell in batch.column(0).to_pylist():
            image = cv2.imdecode(np.frombuffer(cell["bytes"], np.uint8), cv2.IMREAD_COLOR)
            if image is None or image.shape != (size, size, 3):
                raise ValueError(f"a picture that is not {size}x{size}")
            yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

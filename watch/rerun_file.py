"""Episodes for the Rerun viewer (https://rerun.io): picture, path, thoughts, actions, tick by tick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basalt_iq.errors import UserError
from basalt_iq.files import replacing
from basalt_iq.play.episode import Episode
from basalt_iq.watch.runs import find

if TYPE_CHECKING:
    import rerun as rr

#: Arrays of an episode that are one number a tick.
CURVES = ("v", "entropy", "reward", "progress")


def write_rerun(folders: Sequence[Path], out: Path) -> int:
    """Write the episodes of runs and evaluations into the file `out` (.rrd); how many. Raises UserError."""
    import rerun as rr

    if out.suffix != ".rrd":
        raise UserError(f"--rerun {out}: give a name that ends in .rrd")
    episodes = [(f"{one.name}/{e.stem}", e) for _, one in find(folders)[1] for e in one.episodes]
    if not episodes:
        raise UserError("no episodes there to write; play some with `basalt-iq evaluate`")
    with replacing(out) as partial:
        recording = rr.RecordingStream("basalt-iq")
        recording.save(partial)
        for place, episode in episodes:
            _log(recording, place, episode)
        recording.flush()
        recording.disconnect()
    return len(episodes)


def _log(recording: rr.RecordingStream, place: str, episode: Episode) -> None:
    import rerun as rr

    arrays, facts = episode.arrays, episode.facts
    recording.log(place, rr.TextDocument(_about(episode)), static=True)
    if episode.video.is_file():
        _log_video(recording, f"{place}/view", episode.video)
    for name in CURVES:
        if name in arrays:
            values = arrays[name].astype(np.float64)
            _send(recording, f"{place}/{name}", len(values), rr.Scalars.columns(scalars=values))
    if "position" in arrays:
        _log_path(recording, f"{place}/path", arrays["position"])
    if "action" in arrays and facts.action_names:
        names = [facts.action_names[i] for i in arrays["action"]]
        _send(recording, f"{place}/action", len(names), rr.TextLog.columns(text=names))


def _about(episode: Episode) -> str:
    facts = episode.facts
    how = "not judged" if facts.success is None else "success" if facts.success else "failure"
    return "\n".join([f"{facts.player} on {facts.task}, seed {facts.seed}: {how}", *facts.reasons])


def _log_video(recording: rr.RecordingStream, place: str, path: Path) -> None:
    import rerun as rr

    video = rr.AssetVideo(path=path)
    recording.log(place, video, static=True)
    times = video.read_frame_timestamps_nanos()
    _send(recording, place, len(times), rr.VideoFrameReference.columns_nanos(times))


def _log_path(recording: rr.RecordingStream, place: str, positions: np.ndarray) -> None:
    """positions (T+1, 4): x, y, z in blocks and yaw; Rerun's up is z."""
    import rerun as rr

    points = positions[:, [0, 2, 1]].astype(np.float32)
    recording.log(place, rr.LineStrips3D([points]), static=True)
    _send(recording, f"{place}/player", len(points), rr.Points3D.columns(positions=points))


def _send(recording: rr.RecordingStream, place: str, count: int, columns: Any) -> None:
    import rerun as rr

    ticks = rr.TimeColumn("tick", sequence=np.arange(count))
    rr.send_columns(place, indexes=[ticks], columns=columns, recording=recording)

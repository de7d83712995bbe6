"""`watch --track`, read back by the trackers' own packages."""

import json
import shutil
import struct

import pytest

from basalt_iq.errors import UserError
from basalt_iq.train.config import TrainConfig
from basalt_iq.train.settings import settings_to_json
from basalt_iq.train.trackers import TensorBoard
from basalt_iq.watch.runs import examples
from basalt_iq.watch.tracked import track_evaluations

BLOCK = 1 << 15


@pytest.fixture
def run(synthetic, tmp_path):
    """A run that an agent of 3 episodes was evaluated of, two of them successes."""
    return synthetic.run(tmp_path / "iq", players=("agent",))


def test_tensorboard_reads_hyper_parameters_rates_tables_and_videos(run):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2

    settings = settings_to_json(TrainConfig(steps=5))
    board = TensorBoard(run, 0, settings)
    board.log(5, {"held_out/nll": 1.25})
    board.close()
    found = track_evaluations([run], "tensorboard")
    assert (found.runs, found.evaluations, found.videos) == (1, 1, 3)

    read = EventAccumulator(str(run / "tensorboard"), size_guidance={"images": 0, "tensors": 0}).Reload()
    assert [event.value for event in read.Scalars("held_out/nll")] == [1.25]
    assert read.Scalars("evaluation/agent/success")[0].value == pytest.approx(2 / 3)
    (video,) = read.Images("agent/seed_101")
    assert video.encoded_image_string.startswith(b"GIF89a")
    (table,) = read.Tensors("evaluations/text_summary")
    assert b"| agent | FindCave |" in table.tensor_proto.string_val[0]
    said = read.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    told = plugin_data_pb2.HParamsPluginData.FromString(said).session_start_info.hparams
    assert told["objective.name"].string_value in ("iq", "")


def logged(data):
    """The records of wandb's file, which has LevelDB's log format (its package brings no reader)."""
    at, parts = 7, []  # after wandb's own header
    while at < len(data):
        if BLOCK - at % BLOCK < 7:
            at += BLOCK - at % BLOCK
        length, kind = struct.unpack_from("<HB", data, at + 4)
        parts.append(data[at + 7 : at + 7 + length])
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield b"".join(parts)
            parts = []


@pytest.mark.slow
def test_wandb_takes_them_offline(run, monkeypatch):
    wandb = pytest.importorskip("wandb")
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.setenv("WANDB_MODE", "offline")
    assert track_evaluations([run], "wandb").videos == 3
    (file,) = (run / "wandb").glob("offline-run-*/run-*.wandb")
    summary, config, rows = {}, {}, {}
    for record in map(Record.FromString, logged(file.read_bytes())):
        summary |= {item.key or "/".join(item.nested_key): item.value_json for item in record.summary.update}
        rows |= {item.key or "/".join(item.nested_key): item.value_json for item in record.history.item}
        config |= {item.key: item.value_json for item in record.run.config.update}
    rows = {name: json.loads(value) for name, value in rows.items()}
    assert json.loads(config["objective"])["name"] == "iq"
    assert json.loads(summary["evaluation/agent/success"]) == pytest.approx(2 / 3)
    assert rows["agent/seed_101/_type"] == "video-file"
    assert rows["evaluations/_type"] == "table-file"
    assert (file.parent / "files" / rows["agent/seed_101/path"]).stat().st_size > 1000
    table = json.loads((file.parent / "files" / rows["episodes/path"]).read_text())
    assert [row[1:3] for row in table["data"]] == [[100, "yes"], [101, "no"], [102, "yes"]]
    assert wandb.run is None  # nothing is left open


def test_videos_are_of_successes_and_failures_in_turn(synthetic, tmp_path):
    folder = tmp_path / "agent"
    episodes = [synthetic.episode(folder, seed, 3, success=seed > 4) for seed in range(8)]
    assert [e.facts.seed for e in examples(episodes, 4)] == [0, 1, 5, 6]
    assert len(examples(episodes[:5], 4)) == 4  # no success there


def test_without_a_run_there_is_nothing_to_track(run):
    alone = run.parent / "alone"
    shutil.copytree(run / "evaluations" / "agent", alone)
    with pytest.raises(UserError, match="no training run there"):
        track_evaluations([alone], "tensorboard")

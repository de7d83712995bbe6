"""What a run folder is read back from, garbled: refused in a line or harmless, never a traceback."""

import json
import math
import os
import random

import pytest
from fixtures import tiny_training as tiny

from basalt_iq.agent.checkpoint import load_agent, load_spec
from basalt_iq.errors import UserError
from basalt_iq.records import parse_json
from basalt_iq.train.checkpoints import Checkpoint
from basalt_iq.train.settings import read_config, settings_from_json

VALUES = [
    *(None, -1, 0, 1e30, -1e400, "NaN", "Infinity", "", "x" * 300, [], {}, True, [[]] * 3, 2**70, "\ud800")
]
WORDS = ["NaN", "Infinity", "1e999", "-0", "[" * 500, "\x00", "\ufeff", "{}"]


def mutations(text, count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        if rng.random() < 0.5:
            data = json.loads(text)
            node = data
            while isinstance(node, dict | list) and node:
                key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
                if not isinstance(node[key], dict | list) or not node[key] or rng.random() < 0.3:
                    node[key] = rng.choice(VALUES)
                    break
                node = node[key]
            yield json.dumps(data)
        else:
            at = rng.randrange(len(text))
            yield text[:at] + rng.choice([*WORDS, ""]) + text[at + rng.randrange(8) :]


def taken(job):
    """What `job` gives, None where it refuses in a line."""
    try:
        return job()
    except UserError as error:
        return None if "\n" not in str(error) else pytest.fail(f"more than a line: {error}")


def finite(value):
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def test_mutations_of_agent_json(trained, tmp_path):
    path, text = tmp_path / "agent.json", (trained.run / "agent" / "agent.json").read_text()
    count = 0
    for mutation in mutations(text, 1000, 0):
        path.write_bytes(mutation.encode("utf-8", "surrogatepass"))
        if (spec := taken(lambda: load_spec(tmp_path))) is None:
            continue
        count += 1
        assert finite(spec.to_json())
        assert 0 <= spec.end_guard <= 1
        assert all(abs(angle) <= 360 for action in spec.actions.actions for angle in action.camera)
        spec.build()
    assert count < 900


def test_mutations_of_configurations(trained, tmp_path):
    text = (trained.run / "config.json").read_text()
    for mutation in mutations(text, 500, 1):
        (tmp_path / "config.json").write_bytes(mutation.encode("utf-8", "surrogatepass"))
        config = taken(lambda: settings_from_json(read_config(tmp_path).config, "config.json"))
        if config is not None:
            assert finite({k: v for k, v in vars(config.objective).items() if k != "alpha"})


def test_mutations_of_checkpoint_records(trained):
    text = (trained.run / "checkpoints" / "000000004" / "run.json").read_text()
    for mutation in mutations(text, 500, 2):
        raw = mutation.encode("utf-8", "surrogatepass")
        record = taken(lambda raw=raw: parse_json(raw, Checkpoint, "run.json", remedy="mend"))
        if record is not None:
            assert record.step >= 0
            assert finite(list(record.metrics))


@pytest.mark.parametrize("name", ["agent.json", "weights.safetensors", "SHA256SUMS"])
def test_pipes_do_not_hang(trained, tmp_path, name):
    for file in (trained.run / "agent").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=name.replace(".", r"\.")):
        load_agent(tmp_path)


def test_weights_of_200_gigabytes_are_not_read(trained, tmp_path):
    (tmp_path / "agent.json").write_bytes((trained.run / "agent" / "agent.json").read_bytes())
    with (tmp_path / "weights.safetensors").open("wb") as file:
        file.truncate(200 << 30)
    with pytest.raises(UserError, match=r"weights\.safetensors.*larger"):
        load_agent(tmp_path)


def test_a_configuration_that_is_no_run_is_refused_in_a_line(store, tmp_path):
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(UserError, match=r"config\.json"):
        tiny.run(store, tmp_path)

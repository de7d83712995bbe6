"""Hindsight in a training: labels from stored demos, the pretraining, the loss that stays on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from fixtures import tiny_training as tiny
from fixtures.rule import steps

from basalt_iq.agent.checkpoint import load_agent
from basalt_iq.agent.network import SoftQNetwork
from basalt_iq.contract import BUTTONS
from basalt_iq.data.sampler import SequenceSampler
from basalt_iq.data.steps import Steps
from basalt_iq.data.store import Store
from basalt_iq.files import digest
from basalt_iq.train.batch import Batch
from basalt_iq.train.config import HindsightConfig
from basalt_iq.train.demos import DemoEpisode, load_demos, ticks
from basalt_iq.train.hindsight import KINDS, LABELS, TARGETS, UNKNOWN, look_back
from basalt_iq.train.hindsight_frames import FrameSampler, shifted
from basalt_iq.train.hindsight_head import HindsightHead
from basalt_iq.train.learner import Learner
from basalt_iq.train.look_backs import LookBacks, telling
from basalt_iq.train.loop import make_spec
from basalt_iq.train.stored_states import StoredStates

END = TARGETS.index("end")
BOTH = HindsightConfig(hindsight_updates=4, hindsight_weight=0.5, hindsight_batch=4)


@pytest.fixture(scope="module")
def demos(store):
    return load_demos(store, "FindCave", 0.2)


def spec_of(demos, **changes):
    return make_spec(replace(tiny.CONFIG, **changes), demos)


def test_a_decision_has_the_labels_of_the_tick_it_starts_in(demos):
    trajectory = demos.train[0]
    every = look_back(ticks(trajectory), True, 300)
    look_backs, spec = LookBacks(300), spec_of(demos, repeat=3)
    plain = DemoEpisode(trajectory, spec, 1, look_back=look_backs)
    mirrored = DemoEpisode(trajectory, spec, 1, mirrored=True, look_back=look_backs)
    drawn, other = (episode.window(2, 5) for episode in (plain, mirrored))
    for name in LABELS:
        assert np.array_equal(drawn[name], getattr(every, name)[[7, 10, 13]], equal_nan=name in LABELS[1:3])
        assert np.array_equal(other[name], getattr(every.mirrored(), name)[[7, 10, 13]], equal_nan=True)
    assert len(plain.window(0, plain.length + 1)["kind"]) == plain.length
    assert LABELS[0] not in DemoEpisode(trajectory, spec).window(0, 2)


def test_both_eras_have_labels(tmp_path):
    """Twenty ticks of walking, and the 2022 interface's own way to end."""
    names, store = BUTTONS[2022], Store.create(tmp_path / "store", size=64)
    buttons = np.zeros((20, len(names)), np.uint8)
    buttons[:, names.index("forward")] = 1
    buttons[4, names.index("hotbar.2")] = buttons[-1, names.index("ESC")] = 1
    nothing = np.zeros((21, 0), np.int32)
    record = Steps(
        task="FindCave", era=2022, button_names=names, buttons=buttons, camera=np.zeros((20, 2), np.float32),
        equip_values=("none",), equip=np.zeros(20, np.int16), equipped=np.zeros(21, np.int16), items=(),
        inventory=nothing,
    )  # fmt: skip
    with store.writer("demo") as writer:
        for _ in range(21):
            writer.append(np.zeros((3, 64, 64), np.uint8))
        writer.commit(record)
    labels = LookBacks(300)(store.select()[0])
    assert [KINDS[k] for k in labels.kind[[0, 4, 5]]] == ["take an item", "take an item", "end"]
    assert labels.bearing[0, END] == 2  # straight ahead
    assert labels.distance[0, END] == pytest.approx(np.log1p(20 * 0.2159), rel=1e-4)


def test_a_place_beyond_reach_is_not_told_but_its_time_is(demos):
    every, near = (look_back(ticks(demos.train[0]), True, reach) for reach in (None, 30))
    count = len(every.kind)
    assert np.isfinite(near.distance[:, END]).sum() == 30
    assert (near.bearing[: count - 30, END] == UNKNOWN).all()
    assert np.array_equal(near.time, every.time, equal_nan=True)
    assert len(telling(near)) > 0
    assert telling(near).tolist() == np.flatnonzero((near.bearing[:, 3:] >= 0).any(1)).tolist()


def test_only_so_many_labels_stay_in_memory(demos):
    every = [*demos.train, *demos.held_out]
    one = LookBacks(300)(every[0]).nbytes
    assert one == 46 * every[0].length
    few = LookBacks(300, most_bytes=3 * one)
    for trajectory in [*every, *every]:
        assert np.array_equal(few(trajectory).kind, look_back(ticks(trajectory), True, 300).kind)
        assert few.bytes <= 3 * one


def test_padding_has_no_labels_and_learning_them_reaches_the_encoder(demos):
    spec, look_backs = spec_of(demos), LookBacks(300)
    expert = [DemoEpisode(t, spec, look_back=look_backs) for t in demos.train]
    sampler = SequenceSampler(expert, batch=2, length=8, stack=2, seed=0, grid=4, burn_in=2)
    drawn = sampler.gather(np.array([0, 1]), np.array([0, expert[1].length - 3]))
    states = StoredStates([e.length for e in expert], 8, 4)
    batch = Batch.of([drawn], [states.read(torch.tensor([0, 1]), torch.tensor([0, 0]))], torch.device("cpu"))
    assert batch.labels["kind"].shape == (2, 8)
    assert (batch.labels["kind"][1, 3:] == UNKNOWN).all()
    assert batch.labels["time"][1, 3:].isnan().all()
    assert (batch.labels["kind"][0] >= 0).all()
    assert batch.a_tm1[0].tolist() == [-1, *batch.a_t[0, :-1].tolist()]
    assert int(batch.a_tm1[1, 0]) == expert[1].actions[expert[1].length - 4]

    found = {}
    for weight in (0.0, 5.0):
        torch.manual_seed(0)
        network, head = spec.build(), HindsightHead(8)
        config = replace(tiny.CONFIG.learner, clip_gradient=1e9)
        learner = Learner(network, config, tiny.CONFIG.objective, seed=0, sources=[states],
                          head=head, hindsight_weight=weight)  # fmt: skip
        values = learner.update([drawn])
        assert values["hindsight"] > 0
        found[weight] = {name: p.grad.clone() for name, p in network.named_parameters()}
    moved = {name for name in found[0.0] if not torch.allclose(found[0.0][name], found[5.0][name])}
    assert "encoder.0.weight" in moved
    assert "project.weight" in moved
    assert not any(name.startswith(("memory", "head")) for name in moved)


def test_frames_are_drawn_alike_and_mirrored_with_their_labels(demos):
    options = {"batch": 64, "seed": 3, "shift": 2, "mirror": True}
    first, second = (FrameSampler(demos.train, LookBacks(300), **options) for _ in range(2))
    one = first.sample()
    state = first.state_dict()
    again = first.sample()
    assert torch.equal(one.pixels, second.sample().pixels)
    second.load_state_dict(state)
    for name, x in second.sample().labels.items():
        assert torch.equal(x.nan_to_num(), again.labels[name].nan_to_num())
    halves = [FrameSampler(demos.train, LookBacks(300), **options, part=(i, 2)).sample() for i in range(2)]
    assert torch.equal(torch.cat([half.pixels for half in halves]), one.pixels)
    side = FrameSampler(demos.train, LookBacks(300), batch=400, seed=0, mirror=True).sample()
    bins = side.labels["bearing"]
    assert ((bins == 0) | (bins == 1)).any()  # these demos turn right alone: mirrored they turn left
    assert ((bins == 3) | (bins == 4)).any()


def test_a_shifted_frame_repeats_its_border():
    frame = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    assert shifted(frame, 1, -2)[0].tolist() == [
        [4, 4, 4, 5],
        [8, 8, 8, 9],
        [12, 12, 12, 13],
        [12, 12, 12, 13],
    ]


def test_hindsight_is_learned_from_frames(tmp_path):
    """A bright half of the picture says which side the demonstrator will go to."""
    store, rng = Store.create(tmp_path / "store", size=64), np.random.default_rng(0)
    for number in range(24):
        record, _ = steps(60, rng)
        right = number % 2
        record.camera[:] = 0
        record.camera[20:25, 1] = 9.0 if right else -9.0
        record.buttons[:] = 0
        record.buttons[25:, BUTTONS[2021].index("forward")] = 1
        frames = rng.integers(0, 100, (61, 3, 64, 64)).astype(np.uint8)
        frames[..., 32:] += np.uint8(150 * right)
        frames[..., :32] += np.uint8(150 * (1 - right))
        with store.writer(f"demo-{number:02d}") as writer:
            for frame in frames:
                writer.append(frame)
            writer.commit(record)
    config = HindsightConfig(hindsight_updates=60, hindsight_batch=32)
    learner = replace(tiny.CONFIG.learner, learning_rate=1e-3)
    network = replace(tiny.CONFIG.network, features=32)
    tiny.run(store.path, tmp_path / "run", hindsight=config, learner=learner, network=network, mirror=True,
             steps=1, check_every=20)  # fmt: skip
    values = [line for line in tiny.metrics(tmp_path / "run") if "held_out/side_end" in line]
    assert [line["step"] for line in values] == [20, 40, 60]
    assert values[-1]["held_out/side_end"] > 0.9
    assert values[-1]["held_out/hindsight"] < values[0]["held_out/hindsight"]


def test_the_best_of_the_pretraining_is_where_the_objective_starts(store, tmp_path, monkeypatch):
    told = iter([0.5, 0.2, 0.9])
    kept = []

    def evaluate(self, network, head):
        kept.append(network.project.weight.detach().clone())
        return {"hindsight": next(told)}

    monkeypatch.setattr("basalt_iq.train.pretraining.HeldOutFrames.evaluate", evaluate)
    config = HindsightConfig(hindsight_updates=5, hindsight_batch=4)
    tiny.run(store, tmp_path / "run", hindsight=config, steps=1)
    assert len(kept) == 3  # at 2, 4 and 5
    assert not torch.equal(kept[1], kept[2])
    _, network = load_agent(tmp_path / "run" / "checkpoints" / "000000005")
    assert torch.equal(network.project.weight, kept[1])


@pytest.mark.parametrize("stop", [1, 3, 4, 6])
def test_it_continues_to_the_same_weights_from_anywhere(store, tmp_path, stop):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    tiny.run(store, whole, hindsight=BOTH, steps=4)

    class Stop(Exception):
        pass

    class Stopping(tiny.Heard):
        def update(self, step, seconds, values):
            if step == stop:
                raise Stop

    with pytest.raises(Stop):
        tiny.run(store, broken, Stopping(), hindsight=BOTH, steps=4)
    assert tiny.run(store, broken, hindsight=BOTH, steps=4).steps == 8
    weights = [digest(run / "checkpoints" / "000000008" / "weights.safetensors") for run in (whole, broken)]
    assert weights[0] == weights[1]
    lines = [[{**line, "seconds": 0} for line in tiny.metrics(run)] for run in (whole, broken)]
    assert lines[0] == lines[1]


def test_another_pretraining_is_another_training(store, tmp_path):
    tiny.run(store, tmp_path / "run", hindsight=BOTH, steps=2)
    with pytest.raises(Exception, match="hindsight_weight"):
        tiny.run(store, tmp_path / "run", hindsight=replace(BOTH, hindsight_weight=0.25), steps=4)


def test_single_frames_are_seen_as_an_episodes_first():
    torch.manual_seed(0)
    network = SoftQNetwork(tiny.CONFIG.network, 0, 5)
    frames = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
    twice = frames[:, None].expand(-1, 2, -1, -1, -1).contiguous()
    torch.testing.assert_close(network.look(frames), network.encode(twice, torch.zeros(3, 1, 0))[:, 0])

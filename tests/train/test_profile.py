"""Where the time goes, and batches drawn ahead."""

import json
import time

import numpy as np
import pytest

from basalt_iq.data.sampler import SampledEpisode, SequenceSampler
from basalt_iq.train.prefetch import Prefetch
from basalt_iq.train.profile import Profile


def test_parts_add_up_and_inner_ones_count_once():
    profile = Profile(on=True)
    with profile.whole():
        with profile.part("outer"):
            with profile.part("inner"):
                time.sleep(0.05)
            with profile.part("inner"):
                pass
        time.sleep(0.02)
    told = profile.record()
    assert told.parts["inner"] >= 0.05
    assert told.parts["outer"] < told.parts["inner"]
    assert told.parts["other"] >= 0.02
    assert sum(told.parts.values()) == pytest.approx(told.total, abs=1e-3)
    assert profile.table().row_count == 4  # three parts and their sum


def test_off_it_notes_nothing():
    profile = Profile()
    with profile.part("work"):
        pass
    assert not profile.parts


def prefetch(seed=0):
    frames = np.random.default_rng(0).integers(0, 256, (41, 3, 4, 4)).astype(np.uint8)
    data = [SampledEpisode(frames, {"t": np.arange(40)})]
    sampler = SequenceSampler(data, batch=3, length=5, stack=2, seed=seed, shift=1, buffers=2)
    return Prefetch(sampler, Profile(on=True))


def copied(batch):
    return batch.frames.copy(), batch.arrays["t"].copy(), batch.start.copy()


def test_batches_drawn_ahead_are_the_samplers_own_and_stay_while_in_use():
    ahead, plain = prefetch(), prefetch().sampler
    for _ in range(6):
        batch, wanted = ahead.sample(), plain.sample()
        ahead._next.result()  # the next one is drawn by now, into the other buffer
        for mine, other in zip(copied(batch), copied(wanted), strict=True):
            assert np.array_equal(mine, other)
    assert ahead.profile.record().beside["drawing batches"] > 0
    ahead.close()


def test_the_state_is_that_of_the_batch_in_use():
    first, second = prefetch(), prefetch(seed=1)
    second.sample()
    for _ in range(3):
        first.sample()
    state = json.loads(json.dumps(first.state_dict()))
    expected = [copied(first.sample()) for _ in range(4)]
    second.load_state_dict(state)
    assert second.state_dict() == state
    for wanted in expected:
        assert all(np.array_equal(a, b) for a, b in zip(wanted, copied(second.sample()), strict=True))
    first.close()
    second.close()

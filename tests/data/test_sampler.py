import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basalt_iq.data.sampler import SampledEpisode, SequenceSampler


def episode(length, number=0):
    """Frame k is all k; `time` holds k + 1 for actions, `state` for states; `number` tells episodes apart."""
    frames = np.zeros((length + 1, 3, 2, 2), np.uint8)
    frames += np.arange(length + 1, dtype=np.uint8)[:, None, None, None]
    steps = {
        "time": np.arange(1, length + 1, dtype=np.int32),
        "state": np.arange(1, length + 2, dtype=np.float32)[:, None] * np.ones(2, np.float32),
        "number": np.full(length, number, np.int16),
    }
    return SampledEpisode(frames, steps)


def test_a_window_inside_an_episode():
    sampler = SequenceSampler([episode(10)], batch=1, length=3, stack=2, seed=0)
    window = sampler.gather(np.array([0]), np.array([4]))
    assert window.frames[0, :, 0, 0, 0].tolist() == [3, 4, 5, 6, 7]
    assert window.stacked()[0, :, :, 0, 0, 0].tolist() == [[3, 4], [4, 5], [5, 6], [6, 7]]
    assert window.arrays["time"][0].tolist() == [5, 6, 7, 8]
    assert window.arrays["state"][0, :, 1].tolist() == [5, 6, 7, 8]
    assert window.mask[0].all()
    assert not window.done.any()


def test_a_window_over_both_ends_of_a_short_episode():
    sampler = SequenceSampler([episode(2)], batch=1, length=4, stack=3, seed=0)
    window = sampler.gather(np.array([0]), np.array([0]))
    assert window.frames[0, :, 0, 0, 0].tolist() == [0, 0, 0, 1, 2, 2, 2]
    assert window.arrays["time"][0].tolist() == [1, 2, 0, 0, 0]
    assert window.arrays["state"][0, :, 0].tolist() == [1, 2, 3, 0, 0]
    assert window.mask[0].tolist() == [True, True, False, False]
    assert window.done[0].tolist() == [False, True, False, False]


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    length=st.integers(1, 9),
    stack=st.integers(1, 4),
    grid=st.integers(1, 5),
    seed=st.integers(0, 2**32),
)
def test_windows_hold_one_episode_in_order(lengths, length, stack, grid, seed):
    episodes = [episode(n, number) for number, n in enumerate(lengths)]
    sampler = SequenceSampler(episodes, batch=6, length=length, stack=stack, seed=seed, grid=grid)
    batch = sampler.sample()
    for row in range(6):
        which, start = batch.episode[row], batch.start[row]
        end = lengths[which]
        assert 0 <= start < end
        assert start % grid == 0
        times = start + np.arange(length)
        assert batch.mask[row].tolist() == (times < end).tolist()
        assert batch.done[row].tolist() == (times == end - 1).tolist()
        assert (batch.arrays["number"][row, :length][batch.mask[row]] == which).all()
        columns = start + np.arange(length + 1)
        expected = np.clip(columns[:, None] + np.arange(1 - stack, 1), 0, end)
        assert np.array_equal(batch.stacked()[row, :, :, 0, 0, 0], expected)
        assert np.array_equal(batch.arrays["time"][row], np.where(columns < end, columns + 1, 0))
        assert np.array_equal(batch.arrays["state"][row, :, 0], np.where(columns <= end, columns + 1, 0))


def test_starts_are_uniform_over_the_grid_and_reach_every_transition():
    # T = 6, length 4, grid 2: u in {-2, 0, 2, 4}, so start 0 is twice as likely as 2 or 4.
    sampler = SequenceSampler([episode(6)], batch=100, length=4, stack=1, seed=1, grid=2)
    counts = Counter()
    for _ in range(100):
        counts.update(sampler.sample().start.tolist())
    assert set(counts) == {0, 2, 4}
    assert counts[0] / 10_000 == pytest.approx(0.5, abs=0.03)
    assert counts[4] / 10_000 == pytest.approx(0.25, abs=0.03)


def test_episodes_weigh_as_much_as_their_windows():
    # length 1: 1 and 9 windows.
    sampler = SequenceSampler([episode(1), episode(9)], batch=1000, length=1, stack=1, seed=1)
    assert sampler.sample().episode.mean() == pytest.approx(0.9, abs=0.04)


def test_the_same_seed_gives_the_same_batches_and_state_resumes_exactly():
    def sampler(seed):
        return SequenceSampler([episode(9), episode(5)], batch=4, length=3, stack=2, seed=seed)

    one, two = sampler(7), sampler(7)
    for _ in range(3):
        assert np.array_equal(one.sample().frames, two.sample().frames)
    other = sampler(8)
    other.load_state_dict(json.loads(json.dumps(one.state_dict())))
    for _ in range(3):
        expected = one.sample()
        got = other.sample()
        assert np.array_equal(expected.start, got.start)
        assert np.array_equal(expected.frames, got.frames)


def test_batches_reuse_one_buffer_and_stacks_are_views():
    sampler = SequenceSampler([episode(9)], batch=4, length=3, stack=4, seed=0)
    first, second = sampler.sample(), sampler.sample()
    assert first.frames is second.frames
    assert np.shares_memory(first.frames, first.stacked())


def test_with_two_buffers_the_batch_before_stays():
    one, two = (
        SequenceSampler([episode(9)], batch=4, length=3, stack=4, seed=0, buffers=buffers)
        for buffers in (1, 2)
    )
    before = one.sample().frames.copy()
    kept = two.sample()
    assert two.sample().frames is not kept.frames
    assert np.array_equal(kept.frames, before)
    assert two.sample().frames is kept.frames


def test_one_shift_for_all_frames_of_a_sequence():
    rng = np.random.default_rng(0)
    still = np.repeat(rng.integers(0, 256, (1, 3, 16, 16)).astype(np.uint8), 9, 0)
    sampler = SequenceSampler([SampledEpisode(still, {})], batch=50, length=3, stack=2, seed=0, shift=4)
    batch, seen = sampler.sample(), set()
    for frames in batch.frames:
        assert (frames == frames[:1]).all()
        fits = [
            (down, right)
            for down in range(-4, 5)
            for right in range(-4, 5)
            if np.array_equal(frames[0], still[0][(slice(None), *clamped(down, right))])
        ]
        assert len(fits) == 1
        seen |= set(fits)
    assert {by for by, _ in seen} == {by for _, by in seen} == set(range(-4, 5))
    assert np.array_equal(still, np.repeat(still[:1], 9, 0))


def clamped(down, right):
    at = np.arange(16)
    return np.ix_(np.clip(at + down, 0, 15), np.clip(at + right, 0, 15))


def test_parts_of_a_batch_make_up_the_whole():
    def sampler(part):
        data = [episode(9), episode(5)]
        return SequenceSampler(data, batch=6, length=3, stack=2, seed=3, shift=1, part=part)

    whole, *parts = (sampler(part) for part in ((0, 1), (0, 3), (1, 3), (2, 3)))
    for _ in range(3):
        wanted, found = whole.sample(), [part.sample() for part in parts]
        for name in ("frames", "mask", "done", "episode", "start"):
            joined = np.concatenate([getattr(batch, name) for batch in found])
            assert np.array_equal(getattr(wanted, name), joined)
    with pytest.raises(ValueError, match="6 does not split into 4"):
        sampler((0, 4))


def test_malformed_episodes_are_refused():
    frames = np.zeros((4, 3, 2, 2), np.uint8)
    with pytest.raises(ValueError, match="action has 5 rows in an episode of 3 steps"):
        SampledEpisode(frames, {"action": np.zeros(5)})
    with pytest.raises(ValueError, match="at least one step"):
        SampledEpisode(frames[:1], {})
    with pytest.raises(ValueError, match="no episodes"):
        SequenceSampler([], batch=1, length=1, stack=1, seed=0)
    with pytest.raises(ValueError, match="at least 1"):
        SequenceSampler([SampledEpisode(frames, {})], batch=1, length=0, stack=1, seed=0)


def test_burn_in_columns_come_before_the_start_and_are_empty_before_the_episode():
    frames = np.arange(11, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 2, 2), np.uint8)
    episode = SampledEpisode(frames, {"t": np.arange(1, 11)})
    sampler = SequenceSampler([episode], batch=2, length=4, stack=2, seed=0, grid=4, burn_in=3)
    batch = sampler.gather(np.array([0, 0]), np.array([0, 4]))
    assert batch.mask.tolist() == [[False] * 3 + [True] * 4, [True] * 7]
    assert batch.frames[:, :, 0, 0, 0].tolist() == [[0, 0, 0, 0, 0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8]]
    assert batch.arrays["t"].tolist() == [[0, 0, 0, 1, 2, 3, 4, 5], [2, 3, 4, 5, 6, 7, 8, 9]]


def test_an_episode_cut_short_has_no_ending():
    frames = np.zeros((6, 3, 2, 2), np.uint8)
    cut, whole = (SampledEpisode(frames, {}, terminal=terminal) for terminal in (False, True))
    sampler = SequenceSampler([cut, whole], batch=2, length=4, stack=1, seed=0)
    batch = sampler.gather(np.array([0, 1]), np.array([2, 2]))
    assert batch.done.tolist() == [[False] * 4, [False, False, True, False]]


def test_episodes_may_change_between_samples():
    first, second = (SampledEpisode(np.full((6, 3, 2, 2), k, np.uint8), {}) for k in (1, 2))
    sampler = SequenceSampler([first], batch=8, length=2, stack=1, seed=0)
    sampler.use([second])
    assert (sampler.sample().frames == 2).all()

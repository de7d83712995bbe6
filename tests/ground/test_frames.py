import numpy as np
import pytest

from basalt_iq import frames
from basalt_iq.frames import planar, shrink


def test_a_frame_of_the_right_size_is_returned_as_it_is():
    frame = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    assert shrink(frame, 64) is frame


def test_shrinking_averages_areas():
    frame = np.zeros((4, 8, 3), np.uint8)
    frame[:2, :4] = 200
    frame[0, 4] = 80  # one of the eight pixels of the top right quarter
    small = shrink(frame, 2)
    assert small[..., 0].tolist() == [[200, 10], [0, 0]]


def test_shrinking_720p_like_frames_keeps_the_mean():
    frame = np.random.default_rng(0).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    small = shrink(frame, 64)
    assert small.shape == (64, 64, 3)
    assert abs(small.mean() - frame.mean()) < 0.5


def test_planar_is_a_view_with_channels_first():
    frame = np.zeros((64, 32, 3), np.uint8)
    assert planar(frame).shape == (3, 64, 32)
    assert np.shares_memory(planar(frame), frame)


@pytest.mark.parametrize("shape", [(360, 640, 3), (180, 320, 1), (64, 96, 3), (65, 67, 1), (1024, 1024, 3)])
def test_without_the_compiler_frames_are_the_same_to_the_last_bit(shape, monkeypatch):
    frame = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    compiled = frames.average(frame, 64)
    monkeypatch.setattr(frames, "_ways", lambda: (frames.down, frames.along))
    assert np.array_equal(frames.average(frame, 64), compiled)

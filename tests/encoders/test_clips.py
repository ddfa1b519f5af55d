import numpy as np
import pytest
import torch

from qamro.encoders.clips import averaged, cut, in_batches


@pytest.mark.parametrize("size", [1, 5, 9, 10, 11, 12, 13, 19, 20, 22, 23, 30, 101])
def test_windows_are_the_clip_and_none_is_too_short(size):
    samples = np.arange(size, dtype=np.float32)
    windows = cut(samples, 10, 3)
    np.testing.assert_array_equal(np.concatenate(windows), samples)
    assert all(len(window) >= min(3, size) for window in windows)
    assert all(len(window) == 10 for window in windows[:-1])
    assert len(windows[-1]) < 13


def test_batches_hold_equal_lengths_and_results_return_in_order():
    rng = np.random.default_rng(0)
    clips = [[rng.normal(size=n).astype("f4") for n in lengths] for lengths in ([4, 4, 2], [2], [4], [3, 4, 4, 4])]
    seen = []

    def compute(batch):
        seen.append(batch.shape)
        return torch.from_numpy(batch)[:, :, None] * 2

    found = in_batches(clips, compute, at_once=3)
    for windows, rows in zip(clips, found, strict=True):
        np.testing.assert_allclose(rows[:, 0], np.concatenate(windows) * 2)
    assert max(count for count, _ in seen) == 3
    assert sum(count for count, _ in seen) == 9


def test_averaging_neighbours():
    frames = torch.arange(14.0).view(7, 2)
    expected = torch.stack([frames[0:3].mean(0), frames[3:6].mean(0), frames[6]])
    torch.testing.assert_close(averaged(frames, 3), expected)
    assert averaged(frames, 1) is frames

"""Pooling against explicit loops over the frames that are there."""

import pytest
import torch

from qamro.heads.dual_branch import POOLINGS, BranchSettings, count_parameters
from qamro.heads.pooling import DRASP, AttentivePooling, AttentiveStatistics, MeanPooling, pad

DIM = 6
CLIPS = [torch.randn(n, DIM, generator=torch.Generator().manual_seed(n)) for n in (11, 1, 5, 24)]


def weights_of(attention, frames):
    scores = []
    for frame in frames:
        hidden = torch.tanh(attention.hidden.weight @ frame + attention.hidden.bias)
        scores.append(float((attention.score.weight[0] @ hidden).detach()))
    odds = torch.tensor(scores).exp()
    return odds / odds.sum()


def stats(frames, weights):
    mean = sum(w * frame for w, frame in zip(weights, frames, strict=True))
    variance = sum(w * (frame - mean) ** 2 for w, frame in zip(weights, frames, strict=True))
    return torch.cat([mean, variance.clamp_min(1e-5).sqrt()])


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_mean():
    found = MeanPooling(DIM)(*pad(CLIPS))
    torch.testing.assert_close(found, torch.stack([clip.mean(0) for clip in CLIPS]))


def test_attentive():
    pooling = AttentivePooling(DIM)
    found = pooling(*pad(CLIPS))
    for row, clip in zip(found, CLIPS, strict=True):
        weights = weights_of(pooling.attention, clip)
        torch.testing.assert_close(row, (weights[:, None] * clip).sum(0))


def test_attentive_statistics():
    pooling = AttentiveStatistics(DIM)
    found = pooling(*pad(CLIPS))
    assert found.shape == (4, pooling.out_dim) == (4, 2 * DIM)
    for row, clip in zip(found, CLIPS, strict=True):
        torch.testing.assert_close(row, stats(clip, weights_of(pooling.attention, clip)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("segment", [1, 4, 5, 30])
def test_drasp_is_its_equation(segment):
    pooling = DRASP(DIM, segment)
    pooling.coarse_weight.data.fill_(0.8)
    pooling.fine_weight.data.fill_(-0.6)
    found = pooling(*pad(CLIPS))
    for row, clip in zip(found, CLIPS, strict=True):
        coarse = stats(clip, torch.full((len(clip),), 1 / len(clip)))
        segments = torch.stack([part.mean(0) for part in clip.split(segment)])
        fine = stats(segments, weights_of(pooling.fine.attention, segments))
        torch.testing.assert_close(row, 0.8 * coarse - 0.6 * fine, atol=1e-5, rtol=1e-5)


def test_drasp_starts_as_plain_statistics():
    pooling = DRASP(DIM)
    expected = [stats(clip, torch.full((len(clip),), 1 / len(clip))) for clip in CLIPS]
    torch.testing.assert_close(pooling(*pad(CLIPS)), torch.stack(expected), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", POOLINGS)
def test_equal_frames_and_empty_clips_have_finite_gradients(name):
    pooling = BranchSettings(3, width=16, pooling=name).make_pooling()
    frames = torch.ones(3, 7, 16, requires_grad=True)
    mask = torch.ones(3, 7, dtype=torch.bool)
    mask[1, 1:] = False
    mask[2] = False
    pooling(frames, mask).square().sum().backward()
    assert torch.isfinite(frames.grad).all()
    assert all(torch.isfinite(p.grad).all() for p in pooling.parameters() if p.grad is not None)
    assert count_parameters(pooling) == sum(p.numel() for p in pooling.parameters())


def test_settings_that_cannot_be_built():
    with pytest.raises(ValueError, match="no multiple"):
        BranchSettings(3, width=20)
    with pytest.raises(ValueError, match="pooling is one of"):
        BranchSettings(3, pooling="max")
    with pytest.raises(ValueError, match="at least one frame"):
        DRASP(4, 0)

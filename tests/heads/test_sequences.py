import pytest
import torch

from qamro.heads.pooling import masked_mean, masked_softmax, pad


def test_padding_keeps_what_is_there_and_marks_the_rest():
    parts = [torch.randn(n, 3) for n in (4, 1, 0, 7)]
    padded, mask = pad([part.half() for part in parts])
    assert padded.shape == (4, 7, 3)
    assert padded.dtype == torch.float32
    for part, row, there in zip(parts, padded, mask, strict=True):
        torch.testing.assert_close(row[there], part.half().float(), rtol=0, atol=0)
        assert row[~there].abs().sum() == 0
    assert pad([torch.empty(0, 2)])[0].shape == (1, 1, 2)


def test_means_and_weights_never_see_padding():
    parts = [torch.randn(n, 3) for n in (4, 1, 7)]
    padded, mask = pad(parts)
    padded[~mask] = 1e6
    torch.testing.assert_close(masked_mean(padded, mask), torch.stack([part.mean(0) for part in parts]))
    scores = torch.randn(3, 7)
    for row, part, weights in zip(scores, parts, masked_softmax(scores, mask), strict=True):
        torch.testing.assert_close(weights[: len(part)], row[: len(part)].softmax(0))
        assert weights[len(part) :].sum() == 0


def test_nothing_is_zero_and_no_nan():
    mask = torch.zeros(2, 5, dtype=torch.bool)
    assert (masked_mean(torch.randn(2, 5, 3), mask) == 0).all()
    assert (masked_softmax(torch.randn(2, 5), mask) == 0).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        pad([])
    with pytest.raises(ValueError, match="one width"):
        pad([torch.zeros(2, 3), torch.zeros(2, 4)])

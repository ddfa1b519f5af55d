"""Losses that do not depend on the scale of something: at 1e-300 and 1e300, on a huge offset, and at nothing at all."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from qamro.evaluation.metrics import lcc, srcc
from qamro.losses import gaussian_soft_labels, sama_loss, soft_spearman_loss

from .oracle import value_and_gradient

FACTORS = [1e-300, 1e-200, 1e-30, 1e-12, 1e12, 1e30, 1e200, 1e300]
Y = torch.randint(1, 9, (40,), generator=torch.Generator().manual_seed(0)).double()
P = torch.randn(40, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("tied", [False, True])
def test_soft_spearman_follows_predictions_and_temperature_together(factor: float, tied: bool) -> None:
    p = (P * 2).round() if tied else P
    value, gradient = value_and_gradient(lambda at: soft_spearman_loss(at, Y, temperature=0.5), p)
    temperature = 0.5 * factor
    found, slope = value_and_gradient(lambda at: soft_spearman_loss(at, Y, temperature=temperature), p * factor)
    torch.testing.assert_close(found, value, atol=1e-11, rtol=1e-11)
    torch.testing.assert_close(slope * factor, gradient, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("factor", [1e-300, 1e-200, 1e-30, 1e-12])
def test_soft_spearman_of_hardly_different_predictions_is_pearson_with_ranks(factor: float) -> None:
    expected = 1 - stats.pearsonr(P, stats.rankdata(Y)).statistic
    assert float(soft_spearman_loss(P * factor, Y)) == pytest.approx(expected, abs=1e-9)
    spread = torch.arange(40).double() % 7 * 2.0**-40  # about 1e-12, exact beside 1
    expected = 1 - stats.pearsonr(spread, stats.rankdata(Y)).statistic
    assert float(soft_spearman_loss(1 + spread, Y)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("factor", [1e12, 1e30, 1e200, 1e300])
@pytest.mark.parametrize("tied", [False, True])
def test_soft_spearman_of_far_apart_predictions_is_spearman(factor: float, tied: bool) -> None:
    p = (P * 1.5).round() / 7 if tied else P
    expected = 1 - stats.spearmanr(p, Y).statistic
    assert float(soft_spearman_loss(p * factor, Y)) == pytest.approx(expected, abs=1e-9)


def test_soft_spearman_refuses_what_float64_cannot_hold() -> None:
    with pytest.raises(ValueError, match="larger temperature"):
        soft_spearman_loss(P, Y, temperature=1e-320)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("of_audio", [1e-30, 1e-12, 1.0, 1e12, 1e30])
@pytest.mark.parametrize("of_text", [1e-30, 1.0, 1e30])
def test_sama_does_not_depend_on_lengths(of_audio: float, of_text: float, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(2)
    audio, text = (torch.randn(9, 5, generator=generator).to(dtype) for _ in range(2))
    y = torch.linspace(1, 5, 9)
    expected, slope = value_and_gradient(lambda at: sama_loss(at, text, y), audio)
    value, gradient = value_and_gradient(lambda at: sama_loss(at, text * of_text, y), audio * of_audio)
    torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(gradient * of_audio, slope, atol=1e-6, rtol=1e-5)
    assert sama_loss(audio * of_audio, audio * of_text, torch.full((9,), 5.0)) < 1e-10


def test_sama_of_zeros_has_cosine_zero_and_learns_nothing_from_them() -> None:
    audio = torch.randn(4, 3).index_fill(0, torch.tensor([1]), 0.0)
    value, gradient = value_and_gradient(lambda at: sama_loss(at, torch.ones(4, 3), torch.full((4,), 5.0)), audio)
    rest = [0, 2, 3]
    others = sama_loss(audio[rest], torch.ones(3, 3), torch.full((3,), 5.0))
    torch.testing.assert_close(value, (3 * others + 0.25) / 4)
    assert (gradient[1] == 0).all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("sigma", [5e-324, 1e-200, 1e-160, 1e-30, 1e30, 1e200])
def test_labels_of_any_width_are_probabilities(sigma: float) -> None:
    labels = gaussian_soft_labels(torch.tensor([-3.0, 2.6, 3.0, 9.0, 1.5]), bins=5, sigma=sigma)
    assert labels.isfinite().all()
    torch.testing.assert_close(labels.sum(-1), torch.ones(5).double())
    if sigma > 1:
        torch.testing.assert_close(labels, torch.full((5, 5), 0.2).double())
    else:
        assert labels[:4].argmax(-1).tolist() == [0, 2, 2, 4]
        assert labels[4].tolist() == [0.5, 0.5, 0, 0, 0]


@pytest.mark.parametrize("factor", FACTORS)
def test_correlations_of_the_evaluation_do_not_depend_on_scale(factor: float) -> None:
    p, y = P.numpy(), Y.numpy()
    weights = np.random.default_rng(0).integers(0, 3, (20, 40))
    for metric in (lcc, srcc):
        for given in ({}, {"weights": weights}):
            expected = metric(p, y, **given)
            np.testing.assert_allclose(metric(p * factor, y, **given), expected, atol=1e-12)
            np.testing.assert_allclose(metric(p, y * factor, **given), expected, atol=1e-12)
            np.testing.assert_allclose(metric(p * factor, y * factor, **given), expected, atol=1e-12)
    assert math.isclose(float(lcc(p * factor, y)), stats.pearsonr(p, y).statistic, abs_tol=1e-12)

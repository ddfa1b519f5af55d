"""QAMRO of many models at once and of large batches: the same bits alone, and what comparing all pairs finds."""

from __future__ import annotations

import pytest
import torch

from qamro.losses import _pairs, qamro_loss

from .oracle import value_and_gradient


def _predictions(size: int, targets: torch.Tensor) -> torch.Tensor:
    """Random, tied, as people order them, the other way round, and all the same."""
    p = torch.randn(5, size).double()
    p[1] = (p[1] * 3).round()
    p[2], p[3], p[4] = targets, -targets, 0
    return p


def _all_pairs(p: torch.Tensor, y: torch.Tensor, alpha: float, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Value and gradient from a B x B tensor."""
    ordered = y[:, None] > y
    quality = (y - y.min()) / (y.max() - y.min()).clamp(min=1e-300)
    hinge = (alpha * y - p)[:, None] - (alpha * y - p)
    weight = (1 + (beta - 1) * quality)[:, None] * ordered / ordered.sum().clamp(min=1)
    active = weight * (hinge > 0)
    return (active * hinge).sum(), active.sum(0) - active.sum(1)


@pytest.mark.parametrize("size", [1, 2, 7, 129, 1000])
@pytest.mark.parametrize("steps", [1, 2, 21, 10**9])
@pytest.mark.parametrize("dense_up_to", [0, 2000])
def test_larger_batches_equal_comparing_all_pairs(
    size: int, steps: int, dense_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pairs, "DENSE_BATCH", dense_up_to)
    torch.manual_seed(size)
    y = torch.randint(0, steps, (size,)).double() / 4  # with alpha exact in binary: ties are ties in both
    p = _predictions(size, y)
    for beta in (7.0, 1.0, 0.5, -2.0, 1e4):
        value, gradient = value_and_gradient(lambda at, beta=beta: qamro_loss(at, y, alpha=0.25, beta=beta), p)
        for model in range(5):
            expected = _all_pairs(p[model], y, 0.25, beta)
            tolerance = 1e-12 * max(abs(beta), 1)
            torch.testing.assert_close(value[model], expected[0], atol=1e3 * tolerance, rtol=1e-9)
            torch.testing.assert_close(gradient[model], expected[1], atol=tolerance, rtol=1e-9)


@pytest.mark.parametrize("size", [3, 256, 2748, 8192])
@pytest.mark.parametrize("steps", [21, 10**9])
def test_a_model_gets_the_same_bits_alone_and_among_others(size: int, steps: int) -> None:
    torch.manual_seed(size)
    y = torch.randint(0, steps, (size,)).double() / 5
    p, alpha, beta = _predictions(size, y), torch.rand(5).double(), 1 + 10 * torch.rand(5).double()
    values, slopes = value_and_gradient(lambda at: qamro_loss(at, y, alpha=alpha, beta=beta), p)
    for model in range(5):
        for rows in (model, slice(model, model + 1)):
            value, slope = value_and_gradient(
                lambda at, rows=rows: qamro_loss(at, y, alpha=alpha[rows], beta=beta[rows]), p[rows]
            )
            assert torch.equal(value, values[rows])
            assert torch.equal(slope, slopes[rows])


@pytest.mark.parametrize("steps", [1, 500])
def test_a_large_batch_in_order_and_reversed(steps: int) -> None:
    """No pair of an ordered batch is active, every one of a reversed one: with beta 1 the slopes are counts."""
    size = 8192
    y = (torch.arange(size) // steps).double()
    value, slope = value_and_gradient(lambda at: qamro_loss(at, y, alpha=0.0, beta=1.0), torch.stack((y, -y)))
    assert value[0] == 0
    assert not slope[0].any()
    lower, until = torch.searchsorted(y, y), torch.searchsorted(y, y, right=True)
    pairs = lower.sum()
    torch.testing.assert_close(slope[1], (size - until - lower) / pairs.double(), atol=0, rtol=1e-15)
    torch.testing.assert_close(value[1], (y * (lower - (size - until))).sum() / pairs, rtol=1e-12, atol=0)


@pytest.mark.parametrize("size", [60, 700])
@pytest.mark.parametrize("steps", [5, 10**6])
def test_a_perfect_order_costs_nothing_at_all(size: int, steps: int) -> None:
    y = torch.randint(0, steps, (size,)).float()
    value, gradient = value_and_gradient(lambda at: qamro_loss(at, y, alpha=0.5), y.clone())
    assert value == 0
    assert not gradient.any()
    assert not torch.signbit(value)
    assert not torch.signbit(gradient).any()

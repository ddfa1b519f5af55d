from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qamro.losses import MarginRankingLoss, margin_ranking_loss

from . import oracle
from .batches import batches


@settings(max_examples=100, deadline=None)
@given(batches(), st.sampled_from([0.0, 0.25, 0.1]))
def test_value_and_gradient_equal_the_double_loop(batch: dict, margin: float) -> None:
    p, y, groups = batch["predictions"], batch["targets"], batch["groups"]
    value, gradient = oracle.value_and_gradient(lambda at: margin_ranking_loss(at, y, margin=margin, groups=groups), p)
    expected, slope = oracle.value_and_gradient(lambda at: oracle.margin_ranking(at, y, margin, groups), p)
    torch.testing.assert_close(value, expected, atol=1e-10, rtol=1e-10)
    # 0.25 is exact in binary, so that a pair at its kink is at its kink in both; 0.1 is rounded apart there.
    if margin != 0.1 or oracle.nearest_kink(p, y, margin=margin) > 1e-9:
        torch.testing.assert_close(gradient, slope, atol=1e-10, rtol=1e-10)


@settings(max_examples=30, deadline=None)
@given(batches(torch.float32))
def test_float32_equals_the_double_loop_in_float64(batch: dict) -> None:
    p, y, groups = batch["predictions"], batch["targets"], batch["groups"]
    value, gradient = oracle.value_and_gradient(lambda at: margin_ranking_loss(at, y, margin=0.25, groups=groups), p)
    expected, slope = oracle.value_and_gradient(lambda at: oracle.margin_ranking(at, y, 0.25, groups), p.double())
    assert value.dtype == gradient.dtype == torch.float32
    torch.testing.assert_close(value.double(), expected, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(gradient.double(), slope, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("margin", [-0.5, 0.0, 0.1])
def test_gradcheck(margin: float) -> None:
    torch.manual_seed(1)
    y, p = torch.randint(1, 6, (9,)).double(), torch.randn(2, 9).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda at: margin_ranking_loss(at, y, margin=margin), p)
    assert torch.autograd.gradgradcheck(lambda at: margin_ranking_loss(at, y, margin=margin), p)


def test_many_models_at_once_equal_one_by_one() -> None:
    torch.manual_seed(2)
    p, y, groups = torch.randn(2, 3, 300), torch.randn(300), torch.randint(0, 3, (300,))
    together = margin_ranking_loss(p, y, groups=groups)
    assert together.shape == (2, 3)
    alone = torch.stack([margin_ranking_loss(row, y, groups=groups) for row in p.reshape(6, 300)])
    torch.testing.assert_close(together.reshape(6), alone, atol=0, rtol=1e-6)


def test_module_is_the_function() -> None:
    p, y, groups = torch.randn(7), torch.randn(7), torch.tensor([0, 0, 0, 1, 1, 1, 1])
    module = MarginRankingLoss(margin=0.3)
    assert module(p, y, groups) == margin_ranking_loss(p, y, margin=0.3, groups=groups)
    assert not list(module.parameters())
    assert "0.3" in repr(module)


def test_infinite_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="margin must be finite"):
        margin_ranking_loss(torch.zeros(2), torch.arange(2), margin=float("inf"))

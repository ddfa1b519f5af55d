"""The way in NumPy against a loop over pairs, and against comparing all pairs where a loop would take too long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qamro.losses import _fast, qamro_loss
from qamro.losses._few_targets import FewTargets
from qamro.losses._many_targets import ManyTargets

from . import oracle
from .batches import batches

BATCH = ("batch", None)


def _predictions(size: int, targets: torch.Tensor) -> torch.Tensor:
    """Random, tied, as people order them, the other way round, and all the same."""
    p = torch.randn(5, size).double()
    p[1] = (p[1] * 3).round()
    p[2], p[3], p[4] = targets, -targets, 0
    return p


def _all_pairs(p: torch.Tensor, y: torch.Tensor, alpha: float, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Value and slope from a B x B tensor."""
    ordered = y[:, None] > y
    quality = (y - y.min()) / (y.max() - y.min()).clamp(min=1e-300)
    hinge = (alpha * y - p)[:, None] - (alpha * y - p)
    weight = (1 + (beta - 1) * quality)[:, None] * ordered / ordered.sum().clamp(min=1)
    active = weight * (hinge > 0)
    return (active * hinge).sum(), active.sum(0) - active.sum(1)


@settings(max_examples=150, deadline=None)
@given(
    batches(most=40),
    st.sampled_from([FewTargets, ManyTargets]),
    st.sampled_from([(0.25, 7.0), (0.0, 1.0), (1.5, 0.5), (0.25, -2.0), (0.5, 1e4)]),
    st.sampled_from([None, (2.0, 4.0)]),
)
def test_both_kinds_of_targets_equal_the_double_loop(
    batch: dict, kind: type, weights: tuple[float, float], scale: tuple[float, float] | None
) -> None:
    p, y, (alpha, beta) = batch["predictions"], batch["targets"], weights
    known = kind(y)
    v = (alpha * y - p).numpy()[None]
    slope = known.slope(
        v, torch.tensor([[beta]]).double().numpy(), (("batch", None) if scale is None else ("scale", scale))
    )
    value, expected = oracle.value_and_gradient(lambda at: oracle.qamro(at, y, alpha, beta, scale), p)
    tolerance = {"atol": 1e-11 * max(abs(beta), 1), "rtol": 1e-9}
    if oracle.nearest_kink(p, y, alpha) > 1e-9 or batch["predictions"].unique().numel() == 1:
        torch.testing.assert_close(torch.from_numpy(slope[0]), expected, **tolerance)
    assert -(v * slope).sum() == pytest.approx(value.item(), rel=1e-9, abs=1e-7 * max(abs(beta), 1))


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 16, 17, 129, 1000])
@pytest.mark.parametrize("steps", [1, 2, 21, 100, 101, 10**9])
def test_larger_batches_equal_comparing_all_pairs(size: int, steps: int) -> None:
    torch.manual_seed(size)
    y = torch.randint(0, steps, (size,)).double() / 4  # with alpha exact in binary: ties are ties in both
    p = _predictions(size, y)
    value, slope = _fast.value_and_slope(p, y, torch.tensor(0.25).double(), torch.tensor(7.0).double(), BATCH)
    for model in range(5):
        expected = _all_pairs(p[model], y, 0.25, 7.0)
        torch.testing.assert_close(value[model], expected[0], atol=1e-9, rtol=1e-9)
        torch.testing.assert_close(slope[model], expected[1], atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize("size", [3, 256, 2748, 8192])
@pytest.mark.parametrize("steps", [21, 10**9])
def test_a_model_gets_the_same_bits_alone_and_among_others(size: int, steps: int) -> None:
    torch.manual_seed(size)
    y = torch.randint(0, steps, (size,)).double() / 5
    p, alpha, beta = _predictions(size, y), torch.rand(5).double(), 1 + 10 * torch.rand(5).double()
    values, slopes = _fast.value_and_slope(p, y, alpha, beta, BATCH)
    for model in range(5):
        value, slope = _fast.value_and_slope(p[model], y, alpha[model], beta[model], BATCH)
        assert torch.equal(value, values[model])
        assert torch.equal(slope, slopes[model])


@pytest.mark.parametrize("steps", [1, 500])
def test_the_largest_batch_in_order_and_reversed(steps: int) -> None:
    """No pair of an ordered batch is active, every one of a reversed one: with beta 1 the slopes are counts."""
    size = _fast.MOST
    y = (torch.arange(size) // steps).double()
    zero, one = torch.tensor(0.0).double(), torch.tensor(1.0).double()
    value, slope = _fast.value_and_slope(torch.stack((y, -y)), y, zero, one, BATCH)
    assert value[0] == 0
    assert not slope[0].any()
    lower, until = torch.searchsorted(y, y), torch.searchsorted(y, y, right=True)
    pairs = lower.sum()
    torch.testing.assert_close(slope[1], (size - until - lower) / pairs.double(), atol=0, rtol=1e-15)
    torch.testing.assert_close(value[1], (y * (lower - (size - until))).sum() / pairs, rtol=1e-12, atol=0)


def test_a_perfect_order_costs_nothing_at_all() -> None:
    for steps in (5, 10**6):
        y = torch.randint(0, steps, (700,)).float()
        p = y.clone().requires_grad_()
        loss = qamro_loss(p, y, alpha=0.5)
        loss.backward()
        assert loss == 0
        assert not p.grad.any()


def test_other_targets_are_not_taken_for_these() -> None:
    torch.manual_seed(0)
    first, second = torch.rand(300).double(), torch.rand(300).double()
    changed = first.clone()
    kept = _fast.known(changed)
    assert _fast.known(first) is kept
    changed[7] += 1
    assert _fast.known(changed) is not kept
    assert _fast.known(first) is kept
    assert _fast.known(first.float()) is not kept
    for _ in range(5):
        second = second + 1
        _fast.known(second)
    assert _fast.known(first) is not kept


def test_what_is_kept_of_targets_does_not_answer_for_another_beta_or_scale() -> None:
    torch.manual_seed(1)
    y, p = torch.randint(1, 6, (50,)).double(), torch.randn(50).double()
    for scale in (None, (1.0, 5.0), (0.0, 10.0)):
        for beta in (7.0, 3.0, 7.0):
            expected = oracle.qamro(p, y, 0.2, beta, scale)
            found = qamro_loss(p, y, beta=beta, normalize="batch" if scale is None else "scale", scale=scale)
            torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)


def test_threads_that_learn_from_different_targets_do_not_meet() -> None:
    torch.manual_seed(2)
    work = [(torch.randn(200), torch.randint(1, 20 + k, (200,)).float()) for k in range(8)] * 20
    alone = [qamro_loss(p, y) for p, y in work]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: qamro_loss(*one), work))
    assert torch.equal(torch.stack(alone), torch.stack(together))

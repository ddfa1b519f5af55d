from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qamro.losses import QAMROLoss, qamro_loss

from . import oracle
from .batches import batches

_SCALES = st.sampled_from([None, (1.0, 5.0), (2.0, 4.0)])


@settings(max_examples=120, deadline=None)
@given(batches(), _SCALES, st.sampled_from([(0.2, 7.0), (0.25, 3.0), (0.0, 1.0), (1.5, 0.5)]))
def test_value_and_gradient_equal_the_double_loop(batch: dict, scale: tuple | None, weights: tuple) -> None:
    p, y, groups = batch["predictions"], batch["targets"], batch["groups"]
    alpha, beta = weights
    normalize = "batch" if scale is None else "scale"

    def ours(at: torch.Tensor) -> torch.Tensor:
        return qamro_loss(at, y, alpha=alpha, beta=beta, normalize=normalize, scale=scale, groups=groups)

    value, gradient = oracle.value_and_gradient(ours, p)
    expected, slope = oracle.value_and_gradient(lambda at: oracle.qamro(at, y, alpha, beta, scale, groups), p)
    torch.testing.assert_close(value, expected, atol=1e-10, rtol=1e-10)
    # 0.25 is exact in binary, so that a pair at its kink is at its kink in both; 0.2 and 1.5 are rounded apart there.
    if alpha == 0.25 or oracle.nearest_kink(p, y, alpha) > 1e-9:
        torch.testing.assert_close(gradient, slope, atol=1e-10, rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(batches(torch.float32))
def test_float32_equals_the_double_loop_in_float64(batch: dict) -> None:
    p, y, groups = batch["predictions"], batch["targets"], batch["groups"]
    value, gradient = oracle.value_and_gradient(lambda at: qamro_loss(at, y, groups=groups), p)
    expected, slope = oracle.value_and_gradient(lambda at: oracle.qamro(at, y, groups=groups), p.double())
    assert value.dtype == gradient.dtype == torch.float32
    torch.testing.assert_close(value.double(), expected, atol=1e-6, rtol=1e-6)
    if oracle.nearest_kink(p, y, 0.2) > 1e-9:
        torch.testing.assert_close(gradient.double(), slope, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e12])
def test_a_huge_common_offset_changes_nothing(offset: float) -> None:
    torch.manual_seed(3)
    p = (torch.randn(40).double() * 1024).round() / 1024  # exact also at the offset
    y = (torch.rand(40).double() * 20).round() / 5
    expected = oracle.value_and_gradient(lambda at: oracle.qamro(at, y), p)
    torch.testing.assert_close(
        oracle.value_and_gradient(lambda at: qamro_loss(at, y), p + offset), expected, atol=1e-10, rtol=1e-10
    )


@pytest.mark.parametrize("size", [1, 2, 9, 260])
def test_no_pair_no_loss_no_gradient(size: int) -> None:
    p = torch.randn(2, size, requires_grad=True)
    for groups in (None, torch.arange(size)):
        y = torch.full((size,), 3.4) if groups is None else torch.randn(size)
        value = qamro_loss(p, y, groups=groups)
        (gradient,) = torch.autograd.grad(value.sum(), p)
        assert (value == 0).all()
        assert (gradient == 0).all()


def test_an_empty_batch_has_no_loss() -> None:
    p = torch.zeros(0, requires_grad=True)
    assert qamro_loss(p, torch.zeros(0)) == 0
    assert qamro_loss(p, torch.zeros(0), groups=torch.zeros(0)) == 0


@pytest.mark.parametrize("size", [9, 300])
def test_gradcheck_also_of_alpha_and_beta(size: int) -> None:
    torch.manual_seed(4)
    y, p = torch.randint(1, 6, (size,)).double(), torch.randn(2, size).double()
    alpha, beta = torch.tensor([[0.2], [0.9]]).double(), torch.tensor([7.0, 0.5]).double()
    inputs = [t.requires_grad_() for t in (p, alpha, beta)]

    def loss(p: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
        return qamro_loss(p, y, alpha=alpha, beta=beta)

    if size < 100:
        assert torch.autograd.gradcheck(loss, inputs)
        assert torch.autograd.gradgradcheck(loss, inputs)
    else:
        assert torch.autograd.gradcheck(loss, inputs, fast_mode=True)


def test_alpha_and_beta_broadcast_over_models() -> None:
    torch.manual_seed(5)
    p, y = torch.randn(3, 50).double(), torch.randint(1, 6, (50,)).double()
    alpha, beta = torch.tensor([0.1, 0.2, 0.4]).double(), torch.tensor([[1.0], [7.0]]).double()
    grid = qamro_loss(p, y, alpha=alpha, beta=beta)
    assert grid.shape == (2, 3)
    for row in range(2):
        for column in range(3):
            expected = oracle.qamro(p[column], y, alpha[column], beta[row, 0])
            torch.testing.assert_close(grid[row, column], expected, atol=1e-10, rtol=1e-10)
    swept = qamro_loss(p[0], y, alpha=alpha)
    torch.testing.assert_close(swept[2], qamro_loss(p[0], y, alpha=0.4))


def test_scores_outside_the_scale_count_as_its_ends() -> None:
    p, y = torch.tensor([3.0, 2.0, 1.0]), torch.tensor([0.0, 5.0, 12.0])
    expected = oracle.qamro(p, y, scale=(1.0, 10.0))
    torch.testing.assert_close(qamro_loss(p, y, normalize="scale", scale=(1, 10)), expected.float())


def test_groups_with_one_target_each_do_not_blur_the_others() -> None:
    """Two studies of different scales in one batch: each is normalised for itself, the mean is over all pairs."""
    torch.manual_seed(6)
    p, y = torch.randn(30).double(), torch.cat((torch.rand(20) * 4 + 1, torch.rand(10) * 100)).double()
    groups = torch.tensor([5] * 20 + [2] * 10)
    shuffle = torch.randperm(30)
    parts = [oracle.qamro(p[groups == g], y[groups == g]) * len(oracle.pairs_of(y[groups == g])) for g in (2, 5)]
    pairs = sum(len(oracle.pairs_of(y[groups == g])) for g in (2, 5))
    value = qamro_loss(p[shuffle], y[shuffle], groups=groups[shuffle])
    torch.testing.assert_close(value, sum(parts) / pairs)


def test_module_is_the_function() -> None:
    p, y = torch.randn(3, 7), torch.rand(7) * 4 + 1
    module = QAMROLoss(alpha=0.4, beta=3.0, normalize="scale", scale=(1, 5))
    torch.testing.assert_close(module(p, y), qamro_loss(p, y, alpha=0.4, beta=3.0, normalize="scale", scale=(1, 5)))
    assert not list(module.parameters())
    assert "alpha=0.4, beta=3.0" in repr(module)


def test_a_step_against_the_gradient_lowers_the_loss() -> None:
    torch.manual_seed(7)
    p, y = torch.randn(400, requires_grad=True), torch.randn(400)
    before = qamro_loss(p, y)
    before.backward()
    assert qamro_loss(p - 10 * p.grad, y) < before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"normalize": "scale"}, "needs scale"),
        ({"normalize": "scale", "scale": (5, 1)}, "low < high"),
        ({"normalize": "batch", "scale": (1, 5)}, "read with"),
        ({"normalize": "z"}, "must be"),
        ({"alpha": float("nan")}, "alpha must be finite"),
        ({"beta": torch.tensor([1.0, float("inf")])}, "beta must be finite"),
        ({"alpha": torch.ones(2), "beta": torch.ones(3)}, r"alpha \(2,\), beta \(3,\)"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        qamro_loss(torch.randn(4), torch.randn(4), **options)


@pytest.mark.parametrize("steps", [2, 21, 10**6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_with_constant_weights_or_learnt_ones_the_same_loss(steps: int, dtype: torch.dtype) -> None:
    """Constant α and β take the way that finds value and slope in one go."""
    torch.manual_seed(steps)
    p, y = torch.randn(3, 200, dtype=dtype), 1 + torch.randint(0, steps, (200,)) / 5
    constant = oracle.value_and_gradient(lambda at: qamro_loss(at, y, alpha=0.3, beta=5.0), p)
    learnt = torch.tensor([0.3, 0.3, 0.3], dtype=torch.float64, requires_grad=True)
    free = oracle.value_and_gradient(lambda at: qamro_loss(at, y, alpha=learnt, beta=5.0), p)
    torch.testing.assert_close(constant, free)
    for model in range(3):
        one = oracle.value_and_gradient(lambda at: qamro_loss(at, y, alpha=0.3, beta=5.0), p[model])
        torch.testing.assert_close(one, (constant[0][model], constant[1][model]))
    loop = oracle.value_and_gradient(lambda at: oracle.qamro(at, y[:140], 0.3, 5.0), p[0, :140])
    ours = oracle.value_and_gradient(lambda at: qamro_loss(at, y[:140], alpha=0.3, beta=5.0), p[0, :140])
    torch.testing.assert_close(ours, loop, atol=1e-6, rtol=1e-6, check_dtype=False)

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from qamro.losses import (
    BALRLoss,
    ListMLELoss,
    SoftSpearmanLoss,
    balr_loss,
    listmle_loss,
    soft_spearman_loss,
)
from qamro.losses.listwise import average_rank, soft_rank

from . import family_oracle as oracle
from .batches import batches
from .oracle import value_and_gradient

LOSSES = {
    "balr": (balr_loss, oracle.balr),
    "listmle": (listmle_loss, oracle.listmle),
    "spearman": (soft_spearman_loss, oracle.soft_spearman),
}
_TAME = ("offset", "outlier")


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=40, deadline=None)
@given(batch=batches(most=9, without=_TAME), temperature=st.sampled_from([0.3, 1.0, 4.0]))
def test_value_and_gradient_equal_the_loop(name: str, batch: dict, temperature: float) -> None:
    ours, slow = LOSSES[name]
    p, y, groups = batch["predictions"], batch["targets"], batch["groups"]
    if (
        name == "spearman"
    ):  # where predictions are equal, which of them is ranked first decides a gradient of soft ranks
        p = p + torch.arange(len(p)) * (0.0 if len(set(p.tolist())) == 1 else 1e-4)
    value, gradient = value_and_gradient(lambda at: ours(at, y, temperature=temperature, groups=groups), p)
    expected, slope = value_and_gradient(
        lambda at: oracle.mean_over_lists(lambda p, y: slow(p, y, temperature), at, y, groups), p
    )
    torch.testing.assert_close(value, expected, atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(gradient, slope, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("loss", [balr_loss, listmle_loss, soft_spearman_loss])
def test_gradcheck_also_of_the_temperature(loss) -> None:
    torch.manual_seed(1)
    y = torch.randint(1, 6, (8,)).double()
    p = torch.randn(2, 8).double().requires_grad_()
    temperature = torch.tensor([0.7, 3.0]).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda p, t: loss(p, y, temperature=t), (p, temperature))
    assert torch.autograd.gradgradcheck(lambda p: loss(p, y), p)


@pytest.mark.parametrize("loss", [balr_loss, listmle_loss, soft_spearman_loss])
def test_many_models_and_temperatures_equal_one_by_one(loss) -> None:
    torch.manual_seed(2)
    p, y, groups = torch.randn(3, 40).double(), torch.randn(40), torch.randint(0, 3, (40,))
    temperature = torch.tensor([[0.5], [2.0]])
    together = loss(p, y, temperature=temperature, groups=groups)
    assert together.shape == (2, 3)
    for row in range(2):
        for model in range(3):
            alone = loss(p[model], y, temperature=float(temperature[row]), groups=groups)
            torch.testing.assert_close(together[row, model], alone)


@pytest.mark.parametrize("loss", [balr_loss, listmle_loss, soft_spearman_loss])
def test_the_order_of_the_batch_does_not_matter(loss) -> None:
    torch.manual_seed(3)
    p, y, groups = torch.randn(50).double(), torch.randint(1, 6, (50,)), torch.randint(0, 4, (50,))
    shuffle = torch.randperm(50)
    torch.testing.assert_close(loss(p[shuffle], y[shuffle], groups=groups[shuffle]), loss(p, y, groups=groups))


@pytest.mark.parametrize("loss", [balr_loss, listmle_loss, soft_spearman_loss])
def test_a_huge_common_offset_changes_nothing(loss) -> None:
    torch.manual_seed(4)
    p, y = (torch.randn(30) * 1024).round().double() / 1024, torch.rand(30).double()
    torch.testing.assert_close(loss(p + 2.0**30, y - 2.0**20), loss(p, y), atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("loss", [balr_loss, listmle_loss, soft_spearman_loss])
@pytest.mark.parametrize("size", [0, 1, 4])
def test_no_list_no_loss_no_gradient(loss, size: int) -> None:
    p = torch.randn(2, size, requires_grad=True)
    value = loss(p, torch.randn(size), groups=torch.arange(size))
    (gradient,) = torch.autograd.grad(value.sum(), p)
    assert value.shape == (2,)
    assert (value == 0).all()
    assert (gradient == 0).all()


@pytest.mark.parametrize("loss", [balr_loss, listmle_loss, soft_spearman_loss])
def test_dtypes_and_autocast(loss) -> None:
    torch.manual_seed(5)
    y = torch.randn(20)
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        p = torch.randn(20).to(dtype).requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(p, y)
        (gradient,) = torch.autograd.grad(value, p)
        assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        assert gradient.dtype == dtype
        torch.testing.assert_close(value.double(), loss(p.detach().double(), y), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("loss", [balr_loss, listmle_loss, soft_spearman_loss])
def test_what_is_refused(loss) -> None:
    with pytest.raises(ValueError, match=r"\(4,\).*\(5,\)"):
        loss(torch.zeros(4), torch.zeros(5))
    with pytest.raises(ValueError, match="predictions hold 1 NaN"):
        loss(torch.tensor([1.0, math.nan]), torch.zeros(2))
    for temperature in (0.0, -1.0, math.nan, torch.tensor([1.0, 0.0])):
        with pytest.raises(ValueError, match="temperature must be"):
            loss(torch.zeros(2, 4), torch.arange(4), temperature=temperature)
    with pytest.raises(ValueError, match=r"temperature \(3,\)"):
        loss(torch.zeros(2, 4), torch.arange(4), temperature=torch.ones(3))


def test_balr_is_least_at_the_targets() -> None:
    """Its least value is the entropy of the targets' distribution, and its gradient is zero there."""
    y = torch.tensor([1.0, 2.5, 4.0, 4.0]).double()
    value, gradient = value_and_gradient(lambda at: balr_loss(at, y), y + 7)
    assert value == pytest.approx(stats.entropy(y.softmax(0).numpy()))
    assert gradient.abs().max() < 1e-15


def test_listmle_is_the_likelihood_of_the_order() -> None:
    """Draws without replacement: the probability of best, middle, worst is a product of two softmaxes."""
    s = torch.tensor([0.3, -1.0, 0.9]).double()
    odds = s.exp()
    likelihood = odds[2] / odds.sum() * odds[0] / (odds[0] + odds[1])
    torch.testing.assert_close(listmle_loss(s, torch.tensor([2.0, 1.0, 5.0])), -likelihood.log() / 3)


def test_soft_spearman_is_spearman_for_a_small_temperature() -> None:
    torch.manual_seed(6)
    p, y = torch.randn(60).double(), torch.randint(1, 6, (60,)).double()
    value = soft_spearman_loss(p, y, temperature=1e-6)
    assert float(value) == pytest.approx(1 - stats.spearmanr(p, y).statistic, abs=1e-10)


def test_soft_spearman_is_pearson_with_ranks_for_a_large_temperature() -> None:
    torch.manual_seed(7)
    p, y = torch.randn(60).double(), torch.randint(1, 6, (60,)).double()
    expected = 1 - stats.pearsonr(p, stats.rankdata(y)).statistic
    assert float(soft_spearman_loss(p, y, temperature=1e4)) == pytest.approx(expected, abs=1e-8)


def test_constant_predictions_have_no_correlation_and_no_gradient() -> None:
    value, gradient = value_and_gradient(lambda at: soft_spearman_loss(at, torch.arange(5)), torch.full((5,), 3.3))
    assert value == 1
    assert (gradient == 0).all()


def test_ranks() -> None:
    torch.manual_seed(8)
    y = torch.randint(0, 7, (40,)).double()
    assert average_rank(y).tolist() == stats.rankdata(y).tolist()
    soft = soft_rank(torch.randn(3, 40).double(), temperature=2.0)
    torch.testing.assert_close(soft.sum(-1), torch.full((3,), 820.0).double())
    assert soft.min() >= 1
    assert soft.max() <= 40


@pytest.mark.parametrize(
    ("module", "loss"), [(BALRLoss, balr_loss), (ListMLELoss, listmle_loss), (SoftSpearmanLoss, soft_spearman_loss)]
)
def test_modules_are_the_functions(module, loss) -> None:
    p, y, groups = torch.randn(6), torch.randn(6), torch.tensor([0, 0, 0, 1, 1, 1])
    assert module(temperature=0.5)(p, y, groups) == loss(p, y, temperature=0.5, groups=groups)
    assert "0.5" in repr(module(0.5))
    assert not list(module().parameters())


@pytest.mark.cuda
@pytest.mark.parametrize("loss", [balr_loss, listmle_loss, soft_spearman_loss])
def test_cuda_answers_as_the_cpu(loss) -> None:
    p, y, groups = torch.randn(2, 90), torch.randn(90), torch.randint(0, 3, (90,))
    on_gpu = loss(p.cuda(), y.cuda(), groups=groups.cuda())
    torch.testing.assert_close(on_gpu.cpu(), loss(p, y, groups=groups))

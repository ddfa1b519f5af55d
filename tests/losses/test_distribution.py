from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from qamro.losses import (
    CORALLoss,
    GaussianCrossEntropyLoss,
    coral_loss,
    coral_score,
    expected_score,
    gaussian_cross_entropy_loss,
    gaussian_soft_labels,
)

from . import family_oracle as oracle

GROUPS = [None, torch.tensor([3, 3, 3, 3, 3, 8, 8, 1, 8])]
SCALES = [(1.0, 5.0), (0.0, 10.0)]


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("sigma", [0.25, 1.0])
@pytest.mark.parametrize("bins", [2, 20])
def test_gaussian_cross_entropy_equals_the_loop(
    groups: torch.Tensor | None, scale: tuple, sigma: float, bins: int
) -> None:
    torch.manual_seed(1)
    logits, y = torch.randn(9, bins).double().requires_grad_(), (torch.rand(9) * 30).round() / 5
    ours = gaussian_cross_entropy_loss(logits, y, scale=scale, sigma=sigma, groups=groups)
    slow = oracle.mean_over_groups(oracle.gaussian_cross_entropy(logits, y, scale, sigma), groups)
    torch.testing.assert_close(ours, slow, atol=1e-10, rtol=1e-10)
    found, expected = torch.autograd.grad(ours, logits), torch.autograd.grad(slow, logits)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("thresholds", [1, 4, 20])
def test_coral_equals_the_loop(groups: torch.Tensor | None, scale: tuple, thresholds: int) -> None:
    torch.manual_seed(2)
    logits, y = torch.randn(9, thresholds).double().requires_grad_(), torch.rand(9) * 6
    ours = coral_loss(logits, y, scale=scale, groups=groups)
    slow = oracle.mean_over_groups(oracle.coral(logits, y, scale), groups)
    torch.testing.assert_close(ours, slow, atol=1e-10, rtol=1e-10)
    found, expected = torch.autograd.grad(ours, logits), torch.autograd.grad(slow, logits)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("loss", [gaussian_cross_entropy_loss, coral_loss])
def test_gradcheck(loss) -> None:
    torch.manual_seed(3)
    logits = torch.randn(2, 5, 6).double().requires_grad_()
    y = torch.tensor([1.0, 2.2, 3.1, 4.4, 5.0])
    assert torch.autograd.gradcheck(lambda at: loss(at, y, groups=torch.tensor([0, 0, 1, 1, 1])), logits)


def test_soft_labels_keep_the_score() -> None:
    """Away from the ends, the mean of the label is the score and its deviation is sigma."""
    y = torch.linspace(2, 4, 11).double()
    labels = gaussian_soft_labels(y)
    centres = torch.linspace(1, 5, 20).double()
    torch.testing.assert_close(labels.sum(-1), torch.ones(11).double())
    torch.testing.assert_close(labels @ centres, y, atol=2e-3, rtol=0)
    spread = ((centres - y[:, None]) ** 2 * labels).sum(-1).sqrt()
    torch.testing.assert_close(spread, torch.full((11,), 0.25).double(), atol=2e-3, rtol=0)


def test_a_narrow_label_is_the_nearest_bin_and_never_nan() -> None:
    labels = gaussian_soft_labels(torch.tensor([-3.0, 2.6, 9.0]), bins=5, sigma=1e-4)
    assert labels.tolist() == [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]]


def test_the_gradient_is_that_of_the_divergence() -> None:
    """The public code minimises the Kullback-Leibler divergence: the same gradient, another zero."""
    torch.manual_seed(4)
    logits, y = torch.randn(6, 20).double().requires_grad_(), torch.rand(6) * 4 + 1
    labels = gaussian_soft_labels(y)
    divergence = functional.kl_div(logits.log_softmax(-1), labels, reduction="batchmean")
    ours = gaussian_cross_entropy_loss(logits, y)
    entropy = -(labels * labels.clamp(min=1e-300).log()).sum(-1).mean()
    torch.testing.assert_close(ours - entropy, divergence)
    torch.testing.assert_close(torch.autograd.grad(ours, logits), torch.autograd.grad(divergence, logits))


def test_scores_of_distributions() -> None:
    sure = torch.full((3, 5), -1e4)
    sure[0, 0], sure[1, 2], sure[2, 4] = 0, 0, 0
    torch.testing.assert_close(expected_score(sure), torch.tensor([1.0, 3.0, 5.0]))
    torch.testing.assert_close(expected_score(torch.zeros(2, 20), (0, 10)), torch.full((2,), 5.0))
    answers = torch.tensor([[-1e4] * 4, [1e4, 1e4, -1e4, -1e4], [1e4] * 4])
    torch.testing.assert_close(coral_score(answers), torch.tensor([1.0, 3.0, 5.0]))


@pytest.mark.parametrize(("loss", "score"), [(gaussian_cross_entropy_loss, expected_score), (coral_loss, coral_score)])
def test_training_free_logits_finds_the_scores(loss, score) -> None:
    y = torch.tensor([1.6, 2.0, 3.2, 4.4])
    logits = torch.zeros(4, 20, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.3)
    for _ in range(200):
        optimiser.zero_grad()
        loss(logits, y).backward()
        optimiser.step()
    torch.testing.assert_close(score(logits.detach()), y, atol=0.11, rtol=0)


@pytest.mark.parametrize("loss", [gaussian_cross_entropy_loss, coral_loss])
def test_models_dtypes_and_empty_batches(loss) -> None:
    torch.manual_seed(5)
    logits, y, groups = torch.randn(3, 8, 20), torch.rand(8) * 4 + 1, torch.tensor([0] * 5 + [1] * 3)
    together = loss(logits, y, groups=groups)
    torch.testing.assert_close(together, torch.stack([loss(one, y, groups=groups) for one in logits]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = loss(logits.bfloat16(), y)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, loss(logits.bfloat16().float(), y))
    assert loss(torch.zeros(0, 20), torch.zeros(0)) == 0
    assert loss(torch.zeros(0, 20), torch.zeros(0), groups=torch.zeros(0)) == 0


@pytest.mark.parametrize("loss", [gaussian_cross_entropy_loss, coral_loss])
def test_what_is_refused(loss) -> None:
    with pytest.raises(ValueError, match=r"logits \(4, 20\) and targets \(5,\)"):
        loss(torch.zeros(4, 20), torch.zeros(5))
    with pytest.raises(ValueError, match="logits hold 80 NaN"):
        loss(torch.full((4, 20), math.nan), torch.zeros(4))
    with pytest.raises(ValueError, match="targets hold 1 NaN"):
        loss(torch.zeros(2, 20), torch.tensor([1.0, math.nan]))
    with pytest.raises(ValueError, match="low < high"):
        loss(torch.zeros(4, 20), torch.zeros(4), scale=(5, 1))


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="two bins"):
        gaussian_cross_entropy_loss(torch.zeros(4, 1), torch.zeros(4))
    with pytest.raises(ValueError, match="sigma must be above zero"):
        gaussian_soft_labels(torch.zeros(4), sigma=0)


def test_modules_are_the_functions() -> None:
    logits, y = torch.randn(4, 20), torch.rand(4) * 10
    own = GaussianCrossEntropyLoss(scale=(0, 10), sigma=0.5)
    assert own(logits, y) == gaussian_cross_entropy_loss(logits, y, scale=(0, 10), sigma=0.5)
    assert CORALLoss(scale=(0, 10))(logits, y) == coral_loss(logits, y, scale=(0, 10))
    assert "sigma=0.5" in repr(own)
    assert "(0, 10)" in repr(CORALLoss((0, 10)))
    assert not [*own.parameters(), *CORALLoss().parameters()]


@pytest.mark.cuda
@pytest.mark.parametrize("loss", [gaussian_cross_entropy_loss, coral_loss])
def test_cuda_answers_as_the_cpu(loss) -> None:
    logits, y = torch.randn(2, 9, 20), torch.rand(9) * 4 + 1
    torch.testing.assert_close(loss(logits.cuda(), y.cuda()).cpu(), loss(logits, y))

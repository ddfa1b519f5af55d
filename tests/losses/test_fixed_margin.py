"""QAMRO's weights on hinges with a fixed margin, against the double loop."""

import pytest
import torch

from qamro.losses import _pairs, fixed_margin_qamro_loss, margin_ranking_loss

from . import oracle


def double_loop(p, y, margin, beta, scale=None, groups=None):
    p, y = p.double(), y.double()
    quality = oracle.qualities(y, scale, groups)
    terms = [
        (1 + (beta - 1) * max(quality[i], quality[j])) * torch.relu(-torch.sign(y[i] - y[j]) * (p[i] - p[j]) + margin)
        for i, j in oracle.pairs_of(y, groups)
    ]
    return torch.stack(terms).mean() if terms else p.sum() * 0


@pytest.mark.parametrize("size", [2, 9, 40])
@pytest.mark.parametrize("with_groups", [False, True])
@pytest.mark.parametrize("dense_up_to", [0, 256])
def test_value_and_gradient_equal_the_double_loop(size, with_groups, dense_up_to, monkeypatch):
    monkeypatch.setattr(_pairs, "DENSE_BATCH", dense_up_to)
    rng = torch.Generator().manual_seed(size)
    y = (torch.randint(5, 26, (size,), generator=rng) / 5).double()
    p = (3 + torch.randn(size, generator=rng).double()).requires_grad_()
    groups = torch.arange(size) % 3 if with_groups else None
    ours = fixed_margin_qamro_loss(p, y, margin=0.3, beta=4.0, groups=groups)
    theirs = double_loop(p, y, 0.3, 4.0, groups=groups)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    torch.testing.assert_close(torch.autograd.grad(ours, p)[0], torch.autograd.grad(theirs, p)[0], rtol=0, atol=1e-10)


def test_beta_one_is_margin_ranking():
    y, p = torch.tensor([1.0, 3.0, 2.0, 2.0]), torch.tensor([1.5, 1.0, 4.0, 2.0])
    torch.testing.assert_close(
        fixed_margin_qamro_loss(p, y, margin=0.2, beta=1.0), margin_ranking_loss(p, y, margin=0.2)
    )


def test_many_models_with_a_beta_each():
    y, p = torch.tensor([1.0, 3.0, 2.0, 2.0]), torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    losses = fixed_margin_qamro_loss(p, y, beta=torch.tensor([1.0, 3.0, 7.0]))
    for row, beta in enumerate((1.0, 3.0, 7.0)):
        torch.testing.assert_close(losses[row], double_loop(p[row], y, 0.1, beta).float())


def test_no_pair_no_loss():
    p = torch.randn(3, requires_grad=True)
    loss = fixed_margin_qamro_loss(p, torch.full((3,), 2.0))
    loss.backward()
    assert loss == 0
    assert (p.grad == 0).all()

"""What functions on functions do with every loss: gradients, directional derivatives, maps over models, compilers."""

from __future__ import annotations

import pytest
import torch
from torch import func

from qamro import losses
from qamro.losses import _pairs, qamro_loss

from . import oracle
from .family import LOSSES, batch

GROUPS = [False, True]
SIZES = [12, 40]


@pytest.fixture(autouse=True)
def _both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve clips are compared with each other, forty are sorted."""
    monkeypatch.setattr(_pairs, "DENSE_BATCH", 20)


def _case(name: str, size: int, grouped: bool, *models: int):
    loss, p, y = batch(name, size, *models)
    groups = torch.arange(size) % 3 if grouped else None
    return (lambda at: loss(at, y, groups=groups)), p


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("grouped", GROUPS)
def test_grad_jvp_and_vmap_are_those_of_backward(name: str, size: int, grouped: bool) -> None:
    loss, p = _case(name, size, grouped, 3)
    value, gradient = oracle.value_and_gradient(loss, p)
    for model in range(3):
        torch.testing.assert_close(func.grad(loss)(p[model]), gradient[model])
    tangent = torch.randn_like(p)
    along, slope = func.jvp(loss, (p,), (tangent,))
    torch.testing.assert_close(along, value)
    torch.testing.assert_close(slope, (gradient * tangent).flatten(1).sum(1))
    torch.testing.assert_close(func.vmap(loss)(p), value)
    torch.testing.assert_close(func.vmap(func.grad(loss))(p), gradient)
    torch.testing.assert_close(func.vmap(loss, in_dims=1)(p.transpose(0, 1)), value)
    torch.testing.assert_close(func.jacrev(loss)(p).diagonal(dim1=0, dim2=1).movedim(-1, 0), gradient)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", SIZES)
def test_second_derivatives_are_those_of_differences(name: str, size: int) -> None:
    """Those of piecewise linear losses are zero; none may be wrong or missing without a word."""
    loss, p = _case(name, size, False)
    direction = torch.randn(p.shape, generator=torch.Generator().manual_seed(1), dtype=p.dtype)

    def slope(at: torch.Tensor) -> torch.Tensor:
        return torch.autograd.grad(loss(at), at, create_graph=True)[0]

    at = p.clone().requires_grad_()
    first = slope(at)
    second = (
        torch.autograd.grad(first, at, direction, materialize_grads=True)[0]
        if first.requires_grad
        else torch.zeros_like(at)
    )
    step = 1e-6
    around = [slope((p + sign * step * direction).requires_grad_()).detach() for sign in (1, -1)]
    torch.testing.assert_close(second, (around[0] - around[1]) / (2 * step), atol=1e-7, rtol=1e-5)
    product = func.jvp(func.grad(loss), (p,), (direction,))[1]
    torch.testing.assert_close(product, second)


@pytest.mark.parametrize("size", SIZES)
def test_alpha_and_beta_in_vmap_and_their_second_derivatives(size: int) -> None:
    _, p, y = batch("qamro", size)
    alpha, beta = torch.tensor([0.1, 0.2, 0.4]).double(), torch.tensor([1.0, 7.0, 3.0]).double()
    expected = torch.stack([qamro_loss(p, y, alpha=a, beta=b) for a, b in zip(alpha, beta, strict=True)])
    found = func.vmap(lambda a, b: qamro_loss(p, y, alpha=a, beta=b))(alpha, beta)
    torch.testing.assert_close(found, expected)
    mixed = func.grad(lambda a: func.grad(lambda b: qamro_loss(p, y, alpha=a, beta=b))(beta[1]))(alpha[1])
    step = 1e-6
    around = [
        func.grad(lambda b, at=alpha[1] + sign * step: qamro_loss(p, y, alpha=at, beta=b))(beta[1]) for sign in (1, -1)
    ]
    torch.testing.assert_close(mixed, (around[0] - around[1]) / (2 * step), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "soft spearman"])
@pytest.mark.parametrize("size", SIZES)
def test_vmap_over_targets(name: str, size: int) -> None:
    loss, p, _ = batch(name, size, 3)
    y = 1 + torch.randint(0, 9, (3, size)).double() / 2
    one_by_one = torch.stack([loss(a, b) for a, b in zip(p, y, strict=True)])
    torch.testing.assert_close(func.vmap(loss)(p, y), one_by_one)
    targets_alone = torch.stack([loss(p[0], row) for row in y])
    torch.testing.assert_close(func.vmap(loss, in_dims=(None, 0))(p[0], y), targets_alone)


def test_soft_spearman_refuses_vmap_over_targets() -> None:
    with pytest.raises(RuntimeError, match="vmap"):
        func.vmap(losses.soft_spearman_loss)(torch.randn(3, 9), torch.randint(0, 4, (3, 9)))


@pytest.mark.parametrize("name", LOSSES)
def test_under_vmap_nan_gives_nan(name: str) -> None:
    loss, p = _case(name, 40, False, 2)
    p[1, 3] = float("nan")
    with pytest.raises(ValueError, match="NaN"):
        loss(p)
    value = func.vmap(loss)(p)
    assert value[0].isfinite()
    assert value[1].isnan()


@pytest.mark.parametrize("name", ["qamro", "soft spearman", "gaussian"])  # each takes seconds; one of each kind
def test_compiled_losses_are_the_same_and_refuse_the_same(name: str) -> None:
    """Captured as the compiler captures them; what it makes of a captured graph is its own affair."""
    torch._dynamo.reset()
    loss, p = _case(name, 40, False, 2)
    compiled = torch.compile(loss, backend="eager")
    torch.testing.assert_close(oracle.value_and_gradient(compiled, p), oracle.value_and_gradient(loss, p))
    with pytest.raises(ValueError, match="NaN"):
        compiled((p * float("nan")).requires_grad_())


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [0, 1, 12, 40])
@pytest.mark.parametrize("grouped", GROUPS)
def test_no_models_no_losses(name: str, size: int, grouped: bool) -> None:
    loss, p = _case(name, size, grouped, 0)
    value, gradient = oracle.value_and_gradient(loss, p)
    assert value.shape == (0,)
    assert gradient.shape == p.shape


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_zero_has_no_sign(name: str, dtype: torch.dtype) -> None:
    loss, of_clip = LOSSES[name]
    for size in (0, 1, 2, 40):
        y = torch.linspace(1, 5, size)
        for p in (y * 1e4, -y * 1e4, y * 0, -y * 0, y * 0 - 1):
            at = p.reshape(-1, *[1] * len(of_clip)).expand(-1, *of_clip).to(dtype)
            value = loss(at, y)
            assert value != 0 or not torch.signbit(value), (size, p)
    if name in ("balr", "gaussian"):  # all of the mass at one clip, or bin, is predicted as such: -(1 · log 1)
        at = torch.tensor([0.0, 1e6]) if name == "balr" else torch.tensor([[1e6, 0, 0, 0, 0, 0]])
        value = loss(at, torch.tensor([0.0, 1e6]) if name == "balr" else torch.tensor([-9.0]))
        assert not torch.signbit(value)

"""What all ranking losses refuse, and the dtypes and devices that they take."""

from __future__ import annotations

import pytest
import torch

from qamro.losses import margin_ranking_loss, qamro_loss

LOSSES = [margin_ranking_loss, qamro_loss]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("p_shape", "y_shape"), [((4,), (5,)), ((2, 4), (2, 4)), ((), (1,)), ((4,), ()), ((1,), (4,)), ((4, 1), (4,))]
)
def test_shapes_that_do_not_fit_are_both_shown(loss, p_shape: tuple, y_shape: tuple) -> None:
    with pytest.raises(ValueError) as error:
        loss(torch.zeros(p_shape), torch.zeros(y_shape))
    assert str(p_shape) in str(error.value)
    assert str(y_shape) in str(error.value)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("where", ["predictions", "targets"])
def test_nan_and_infinity_are_refused_with_both_shapes(loss, bad: float, where: str) -> None:
    batch = {"predictions": torch.randn(3, 4), "targets": torch.randn(4)}
    batch[where][..., 2] = bad
    with pytest.raises(ValueError, match=rf"\(3, 4\).*\(4,\).*{where} hold"):
        loss(**batch)


@pytest.mark.parametrize("loss", LOSSES)
def test_groups_and_dtypes_that_do_not_fit_are_refused(loss) -> None:
    with pytest.raises(ValueError, match=r"\(4,\).*groups \(3,\)"):
        loss(torch.zeros(4), torch.zeros(4), groups=torch.zeros(3))
    with pytest.raises(ValueError, match=r"\(4,\).*floating point"):
        loss(torch.zeros(4, dtype=torch.int64), torch.zeros(4))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("size", [20, 300])
def test_dtypes(loss, size: int) -> None:
    torch.manual_seed(0)
    p, y = torch.randn(size), torch.randint(1, 6, (size,))
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        at = p.to(dtype, copy=True).requires_grad_()
        value = loss(at, y)
        value.backward()
        assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        assert at.grad is not None
        assert at.grad.dtype == dtype
        torch.testing.assert_close(value.double(), loss(p.to(dtype).double(), y), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("size", [20, 300])
def test_autocast_changes_nothing(loss, size: int) -> None:
    torch.manual_seed(0)
    head, x, y = torch.nn.Linear(4, 1), torch.randn(size, 4), torch.randn(size)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        p = head(x)[:, 0]
        inside = loss(p, y)
    assert p.dtype == torch.bfloat16
    assert inside.dtype == torch.float32
    assert inside == loss(p, y)
    inside.backward()
    assert head.weight.grad.abs().sum() > 0


@pytest.mark.cuda
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("size", [1, 20, 5000])
def test_cuda_answers_as_the_cpu(loss, size: int) -> None:
    torch.manual_seed(0)
    p, y, groups = torch.randn(3, size), torch.randint(1, 6, (size,)).float(), torch.randint(0, 3, (size,))
    answers = []
    for device in ("cpu", "cuda"):
        at = p.to(device).requires_grad_()
        value = loss(at, y.to(device), groups=groups.to(device))
        value.sum().backward()
        answers.append((value.cpu(), at.grad.cpu()))
    torch.testing.assert_close(*answers, atol=1e-6, rtol=1e-6)

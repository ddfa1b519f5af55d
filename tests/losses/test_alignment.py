from __future__ import annotations

import math

import pytest
import torch

from qamro.losses import SAMALoss, sama_loss

from . import family_oracle as oracle


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("scale", [(1.0, 5.0), (2.0, 4.0), (0.0, 100.0)])
def test_value_and_gradient_equal_the_loop(grouped: bool, scale: tuple) -> None:
    torch.manual_seed(1)
    audio, text = (torch.randn(9, 5).double().requires_grad_() for _ in range(2))
    y, groups = torch.rand(9) * 4 + 1, torch.tensor([3, 3, 3, 3, 3, 8, 8, 1, 8]) if grouped else None
    ours = sama_loss(audio, text, y, scale=scale, groups=groups)
    slow = oracle.mean_over_groups(oracle.sama(audio, text, y, scale), groups)
    torch.testing.assert_close(ours, slow, atol=1e-12, rtol=1e-12)
    for found, expected in zip(
        torch.autograd.grad(ours, (audio, text)), torch.autograd.grad(slow, (audio, text)), strict=True
    ):
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-10)


def test_gradcheck() -> None:
    torch.manual_seed(2)
    audio, text = (torch.randn(2, 4, 3).double().requires_grad_() for _ in range(2))
    assert torch.autograd.gradcheck(lambda a, t: sama_loss(a, t, torch.tensor([1.0, 2.0, 3.4, 5.0])), (audio, text))


def test_alike_is_five_and_opposite_is_one() -> None:
    audio = torch.randn(3, 7)
    assert sama_loss(audio, 3 * audio, torch.full((3,), 5.0)) < 1e-12
    assert sama_loss(audio, -audio, torch.full((3,), 1.0)) < 1e-12
    torch.testing.assert_close(sama_loss(audio, audio, torch.full((3,), 1.0)), torch.tensor(1.0))


def test_batch_normalisation_is_within_groups() -> None:
    torch.manual_seed(3)
    audio, text, y = torch.randn(8, 4), torch.randn(8, 4), torch.rand(8) * 4 + 1
    groups = torch.tensor([0] * 4 + [1] * 4)
    y[4:] *= 20
    parts = [
        sama_loss(audio[g], text[g], y[g], scale=(float(y[g].min()), float(y[g].max())))
        for g in (slice(0, 4), slice(4, 8))
    ]
    torch.testing.assert_close(sama_loss(audio, text, y, normalize="batch", groups=groups), sum(parts) / 2)


def test_models_share_a_text_and_dtypes_widen() -> None:
    torch.manual_seed(4)
    audio, text, y = torch.randn(3, 6, 4), torch.randn(6, 4), torch.rand(6) * 4 + 1
    together = sama_loss(audio, text, y)
    torch.testing.assert_close(together, torch.stack([sama_loss(a, text, y) for a in audio]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = sama_loss(audio.bfloat16(), text.bfloat16(), y)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, sama_loss(audio.bfloat16().float(), text.bfloat16().float(), y))
    assert sama_loss(torch.zeros(0, 4), torch.zeros(0, 4), torch.zeros(0)) == 0


def test_an_embedding_of_zeros_has_a_finite_gradient() -> None:
    audio = torch.zeros(2, 4, requires_grad=True)
    value = sama_loss(audio, torch.ones(2, 4), torch.tensor([1.0, 5.0]))
    value.backward()
    assert value == 0.25
    assert audio.grad is not None
    assert torch.isfinite(audio.grad).all()


def test_what_is_refused() -> None:
    audio, y = torch.zeros(4, 3), torch.zeros(4)
    with pytest.raises(ValueError, match=r"audio embeddings \(5, 3\) and targets \(4,\)"):
        sama_loss(torch.zeros(5, 3), audio, y)
    with pytest.raises(ValueError, match=r"\(4, 3\) and text \(4, 2\)"):
        sama_loss(audio, torch.zeros(4, 2), y)
    with pytest.raises(ValueError, match="text embeddings hold 12 NaN"):
        sama_loss(audio, torch.full((4, 3), math.inf), y)
    with pytest.raises(ValueError, match="low < high"):
        sama_loss(audio, audio, y, scale=(5, 5))
    with pytest.raises(ValueError, match=r"groups \(3,\)"):
        sama_loss(audio, audio, y, groups=torch.zeros(3))


def test_module_is_the_function() -> None:
    audio, text, y = torch.randn(6, 4), torch.randn(6, 4), torch.rand(6)
    module = SAMALoss(scale=(0.0, 1.0))
    assert module(audio, text, y) == sama_loss(audio, text, y, scale=(0.0, 1.0))
    assert SAMALoss("batch")(audio, text, y) == sama_loss(audio, text, y, normalize="batch")
    assert "0.0, 1.0" in repr(module)
    assert not list(module.parameters())

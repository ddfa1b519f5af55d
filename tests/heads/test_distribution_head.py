"""Distribution heads: what they compute by hand, side by side as alone, saved and loaded, one architecture for all."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from qamro.heads.bundle import head_for, head_from_state
from qamro.heads.distribution_head import DistributionHead, DistributionStack
from qamro.heads.score_head import ScoreHead


def calibrated(text_dim: int, seed: int = 0, scale=(1.0, 5.0)) -> DistributionHead:
    torch.manual_seed(seed)
    head = DistributionHead(9, (6, 5), text_dim=text_dim, scale=scale)
    generator = torch.Generator().manual_seed(7)
    head.calibrate_scales(torch.randn(30, 9, generator=generator) * 3 + 1, torch.rand(30, generator=generator) * 4 + 1)
    return head.eval()


@pytest.mark.parametrize("text_dim", [0, 4])
def test_one_clip_by_hand(text_dim):
    head = calibrated(text_dim)
    clip = torch.randn(9)
    standard = ((clip - head.in_mean) / head.in_std).clamp(-6, 6)
    layer = {name: (linear.weight, linear.bias) for name, linear in head.layers.items()}
    sound = functional.linear(standard[: 9 - text_dim], *layer["audio"])
    hidden = functional.gelu(sound)
    if text_dim:
        text = functional.linear(standard[9 - text_dim :], *layer["text"])
        a, t = sound / sound.norm(), text / text.norm()
        hidden = torch.cat([hidden, functional.gelu(text), a * t * 6**0.5])
    logits = functional.linear(functional.gelu(functional.linear(hidden, *layer["hidden"])), *layer["logits"]).detach()
    shares = logits.exp() / logits.exp().sum()
    expected = sum(float(share) * (1 + 4 * k / 19) for k, share in enumerate(shares))
    with torch.no_grad():
        found = head.answer(clip)
    torch.testing.assert_close(found.logits, logits)
    assert float(found.score) == pytest.approx(expected, abs=1e-5)
    if text_dim:
        torch.testing.assert_close(found.similarity, functional.cosine_similarity(sound, text, dim=0))
    else:
        assert found.similarity is None


@pytest.mark.parametrize("text_dim", [0, 4])
def test_side_by_side_as_alone(text_dim):
    alone = [calibrated(text_dim, seed) for seed in range(3)]
    features = torch.randn(8, 9)
    stack = DistributionHead.stack(alone, [0, 1, 2]).eval()
    assert isinstance(stack, DistributionStack)
    together = stack.answer(stack.standardise(features))
    for m, head in enumerate(alone):
        for found, expected in zip(together, head.answer(features), strict=True):
            if expected is not None:
                torch.testing.assert_close(found[m], expected)
    torch.testing.assert_close(stack(stack.standardise(features)), together.score)
    assert stack.scale == (1.0, 5.0)
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.add_(0.1)
    for m, head in enumerate(stack.unstack()):
        torch.testing.assert_close(head(features), stack(stack.standardise(features))[m])


def test_dropout_follows_the_seed_of_each_head():
    heads = [calibrated(4) for _ in range(3)]
    stack = DistributionHead.stack(heads, [5, 5, 6]).train()
    first, same, other = stack(torch.randn(8, 9))
    torch.testing.assert_close(first, same)
    assert not torch.allclose(first, other)


def test_it_starts_at_the_mean_of_the_training_scores():
    head = DistributionHead(3, (4, 4), scale=(1, 5))
    targets = torch.tensor([2.0, 2.2, 2.4, 3.0])
    head.calibrate_scales(torch.randn(4, 3), targets)
    with torch.no_grad():
        head.linears[-1].weight.zero_()
    assert head(torch.zeros(3)).item() == pytest.approx(float(targets.mean()), abs=0.1)


def test_an_unknown_scale_is_that_of_the_training_scores_with_room():
    head = DistributionHead(3, (4, 4))
    head.calibrate_scales(torch.randn(3, 3), torch.tensor([20.0, 60.0, 84.0]))
    assert head.scale == (16.0, 88.0)
    head.calibrate_scales(torch.randn(3, 3), torch.full((3,), 2.0))
    assert head.scale == (1.0, 3.0)


@pytest.mark.parametrize("text_dim", [0, 4])
def test_saved_tensors_bring_it_back(text_dim):
    head = calibrated(text_dim, scale=None)
    again = head_from_state(head.state_dict())
    features = torch.randn(5, 9)
    torch.testing.assert_close(again(features), head(features))
    assert again.scale == head.scale
    assert isinstance(head_from_state(ScoreHead(4).state_dict()), ScoreHead)
    with pytest.raises(ValueError, match="DistributionHead"):
        DistributionHead.from_state(ScoreHead(4).state_dict())


def test_the_kind_follows_from_the_objective():
    sizes = {"dim": 9, "hidden": (6, 5), "scale": (1.0, 5.0)}
    assert isinstance(head_for(logits=False, similarity=False, text_dim=4, **sizes), ScoreHead)
    plain = head_for(logits=True, similarity=False, text_dim=4, **sizes)
    aligned = head_for(logits=True, similarity=True, text_dim=4, **sizes)
    assert [p.shape for p in plain.parameters()] == [p.shape for p in aligned.parameters()]
    with pytest.raises(ValueError, match="prompt"):
        head_for(logits=True, similarity=True, **sizes)


def test_what_cannot_be_stacked_is_refused():
    with pytest.raises(ValueError, match="scale"):
        DistributionHead.stack([calibrated(0), calibrated(0, scale=(0.0, 5.0))], [0, 1])

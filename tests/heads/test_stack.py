import pytest
import torch

from qamro.heads import HeadStack, ScoreHead


def heads(n=3, dim=5):
    torch.manual_seed(0)
    made = [ScoreHead(dim, (8, 4), dropout=0.5).eval() for _ in range(n)]
    for k, head in enumerate(made):
        head.calibrate_scales(torch.randn(20, dim) + k, torch.randn(20) * (k + 1))
    return made


def test_predicts_what_each_head_predicts():
    alone, x = heads(), torch.randn(7, 5)
    stack = HeadStack(alone, seeds=[0, 1, 2]).eval()
    torch.testing.assert_close(stack(stack.standardise(x)), torch.stack([head(x) for head in alone]))


def test_shared_statistics_are_standardised_once():
    first, second = heads(2)
    second.load_state_dict(first.state_dict())
    assert HeadStack([first, second], [0, 1]).standardise(torch.randn(7, 5)).shape == (7, 5)


def test_dropout_follows_each_heads_seed():
    first, second = heads(2)
    second.load_state_dict(first.state_dict())
    x = torch.randn(50, 5)
    same = HeadStack([first, second], [4, 4]).train()
    a, b = same(same.standardise(x))
    torch.testing.assert_close(a, b)
    other = HeadStack([first, second], [4, 5]).train()
    a, b = other(other.standardise(x))
    assert not torch.equal(a, b)


def test_unstack_writes_trained_weights_back():
    made = heads()
    stack = HeadStack(made, [0, 1, 2]).eval()
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.add_(0.1)
    x = torch.randn(4, 5)
    expected = stack(stack.standardise(x)).detach()
    torch.testing.assert_close(torch.stack([head(x) for head in stack.unstack()]).detach(), expected)


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match="2 shapes"):
        HeadStack([ScoreHead(3), ScoreHead(4)], [0, 1])
    with pytest.raises(ValueError, match="0 shapes"):
        HeadStack([], [])

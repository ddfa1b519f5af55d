import pytest
import torch

from qamro.heads import HeadStack, ScoreHead
from qamro.heads.distribution_head import DistributionHead


def test_it_is_not_one_linear_layer():
    torch.manual_seed(0)
    head = ScoreHead(8).eval()
    a, b = torch.randn(1, 8), torch.randn(1, 8)
    with torch.no_grad():
        assert not torch.allclose(head(a + b) + head(torch.zeros(1, 8)), head(a) + head(b), atol=1e-4)


def test_standardises_in_and_out():
    head = ScoreHead(3)
    features = torch.tensor([[1.0, 5.0, 7.0], [3.0, 5.0, 9.0]])
    head.calibrate_scales(features, torch.tensor([2.0, 4.0]))
    assert head.in_mean.tolist() == [2, 5, 8]
    assert head.in_std.tolist() == [1, 1, 1]  # the constant feature is not divided by zero
    assert (float(head.out_mean), float(head.out_std)) == (3, 1)


def test_equal_targets_do_not_divide_by_zero():
    head = ScoreHead(2)
    head.calibrate_scales(torch.randn(4, 2), torch.full((4,), 3.0))
    assert torch.isfinite(head(torch.randn(4, 2))).all()


def test_far_inputs_cannot_run_away():
    head = ScoreHead(2).eval()
    with torch.no_grad():
        assert torch.equal(head(torch.full((1, 2), 1e6)), head(torch.full((1, 2), 1e9)))


def test_leading_dimensions():
    assert ScoreHead(4)(torch.randn(2, 3, 4)).shape == (2, 3)


def test_rebuilds_from_its_tensors():
    head = ScoreHead(5, hidden=(7, 6)).eval()
    again = ScoreHead.from_state(head.state_dict())
    x = torch.randn(3, 5)
    torch.testing.assert_close(again(x), head(x))


@pytest.mark.parametrize("state", [{}, {"layers.0.weight": torch.ones(2, 2)}])
def test_other_tensors_are_refused(state):
    with pytest.raises(ValueError, match="ScoreHead"):
        ScoreHead.from_state(state)


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


def test_dropout_leaves_out_the_share_that_it_should_and_keeps_the_mean():
    stack = HeadStack(heads(2), [0, 1]).train()
    stack.dropout = 0.3
    dropped = stack._drop(torch.ones(2, 50, 401))
    share = (dropped == 0).double().mean((1, 2))
    torch.testing.assert_close(share, torch.full((2,), 0.3).double(), atol=0.02, rtol=0)
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert (dropped == 0).double().mean(1).std() < 0.12  # no unit and no clip is singled out
    assert (dropped == 0).double().mean(2).std() < 0.1


def test_gradients_are_those_of_each_head():
    alone, x = heads(), torch.randn(7, 5)
    stack = HeadStack(alone, [0, 1, 2]).eval()
    stack(stack.standardise(x)).square().sum().backward()
    for m, head in enumerate(alone):
        head(x).square().sum().backward()
        for place, linear in enumerate(head.linears):
            torch.testing.assert_close(stack.weights[place].grad[m], linear.weight.grad, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(stack.biases[place].grad[m, :, 0], linear.bias.grad, rtol=1e-4, atol=1e-5)


def test_a_share_of_a_batch_is_dropped_as_in_the_whole_batch():
    whole, part = (HeadStack(heads(2), [4, 5]).train() for _ in range(2))
    x = whole.standardise(torch.randn(10, 5))
    part.share = (slice(3, 8), 10)
    torch.testing.assert_close(part(x[..., 3:8, :]), whole(x)[:, 3:8])


@pytest.mark.parametrize("make", [lambda: ScoreHead(6, (5, 4)), lambda: DistributionHead(6, (5, 4), scale=None)])
def test_a_head_that_takes_another_ones_scales_is_the_head_that_saw_the_clips(make):
    features, targets = torch.randn(40, 6) * 3 + 1, torch.rand(40) * 4 + 1
    heads = []
    for like in (False, True):
        torch.manual_seed(5)
        heads.append(make())
        first = make()
        first.calibrate_scales(features, targets)
        if like:
            heads[-1].calibrate_like(first)
        else:
            heads[-1].calibrate_scales(features, targets)
    for key, value in heads[0].state_dict().items():
        assert torch.equal(heads[1].state_dict()[key], value), key

import pytest
import torch
from torch import nn

from qamro.losses import qamro_loss
from qamro.training.end_to_end.network import Part, backward, predicted, seeded


class Toy(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(5, 16), nn.GELU(), nn.Dropout(dropout))
        self.first, self.second = nn.Linear(16, 1), nn.Linear(16, 3)

    def forward(self, x):
        hidden = self.body(x)
        return {"first": self.first(hidden).squeeze(-1), "second": self.second(hidden)}


X, Y = torch.randn(23, 5, generator=torch.Generator().manual_seed(1)), torch.arange(23.0) / 5


def loss(answers):
    return qamro_loss(answers["first"], Y, beta=3.0) + answers["second"].square().mean() + answers["first"].std()


def parts(size):
    order = torch.randperm(23, generator=torch.Generator().manual_seed(2))
    return [Part(rows, X[rows], 100 + k) for k, rows in enumerate(order.split(size))]


@pytest.mark.parametrize("size", [1, 4, 5, 23, 50])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_gradient_is_that_of_the_whole_batch(size, dropout):
    """The oracle keeps the graphs of all parts at once; dropout draws by the same seeds."""
    cached, whole = Toy(dropout), Toy(dropout)
    value = backward(cached, parts(size), loss)
    answers = {"first": torch.zeros(23), "second": torch.zeros(23, 3)}
    for part in parts(size):
        with seeded(part.seed):
            for name, rows in whole(part.inputs).items():
                answers[name] = answers[name].index_put((part.rows,), rows)
    expected = loss(answers)
    expected.backward()
    torch.testing.assert_close(value, expected.detach())
    for ours, theirs in zip(cached.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-6)


def test_the_sum_over_parts_of_their_own_losses_is_something_else():
    """What plain accumulation would give: pairs across parts are lost."""
    cached, plain = Toy(0.0), Toy(0.0)
    backward(cached, parts(4), lambda answers: qamro_loss(answers["first"], Y))
    for part in parts(4):
        (qamro_loss(plain(part.inputs)["first"], Y[part.rows]) * len(part.rows) / 23).backward()
    assert (cached.first.weight.grad - plain.first.weight.grad).abs().max() > 1e-2


def test_an_answer_that_the_loss_does_not_use_and_a_frozen_part_cost_nothing():
    net = Toy(0.0)
    net.body.requires_grad_(False)
    backward(net, parts(4), lambda answers: qamro_loss(answers["first"], Y))
    assert net.first.weight.grad is not None
    assert net.second.weight.grad is None
    assert all(parameter.grad is None for parameter in net.body.parameters())


def test_prediction_in_parts_is_prediction():
    net = Toy(0.3).eval()
    found = predicted(net, parts(6))
    torch.testing.assert_close(found["second"], net(X)["second"].detach())
    assert not found["first"].requires_grad


def test_the_callers_random_numbers_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    net = Toy(0.5)
    torch.manual_seed(3)
    backward(net, parts(4), loss)
    assert torch.equal(torch.rand(2), expected)

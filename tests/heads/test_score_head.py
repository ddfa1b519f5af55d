import pytest
import torch

from qamro.heads import ScoreHead


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

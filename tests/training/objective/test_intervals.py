"""QAMRO with weights by interval of MOS against the double loop that the released code's rules describe."""

from dataclasses import replace

import pytest
import torch

from qamro.axes import AESTHETIC
from qamro.training.objective import OBJECTIVES, Objective, paper_objective, source_of, stacked_loss
from qamro.training.objective.intervals import interval_qamro_loss
from qamro.training.objective.table import RELEASED_WEIGHTS


def by_pairs(scores, y, weights, alpha, beta, groups=None):
    """Every pair, one after the other; a weight is looked up by the interval, closed below, the last on both sides."""

    def weight(value):
        for k in range(9):
            if 1 + k <= value < 2 + k or (k == 8 and value == 10):
                return weights[k]
        return None

    total, count = 0.0 * scores.sum(), 0
    for i in range(len(y)):
        for j in range(i + 1, len(y)):
            first, second = weight(float(y[i])), weight(float(y[j]))
            alike = groups is None or groups[i] == groups[j]
            if y[i] == y[j] or first is None or second is None or not alike:
                continue
            sign = 1 if y[i] > y[j] else -1
            hinge = torch.relu(-sign * (scores[i] - scores[j]) + alpha * (y[i] - y[j]).abs())
            total = total + (1 + (beta - 1) * max(first, second)) * hinge
            count += 1
    return total / max(count, 1)


@pytest.mark.parametrize("axis", AESTHETIC)
@pytest.mark.parametrize("kind", ["spread", "ties", "edges", "outside", "groups"])
def test_it_is_the_double_loop(axis, kind):
    draw = torch.Generator().manual_seed(len(kind))
    y = 1 + 9 * torch.rand(24, generator=draw, dtype=torch.float64)
    groups = None
    if kind == "ties":
        y = (y * 5).round() / 5
    if kind == "edges":
        y = y.round()
    if kind == "outside":
        y = y * 1.3 - 1
    if kind == "groups":
        groups = torch.arange(24) % 3
    scores = (y + torch.randn(2, 24, generator=draw, dtype=torch.float64)).requires_grad_()
    alpha, beta = torch.tensor([0.2, 0.5]), torch.tensor([7.0, 3.0])
    found = interval_qamro_loss(scores, y, RELEASED_WEIGHTS[axis], alpha=alpha, beta=beta, groups=groups)
    expected = torch.stack(
        [by_pairs(scores[m], y, RELEASED_WEIGHTS[axis], alpha[m], beta[m], groups) for m in range(2)]
    )
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-6, check_dtype=False)
    ours, theirs = (torch.autograd.grad(loss.sum(), scores, retain_graph=True)[0] for loss in (found, expected))
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-6)


@pytest.mark.parametrize("y", [[], [5.0], [5.0, 5.0], [0.2, 11.0], [0.5, 6.0]])
def test_without_a_pair_it_is_zero_with_a_gradient(y):
    scores = torch.zeros(1, len(y), requires_grad=True)
    given = {"alpha": torch.tensor([0.2]), "beta": torch.tensor([7.0])}
    loss = interval_qamro_loss(scores, torch.tensor(y), RELEASED_WEIGHTS["PQ"], **given)
    assert loss.tolist() == [0]
    loss.sum().backward()


def test_the_released_table():
    """Facts of track2/loss.py: for PQ, 6 to 7 weighs most, 9 to 10 and 1 to 3 as if there were no weights."""
    assert all(max(weights) == 1 and min(weights) == 0 and len(weights) == 9 for weights in RELEASED_WEIGHTS.values())
    assert RELEASED_WEIGHTS["PQ"][5] == 1
    assert [k for k, weight in enumerate(RELEASED_WEIGHTS["PQ"]) if weight == 0] == [0, 1, 8]
    assert {axis: weights.index(1) for axis, weights in RELEASED_WEIGHTS.items()} == {
        "PQ": 5,
        "PC": 2,
        "CE": 5,
        "CU": 5,
    }


def test_regression_sees_standardised_scores_and_ranking_those_of_the_scale():
    draw = torch.Generator().manual_seed(0)
    y = 1 + 9 * torch.rand(20, generator=draw)
    scores, mean, deviation = y + torch.randn(20, generator=draw), 5.5, 1.4
    objective = OBJECTIVES["aes-released"]("PQ")
    found = stacked_loss([objective], scores[None], y, standard=(mean, deviation))[0]
    gap = (scores - y) / deviation
    ranking = by_pairs(scores, y, RELEASED_WEIGHTS["PQ"], 0.2, 7.0)
    torch.testing.assert_close(found, gap.square().mean() + gap.abs().mean() + ranking)
    both = [objective, paper_objective("PQ"), replace(objective, beta=1.0)]
    together = stacked_loss(both, scores.expand(3, -1), y, standard=(mean, deviation))
    for one, value in zip(both, together, strict=True):
        torch.testing.assert_close(stacked_loss([one], scores[None], y, standard=(mean, deviation))[0], value)
    with pytest.raises(ValueError, match="mean and deviation"):
        stacked_loss([objective], scores[None], y)


def test_whose_an_objective_is():
    assert source_of(OBJECTIVES["qamro"]("TA"), "TA") == "QAMRO's paper"
    assert "our reading" in source_of(OBJECTIVES["qamro"]("PQ"), "PQ")
    assert "released code" in source_of(OBJECTIVES["aes-released"]("PQ"), "PQ")
    assert "on standardised scores" in source_of(OBJECTIVES["qamro"]("quality"), "quality")
    assert source_of(OBJECTIVES["huber"]("MI"), "MI") == ""
    assert source_of(replace(OBJECTIVES["qamro"]("MI"), beta=3.0), "MI") == ""


def test_words_and_refusals():
    assert str(OBJECTIVES["aes-released"]("CE")) == (
        "MSE + MAE + QAMRO (alpha 0.2, beta 7, weights by interval of MOS) on standardised scores, ranking on the "
        "scale's own"
    )
    assert OBJECTIVES["aes-released"]("MI") == OBJECTIVES["qamro"]("MI")
    with pytest.raises(ValueError, match="belong to the ranking term qamro"):
        Objective(ranking="mr", interval_weights=RELEASED_WEIGHTS["PQ"])
    with pytest.raises(ValueError, match="nine numbers"):
        Objective(interval_weights=(0.5,))

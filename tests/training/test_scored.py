import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from qamro.heads.branch_output import BranchOutput
from qamro.training.objective import Objective
from qamro.training.scored import Scored, spearman


def test_correlations_are_scipys_row_by_row_with_ties():
    rng = torch.Generator().manual_seed(0)
    y = torch.randint(0, 9, (60,), generator=rng) / 5
    rows = (torch.randn(5, 60, generator=rng) * 3).round() + y
    np.testing.assert_allclose(spearman(rows, y), [spearmanr(row, y)[0] for row in rows], atol=1e-12)


def test_what_has_no_correlation_is_nan_and_leaves_the_others_alone():
    rows = torch.tensor([[1.0, 2.0, 4.0], [2.0, 2.0, 2.0], [1.0, float("nan"), 2.0]])
    assert np.isnan(spearman(rows, torch.tensor([1.0, 5.0, 3.0]))).tolist() == [False, True, True]
    assert np.isnan(spearman(rows, torch.full((3,), 2.5))).all()
    assert np.isnan(spearman(rows[:, :1], torch.ones(1))).all()
    assert np.isnan(spearman(rows[:, :0], torch.ones(0))).all()


@pytest.mark.parametrize("flags", [(True, True), (False, False), (True, False)])
def test_standardised_objectives_see_standardised_scores_and_the_others_do_not(flags):
    y, scores = torch.tensor([10.0, 40.0, 70.0]), torch.tensor([[20.0, 30.0, 90.0], [10.0, 15.0, 75.0]])
    mean, deviation = torch.tensor(40.0), torch.tensor(25.0)
    objectives = [Objective("mse", "qamro", standardise=flag) for flag in flags]
    found = Scored(BranchOutput(scores), mean, deviation, None).losses(objectives, y)
    for row, (flag, objective) in enumerate(zip(flags, objectives, strict=True)):
        alone = (
            objective((scores[row] - mean) / deviation, (y - mean) / deviation) if flag else objective(scores[row], y)
        )
        torch.testing.assert_close(found[row], alone)


def test_a_head_that_ran_away_is_named_with_the_remedy():
    scores = torch.tensor([[1.0, 2.0], [float("nan"), 2.0], [float("inf"), 0.0]])
    with pytest.raises(ValueError, match="2 of 3 heads score NaN; take a lower learning rate"):
        Scored(BranchOutput(scores), torch.tensor(0.0), torch.tensor(1.0), None).losses(
            [Objective()] * 3, torch.ones(2)
        )

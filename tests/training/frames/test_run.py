"""DeRA-MOS's totals against the losses one by one."""

import pytest
import torch

from qamro.heads.dual_branch import BranchSettings
from qamro.heads.score_head import BranchOutput
from qamro.losses import balr_loss, coral_loss, gaussian_cross_entropy_loss, sama_of_cosine
from qamro.losses.distribution import expected_score
from qamro.training.frames.run import branch_loss, deramos_objective, in_words

Y = torch.tensor([1.0, 2.5, 4.0, 4.8, 3.0])
LOGITS = torch.randn(5, 20, generator=torch.Generator().manual_seed(0))
COSINE = torch.tensor([-0.5, 0.1, 0.9, 0.4, 0.0])
STANDARD = (Y.mean(), Y.std())


def answer(logits=LOGITS):
    return BranchOutput(expected_score(LOGITS), logits, COSINE)


def test_mi_is_ce_gauss_and_balr():
    objective = deramos_objective("MI", temperature=0.5)
    expected = gaussian_cross_entropy_loss(LOGITS, Y) + 0.2 * balr_loss(expected_score(LOGITS), Y, temperature=0.5)
    torch.testing.assert_close(branch_loss(objective, BranchSettings(1), answer(), Y, STANDARD), expected)


def test_ta_is_ce_gauss_and_sama():
    expected = gaussian_cross_entropy_loss(LOGITS, Y) + 0.3 * sama_of_cosine(COSINE, Y)
    found = branch_loss(deramos_objective("TA"), BranchSettings(1, 2), answer(), Y, STANDARD)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("axis", ["MI", "TA"])
def test_thresholds_are_trained_by_coral(axis):
    settings = BranchSettings(1, 2, output="coral")
    objective = deramos_objective(axis, output="coral")
    logits = LOGITS[:, :19]
    extra = 0.2 * balr_loss(expected_score(LOGITS), Y) if axis == "MI" else 0.3 * sama_of_cosine(COSINE, Y)
    found = branch_loss(objective, settings, answer(logits), Y, STANDARD)
    torch.testing.assert_close(found, coral_loss(logits, Y) + extra)
    assert in_words(objective, "coral").startswith("CORAL + ")


def test_weights_of_zero_leave_the_term_out():
    for axis in ("MI", "TA"):
        objective = deramos_objective(axis, balr=0, sama=0)
        torch.testing.assert_close(
            branch_loss(objective, BranchSettings(1, 2), answer(), Y, STANDARD), gaussian_cross_entropy_loss(LOGITS, Y)
        )
        assert in_words(objective, "distribution") == "CE-Gauss"
    assert "Huber" in str(deramos_objective("MI", output="score"))

"""What a branch is trained to minimise."""

from __future__ import annotations

from dataclasses import replace

import torch

from qamro.axes import get_axis
from qamro.heads.branch_output import BranchOutput
from qamro.heads.branch_settings import BranchSettings
from qamro.losses import coral_loss, sama_of_cosine
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.objective import Objective
from qamro.training.scored import Scored

_OF_OUTPUT = {"distribution": "ce-gauss", "coral": "ce-gauss", "score": "huber"}


def deramos_objective(
    axis: str, *, output: str = "distribution", balr: float = 0.2, sama: float = 0.3, temperature: float = 1.0
) -> Objective:
    """Returns DeRA-MOS's loss of an axis, decoupled: each branch has the term that serves it.

        MI, and any axis without a prompt: L_CE-Gauss + balr L_BALR
        TA: L_CE-Gauss + sama L_SAMA

    Over both branches that is the paper's L_CE-Gauss + 0.2 L_BALR + 0.3 L_SAMA (arXiv 2606.10010).

    Args:
        axis: The axis.
        output: What the branch answers with; a plain score gets Huber in place of CE-Gauss, thresholds get CORAL.
        balr: Weight of BALR, at least 0.
        sama: Weight of SAMA, at least 0.
        temperature: τ of BALR, above 0.
    """
    text = axis in NEEDS_PROMPT
    regression = _OF_OUTPUT[output]
    return Objective(
        regression=regression,
        ranking="none" if text or not balr else "balr",
        ranking_weight=balr,
        alignment_weight=sama if text else 0.0,
        temperature=temperature,
        standardise=not get_axis(axis).has_range,  # a temperature of 1 means nothing on a scale of 0 to 100
    )


def branch_loss(
    objective: Objective,
    settings: BranchSettings,
    answer: BranchOutput,
    targets: torch.Tensor,
    standard: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Returns the loss of a batch.

    Args:
        objective: Its terms; where it asks for CE-Gauss and the branch answers with thresholds, CORAL takes its place.
        settings: The branch's.
        answer: For B clips.
        targets: (B,) MOS.
        standard: Mean and deviation of the training MOS, for objectives on standardised scores.
    """
    one = BranchOutput(*(None if part is None else part[None] for part in answer))  # type: ignore[arg-type]
    mean, deviation = (value.to(targets.device) for value in standard)
    scored = Scored(one, mean, deviation, settings.scale)

    def terms(of: Objective) -> torch.Tensor:
        return scored.losses([of], targets)[0]

    if settings.output != "coral" or not objective.needs_logits:
        return terms(objective)
    if answer.logits is None:
        raise ValueError("CORAL needs a branch that answers with thresholds")
    loss = objective.regression_weight * coral_loss(answer.logits, targets, scale=settings.scale)
    if objective.ranking != "none":
        rest = replace(objective, regression="none")
        return loss + terms(rest)
    if objective.needs_similarity and answer.similarity is not None:
        loss = loss + objective.alignment_weight * sama_of_cosine(answer.similarity, targets, scale=settings.scale)
    return loss


def in_words(objective: Objective, output: str) -> str:
    """The objective for cards."""
    return str(objective).replace("CE-Gauss", "CORAL") if output == "coral" else str(objective)

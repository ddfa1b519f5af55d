"""The losses of many models at once, each by its own objective."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from qamro.training.objective.objective import Objective
from qamro.training.objective.terms import (
    Batch,
    Scale,
    Terms,
    alignment,
    distribution,
    listwise,
    pairwise,
    regression,
)

_Weighted = tuple[Callable[[Sequence[Objective], Sequence[int], Batch], Terms], str]

_OF_SCORES: Sequence[_Weighted] = (
    (regression, "regression_weight"),
    (pairwise, "ranking_weight"),
    (listwise, "ranking_weight"),
)
_OF_THE_SCALE: Sequence[_Weighted] = ((distribution, "regression_weight"), (alignment, "alignment_weight"))


def stacked_loss(
    objectives: Sequence[Objective],
    predictions: torch.Tensor,
    targets: torch.Tensor,
    groups: torch.Tensor | None = None,
    *,
    logits: torch.Tensor | None = None,
    similarity: torch.Tensor | None = None,
    scale: Scale | None = None,
    standard: tuple[torch.Tensor | float, torch.Tensor | float] | None = None,
) -> torch.Tensor:
    """Returns the losses of many models at once, each by its own objective.

    Objectives that differ in their weights, alpha, beta and temperature alone are computed together.

    Args:
        objectives: M objectives.
        predictions: (M, B) scores ŷ.
        targets: (B,) human MOS y.
        groups: (B,) study of each clip; only clips of one study are ranked against each other.
        logits: (M, B, K) over bins of the scale, for CE-Gauss.
        similarity: (M, B) cosine of clip and prompt in [-1, 1], for SAMA.
        scale: Ends of the bins that the logits stand for; overrules the scale of an objective in CE-Gauss and SAMA.
        standard: Mean and deviation of the training scores, which objectives with ``standardise`` work on; None when
            the scores are standardised already.

    Returns:
        (M,) losses.

    Raises:
        ValueError: An objective needs logits, similarities or a scale that are not given, or shapes do not fit.
    """
    losses = predictions.new_zeros(len(objectives))
    rows = list(range(len(objectives)))
    batch = Batch(predictions, targets, groups, logits, similarity, scale)
    parts = [(_OF_THE_SCALE, rows, batch)]
    if standard is None:
        parts.append((_OF_SCORES, rows, batch))
    else:
        parts.append((_OF_SCORES, [row for row in rows if not objectives[row].standardise], batch))
        chosen = [row for row in rows if objectives[row].standardise]
        if chosen:
            parts.append((_OF_SCORES, chosen, batch.standardised(*standard)))
    for terms, which, given in parts:
        for term, weight in terms:
            for having, values in term(objectives, which, given):
                weights = predictions.new_tensor([getattr(objectives[row], weight) for row in having])
                index = torch.tensor(having, device=losses.device)
                losses = losses.index_add(0, index, weights * values.to(losses.dtype))
    return losses

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
    if any(objective.solved for objective in objectives):
        raise ValueError("ridge regression is solved in one step; it has no loss that a training could minimise")
    losses = predictions.new_zeros(len(objectives))
    rows = list(range(len(objectives)))
    batch = Batch(predictions, targets, groups, logits, similarity, scale)
    shifted = batch if standard is None else batch.standardised(*standard)
    parts = [(term, weight, rows, batch) for term, weight in _OF_THE_SCALE]
    for term, weight in _OF_SCORES:
        on_scale = [row for row in rows if not objectives[row].standardise]
        if term is pairwise:
            on_scale = [row for row in rows if not objectives[row].standardise or objectives[row].rank_on_scale]
            if standard is None and any(objectives[row].rank_on_scale for row in rows):
                raise ValueError("ranking on the scale beside standardised scores needs their mean and deviation")
        moved = [row for row in rows if row not in on_scale]
        parts += [(term, weight, which, given) for which, given in ((on_scale, batch), (moved, shifted)) if which]
    for term, weight, which, given in parts:
        for having, values in term(objectives, which, given):
            weights = predictions.new_tensor([getattr(objectives[row], weight) for row in having])
            index = torch.tensor(having, device=losses.device)
            losses = losses.index_add(0, index, weights * values.to(losses.dtype))
    return losses

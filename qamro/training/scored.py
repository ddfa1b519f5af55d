"""What a stack of heads answered for a batch, and the losses and the correlation that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from qamro.evaluation.metrics.pairs import Pairs
from qamro.evaluation.metrics.spearman import core as spearman_of
from qamro.heads.branch_output import BranchOutput
from qamro.training.objective import Objective, stacked_loss


@dataclass(frozen=True)
class Scored:
    """The answers of M heads for B clips, and the scale that they share.

    Attributes:
        answer: Scores ŷ on the scale of the MOS, (M, B); logits (M, B, K) and similarity of sound and prompt (M, B)
            where the heads have them, else None.
        mean: Mean of the training MOS; standardised objectives see scores minus this …
        deviation: … divided by this.
        scale: (low, high) of the bins that the logits stand for; None without logits.
    """

    answer: BranchOutput
    mean: torch.Tensor
    deviation: torch.Tensor
    scale: tuple[float, float] | None

    def losses(
        self, objectives: Sequence[Objective], targets: torch.Tensor, groups: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Returns (M,) losses, each by its head's objective.

        Args:
            objectives: M objectives.
            targets: (B,) MOS.
            groups: (B,) study of each clip, or None for one study.

        Raises:
            ValueError: A score is NaN or infinite; what the targets lack is said by the losses.
        """
        if not (finite := torch.isfinite(self.answer.score).all(-1)).all():
            lost, heads = int((~finite).sum()), len(finite)
            raise ValueError(f"training diverged: {lost} of {heads} heads score NaN; take a lower learning rate")
        return stacked_loss(
            objectives,
            self.answer.score,
            targets,
            groups,
            logits=self.answer.logits,
            similarity=self.answer.similarity,
            scale=self.scale,
            standard=(self.mean, self.deviation),
        )


def spearman(score: torch.Tensor, targets: torch.Tensor) -> list[float]:
    """Returns Spearman's correlation of each of M rows of scores, (M, B), with the targets, (B,).

    NaN where it is undefined: a side is constant, a score is not finite, or there are fewer than two clips.
    """
    rows, y = score.detach().double().cpu().numpy(), targets.double().cpu().numpy()
    found, defined = np.full(len(rows), np.nan), np.isfinite(rows).all(axis=1)
    if len(y) > 1 and defined.any():
        found[defined] = spearman_of(Pairs.of(rows[defined], y))
    return found.tolist()

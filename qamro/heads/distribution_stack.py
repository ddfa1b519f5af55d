"""Many DistributionHeads of one shape as one module, so that they train and predict in the same few operations."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from qamro.heads.branch_output import BranchOutput
from qamro.heads.distribution_head import DistributionHead, answer
from qamro.heads.stack import HeadStack


class DistributionStack(HeadStack):
    """M heads side by side; head m computes exactly what it would compute alone."""

    def __init__(self, heads: Sequence[DistributionHead], seeds: Sequence[int]) -> None:
        """Stacks heads.

        Args:
            heads: M heads of one shape and one scale.
            seeds: M seeds, one for the dropout of each head.

        Raises:
            ValueError: There is no head, or shapes or scales differ.
        """
        super().__init__(heads, seeds)
        if len({(head.text_dim, *head.scale) for head in heads}) > 1:
            raise ValueError("heads with one scale and one text part can be stacked; these differ")
        self.text_dim, self._place = heads[0].text_dim, {name: k for k, name in enumerate(heads[0].layers)}
        self._scale = heads[0].scale

    @property
    def scale(self) -> tuple[float, float]:
        """(low, high): the scores of the first and of the last bin."""
        return self._scale

    def answer(self, standard: Tensor) -> BranchOutput:
        """Predicts scores, with what training needs beside them.

        Args:
            standard: Standardised embeddings, (N, dim) or (M, N, dim).

        Returns:
            Scores (M, N), logits (M, N, bins), and cosines (M, N) or None.
        """
        if standard.dim() == 2:
            standard = standard.expand(len(self), -1, -1)
        return answer(self._linear, self._drop, standard, self.text_dim, self._scale)

    def forward(self, standard: Tensor) -> Tensor:
        """Predicts scores: standardised embeddings to (M, N) scores ŷ within the scale."""
        return self.answer(standard).score

    def _linear(self, name: str, x: Tensor) -> Tensor:
        place = self._place[name]
        return torch.baddbmm(self.biases[place].mT, x, self.weights[place].mT)

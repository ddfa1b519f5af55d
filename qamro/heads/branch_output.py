"""What a branch of a frame-level model answers."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class BranchOutput(NamedTuple):
    """The answer of one branch for B clips.

    Attributes:
        score: (B,) scores ŷ on the axis's scale.
        logits: (B, K) of a distribution over K bins, or of K ordered thresholds; None for a plain score.
        similarity: (B,) cosine of audio and text in their common space, in [-1, 1]; None for a branch without text.
    """

    score: Tensor
    logits: Tensor | None = None
    similarity: Tensor | None = None

"""Which head: a score, or a distribution over scores, with or without a common space of sound and prompt."""

from __future__ import annotations

from torch import Tensor

from qamro.heads.distribution_head import DistributionHead
from qamro.heads.score_head import ScoreHead

Head = ScoreHead | DistributionHead


def head_for(
    *,
    logits: bool,
    similarity: bool,
    dim: int,
    text_dim: int = 0,
    hidden: tuple[int, int] = (128, 64),
    dropout: float = 0.1,
    scale: tuple[float, float] | None = None,
) -> Head:
    """Makes the head that an objective needs.

    Args:
        logits: Whether it must answer with a distribution (``Objective.needs_logits``).
        similarity: Whether it must compare sound and prompt (``Objective.needs_similarity``).
        dim: Length of an embedding, that of the prompt included.
        text_dim: Length of the prompt's embedding at its end; 0 where the axis is judged without a prompt.
        hidden: Widths of the hidden layers.
        dropout: Share of hidden units left out in training.
        scale: (low, high) of the axis; None takes it from the training MOS.

    Raises:
        ValueError: Sound and prompt are to be compared, and there is no prompt.
    """
    if similarity and not text_dim:
        raise ValueError("SAMA compares a clip with its prompt; this axis or this encoder has none")
    if logits or similarity:
        return DistributionHead(dim, hidden, dropout, text_dim=text_dim, scale=scale)
    return ScoreHead(dim, hidden, dropout)


def head_from_state(state: dict[str, Tensor]) -> Head:
    """Rebuilds a head of any kind from its saved tensors.

    Raises:
        ValueError: The tensors are no head's.
    """
    return (DistributionHead if "layers.logits.weight" in state else ScoreHead).from_state(state)

"""One architecture for all objectives that are trained side by side, so that only the loss differs between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from qamro.axes import get_axis
from qamro.heads.kinds import Head, head_for
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.objective import Objective
from qamro.training.prepared import Prepared
from qamro.training.run import FitConfig


def head_maker(
    prepared: Prepared,
    axis: str,
    objectives: Sequence[Objective],
    config: FitConfig,
) -> Callable[[], Head]:
    """Returns what makes the heads of a run: all of one kind, the simplest that serves every objective.

    Where one objective needs logits, or the cosine of clip and prompt, all get a ``DistributionHead``, and the others
    train its expectation: at inference all have the same parameters.

    Args:
        prepared: The study, for the sizes of its embeddings.
        axis: The axis; its scale, where known, is that of the bins.
        objectives: What is trained side by side.
        config: Widths and dropout.

    Raises:
        ValueError: An objective compares clips with prompts, and the axis or the encoder has none.
    """
    embeddings, scale = prepared.embeddings, get_axis(axis)
    text_dim = embeddings.text.shape[1] if axis in NEEDS_PROMPT and embeddings.text is not None else 0
    logits = any(objective.needs_logits for objective in objectives)
    similarity = any(objective.needs_similarity for objective in objectives)
    make = partial(
        head_for,
        logits=logits,
        similarity=similarity,
        dim=embeddings.audio.shape[1] + text_dim,
        text_dim=text_dim,
        hidden=config.hidden,
        dropout=config.dropout,
        scale=(scale.low, scale.high) if scale.has_range else None,
    )
    make()  # refuses now what it would refuse in the first fit
    return make

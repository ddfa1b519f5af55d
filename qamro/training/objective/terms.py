"""The terms of an objective, and the losses of many models at once, each by its own objective."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch.nn import functional

from qamro.losses import (
    balr_loss,
    fixed_margin_qamro_loss,
    gaussian_cross_entropy_loss,
    listmle_loss,
    qamro_loss,
    sama_of_cosine,
    soft_spearman_loss,
)
from qamro.training.objective.intervals import interval_qamro_loss
from qamro.training.objective.objective import LISTWISE, Objective

Scale = tuple[float, float]
Terms = Iterator[tuple[list[int], torch.Tensor]]


@dataclass(frozen=True)
class Batch:
    """What M models answered for B clips, and what people said.

    Attributes:
        predictions: (M, B) scores ŷ.
        targets: (B,) human MOS y.
        groups: (B,) study of each clip, or None.
        logits: (M, B, K) over bins of the scale, or None.
        similarity: (M, B) cosine of clip and prompt, or None.
        scale: Ends of the heads' bins, or None.
    """

    predictions: torch.Tensor
    targets: torch.Tensor
    groups: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    similarity: torch.Tensor | None = None
    scale: Scale | None = None

    def standardised(self, mean: torch.Tensor | float, deviation: torch.Tensor | float) -> Batch:
        """The same with scores minus their mean, divided by their deviation."""
        predictions, targets = ((scores - mean) / deviation for scores in (self.predictions, self.targets))
        return replace(self, predictions=predictions, targets=targets)


def regression(objectives: Sequence[Objective], rows: Sequence[int], batch: Batch) -> Terms:
    """Huber, MSE and MAE; the mean over clips."""
    terms: dict[str, Callable[..., torch.Tensor]] = {
        "huber": functional.huber_loss,
        "mse": functional.mse_loss,
        "mae": functional.l1_loss,
    }
    for name, term in terms.items():
        having = [row for row in rows if name in objectives[row].regression.split("+")]
        if having:
            part = batch.predictions[having]
            yield having, term(part, batch.targets.expand_as(part), reduction="none").mean(-1)


def pairwise(objectives: Sequence[Objective], rows: Sequence[int], batch: Batch) -> Terms:
    """QAMRO with its ablations, and margin ranking; alpha and beta may differ within a call."""

    def kind(objective: Objective) -> Hashable:
        fixed = objective.margin if objective.ranking in ("mr", "qamro-fixed-margin") else None
        scale = objective.scale if objective.normalize == "scale" else None
        return fixed, objective.normalize, scale, objective.interval_weights

    ranked = [row for row in rows if objectives[row].ranking not in (*LISTWISE, "none")]
    for having in _alike(objectives, ranked, kind):
        part, same = batch.predictions[having], [objectives[row] for row in having]
        weighted = ("qamro", "qamro-fixed-margin")
        beta = part.new_tensor([objective.beta if objective.ranking in weighted else 1.0 for objective in same])
        one = same[0]
        scale = one.scale if one.normalize == "scale" else None
        if one.ranking in ("mr", "qamro-fixed-margin"):  # with beta = 1 the latter is Eq. 1
            found = fixed_margin_qamro_loss(
                part,
                batch.targets,
                margin=one.margin,
                beta=beta,
                normalize=one.normalize,
                scale=scale,
                groups=batch.groups,
            )
            yield having, found
            continue
        alpha = part.new_tensor([objective.alpha for objective in same])
        if one.interval_weights is not None:
            found = interval_qamro_loss(
                part, batch.targets, one.interval_weights, alpha=alpha, beta=beta, groups=batch.groups
            )
        else:
            found = qamro_loss(
                part,
                batch.targets,
                alpha=alpha,
                beta=beta,
                normalize=one.normalize,
                scale=scale,
                groups=batch.groups,
            )
        yield having, found


def listwise(objectives: Sequence[Objective], rows: Sequence[int], batch: Batch) -> Terms:
    """BALR, ListMLE and soft Spearman; temperatures may differ within a call."""
    for name, loss in zip(LISTWISE, (balr_loss, listmle_loss, soft_spearman_loss), strict=True):
        having = [row for row in rows if objectives[row].ranking == name]
        if having:
            part = batch.predictions[having]
            temperature = part.new_tensor([objectives[row].temperature for row in having])
            yield having, loss(part, batch.targets, temperature=temperature, groups=batch.groups)


def distribution(objectives: Sequence[Objective], rows: Sequence[int], batch: Batch) -> Terms:
    """CE-Gauss.

    Raises:
        ValueError: The heads answered without logits, or nothing says on which scale.
    """
    wanted = [row for row in rows if objectives[row].needs_logits]
    for having in _alike(objectives, wanted, lambda objective: (objective.sigma, batch.scale or objective.scale)):
        one = objectives[having[0]]
        if batch.logits is None:
            raise ValueError(f"{one} needs a head that answers with logits over bins of the scale")
        low, high = _scale(one, batch)
        yield (
            having,
            gaussian_cross_entropy_loss(
                batch.logits[having],
                batch.targets,
                scale=(low, high),
                sigma=one.sigma * (high - low),
                groups=batch.groups,
            ),
        )


def alignment(objectives: Sequence[Objective], rows: Sequence[int], batch: Batch) -> Terms:
    """SAMA.

    Raises:
        ValueError: The heads did not compare clips with prompts, or nothing says on which scale.
    """
    wanted = [row for row in rows if objectives[row].needs_similarity]
    for having in _alike(objectives, wanted, lambda objective: batch.scale or objective.scale):
        one = objectives[having[0]]
        if batch.similarity is None:
            raise ValueError(f"{one} needs prompts and a head that says how alike a clip and its prompt are")
        yield (
            having,
            sama_of_cosine(batch.similarity[having], batch.targets, scale=_scale(one, batch), groups=batch.groups),
        )


def _scale(objective: Objective, batch: Batch) -> Scale:
    scale = batch.scale or objective.scale
    if scale is None:
        raise ValueError(f"{objective} needs the ends of the rating scale, for example scale=(1, 5)")
    return scale


def _alike(
    objectives: Sequence[Objective], rows: Sequence[int], kind: Callable[[Objective], Hashable]
) -> Iterator[list[int]]:
    found: dict[Hashable, list[int]] = {}
    for row in rows:
        found.setdefault(kind(objectives[row]), []).append(row)
    yield from found.values()


# The losses of many models at once, each by its own objective.

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

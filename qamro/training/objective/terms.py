"""The terms of an objective, and the losses of many models at once, each by its own objective."""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from qamro.losses import fixed_margin_qamro_loss, gaussian_cross_entropy_loss, qamro_loss
from qamro.training.objective import table
from qamro.training.objective.intervals import interval_qamro_loss
from qamro.training.objective.objective import Objective
from qamro.training.objective.table import Term

Scale = tuple[float, float]

# Losses as the table takes them: (M, B) predictions, (B,) targets, groups and parameters to (M,).


def huber(predictions: Tensor, targets: Tensor, *, groups: Tensor | None = None) -> Tensor:
    """Huber's loss, the mean over clips."""
    return functional.huber_loss(predictions, targets.expand_as(predictions), reduction="none").mean(-1)


def mse(predictions: Tensor, targets: Tensor, *, groups: Tensor | None = None) -> Tensor:
    """The squared error, the mean over clips."""
    return functional.mse_loss(predictions, targets.expand_as(predictions), reduction="none").mean(-1)


def mae(predictions: Tensor, targets: Tensor, *, groups: Tensor | None = None) -> Tensor:
    """The absolute error, the mean over clips."""
    return functional.l1_loss(predictions, targets.expand_as(predictions), reduction="none").mean(-1)


def mse_and_mae(predictions: Tensor, targets: Tensor, *, groups: Tensor | None = None) -> Tensor:
    """The sum of both."""
    return mse(predictions, targets) + mae(predictions, targets)


def qamro(
    predictions: Tensor,
    targets: Tensor,
    *,
    interval_weights: tuple[float, ...] | None,
    normalize: Any,
    scale: Scale | None,
    **given: Any,
) -> Tensor:
    """QAMRO, with its weights by the scores themselves or by the interval that they fall into."""
    if interval_weights is not None:
        return interval_qamro_loss(predictions, targets, interval_weights, **given)
    return qamro_loss(predictions, targets, normalize=normalize, scale=scale if normalize == "scale" else None, **given)


def unweighted(predictions: Tensor, targets: Tensor, **given: Any) -> Tensor:
    """QAMRO with beta = 1."""
    return qamro_loss(predictions, targets, beta=1.0, **given)


def fixed_margin(predictions: Tensor, targets: Tensor, *, normalize: Any, scale: Scale | None, **given: Any) -> Tensor:
    """QAMRO's weights with one margin for all pairs."""
    scale = scale if normalize == "scale" else None
    return fixed_margin_qamro_loss(predictions, targets, normalize=normalize, scale=scale, **given)


def ce_gauss(logits: Tensor, targets: Tensor, *, scale: Scale, sigma: float, groups: Tensor | None) -> Tensor:
    """CE-Gauss, its sigma a share of the scale."""
    low, high = scale
    return gaussian_cross_entropy_loss(logits, targets, scale=scale, sigma=sigma * (high - low), groups=groups)


def pairs_logistic(differences: Tensor, shares: Tensor, *, groups: Tensor | None = None) -> Tensor:
    """The negative log-likelihood of votes under Bradley and Terry's model, a tie half a win for each; mean over votes.

    Args:
        differences: (M, B) reward of the first clip of each pair less that of the second.
        shares: (B,) share of the pair's votes that the first clip won, in [0, 1].
        groups: Of no effect.
    """
    targets = shares.expand_as(differences)
    return functional.binary_cross_entropy_with_logits(differences, targets, reduction="none").mean(-1)


def pairs_qamro(differences: Tensor, shares: Tensor, *, alpha: Tensor, groups: Tensor | None = None) -> Tensor:
    """QAMRO's hinge (Eq. 2 without its weights) on votes: max(0, -s d + alpha |2p - 1|), s the sign of 2p - 1.

    |2p - 1| is by how much of the votes the winner is ahead, in place of the distance of two MOS; pairs without a
    majority do not count, and the mean is over the others. See ``pairs_logistic`` for what it takes.
    """
    ahead = 2 * shares - 1
    decided = ahead != 0
    hinge = functional.relu(alpha[:, None] * ahead.abs() - ahead.sign() * differences)
    return (hinge * decided).sum(-1) / decided.sum().clamp_min(1)


# The losses of many models at once, each by its own objective.


@dataclass(frozen=True)
class _Group:
    """Models whose term is computed in one call.

    Attributes:
        term: The term.
        objective: That of the first.
        moved: Whether the term sees standardised scores.
        given: What the loss takes by name, the same for all.
        by_model: What differs, a number each.
        rows: Which models they are.
        weights: Of the term in each.
    """

    term: Term
    objective: Objective
    moved: bool
    given: dict[str, Any]
    by_model: dict[str, list[float]]
    rows: list[int]
    weights: list[float]


@functools.lru_cache(maxsize=64)
def _groups(objectives: tuple[Objective, ...]) -> list[_Group]:
    """Puts together what differs in its weights and in ``Term.by_model`` alone."""
    if any(objective.solved for objective in objectives):
        raise ValueError("ridge regression is solved in one step; it has no loss that a training could minimise")
    found: dict[object, _Group] = {}
    for row, objective in enumerate(objectives):
        for term, weight in objective.terms:
            on_scale = term.reads != "predictions" or (term.kind == table.RANKING and objective.rank_on_scale)
            moved = objective.standardise and not on_scale
            given = {p.name: objective.value(p.name) for p in term.parameters if p.name not in term.by_model}
            given |= {name: getattr(objective, name) for name in term.also}
            key = (term.name, moved, *given.values(), objective.scale if term.reads != "predictions" else None)
            group = found.setdefault(key, _Group(term, objective, moved, given, {}, [], []))
            for name in term.by_model:
                group.by_model.setdefault(name, []).append(objective.value(name))
            group.rows.append(row)
            group.weights.append(weight)
    # Sums of floats depend on their order: what is on the scale, then regression, then ranking.
    kinds = (table.REGRESSION, table.ALIGNMENT, table.RANKING)
    return sorted(found.values(), key=lambda group: (group.term.reads == "predictions", kinds.index(group.term.kind)))


@functools.cache
def _loss_of(term: Term) -> Callable[..., Tensor]:
    return pkgutil.resolve_name(term.loss) if isinstance(term.loss, str) else term.loss


_MISSING = {
    "logits": "needs a head that answers with logits over bins of the scale",
    "similarity": "needs prompts and a head that says how alike a clip and its prompt are",
}


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
    groups_of_models = _groups(tuple(objectives))
    if standard is None and any(objective.rank_on_scale for objective in objectives):
        raise ValueError("ranking on the scale beside standardised scores needs their mean and deviation")
    losses = predictions.new_zeros(len(objectives))
    answers = {"predictions": predictions, "logits": logits, "similarity": similarity}
    moved, moved_targets = predictions, targets
    if standard is not None and any(group.moved for group in groups_of_models):
        moved, moved_targets = ((scores - standard[0]) / standard[1] for scores in (predictions, targets))
    for group in groups_of_models:
        term, one = group.term, group.objective
        answer = answers[term.reads] if not group.moved else moved
        if answer is None:
            raise ValueError(f"{one} {_MISSING[term.reads]}")
        part = answer[group.rows]
        values = group.given | {name: part.new_tensor(numbers) for name, numbers in group.by_model.items()}
        if term.reads != "predictions":
            values["scale"] = scale or one.scale
            if values["scale"] is None:
                raise ValueError(f"{one} needs the ends of the rating scale, for example scale=(1, 5)")
        found = _loss_of(term)(part, moved_targets if group.moved else targets, groups=groups, **values)
        weights = predictions.new_tensor(group.weights)
        index = torch.tensor(group.rows, device=losses.device)
        losses = losses.index_add(0, index, weights * found.to(losses.dtype))
    return losses

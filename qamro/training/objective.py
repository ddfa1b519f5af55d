"""What a head is trained to minimise: a regression term plus a ranking term, each a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch.nn import functional

from qamro.axes import AESTHETIC, get_axis
from qamro.losses import fixed_margin_qamro_loss, qamro_loss

REGRESSION = ("huber", "mse", "mae", "mse+mae", "none")
RANKING = ("qamro", "qamro-unweighted", "qamro-fixed-margin", "mr", "none")


@dataclass(frozen=True)
class Objective:
    """``regression_weight * regression + ranking_weight * ranking``.

    The paper (arXiv 2508.08957) trains MI and TA with Huber + QAMRO on the rating scale, and the aesthetic axes with
    MSE + MAE + QAMRO on standardised scores.

    Attributes:
        regression: ``"huber"``, ``"mse"``, ``"mae"``, ``"mse+mae"`` or ``"none"``.
        ranking: ``"qamro"`` (Eq. 2 and 3), ``"qamro-unweighted"`` (beta = 1), ``"qamro-fixed-margin"`` (its weights
            with the margin of Eq. 1), ``"mr"`` (Eq. 1) or ``"none"``.
        regression_weight: Weight of the regression term, at least 0.
        ranking_weight: Weight of the ranking term, at least 0.
        alpha: Slope of the adaptive margin.
        beta: Preference factor, at least 1.
        margin: The fixed margin of ``"mr"`` and ``"qamro-fixed-margin"``.
        normalize: ``"batch"`` or ``"scale"``: how QAMRO brings y to [0, 1].
        scale: ``(low, high)`` of the rating scale, for ``normalize="scale"``.
        standardise: Whether the loss sees scores minus their mean, divided by their deviation; for ``"batch"`` only.
    """

    regression: str = "huber"
    ranking: str = "qamro"
    regression_weight: float = 1.0
    ranking_weight: float = 1.0
    alpha: float = 0.2
    beta: float = 7.0
    margin: float = 0.1
    normalize: Literal["batch", "scale"] = "batch"
    scale: tuple[float, float] | None = None
    standardise: bool = False

    def __post_init__(self) -> None:
        """Checks the choices.

        Raises:
            ValueError: A term is unknown, a weight is negative, both terms are ``"none"``, or the scale is lost.
        """
        if self.regression not in REGRESSION:
            raise ValueError(f"regression is one of {', '.join(REGRESSION)}, not {self.regression!r}")
        if self.ranking not in RANKING:
            raise ValueError(f"ranking is one of {', '.join(RANKING)}, not {self.ranking!r}")
        if min(self.regression_weight, self.ranking_weight) < 0:
            raise ValueError("the weights of the two terms are not negative")
        if self.regression == self.ranking == "none":
            raise ValueError("an objective needs a regression term, a ranking term, or both")
        if self.standardise and self.normalize == "scale":
            raise ValueError("standardised scores are on no rating scale; with them, normalize is 'batch'")

    def __call__(
        self, predictions: torch.Tensor, targets: torch.Tensor, groups: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Returns the loss of one model.

        Args:
            predictions: (B,) scores ŷ.
            targets: (B,) human MOS y.
            groups: (B,) study of each clip; only clips of one study are ranked against each other.

        Returns:
            A scalar.
        """
        return stacked_loss([self], predictions[None], targets, groups)[0]

    def __str__(self) -> str:
        """The objective in words, for cards and tables."""
        ranking = {
            "qamro": f"QAMRO (alpha {self.alpha:g}, beta {self.beta:g})",
            "qamro-unweighted": f"QAMRO without weighting (alpha {self.alpha:g}, beta 1)",
            "qamro-fixed-margin": f"QAMRO without adaptive margin (margin {self.margin:g}, beta {self.beta:g})",
            "mr": f"margin ranking (margin {self.margin:g})",
        }
        terms = []
        if self.regression != "none":
            name = {"huber": "Huber"}.get(self.regression, self.regression.upper().replace("+", " + "))
            terms.append(_weighted(name, self.regression_weight))
        if self.ranking != "none":
            terms.append(_weighted(ranking[self.ranking], self.ranking_weight))
        return " + ".join(terms) + (" on standardised scores" if self.standardise else "")


def stacked_loss(
    objectives: Sequence[Objective],
    predictions: torch.Tensor,
    targets: torch.Tensor,
    groups: torch.Tensor | None = None,
) -> torch.Tensor:
    """Returns the losses of many models at once, each by its own objective.

    Objectives that differ in their weights, alpha and beta alone are computed together.

    Args:
        objectives: M objectives.
        predictions: (M, B) scores ŷ.
        targets: (B,) human MOS y.
        groups: (B,) study of each clip; only clips of one study are ranked against each other.

    Returns:
        (M,) losses.
    """
    losses = predictions.new_zeros(len(objectives))
    for terms, weight in ((_regression, "regression_weight"), (_ranking, "ranking_weight")):
        for rows, values in terms(objectives, predictions, targets, groups):
            weights = predictions.new_tensor([getattr(objectives[row], weight) for row in rows])
            losses = losses.index_add(0, torch.tensor(rows, device=losses.device), weights * values.to(losses.dtype))
    return losses


_Terms = Iterator[tuple[list[int], torch.Tensor]]


def _regression(
    objectives: Sequence[Objective], predictions: torch.Tensor, targets: torch.Tensor, _: torch.Tensor | None
) -> _Terms:
    terms: dict[str, Callable[..., torch.Tensor]] = {
        "huber": functional.huber_loss,
        "mse": functional.mse_loss,
        "mae": functional.l1_loss,
    }
    for name, term in terms.items():
        rows = [row for row, objective in enumerate(objectives) if name in objective.regression.split("+")]
        if rows:
            part = predictions[rows]
            yield rows, term(part, targets.expand_as(part), reduction="none").mean(-1)


def _ranking(
    objectives: Sequence[Objective],
    predictions: torch.Tensor,
    targets: torch.Tensor,
    groups: torch.Tensor | None,
) -> _Terms:
    alike: dict[Any, list[int]] = {}
    for row, objective in enumerate(objectives):
        if objective.ranking != "none":
            fixed = objective.margin if objective.ranking in ("mr", "qamro-fixed-margin") else None
            alike.setdefault((fixed, objective.normalize, objective.scale), []).append(row)
    for (margin, normalize, scale), rows in alike.items():
        part, same = predictions[rows], [objectives[row] for row in rows]
        weighted = ("qamro", "qamro-fixed-margin")
        beta = part.new_tensor([objective.beta if objective.ranking in weighted else 1.0 for objective in same])
        options = {"beta": beta, "normalize": normalize, "scale": scale, "groups": groups}
        if margin is None:
            alpha = part.new_tensor([objective.alpha for objective in same])
            yield rows, qamro_loss(part, targets, alpha=alpha, **options)
        else:  # with beta = 1 this is Eq. 1
            yield rows, fixed_margin_qamro_loss(part, targets, margin=margin, **options)


def paper_objective(axis: str) -> Objective:
    """Returns what the paper trains an axis with.

    An axis of your own gets what MI and TA get, on standardised scores: Huber's delta of 1 and the fixed margin of 0.1
    mean something on a scale of 1 to 5, and nothing on one of 0 to 100.
    """
    if axis in AESTHETIC:
        return Objective(regression="mse+mae", standardise=True)
    return Objective(standardise=not get_axis(axis).has_range)


def _weighted(name: str, weight: float) -> str:
    return name if weight == 1 else f"{weight:g} x {name}"

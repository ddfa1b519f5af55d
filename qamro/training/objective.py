"""What a head is trained to minimise: a regression term plus a ranking term, each a choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qamro.axes import AESTHETIC

if TYPE_CHECKING:
    import torch

REGRESSION = ("huber", "mse", "mae", "mse+mae", "none")
RANKING = ("qamro", "qamro-unweighted", "mr", "none")


@dataclass(frozen=True)
class Objective:
    """``regression_weight * regression + ranking_weight * ranking``.

    The paper (arXiv 2508.08957) trains MI and TA with Huber + QAMRO on the rating scale, and the aesthetic axes with
    MSE + MAE + QAMRO on standardised scores.

    Attributes:
        regression: ``"huber"``, ``"mse"``, ``"mae"``, ``"mse+mae"`` or ``"none"``.
        ranking: ``"qamro"`` (Eq. 2 and 3), ``"qamro-unweighted"`` (beta = 1), ``"mr"`` (Eq. 1) or ``"none"``.
        regression_weight: Weight of the regression term, at least 0.
        ranking_weight: Weight of the ranking term, at least 0.
        alpha: Slope of the adaptive margin.
        beta: Preference factor, at least 1.
        margin: The fixed margin of ``"mr"``.
        normalize: ``"batch"`` or ``"scale"``: how QAMRO brings y to [0, 1].
        scale: ``(low, high)`` of the rating scale, for ``normalize="scale"``.
        standardise: Whether the loss sees scores minus their mean, divided by their deviation.
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
            ValueError: A term is unknown, a weight is negative, or both terms are ``"none"``.
        """
        if self.regression not in REGRESSION:
            raise ValueError(f"regression is one of {', '.join(REGRESSION)}, not {self.regression!r}")
        if self.ranking not in RANKING:
            raise ValueError(f"ranking is one of {', '.join(RANKING)}, not {self.ranking!r}")
        if min(self.regression_weight, self.ranking_weight) < 0:
            raise ValueError("the weights of the two terms are not negative")
        if self.regression == self.ranking == "none":
            raise ValueError("an objective needs a regression term, a ranking term, or both")

    def __call__(
        self, predictions: torch.Tensor, targets: torch.Tensor, groups: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Returns the loss.

        Args:
            predictions: (B,) scores ŷ; more leading dimensions are models trained side by side.
            targets: (B,) human MOS y.
            groups: (B,) study of each clip; only clips of one study are ranked against each other.

        Returns:
            A scalar, or one value for each of the leading dimensions.
        """
        loss = predictions.new_zeros(predictions.shape[:-1])
        if self.regression != "none":
            loss = loss + self.regression_weight * self._regression(predictions, targets)
        if self.ranking != "none":
            loss = loss + self.ranking_weight * self._ranking(predictions, targets, groups)
        return loss

    def _regression(self, predictions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        targets = targets.expand_as(predictions)
        terms: dict[str, Callable[..., torch.Tensor]] = {
            "huber": functional.huber_loss,
            "mse": functional.mse_loss,
            "mae": functional.l1_loss,
        }
        losses = [terms[name](predictions, targets, reduction="none").mean(-1) for name in self.regression.split("+")]
        return sum(losses[1:], losses[0])

    def _ranking(self, predictions: torch.Tensor, targets: torch.Tensor, groups: torch.Tensor | None) -> torch.Tensor:
        from qamro.losses import margin_ranking_loss, qamro_loss

        if self.ranking == "mr":
            return margin_ranking_loss(predictions, targets, margin=self.margin, groups=groups)
        beta = self.beta if self.ranking == "qamro" else 1.0
        return qamro_loss(
            predictions, targets, alpha=self.alpha, beta=beta, normalize=self.normalize, scale=self.scale, groups=groups
        )

    def __str__(self) -> str:
        """The objective in words, for cards and tables."""
        ranking = {
            "qamro": f"QAMRO (alpha {self.alpha:g}, beta {self.beta:g})",
            "qamro-unweighted": f"QAMRO without weighting (alpha {self.alpha:g}, beta 1)",
            "mr": f"margin ranking (margin {self.margin:g})",
        }
        terms = []
        if self.regression != "none":
            name = {"huber": "Huber"}.get(self.regression, self.regression.upper().replace("+", " + "))
            terms.append(_weighted(name, self.regression_weight))
        if self.ranking != "none":
            terms.append(_weighted(ranking[self.ranking], self.ranking_weight))
        return " + ".join(terms) + (" on standardised scores" if self.standardise else "")


def paper_objective(axis: str) -> Objective:
    """Returns what the paper trains an axis with."""
    if axis in AESTHETIC:
        return Objective(regression="mse+mae", standardise=True)
    return Objective()


def _weighted(name: str, weight: float) -> str:
    return name if weight == 1 else f"{weight:g} x {name}"

"""The choice of a loss: which terms, with which weights and parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qamro.training.objective.words import in_words

if TYPE_CHECKING:
    import torch

REGRESSION = ("huber", "mse", "mae", "mse+mae", "ce-gauss", "ridge", "none")
RANKING = ("qamro", "qamro-unweighted", "qamro-fixed-margin", "mr", "balr", "listmle", "soft-spearman", "none")
LISTWISE = ("balr", "listmle", "soft-spearman")


@dataclass(frozen=True)
class Objective:
    """``regression_weight * regression + ranking_weight * ranking + alignment_weight * SAMA``.

    QAMRO (arXiv 2508.08957) trains MI and TA with Huber + QAMRO on the rating scale. For the aesthetic axes it says
    "QAMRO + traditional regression objectives" and no more; see ``paper_objective`` for ours and ``"aes-released"`` for
    what its code does. DeRA-MOS (arXiv 2606.10010) trains with CE-Gauss + 0.2 BALR, and adds 0.3 SAMA where there is a
    prompt.

    Attributes:
        regression: ``"huber"``, ``"mse"``, ``"mae"``, ``"mse+mae"``, ``"ce-gauss"`` (cross-entropy with Gaussian
            labels over bins; needs a head that answers with logits), ``"ridge"`` (solved, not trained: see
            ``fit_ridge``; it stands alone) or ``"none"``.
        ranking: ``"qamro"`` (QAMRO's Eq. 2 and 3), ``"qamro-unweighted"`` (beta = 1: the paper's "w/o quality-aware
            weighting"), ``"mr"`` (Eq. 1: the paper's "w/o adaptive margin"), ``"qamro-fixed-margin"`` (the weights of
            Eq. 3 with the margin of Eq. 1; ours), ``"balr"``, ``"listmle"``, ``"soft-spearman"`` or ``"none"``.
        regression_weight: Weight of the regression term, at least 0.
        ranking_weight: Weight of the ranking term, at least 0; DeRA-MOS's alpha for BALR.
        alpha: Slope of the adaptive margin, at least 0.
        beta: Preference factor, at least 1.
        margin: The fixed margin of ``"mr"`` and ``"qamro-fixed-margin"``, at least 0; the paper does not give its own.
        normalize: ``"batch"`` or ``"scale"``: how QAMRO brings y to [0, 1].
        interval_weights: For ``"qamro"``, in place of y in [0, 1]: nine weights in [0, 1] for scores of 1 to 2, 2 to
            3, … 9 to 10, as in the released code of track 2; ``normalize`` then has no effect. None for Eq. 3.
        scale: ``(low, high)`` of the rating scale, for ``normalize="scale"``, and for CE-Gauss and SAMA where the head
            does not say on which scale it answers.
        standardise: Whether regression and ranking see scores minus their mean, divided by their deviation; for
            ``"batch"`` only. CE-Gauss and SAMA are the same on any scale.
        rank_on_scale: With ``standardise``, the pairwise terms see the scores of the scale itself all the same.
        temperature: τ of BALR, ListMLE and soft Spearman, above 0, in units of the scores that they see.
        sigma: σ of CE-Gauss's labels, above 0, as a share of the scale: 1/16 is the 0.25 of a scale of 1 to 5.
        alignment_weight: Weight of SAMA, at least 0; DeRA-MOS's beta. Above 0 it needs a head that compares the clip
            with its prompt.
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
    rank_on_scale: bool = False
    interval_weights: tuple[float, ...] | None = None
    temperature: float = 1.0
    sigma: float = 1 / 16
    alignment_weight: float = 0.0

    def __post_init__(self) -> None:
        """Checks the choices.

        Raises:
            ValueError: A term is unknown, a weight or parameter is out of range, no term trains the score, or the
                scale is lost.
        """
        if self.regression not in REGRESSION:
            raise ValueError(f"regression is one of {', '.join(REGRESSION)}, not {self.regression!r}")
        if self.ranking not in RANKING:
            raise ValueError(f"ranking is one of {', '.join(RANKING)}, not {self.ranking!r}")
        if self.normalize not in ("batch", "scale"):
            raise ValueError(f"normalize is 'batch' or 'scale', not {self.normalize!r}")
        self._check_numbers()
        if self.regression == self.ranking == "none":
            raise ValueError("an objective needs a regression term, a ranking term, or both")
        if self.solved and (self.ranking != "none" or self.alignment_weight > 0):
            raise ValueError("ridge regression is solved in one step and takes no ranking or alignment term beside it")
        if self.interval_weights is not None:
            if self.ranking != "qamro":
                raise ValueError(f"weights by interval belong to the ranking term qamro, not to {self.ranking!r}")
            if len(self.interval_weights) != 9 or not all(0 <= weight <= 1 for weight in self.interval_weights):
                raise ValueError("weights by interval are nine numbers from 0 to 1, for scores of 1 to 2 up to 9 to 10")
        if self.standardise and self.normalize == "scale":
            raise ValueError("standardised scores are on no rating scale; with them, normalize is 'batch'")

    def _check_numbers(self) -> None:
        at_least = {
            "regression_weight": 0,
            "ranking_weight": 0,
            "alignment_weight": 0,
            "alpha": 0,
            "beta": 1,
            "margin": 0,
        }
        for name, least in at_least.items():
            value = getattr(self, name)
            if not least <= value < math.inf:
                raise ValueError(f"{name.replace('_', ' ')} is a number of {least} or more, not {value:g}")
        for name in ("temperature", "sigma"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ValueError(f"{name} is a number above zero, not {value:g}")

    @property
    def solved(self) -> bool:
        """Whether it has an exact solution instead of a training."""
        return self.regression == "ridge"

    @property
    def needs_logits(self) -> bool:
        """Whether the head must answer with logits over bins of the scale."""
        return self.regression == "ce-gauss"

    @property
    def needs_similarity(self) -> bool:
        """Whether the head must say how alike a clip and its prompt are."""
        return self.alignment_weight > 0

    def __call__(
        self,
        predictions: torch.Tensor,
        targets: torch.Tensor,
        groups: torch.Tensor | None = None,
        *,
        logits: torch.Tensor | None = None,
        similarity: torch.Tensor | None = None,
        scale: tuple[float, float] | None = None,
        standard: tuple[torch.Tensor | float, torch.Tensor | float] | None = None,
    ) -> torch.Tensor:
        """Returns the loss of one model.

        Args:
            predictions: (B,) scores ŷ.
            targets: (B,) human MOS y.
            groups: (B,) study of each clip; only clips of one study are ranked against each other.
            logits: (B, K) over bins of the scale, for CE-Gauss.
            similarity: (B,) cosine of clip and prompt, for SAMA.
            scale: As in ``stacked_loss``.
            standard: As in ``stacked_loss``.

        Returns:
            A scalar.
        """
        from qamro.training.objective.stacked import stacked_loss

        losses = stacked_loss(
            [self],
            predictions[None],
            targets,
            groups,
            logits=None if logits is None else logits[None],
            similarity=None if similarity is None else similarity[None],
            scale=scale,
            standard=standard,
        )
        return losses[0]

    def __str__(self) -> str:
        """The objective in words, for cards and tables."""
        return in_words(self)

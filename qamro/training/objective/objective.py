"""An objective: which terms, with which weights and parameters; by name, by choice, and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from qamro.axes import AESTHETIC, get_axis
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.objective.intervals import RELEASED_WEIGHTS

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
        from qamro.training.objective.terms import stacked_loss

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


# An objective in words, for cards and tables.

if TYPE_CHECKING:
    pass

_REGRESSION = {"huber": "Huber", "ce-gauss": "CE-Gauss", "ridge": "ridge regression"}


def in_words(objective: Objective) -> str:
    """Names the terms with their weights and parameters: ``Huber + QAMRO (alpha 0.2, beta 7)``."""
    terms = []
    if objective.regression != "none":
        name = _REGRESSION.get(objective.regression, objective.regression.upper().replace("+", " + "))
        if objective.needs_logits and objective.sigma != type(objective).sigma:
            name += f" (sigma {objective.sigma:g} of the scale)"
        terms.append(_weighted(name, objective.regression_weight))
    if objective.ranking != "none":
        terms.append(_weighted(_ranking(objective), objective.ranking_weight))
    if objective.alignment_weight > 0:
        terms.append(_weighted("SAMA", objective.alignment_weight))
    on_scores = (objective.ranking != "none" or not objective.needs_logits) and not objective.solved
    where = ""
    if objective.standardise and on_scores:
        mixed = objective.rank_on_scale and objective.ranking != "none"
        where = " on standardised scores" + (", ranking on the scale's own" if mixed else "")
    return " + ".join(terms) + where


def _ranking(objective: Objective) -> str:
    alpha, beta = f"alpha {objective.alpha:g}", f"beta {objective.beta:g}"
    margin, temperature = f"margin {objective.margin:g}", f"temperature {objective.temperature:g}"
    quality = ", weights by interval of MOS" if objective.interval_weights is not None else ""
    return {
        "qamro": f"QAMRO ({alpha}, {beta}{quality})",
        "qamro-unweighted": f"QAMRO without weighting ({alpha}, beta 1)",
        "qamro-fixed-margin": f"QAMRO's weights with a fixed margin, ours ({margin}, {beta})",
        "mr": f"margin ranking ({margin})",
        "balr": f"BALR ({temperature})",
        "listmle": f"ListMLE ({temperature})",
        "soft-spearman": f"soft Spearman ({temperature})",
    }[objective.ranking]


def _weighted(name: str, weight: float) -> str:
    return name if weight == 1 else f"{weight:g} x {name}"


# An objective by name, with some of its parameters set otherwise.

PARAMETERS = (
    "alpha",
    "beta",
    "margin",
    "temperature",
    "sigma",
    "regression_weight",
    "ranking_weight",
    "alignment_weight",
    "normalize",
)
"""The parameters of an objective that can be set; each objective uses some of them."""


def used_by(objective: Objective) -> set[str]:
    """Returns which of ``PARAMETERS`` change anything about an objective."""
    ranking, listwise = objective.ranking, ("balr", "listmle", "soft-spearman")
    used = {
        "alpha": ranking in ("qamro", "qamro-unweighted"),
        "beta": ranking in ("qamro", "qamro-fixed-margin"),
        "margin": ranking in ("mr", "qamro-fixed-margin"),
        "normalize": ranking in ("qamro", "qamro-fixed-margin") and objective.interval_weights is None,
        "temperature": ranking in listwise,
        "sigma": objective.needs_logits,
        "regression_weight": "none" not in (objective.regression, ranking),
        "ranking_weight": "none" not in (objective.regression, ranking),
        "alignment_weight": objective.needs_similarity,
    }
    return {name for name, does in used.items() if does}


def chosen_objective(
    name: str, axis: str, parameters: Mapping[str, Any], *, regression: str = "", ranking: str = ""
) -> Objective:
    """Returns the objective of an axis by its name.

    Args:
        name: A key of ``OBJECTIVES``.
        axis: What is scored.
        parameters: Values for some of ``PARAMETERS``; those that the objective does not use change nothing. With
            ``normalize="scale"`` the scale is the axis's, where it has one and scores are not standardised.
        regression: Another regression term, on the scores as they are where the axis has a scale.
        ranking: Another ranking term.

    Raises:
        ValueError: There is no such objective, or a parameter is out of range; the message says which.
    """
    if name not in OBJECTIVES:
        raise ValueError(f"there is no objective {name!r}; choose one of {', '.join(OBJECTIVES)}")
    base, scale = OBJECTIVES[name](axis), get_axis(axis)
    if regression:
        base = replace(base, regression=regression, standardise=base.standardise and not scale.has_range)
    if ranking:
        base = replace(base, ranking=ranking, interval_weights=None, rank_on_scale=False)
    wanted = {key: value for key, value in parameters.items() if key in used_by(base)}
    if wanted.get("normalize") == "scale":
        if base.standardise or not scale.has_range:
            del wanted["normalize"]
        else:
            wanted["scale"] = (scale.low, scale.high)
    return replace(base, **wanted)


def without_effect(objectives: Iterable[Objective], parameters: Mapping[str, Any]) -> list[str]:
    """Returns which parameters were set in vain: no objective uses them, or none took the value over.

    Args:
        objectives: As ``chosen_objective`` made them.
        parameters: What it was given.
    """
    made = list(objectives)
    return [
        name
        for name, value in parameters.items()
        if not any(name in used_by(one) and getattr(one, name) == value for one in made)
    ]


# Objectives with a name, which the command line and the tabs offer.

ALPHA_BALR, BETA_SAMA = 0.2, 0.3
"""DeRA-MOS's weights: L = L_CE-Gauss + 0.2 L_BALR + 0.3 L_SAMA (arXiv 2606.10010)."""


def paper_objective(axis: str) -> Objective:
    """Returns what QAMRO's paper trains an axis with, as far as it says.

    MI and TA: Huber + QAMRO. The aesthetic axes: "QAMRO + traditional regression objectives", not named further; that
    these are MSE + MAE is what the released code does, and that QAMRO stands on standardised scores beside them, with
    Eq. 3's weights, is ours (``"aes-released"`` is the code's own). An axis of your own gets what MI and TA get, on
    standardised scores: Huber's delta of 1 and the fixed margin of 0.1 mean something on a scale of 1 to 5, and nothing
    on one of 0 to 100.
    """
    if axis in AESTHETIC:
        return Objective(regression="mse+mae", standardise=True)
    return Objective(standardise=not get_axis(axis).has_range)


def released_objective(axis: str) -> Objective:
    """Returns what QAMRO's released code trains an axis with.

    The aesthetic axes: MSE + MAE on standardised scores, QAMRO on the scores of the scale itself, its weights looked up
    by interval of MOS (see ``intervals``). The code standardises by the published mean and deviation of
    Audiobox-Aesthetics; here it is by those of the training clips. Other axes: Huber + QAMRO, which the code has, too.
    """
    if axis not in AESTHETIC:
        return paper_objective(axis)
    return replace(paper_objective(axis), rank_on_scale=True, interval_weights=RELEASED_WEIGHTS[axis])


def source_of(objective: Objective, axis: str) -> str:
    """Returns whose objective it is, for the card: QAMRO's paper's, its released code's, our reading; else empty."""
    if axis in AESTHETIC and objective == released_objective(axis):
        return "QAMRO's released code (track 2)"
    if objective != paper_objective(axis):
        return ""
    if axis in AESTHETIC:
        return "our reading of QAMRO's paper, which names no regression terms for this axis"
    return "QAMRO's paper" if get_axis(axis).has_range else "QAMRO's paper for MI and TA, on standardised scores"


def _made(*, sama: bool = False, **choices: Any) -> Callable[[str], Objective]:
    def of(axis: str) -> Objective:
        weight = BETA_SAMA if sama and axis in NEEDS_PROMPT else 0.0
        return replace(paper_objective(axis), alignment_weight=weight, **choices)

    return of


_DISTRIBUTION: dict[str, Any] = {"regression": "ce-gauss"}
_BALR: dict[str, Any] = {"ranking": "balr", "ranking_weight": ALPHA_BALR}

OBJECTIVES: dict[str, Callable[[str], Objective]] = {
    "huber": _made(regression="huber", ranking="none"),
    "mse": _made(regression="mse", ranking="none"),
    "ridge": _made(regression="ridge", ranking="none"),
    "mr": _made(ranking="mr"),
    "qamro": _made(ranking="qamro"),
    "aes-released": released_objective,
    "qamro-unweighted": _made(ranking="qamro-unweighted"),
    "qamro-fixed-margin": _made(ranking="qamro-fixed-margin"),
    "balr": _made(**_BALR),
    "listmle": _made(ranking="listmle"),
    "soft-spearman": _made(ranking="soft-spearman"),
    "ce-gauss": _made(**_DISTRIBUTION, ranking="none"),
    "ce-gauss+balr": _made(**_DISTRIBUTION, **_BALR),
    "ce-gauss+balr+sama": _made(**_DISTRIBUTION, **_BALR, sama=True),
    "qamro+sama": _made(ranking="qamro", sama=True),
}
"""What to train an axis with, by name.

Where a name holds no regression term it is that of ``paper_objective``: Huber for MI and TA, MSE + MAE on standardised
scores for the aesthetic axes, Huber on standardised scores for an axis of your own. The paper's "w/o quality-aware
weighting" is ``"qamro-unweighted"``, its "w/o adaptive margin" is ``"mr"``; ``"qamro-fixed-margin"`` is ours. SAMA is
there for axes that are judged against the prompt only, as in DeRA-MOS: for MI, ``"ce-gauss+balr+sama"`` is
CE-Gauss + 0.2 BALR.
"""

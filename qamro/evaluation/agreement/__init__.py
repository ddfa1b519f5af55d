"""Do people agree: reliability of ratings, the ceiling for a predictor, and what more listening would buy."""

from qamro.evaluation.agreement.agree import ANONYMOUS, MEANING, agreement
from qamro.evaluation.agreement.ceiling import ceiling, half_means
from qamro.evaluation.agreement.reliability import (
    Components,
    components,
    icc_mean,
    icc_single,
    krippendorff_alpha,
    more_raters,
)
from qamro.evaluation.rater_bootstrap import RatingMatrix, rating_matrix

__all__ = [
    "ANONYMOUS",
    "MEANING",
    "Components",
    "RatingMatrix",
    "agreement",
    "ceiling",
    "components",
    "half_means",
    "icc_mean",
    "icc_single",
    "krippendorff_alpha",
    "more_raters",
    "rating_matrix",
]

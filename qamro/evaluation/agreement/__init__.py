"""Do people agree: reliability of ratings, the ceiling for a predictor, and what more listening would buy."""

from qamro.evaluation.agreement.agree import ANONYMOUS, MEANING, agreement
from qamro.evaluation.agreement.alpha import krippendorff_alpha
from qamro.evaluation.agreement.ceiling import ceiling
from qamro.evaluation.agreement.components import Components, components
from qamro.evaluation.agreement.icc import icc_mean, icc_single
from qamro.evaluation.agreement.more_raters import more_raters
from qamro.evaluation.agreement.split_half import half_means
from qamro.evaluation.rating_matrix import RatingMatrix, rating_matrix

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

"""Rater models of ITU-T: what each rater is like, the clips' quality without it, and studies without some raters."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.evaluation.rater_bootstrap import RatingMatrix, rating_matrix

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from qamro.studies import Study

MIN_RATINGS = 3
"""Raters with fewer ratings of an axis are left out of a model: an inconsistency needs something to vary."""

RUNAWAY = 0.01
"""An inconsistency below this share of the median one is no person's: the likelihood has run away."""


class RatersUnknown(ValueError):  # noqa: N818 - reads as what happened
    """Nothing can be said about raters; the message says why."""


class RanAway(RatersUnknown):
    """The maximum likelihood of P.910 took raters for the truth until a clip had no other rater to tell of it."""


@dataclass(frozen=True)
class RaterModel:
    """What a rater model found on one axis. Intervals are 95 %.

    Attributes:
        model: ``"P.910"``, ``"P.913"`` or ``"BT.500"``.
        axis: The axis.
        raters: ``rater``, ``count`` (ratings), ``mean``, ``sd`` (of the rater's own scores), ``bias`` (points above
            the panel), ``bias_low``, ``bias_high``, ``inconsistency`` (standard deviation about bias and quality),
            ``inconsistency_low``, ``inconsistency_high``, ``rejected``. NaN where the model does not tell.
        clips: ``clip``, ``system``, ``count``, ``mos`` (plain mean), ``quality`` (recovered), ``quality_low``,
            ``quality_high``; NaN ends where a clip has a single rating.
        left_out: Raters with too few ratings for the model.
        runaway: Raters whom the maximum likelihood took for the truth itself. It has no maximum: a rater's weight can
            grow without bound while quality is pulled to that rater's scores, and where clips have few raters it does.
            Quality then comes from the other raters, and these raters are measured against it.
    """

    model: str
    axis: str
    raters: pd.DataFrame
    clips: pd.DataFrame
    left_out: list[str]
    runaway: list[str]


def rater_model(study: Study, axis: str, model: str = "P.910") -> RaterModel:
    """Fits a rater model (Li & Bampis 2017; Li et al. 2020, "A simple model for subject behavior").

    Args:
        study: Ratings by named raters.
        axis: The axis.
        model: A key of ``MODELS``.

    Raises:
        ValueError: There is no such model.
        KeyError: Nobody rated this axis.
        RatersUnknown: The ratings are anonymous, or fewer than two raters have enough ratings.
        RanAway: All raters of a clip would have to be set aside; the other models have answers.
    """
    if model not in MODELS:
        raise ValueError(f"model is one of {', '.join(MODELS)}, not {model!r}")
    matrix = rating_matrix(study, axis)
    if matrix.anonymous:
        raise RatersUnknown(
            f"the ratings of {axis!r} in {study.name!r} are anonymous: nobody knows which scores come from one rater, "
            "so a rater's bias and consistency cannot be known"
        )
    enough = np.isfinite(matrix.scores).sum(axis=0) >= MIN_RATINGS
    if enough.sum() < 2:
        raise RatersUnknown(f"fewer than two raters gave {MIN_RATINGS} or more ratings of {axis!r}: nothing to compare")
    trusted, known = enough.copy(), np.isfinite(matrix.scores)
    rated = known[:, enough].any(axis=1)
    while True:
        found = run(matrix.scores[np.ix_(rated, trusted)], model)
        away = _runaway(found)
        if not away.any() or (~away).sum() < 2:
            break
        trusted[np.flatnonzero(trusted)[away]] = False
        if not known[rated][:, trusted].any(axis=1).all():
            raise RanAway(
                f"the maximum likelihood of {model} has no answer on {axis!r}: it takes rater after rater for the "
                "truth. P.913 and BT.500 have one, and more ratings of each clip would help"
            )
    names, outside = np.array(matrix.raters), enough & ~trusted
    scores = matrix.scores[rated]
    return RaterModel(
        model,
        axis,
        rater_table(names, scores, found, trusted=trusted, outside=outside),
        clip_table(np.array(matrix.clips)[rated], matrix.systems[rated], scores[:, trusted], found),
        names[~enough].tolist(),
        names[outside].tolist(),
    )


def _runaway(found: dict[str, Any]) -> np.ndarray:
    spread = np.asarray(found.get("observer_inconsistency", []), dtype=float)
    return spread < RUNAWAY * np.median(spread) if spread.size else np.zeros(0, dtype=bool)


# Runs the ITU's rater models as Netflix's ``sureal`` implements them, without its side effects.

MODELS: dict[str, str] = {
    "P.910": "Maximum likelihood (ITU-T P.910 Annex E): finds every rater's bias and inconsistency. It weighs raters "
    "by their consistency and leaves none out.",
    "P.913": "Bias removal (ITU-T P.913, 12.4): subtracts every rater's mean distance to all raters, then leaves out "
    "raters who stray too often.",
    "BT.500": "Rejection (ITU-R BT.500): leaves out raters who stray from the others too often, in both directions.",
}
"""The rater models and what they do."""


def run(scores: np.ndarray, model: str) -> dict[str, Any]:
    """Fits a model.

    Args:
        scores: Ratings, NaN where there is none, shape (clips, raters); every clip and rater has one at least.
        model: A key of ``MODELS``.

    Returns:
        What sureal answers: ``quality_scores`` and ``quality_scores_std`` of the clips, and of the raters
        ``observer_bias``, ``observer_bias_std``, ``observer_inconsistency``, ``observer_rejected``, as far as the
        model knows them; arrays that cannot be written. The newest answers are kept: many look at one study.
    """
    scores = np.ascontiguousarray(scores, dtype=float)
    key = model, scores.shape, blake2b(scores.tobytes(), digest_size=16).digest()
    with _ANSWERING:  # whoever asks for the same meanwhile waits for one answer instead of making another
        if key not in _ANSWERS:
            _ANSWERS[key] = _run(scores, model)
            if len(_ANSWERS) > _KEPT:
                _ANSWERS.popitem(last=False)
        _ANSWERS.move_to_end(key)
        return dict(_ANSWERS[key])


_ANSWERS: OrderedDict[tuple[Any, ...], dict[str, np.ndarray]] = OrderedDict()
_ANSWERING, _KEPT = threading.Lock(), 48


def _run(scores: np.ndarray, model: str) -> dict[str, np.ndarray]:
    sureal = _quiet_sureal()
    from sureal.dataset_reader import RawDatasetReader

    class Reader(RawDatasetReader):
        """Hands the array over; sureal's own reader would look up every cell of a list of dicts."""

        opinion_score_3darray = scores[:, :, None]

    clip = {"content_id": 0, "asset_id": 0, "path": "", "os": [0.0]}
    dataset = type("Dataset", (), {"ref_videos": [clip], "dis_videos": [clip]})()
    models = {"P.910": sureal.P910AnnexEModel, "P.913": sureal.P913124Model, "BT.500": sureal.BT500Model}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # constant raters and single ratings divide by zero; what comes out is checked
        told = models[model](Reader(dataset)).run_modeling()
    found = {key: np.array(told[key]) for key in _TOLD if key in told}
    for values in found.values():
        values.setflags(write=False)
    return found


_TOLD = (
    "quality_scores", "quality_scores_std", "observer_bias", "observer_bias_std", "observer_inconsistency",
    "observer_rejected",
)  # fmt: skip


def _quiet_sureal() -> Any:
    import multiprocessing

    start = multiprocessing.get_start_method(allow_none=True)
    import sureal
    import sureal.subjective_model

    # Its import sets how the whole program starts processes, and its models print every iteration. Only its own
    # name for the standard output is silenced: other threads may be printing.
    multiprocessing.set_start_method(start, force=True)
    sureal.subjective_model.sys = _Silent
    sureal.subjective_model.stats = _Stats
    return sureal


class _Silent:
    class stdout:  # noqa: N801 - stands in for sys.stdout
        @staticmethod
        def write(text: str) -> None:
            """Drops it."""

        @staticmethod
        def flush() -> None:
            """Does nothing."""


class _Stats:
    """Stands in for ``scipy.stats``: sureal asks for a kurtosis clip by clip, of which SciPy spends nine tenths on
    checking what it was given.
    """

    @staticmethod
    def kurtosis(scores: np.ndarray, *, fisher: bool) -> float:
        """Returns what SciPy does of finite scores of shape (n,), to the last bit; NaN where all are one."""
        mean = scores.mean()
        square = (scores - mean) ** 2
        variance = square.mean()
        if variance <= (np.finfo(float).eps * mean) ** 2:
            return float("nan")
        return float((square**2).mean() / variance**2) - 3 * fisher


# A study without some of its raters, which says so.

NOTE = "left_out_raters"
"""The key of ``Study.about`` that names the raters who are missing."""

_NAMED = 6


def leave_out(study: Study, raters: Collection[str]) -> Study:
    """Returns the study without some raters' ratings; ``about["left_out_raters"]`` names everybody who is missing.

    Clips that nobody else rated stay in the clips table without a rating.

    Raises:
        ValueError: A name is not among the raters.
    """
    gone = {str(rater) for rater in raters}
    voted = set(study.votes["rater"]) if study.votes is not None else set()
    unknown = gone - set(study.ratings["rater"]) - voted
    if unknown or "" in gone:
        raise ValueError(f"study {study.name!r} has no rater {min(unknown or {''})!r}")
    kept = study.ratings[~study.ratings["rater"].isin(gone)]
    about = study.about | {NOTE: sorted(gone | set(study.about.get(NOTE, ())))}
    votes = study.votes
    if votes is not None:
        votes = votes[~votes["rater"].isin(gone)]
    return study.replace(ratings=kept, about=about, votes=votes)


def left_out_note(study: Study) -> str:
    """What every figure and table of this study has to say of missing raters; empty when nobody was left out.

    The last names of a long list become a count; ``about["left_out_raters"]`` has them all.
    """
    gone = list(study.about.get(NOTE, ()))
    if not gone:
        return ""
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    return f"without rater{'s' * (len(gone) > 1)} {', '.join(gone[:_NAMED])}{more}"


# The tables of raters and clips that a rater model makes.

_NORMAL = 1.959964


def rater_table(
    names: np.ndarray, scores: np.ndarray, found: dict[str, Any], *, trusted: np.ndarray, outside: np.ndarray
) -> pd.DataFrame:
    """Lists the raters, with intervals.

    Args:
        names: Names of all k raters.
        scores: Ratings, shape (n, k).
        found: What the model answered on the trusted raters' scores.
        trusted: Which raters took part, shape (k,).
        outside: Which raters did not and are measured by their distance to the recovered quality, shape (k,).

    Returns:
        The columns of ``RaterModel.raters``, sorted by name.
    """
    import pandas as pd

    k = names.size
    bias, spread, error = (np.full(k, np.nan) for _ in range(3))
    rejected = np.zeros(k, dtype=bool)
    count = np.isfinite(scores).sum(axis=0)
    for column, key in ((bias, "observer_bias"), (spread, "observer_inconsistency"), (error, "observer_bias_std")):
        if key in found:
            column[trusted] = found[key]
    if "observer_rejected" in found:
        rejected[trusted] = found["observer_rejected"]
    about = np.asarray(found["quality_scores"], dtype=float)[:, None]
    for i in np.flatnonzero(outside):
        distance = (scores - about)[:, i]
        bias[i], spread[i] = np.nanmean(distance), np.nanstd(distance)
        error[i] = np.nanstd(distance, ddof=1) / np.sqrt(count[i])
    if "observer_bias" in found and "observer_bias_std" not in found:
        # P.913 gives no interval of a bias; it is a mean of distances to the panel and has the error of a mean.
        distance = scores - np.nanmean(scores[:, trusted], axis=1, keepdims=True)
        error = np.nanstd(distance, axis=0, ddof=1) / np.sqrt(count)
    shown = trusted | outside
    low, high = _spread_interval(spread, count)
    table = pd.DataFrame({
        "rater": names, "count": count, "mean": np.nanmean(scores, axis=0), "sd": np.nanstd(scores, axis=0, ddof=1),
        "bias": bias, "bias_low": bias - _NORMAL * error, "bias_high": bias + _NORMAL * error,
        "inconsistency": spread, "inconsistency_low": low, "inconsistency_high": high, "rejected": rejected,
    })  # fmt: skip
    return table[shown].reset_index(drop=True)


def clip_table(names: np.ndarray, systems: np.ndarray, scores: np.ndarray, found: dict[str, Any]) -> pd.DataFrame:
    """Lists the clips with their plain mean and their recovered quality.

    Args:
        names: Names of the n clips.
        systems: Their systems.
        scores: Ratings of the raters who took part, shape (n, raters).
        found: What the model answered on them.

    Returns:
        The columns of ``RaterModel.clips``.
    """
    import pandas as pd

    quality = np.asarray(found["quality_scores"], dtype=float)
    error = np.asarray(found["quality_scores_std"], dtype=float)
    count = np.isfinite(scores).sum(axis=1)
    # One rating has no spread, and a spread of zero would pass for certainty.
    error = np.where((count > 1) & np.isfinite(error) & (error > 0), error, np.nan)
    return pd.DataFrame({
        "clip": names, "system": systems, "count": count, "mos": np.nanmean(scores, axis=1), "quality": quality,
        "quality_low": quality - _NORMAL * error, "quality_high": quality + _NORMAL * error,
    })  # fmt: skip


def scatter_about(matrix: RatingMatrix, model: RaterModel) -> pd.DataFrame:
    """Returns a model's raters with an inconsistency where the model tells none: how they scatter about its quality.

    A clip's quality holds a rater's own score as one of n, which takes 1 / n off the variance of the distance.

    Args:
        matrix: The ratings that the model is of.
        model: One that finds biases and quality, such as P.913's.
    """
    quality = model.clips.set_index("clip")["quality"].reindex(matrix.clips).to_numpy(float)
    counts = np.isfinite(matrix.scores).sum(axis=1)
    raters = model.raters.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        for row, name, bias in zip(raters.index, raters["rater"], raters["bias"], strict=True):
            distance = matrix.scores[:, matrix.raters.index(name)] - bias - quality
            of = np.isfinite(distance) & (counts > 1)
            raters.loc[row, "inconsistency"] = np.sqrt(np.mean(distance[of] ** 2 / (1 - 1 / counts[of])))
    spread, count = raters["inconsistency"].to_numpy(float), raters["count"].to_numpy()
    raters["inconsistency_low"], raters["inconsistency_high"] = _spread_interval(spread, count)
    return raters


def _spread_interval(spread: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a standard deviation of normal residuals, from the chi-square distribution."""
    from scipy.stats import chi2

    return spread * np.sqrt(count / chi2.ppf(0.975, count)), spread * np.sqrt(count / chi2.ppf(0.025, count))

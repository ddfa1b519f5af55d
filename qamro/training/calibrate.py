"""Calibration: a predictor's scores mapped onto some ratings of one's own, with intervals from those very clips.

30 to 200 rated clips are too few to train heads and enough to learn how one's own listeners use their scale. The map
never falls, so it keeps the predictor's ranking. Each clip's error is measured by a map that was fitted without its
group (cross-conformal prediction: Vovk 2015; whole groups as in ``cards.half_width``), so that the same clips serve the
map and its interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.domains import OUTSIDE
from qamro.heads import Card
from qamro.predictors.base import Predictor
from qamro.predictors.calibrated import Calibrated, CalibrationBundle, MonotoneMap, fingerprint
from qamro.studies.summary import study_summary
from qamro.training.cards import LEVEL, groups_needed, half_width
from qamro.training.splits import check_hold_out, group_of_clip, name_of_groups
from qamro.versions import versions

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

FEWEST = 10
"""Rated clips that a map needs."""

ISOTONIC_FROM = 60
"""From so many rated clips on the map is isotonic; with fewer it is a straight line."""

FOLDS = 10
"""Parts that errors are measured on, each by a map of the others; as many as there are groups where those are fewer."""


def fit_map(scores: np.ndarray, ratings: np.ndarray) -> MonotoneMap:
    """Fits the map of one axis by least squares.

    From ``ISOTONIC_FROM`` clips on it is the isotonic regression, centred (Oron and Flournoy 2017): each level part
    stands at the mean of its scores, and the curve is straight between them. Fewer clips get a straight line. A
    predictor that falls as ratings rise gets a constant: it says nothing here.

    Args:
        scores: (n,) scores of the predictor.
        ratings: (n,) MOS.

    Raises:
        ValueError: There is no clip, or the shapes differ.
    """
    from scipy.optimize import isotonic_regression

    scores, ratings = np.asarray(scores, dtype=float), np.asarray(ratings, dtype=float)
    if scores.shape != ratings.shape or scores.ndim != 1 or not len(scores):
        raise ValueError(f"scores and ratings are two equal vectors, not {scores.shape} and {ratings.shape}")
    constant = MonotoneMap(np.array([scores.mean()]), np.array([ratings.mean()]))
    x, place = np.unique(scores, return_inverse=True)
    if len(x) < 2:
        return constant
    if len(scores) < ISOTONIC_FROM:
        about = scores - scores.mean()
        slope = float(about @ ratings / (about @ about))
        if not slope > 0:
            return constant
        ends = np.array([x[0], x[-1]])
        return MonotoneMap(ends, ratings.mean() + slope * (ends - scores.mean()))
    weights = np.bincount(place).astype(float)
    fitted = isotonic_regression(np.bincount(place, ratings) / weights, weights=weights)
    parts = np.repeat(np.arange(len(fitted.blocks) - 1), np.diff(fitted.blocks))
    centres = np.bincount(parts, weights * x) / np.bincount(parts, weights)
    levels = fitted.x[fitted.blocks[:-1]]
    if len(levels) < 2:
        return constant
    knots, places = np.unique(np.concatenate([x[:1], centres, x[-1:]]), return_index=True)  # level to the outer clips
    return MonotoneMap(knots, np.concatenate([levels[:1], levels, levels[-1:]])[places])


def out_of_fold(scores: np.ndarray, ratings: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Returns for each clip what a map says that was fitted without its group; NaN where there is one group only.

    Args:
        scores: (n,) scores of the predictor.
        ratings: (n,) MOS.
        groups: (n,) names of the groups.
        seed: Decides which groups go together.
    """
    names, place = np.unique(groups, return_inverse=True)
    folds = min(FOLDS, len(names))
    if folds < 2:
        return np.full(len(scores), np.nan)
    fold = np.random.default_rng(seed).permutation(len(names))[place] % folds
    found = np.empty(len(scores))
    for k in range(folds):
        found[fold == k] = fit_map(scores[fold != k], ratings[fold != k])(scores[fold == k])
    return found


def calibrate(
    predictor: Predictor,
    study: Study,
    *,
    axis_map: Mapping[str, str] | None = None,
    key: str = "",
    hold_out: str = "content",
    command: str = "",
    on_clip: Callable[[Any], None] | None = None,
) -> CalibrationBundle:
    """Maps a predictor onto the ratings of a study; ``qamro.predictors.saved.save_heads`` keeps the result.

    Args:
        predictor: What ``qamro.predictors.load`` made.
        study: Some 30 to 200 rated clips with their audio.
        axis_map: From predicted to rated axis, where they are called differently; axes of one name are mapped anyway.
        key: What ``load`` calls the predictor; its name unless given.
        hold_out: What a group is, ``"content"`` or ``"system"`` (see ``splits.group_of_clip``): intervals are for
            clips of a new one.
        command: What makes it again, for the card.
        on_clip: Called with each row of the score table as it is ready.

    Raises:
        ValueError: Predictor and ratings share no axis, too few rated clips could be scored, the study holds no audio,
            or the predictor is calibrated already.
    """
    check_hold_out(hold_out)
    if hold_out == "both":
        raise ValueError("a calibration holds out content or system, one of them")
    if isinstance(predictor, Calibrated):
        raise ValueError(
            f"{predictor.name} is calibrated already; calibrate what it is made of ({predictor.base.name})"
        )
    if not predictor.axes:
        raise ValueError(f"{predictor.name} does not say its axes before it scores, so it cannot be calibrated")
    pairs = _pairs(predictor, study, axis_map or {})
    means = study.clip_means()
    means = means[means["axis"].isin(pairs)]
    silent = set(study.missing_audio())
    clips = study.clips[study.clips["clip"].isin(set(means["clip"]) - silent)]
    if clips.empty:
        raise ValueError(f"{study.name} has no rated clip whose sound is here; put the audio beside its clips.csv")
    paths = [study.audio_path(clip) for clip in clips["clip"]]
    table = predictor.predict(paths, clips["prompt"].tolist(), clips["system"].tolist(), on_clip=on_clip)
    table["clip"] = clips["clip"].to_numpy()
    return from_scores(predictor, study, table, pairs, key=key or predictor.name, hold_out=hold_out, command=command)


def from_scores(
    predictor: Predictor,
    study: Study,
    table: pd.DataFrame,
    pairs: Mapping[str, str],
    *,
    key: str,
    hold_out: str = "content",
    command: str = "",
) -> CalibrationBundle:
    """Makes the maps from a score table; see ``calibrate``.

    Args:
        predictor: What made the table.
        study: The ratings.
        table: Scores of the study's clips, by its names of them.
        pairs: From rated to predicted axis.
        key: What ``load`` calls the predictor.
        hold_out: What a group is.
        command: What makes it again.

    Raises:
        ValueError: Too few rated clips were scored.
    """
    group_of, what = group_of_clip(study, hold_out), name_of_groups(study, hold_out)
    means = study.clip_means()
    scored = table.set_index("clip")
    maps: dict[str, MonotoneMap] = {}
    widths, ratings, unseen, groups_of, errors = {}, {}, {}, {}, {}
    for rated, predicted in pairs.items():
        own = means[means["axis"] == rated].set_index("clip")
        x = scored[predicted].reindex(own.index).to_numpy(float)
        own, x = own[np.isfinite(x)], x[np.isfinite(x)]
        if len(own) < FEWEST:
            raise ValueError(
                f"{study.name}: {predictor.name} scored {count(len(own), 'clip')} that "
                f"{'is' if len(own) == 1 else 'are'} rated on {rated}; a calibration needs {FEWEST}, better 30 or more"
            )
        y, groups = own["mean"].to_numpy(float), np.array([group_of[clip] for clip in own.index])
        maps[rated] = fit_map(x, y)
        guess = out_of_fold(x, y, groups)
        inside = (scored["domain"].reindex(own.index) != OUTSIDE).to_numpy() & np.isfinite(guess)
        width = half_width(y[inside], guess[inside], groups[inside].tolist(), LEVEL) if inside.any() else math.inf
        widths[rated] = round(width, 4)
        groups_of[rated] = len(set(groups[inside].tolist())), int(inside.sum())
        ratings[rated] = int(own["count"].sum())
        unseen[rated] = dict(zip(own.index, guess, strict=True))
        errors[rated] = round(float(np.abs(y - guess).mean()), 4) if np.isfinite(guess).all() else None
    card = Card(
        name=f"{key} on {study.name}",
        kind=study.kind,
        encoder={"name": key, "calibrates": key, "hash": fingerprint(key)},
        study=study_summary(study) | {"clips": len({clip for own in unseen.values() for clip in own})},
        objective={axis: f"{_shape(maps[axis])} of {pairs[axis]}, least squares" for axis in maps},
        training={
            "command": command,
            "from": dict(pairs),
            "ratings": ratings,
            "held out": hold_out,
            "mean error": errors,
            **versions(),
        },
        metrics=_metrics(study, unseen),
        half_width=widths,
        interval=_interval(widths, groups_of, what, study.kind),
        held_out=f"{what} that its map had not seen",
        rated={axis: _ends(study, axis) for axis in maps},
    )
    return CalibrationBundle(maps, card)


def _pairs(predictor: Predictor, study: Study, axis_map: Mapping[str, str]) -> dict[str, str]:
    """From rated to predicted axis.

    Raises:
        ValueError: A name of the map is unknown, or there is no pair.
    """
    for predicted, rated in axis_map.items():
        if predicted not in predictor.axes:
            raise ValueError(f"{predictor.name} has no axis {predicted!r}; it has {', '.join(predictor.axes)}")
        if rated not in study.axes:
            raise ValueError(f"nobody rated {rated!r} in {study.name}; its axes are {', '.join(study.axes)}")
    pairs = {axis: axis for axis in study.axes if axis in predictor.axes}
    pairs |= {rated: predicted for predicted, rated in axis_map.items()}
    if not pairs:
        raise ValueError(
            f"{predictor.name} scores {', '.join(predictor.axes)}, and {study.name} is rated on "
            f"{', '.join(study.axes)}; say which stands for which, for example "
            f"--axis-map {predictor.axes[0]}={study.axes[0]}"
        )
    return {axis: pairs[axis] for axis in study.axes if axis in pairs}


def _shape(found: MonotoneMap) -> str:
    return {1: "constant, for it does not rise with the ratings, in place", 2: "straight line"}.get(
        len(found.x), "monotone curve"
    )


def _ends(study: Study, axis: str) -> list[float]:
    scores = study.ratings.loc[study.ratings["axis"] == axis, "score"]
    return [float(scores.min()), float(scores.max())]


def _interval(widths: Mapping[str, float], groups: Mapping[str, tuple[int, int]], what: str, kind: str) -> str:
    """What the intervals are, or why there are none, in a sentence."""
    level, who = f"{100 * LEVEL:.0f} %", "simulated " if kind == "simulated" else ""
    good = [axis for axis, width in widths.items() if math.isfinite(width)]
    if not good:
        most = max(n for n, _ in groups.values())
        return (
            f"no interval: {level} needs {groups_needed(LEVEL)} {what} inside what the predictor was trained on to "
            f"calibrate on, and there {'is' if most == 1 else 'are'} {most}"
        )
    few, clips = min(groups[axis] for axis in good)
    by = "" if what == "clips" else f" by groups, of {few} {what}"
    return f"{level} cross-conformal interval from {clips} {who}clips{by}"


def _metrics(study: Study, unseen: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """Evaluates the scores of maps that had not seen the clips; rows for the card."""
    import pandas as pd

    from qamro.evaluation import evaluate

    table = pd.DataFrame({axis: pd.Series(own, dtype=float) for axis, own in unseen.items()}).rename_axis("clip")
    axes = [axis for axis in unseen if table[axis].notna().any()]
    if not axes:
        return []
    found = evaluate(study.of_clips(table.index), table.reset_index(), axes=axes).table
    columns = ["axis", "level", "metric", "value", "low", "high", "clips", "systems", "hint", "note"]
    found = found[columns].round(4).astype(object)
    return found.where(found.notna(), None).to_dict("records")

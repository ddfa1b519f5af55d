"""A study's clips beside what each predictor says: the table behind what Inspect shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study
    from qamro.ui.compare.workbench import Predictions

CONTENT = ("source", "prompt")
"""Columns that say which clips are versions of the same content, the surer one first."""


def clip_table(
    study: Study,
    predictions: Mapping[str, Predictions],
    axis: str,
    columns: Mapping[str, str],
    left_out: Sequence[str] = (),
) -> pd.DataFrame:
    """Returns the rated clips of one axis with every predictor's score.

    Args:
        study: The ratings.
        predictions: Predictors that fit the study, by name.
        axis: The rated axis.
        columns: The column of each predictor that stands for it; predictors without one have none in the table.
        left_out: Raters who do not count.

    Returns:
        Indexed by clip: ``system``, ``prompt``, ``content`` (what versions share; empty when unknown), ``mean``
        (MOS), and one column a predictor that scores the axis (NaN where it has no score).
    """
    ratings = ratings_of(study, axis, left_out)
    clips = study.clips.set_index("clip")
    table = clips[["system", "prompt"]].copy()
    shared = next((name for name in CONTENT if name in clips.columns and (clips[name] != "").any()), None)
    table["content"] = clips[shared] if shared else ""
    weights = ratings["mean_of"] if "mean_of" in ratings.columns else ratings["score"] * 0 + 1
    grouped = [(values * weights).groupby(ratings["clip"]).sum() for values in (ratings["score"], 1)]
    table["mean"] = grouped[0] / grouped[1]
    for name, entry in predictions.items():
        if entry.match is not None and name in columns:
            table[name] = _scores(study, entry, columns[name])
    return table[table["mean"].notna()]


def ratings_of(study: Study, rated: str, left_out: Sequence[str] = (), clip: str | None = None) -> pd.DataFrame:
    """Returns the ratings on one rated axis, without those of raters who are left out; of one clip if named."""
    ratings = study.counted if clip is None else study.counted[study.counted["clip"] == clip]
    ratings = ratings[ratings["axis"] == rated]
    return ratings[~ratings["rater"].isin(list(left_out))] if left_out else ratings


def duel(table: pd.DataFrame, better: str, worse: str) -> tuple[str, str] | None:
    """Picks a clip of each of two systems to listen to: the same content if there is any, else the best and the worst.

    Among contents that both have, it is the one on which people set the two furthest apart the expected way.

    Args:
        table: What ``clip_table`` answered.
        better: A system.
        worse: Another.

    Returns:
        A clip of each, or None if one has no clips.
    """
    mine, other = (table[table["system"] == system] for system in (better, worse))
    if mine.empty or other.empty:
        return None
    shared = sorted(set(mine["content"]) & set(other["content"]) - {""})
    if not shared:
        return str(mine["mean"].idxmax()), str(other["mean"].idxmin())
    pairs = [(mine[mine["content"] == c]["mean"], other[other["content"] == c]["mean"]) for c in shared]
    ahead, behind = max(pairs, key=lambda pair: float(pair[0].max() - pair[1].min()))
    return str(ahead.idxmax()), str(behind.idxmin())


def _scores(study: Study, entry: Predictions, predicted: str) -> pd.Series[Any]:
    import pandas as pd

    rated = study.clips[study.clips["clip"].isin(study.ratings["clip"])]["clip"].to_numpy()
    mine, theirs = map(list, zip(*(entry.match.rows if entry.match else ()), strict=True))
    return pd.Series(entry.scores[predicted].to_numpy(float)[mine], index=rated[theirs])

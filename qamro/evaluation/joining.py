"""The table of matched clips: the MOS beside the prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.domains import known
from qamro.evaluation.axes import AxisPair
from qamro.evaluation.matching import Match, PredictionsError
from qamro.evaluation.rating_matrix import RatingMatrix, rating_matrix
from qamro.evaluation.sample import Sample

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


def join(study: Study, predictions: pd.DataFrame, result: Match, pair: AxisPair) -> pd.DataFrame:
    """Puts MOS and prediction of every matched clip side by side.

    Args:
        study: The ratings.
        predictions: A score table; its ``system`` is used where the study knows none.
        result: Which prediction belongs to which rated clip.
        pair: The axis on both sides.

    Returns:
        Columns ``clip``, ``system``, ``axis``, ``human`` (MOS, NaN when not rated on this axis), ``human_sem``,
        ``count`` (ratings), ``predicted`` (NaN when not scored); ``domain`` (what the clip is to those that the heads
        were trained on) where the predictions tell it.

    Raises:
        PredictionsError: A score is neither a number nor empty.
    """
    rated = study.clips[study.clips["clip"].isin(study.ratings["clip"])]
    mine, theirs = (list(column) for column in zip(*result.rows, strict=True))
    table = rated.iloc[theirs][["clip", "system"]].reset_index(drop=True)
    if "system" in predictions.columns:
        own = predictions["system"].fillna("").astype(str).iloc[mine].reset_index(drop=True)
        table["system"] = table["system"].where(table["system"] != "", own)
    table["axis"] = pair.label
    means = study.clip_means()
    means = means[means["axis"] == pair.human].set_index("clip").reindex(table["clip"])
    table["human"], table["human_sem"] = means["mean"].to_numpy(), means["sem"].to_numpy()
    table["count"] = means["count"].fillna(0).to_numpy().astype(int)
    table["predicted"] = numbers(predictions, pair.predicted)[mine]
    if "domain" in predictions.columns and (told := known(predictions["domain"].iloc[mine])):
        table["domain"] = told
    return table


def numbers(predictions: pd.DataFrame, column: str) -> np.ndarray:
    """Reads a column of scores, shape (rows,); empty cells become NaN.

    Raises:
        PredictionsError: A cell is neither a number nor empty, or is infinite.
    """
    import pandas as pd

    given = predictions[column]
    values = pd.to_numeric(given, errors="coerce").to_numpy(float)
    empty = (given.isna() | given.astype(str).str.strip().str.lower().isin(["", "nan", "none"])).to_numpy()
    wrong = np.flatnonzero(~np.isfinite(values) & ~empty)
    if wrong.size:
        row = int(wrong[0])
        raise PredictionsError(
            f"predictions row {row + 1}, column {column!r}: {given.iloc[row]!r} is not a number; "
            "correct it or leave the cell empty"
        )
    return values


def scored(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Leaves out the clips that lack a MOS or a prediction, and says how many.

    Returns:
        The other rows, and a note; the note is empty when nothing was left out.
    """
    missing, unrated = table["predicted"].isna(), table["human"].isna()
    notes = [f"{int(missing.sum())} without a prediction"] * bool(missing.any())
    notes += [f"{int(unrated.sum())} not rated"] * bool(unrated.any())
    return table[~missing & ~unrated], f"clips left out: {', '.join(notes)}" if notes else ""


def sample_of(table: pd.DataFrame, ratings: RatingMatrix | None = None) -> Sample:
    """Takes the arrays out of a table of scored clips (``predicted``, ``human``, ``system``)."""
    predicted, human = (table[side].to_numpy(float) for side in ("predicted", "human"))
    return Sample(predicted, human, table["system"].to_numpy(str), ratings)


def ratings_of(study: Study, axis: str, table: pd.DataFrame, matrix: RatingMatrix | None = None) -> RatingMatrix:
    """The ratings behind a table of scored clips, row by row the same clips.

    Args:
        study: The ratings.
        axis: The rated axis.
        table: A row a clip, with a column ``clip``.
        matrix: ``rating_matrix(study, axis)``, if it is there already.
    """
    matrix = matrix or rating_matrix(study, axis)
    place = {clip: i for i, clip in enumerate(matrix.clips)}
    return matrix.rows(np.array([place[clip] for clip in table["clip"]], dtype=int))

"""What a report rests on: data, options, software, and who made each number."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from qamro.domains import in_words
from qamro.evaluation.raters.leave_out import NOTE
from qamro.report.words import source_of
from qamro.studies.summary import study_summary
from qamro.versions import versions

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison

_SOFTWARE = ("scipy", "pandas", "plotly", "sureal")


def provenance(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """Returns everything that decides the numbers of a comparison, ready for JSON.

    Returns:
        ``study`` (name, kind, counts, licence, hash), ``predictors`` (by name: hash, clips joined, sources by axis,
        domain in words where its table tells it), ``problems``, ``options``, ``software``.
    """
    study = comparison.study
    summary = study_summary(study) | {"raters": len(set(study.ratings["rater"]) - {""}) or "anonymous"}
    if NOTE in study.about:
        summary["left_out_raters"] = list(study.about[NOTE])
    return {
        "study": summary,
        "predictors": {name: _predictor(comparison, name) for name in comparison.predictors},
        "problems": dict(comparison.problems),
        "options": comparison.options.as_dict() | {"compared_axes": comparison.axes},
        "software": versions(*_SOFTWARE),
    }


def table_hash(table: pd.DataFrame) -> str:
    """Returns a SHA-256 over a table's columns and rows in their order."""
    return hashlib.sha256(table.to_csv(index=False).encode("utf-8", "backslashreplace")).hexdigest()


def _predictor(comparison: Comparison, name: str) -> dict[str, Any]:
    table, match = comparison.predictions[name], comparison.matches[name]
    scored = [axis for axis in comparison.axes if name in comparison.numbers(axis).tables]
    told = in_words(comparison.domains(name).values())
    return {
        "hash": table_hash(table),
        "joined": len(match.rows),
        "joined_by": match.how,
        "without_a_rating": len(match.predictions_left),
        "without_a_prediction": len(match.clips_left),
        "sources": {axis: source_of(table, comparison.numbers(axis).pairs[name].predicted) for axis in scored},
    } | ({"domain": told} if told else {})

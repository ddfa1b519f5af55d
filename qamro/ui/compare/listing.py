"""What the page shows of the predictions: names, how they fit the study, which axes are held against each other."""

from __future__ import annotations

from typing import Any

from qamro.predictors.provenance import UNKNOWN, kinds_of
from qamro.ui.compare.workbench import Predictions, Workbench

_EXAMPLES = 2


def listing(bench: Workbench) -> dict[str, Any]:
    """Returns the list of predictors and the pairs of axes."""
    rated, columns = bench.rated, bench.columns
    shared = [axis for axis in rated if axis in columns]
    pairs = [{"predicted": axis, "rated": axis, "own": False} for axis in shared]
    pairs += [{"predicted": mine, "rated": other, "own": True} for mine, other in bench.axis_map.items()]
    n = bench.study.ratings["clip"].nunique() if bench.study is not None else None
    return {
        "rows": [_row(entry, n) for entry in bench.predictions.values()],
        "pairs": pairs,
        "columns": columns,
        "rated": rated,
    }


def kinds(entry: Predictions) -> list[str]:
    """Returns the kinds of numbers that a table says it holds: human, zero-shot, …; none where it does not say."""
    every = [kind for axis in entry.columns for kind in kinds_of(entry.scores, axis)]
    return [kind for kind in dict.fromkeys(every) if kind != UNKNOWN]


def _row(entry: Predictions, rated: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": entry.name,
        "origin": entry.origin,
        "kinds": kinds(entry),
        "axes": entry.columns,
        "clips": len(entry.scores),
        "problem": entry.problem,
    }
    if entry.match is not None:
        found = entry.match
        row["match"] = {
            "n": len(found.rows),
            "rated": rated,
            "how": ", ".join(found.how),
            "unmatched": len(found.predictions_left),
            "examples": ", ".join(found.predictions_left[:_EXAMPLES]),
            "ambiguous": len(found.ambiguous),
            "ambiguous_examples": ", ".join(found.ambiguous[:_EXAMPLES]),
        }
    return row

"""What the page shows of the predictions: names, how they fit the study, which axes are held against each other."""

from __future__ import annotations

from typing import Any

from qamro.predictors.provenance import KINDS
from qamro.ui.compare.workbench import Predictions, Workbench

_EXAMPLES = 2


def listing(bench: Workbench) -> dict[str, Any]:
    """Returns the list of predictors and the pairs of axes."""
    rated, columns = bench.rated, bench.columns
    shared = [axis for axis in rated if axis in columns]
    pairs = [{"name": "", "predicted": axis, "rated": axis, "own": False} for axis in shared]
    for name, own in {"": bench.axis_map, **bench.own_maps}.items():
        pairs += [{"name": name, "predicted": mine, "rated": axis, "own": True} for mine, axis in own.items()]
    several = len(bench.predictions) > 1
    sides = [{"name": "", "predicted": column} for column in columns]
    sides += [
        {"name": entry.name, "predicted": column}
        for entry in bench.predictions.values()
        for column in entry.columns
        if several
    ]
    n = bench.study.ratings["clip"].nunique() if bench.study is not None else None
    return {
        "rows": [_row(entry, n) | {"lacks": _lacks(bench, entry)} for entry in bench.predictions.values()],
        "pairs": pairs,
        "columns": sides,
        "rated": rated,
    }


def _lacks(bench: Workbench, entry: Predictions) -> str:
    """The rated axes that a predictor which fits takes no part in; empty where it is on all of them."""
    if entry.match is None:
        return ""
    mapped = {*bench.own_maps.get(entry.name, {}).values()}
    mapped |= {axis for mine, axis in bench.axis_map.items() if mine in entry.columns}
    return ", ".join(axis for axis in bench.rated if axis not in entry.columns and axis not in mapped)


def kinds_of(entry: Predictions) -> list[str]:
    """Returns the kinds of numbers that a table says it holds: human, zero-shot, …; none where it does not say."""
    kinds: dict[str, None] = {}
    for axis in entry.columns:
        column = f"source_{axis}"
        if column not in entry.scores.columns:
            continue
        for source in entry.scores[column].astype(str).unique():
            kind = source.split(":", 1)[0].strip()
            if kind in KINDS:
                kinds[kind] = None
    return list(kinds)


def _row(entry: Predictions, rated: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": entry.name,
        "origin": entry.origin,
        "kinds": kinds_of(entry),
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

"""What the page draws: the predictors, the sections of a comparison, and what is said where there are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qamro.counts import count
from qamro.predictors.provenance import PROVENANCE_UNKNOWN, calibrations, kinds_of
from qamro.report.views import APP_VIEWS
from qamro.ui.compare.state import TEST, VOTES, CompareState, Predictions
from qamro.ui.compare.texts import NOTES, PLAN, REPORT, Bring, View
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    from qamro.report import Figure, Section, Table
    from qamro.report.findings import Finding

_NAMES = {"clip": "clip", "system": "system", "rater": "rater"}
"""Columns that name something which can be looked at."""

_EXAMPLES = 2


def listing(state: CompareState) -> dict[str, Any]:
    """Returns the list of predictors and the pairs of axes."""
    rated, columns = state.rated, state.columns
    shared = [axis for axis in rated if axis in columns]
    pairs = [{"name": "", "predicted": axis, "rated": axis, "own": False} for axis in shared]
    for name, own in {"": state.axis_map, **state.own_maps}.items():
        pairs += [{"name": name, "predicted": mine, "rated": axis, "own": True} for mine, axis in own.items()]
    several = len(state.predictions) > 1
    sides = [{"name": "", "predicted": column} for column in columns]
    sides += [
        {"name": entry.name, "predicted": column}
        for entry in state.predictions.values()
        for column in entry.columns
        if several
    ]
    n = None
    if state.study is not None:
        n = state.study.ratings["clip"].nunique() or len(state.study.clips)
    return {
        "rows": [_predictor(entry, n) | {"lacks": _lacks(state, entry)} for entry in state.predictions.values()],
        "pairs": pairs,
        "columns": sides,
        "rated": rated,
    }


def _lacks(state: CompareState, entry: Predictions) -> str:
    """The rated axes that a predictor which fits takes no part in; empty where it is on all of them."""
    if entry.match is None:
        return ""
    mapped = {*state.own_maps.get(entry.name, {}).values()}
    mapped |= {axis for mine, axis in state.axis_map.items() if mine in entry.columns}
    return ", ".join(axis for axis in state.rated if axis not in entry.columns and axis not in mapped)


def kinds(entry: Predictions) -> list[str]:
    """Returns the kinds of numbers that a table says it holds: human, zero-shot, …; none where it does not say."""
    every = [kind for axis in entry.columns for kind in kinds_of(entry.scores, axis)]
    return [kind for kind in dict.fromkeys(every) if kind != PROVENANCE_UNKNOWN]


def _predictor(entry: Predictions, rated: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": entry.name,
        "origin": entry.origin,
        "kinds": kinds(entry),
        "calibrated": [Bring.CALIBRATED.format(study=name) for name in calibrations(entry.scores)],
        "axes": entry.columns,
        "clips": len(entry.scores),
        "problem": entry.problem,
        "domain": entry.domain,
        "strays": entry.strays,
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


def drawn(state: CompareState, view: str, section: Section, axis: str = "", made: Sequence[str] = ()) -> dict[str, Any]:
    """Returns what the page shows of a section; ``made`` says what made its numbers."""
    stem = state.study.name if state.study is not None else ""
    return {
        "view": view,
        "title": section.title,
        "note": NOTES[view],
        "answer": section.answer,
        "sentences": [*section.further, *(each.note for each in section.figures[:1] if section.answer and each.note)],
        "figures": [
            {
                "id": figure.id,
                "title": figure.title,
                "note": figure.note,
                "wide": figure.wide,
                "chart": chart_of(figure, state),
            }
            for figure in section.figures
        ],
        "tables": [_table(stem, table, axis) for table in section.tables],
        "about": section.about,
        "made": list(made),
        "lists": APP_VIEWS[view].lists,
        "raters": raters(state) if view in APP_VIEWS and APP_VIEWS[view].people_only else None,
        "out": left_out(state),
    }


def chart_of(figure: Figure, state: CompareState) -> dict[str, Any]:
    """Returns what the chart widget draws of a figure."""
    stem = state.study.name if state.study is not None else ""
    return chart_value(figure.figure, name=file_name(stem, figure.id), alt=figure.alt)


def setup(state: CompareState) -> dict[str, Any] | None:
    """Returns the set-up as one line says it, and whether it is whole: a study, and all predictors fit."""
    study = state.study
    if study is None:
        return None
    rated = len(study.ratings) > 0
    counts = [count(len(study.clips), "clip"), count(len(study.systems), "system")]
    fitting = list(state.usable.values())
    paired = not rated or (state.comparison is not None and bool(state.comparison.predictors))
    return {
        "study": {"name": study.name.partition(" (")[0], "kinds": [study.kind], "text": ", ".join(counts)},
        "predictors": [
            {
                "name": entry.name,
                "kinds": kinds(entry),
                "text": Bring.FITS.format(n=len(entry.match.rows) if entry.match else 0, all=len(entry.scores)),
            }
            for entry in fitting
        ],
        "ready": bool(fitting) and len(fitting) == len(state.predictions) and paired,
    }


def lines(found: Sequence[Finding]) -> list[dict[str, str]]:
    """Returns what the page shows of the three lines; one whose view the tab lacks leads nowhere."""
    return [
        {
            "about": each.about,
            "text": each.text,
            "view": each.view if each.view in APP_VIEWS else "",
            "figure": each.figure,
        }
        for each in found
    ]


def empty(state: CompareState, view: str, title: str, hint: str) -> dict[str, Any]:
    """Returns what the page shows where there is nothing to draw: why, and what to do."""
    return {
        "view": view,
        "note": NOTES[view],
        "empty": {"title": title, "hint": hint},
        "raters": raters(state) if view in APP_VIEWS and APP_VIEWS[view].people_only else None,
        "out": left_out(state),
    }


def missing(state: CompareState, view: str, axis: str | None) -> dict[str, Any] | None:
    """Returns what the page says where a view has nothing to draw from; None where it has."""
    if view == PLAN[0]:
        return {"view": view, "note": NOTES[view], "sentences": [], "figures": [], "tables": [], "out": left_out(state)}
    if state.study is None:
        return empty(state, view, View.EMPTY, View.EMPTY_HINT)
    if view == TEST:
        known = state.comparison is not None and state.comparison.test is not None
        return None if known else empty(state, view, View.NO_TEST, View.NO_TEST_HINT)
    if view == VOTES:
        return empty(state, view, View.NO_VOTES, View.NO_VOTES_HINT) if state.study.votes is None else None
    if state.study.ratings.empty and not (view == REPORT[0] and state.study.votes is not None):
        return empty(state, view, View.VOTES, View.VOTES_HINT)
    if view == REPORT[0]:
        return {"view": view, "report": True, "out": left_out(state)}
    needs = APP_VIEWS[view]
    if needs.people_only:
        return None
    shared = state.comparison is None or bool(state.comparison.predictors)
    if state.usable and not shared and not needs.without_pairs:
        return empty(state, view, View.NO_AXIS, View.NO_AXIS_HINT)
    if not state.usable and needs.predictors:
        misfits = [View.MISFIT.format(name=entry.name, problem=entry.problem) for entry in state.predictions.values()]
        return empty(state, view, View.NO_PREDICTIONS, " ".join(misfits) or View.NO_PREDICTIONS_HINT)
    if len(state.usable) < needs.predictors:
        return empty(state, view, View.ONE_PREDICTOR, View.ONE_PREDICTOR_HINT)
    return None


def raters(state: CompareState) -> dict[str, Any] | None:
    """Returns who may be left out; None where ratings carry no name."""
    names = state.raters
    return {"names": names, "out": list(state.left_out)} if len(names) > 2 else None


def left_out(state: CompareState) -> dict[str, Any] | None:
    """Returns who is left out; None when nobody is."""
    return {"names": list(state.left_out), "all": len(state.raters)} if state.left_out else None


def _table(stem: str, table: Table, axis: str) -> dict[str, Any]:
    names = table.shown
    frame, ends = table.frame[names], table.ends
    columns = [
        {
            "key": name,
            "number": frame[name].dtype.kind in "fiu",
            "names": _NAMES.get(name, ""),
            "scale": table.scales.get(name, ""),
            "ends": [names.index(end) for end in ends[name]] if name in ends else None,
        }
        for name in names
    ]
    rows = [[plain(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    pairs = {"better", "worse"} <= {column["key"] for column in columns}
    return {
        "id": table.id,
        "title": table.title,
        "note": table.note,
        "name": file_name(stem, table.id),
        "columns": columns,
        "rows": rows,
        "pairs": pairs,
        "only": {"column": names.index("axis"), "value": axis} if "axis" in names and axis else None,
    }


def file_name(stem: str, name: str) -> str:
    """A name for a saved file."""
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in stem).strip("-")
    return f"{safe[:40]}-{name}"


def plain(value: Any) -> Any:
    """A cell for JSON: NaN becomes None, numbers of numpy become those of Python."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)

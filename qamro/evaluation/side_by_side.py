"""Several predictors on the same clips: one table each, row by row the same clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.axes import AxisPair, NoCommonAxis, pair_axes
from qamro.evaluation.joining import join, ratings_of, sample_of, scored
from qamro.evaluation.matching import Match, NothingMatched, PredictionsError, match, nothing_matched
from qamro.evaluation.rating_matrix import RatingMatrix
from qamro.evaluation.sample import Sample

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


@dataclass(frozen=True)
class SideBySide:
    """Predictors joined with a study.

    Attributes:
        tables: For each axis and predictor the rows of ``join`` that are scored and rated, on the clips that all
            predictors of the axis scored, in the same order, indexed by clip.
        notes: For each axis and predictor what was left out, empty where nothing was.
        matches: How each predictor's clips were joined.
        problems: Predictors that could not be used, and why.
    """

    tables: dict[AxisPair, dict[str, pd.DataFrame]] = field(default_factory=dict)
    notes: dict[AxisPair, dict[str, str]] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def side_by_side(
    study: Study,
    predictions: Mapping[str, pd.DataFrame],
    *,
    axes: Sequence[str] | None = None,
    axis_map: Mapping[str, str] | None = None,
    lenient: bool = False,
) -> SideBySide:
    """Joins every predictor's table with the study's clips.

    Args:
        study: The ratings.
        predictions: A score table for each predictor, by its name.
        axes: Axes with the same name on both sides; None takes all there are (none when ``axis_map`` is given).
        axis_map: From predicted to rated axis where the names differ.
        lenient: Note a predictor that cannot be used and go on, instead of raising; a predictor that scores some of
            the axes asked for takes part on those.

    Raises:
        NothingMatched: A predictor scored no rated clip. This and the others also in lenient mode, when no predictor
            can be used.
        NoCommonAxis: A predictor scores no axis that was rated.
        PredictionsError: A table cannot be used.
    """
    found = SideBySide()
    first: Exception | None = None
    for name, table in predictions.items():
        try:
            wanted = _of_these(table, axes, axis_map) if lenient else (axes, axis_map)
            _add(found, study, name, table, wanted)
        except (NothingMatched, NoCommonAxis, PredictionsError) as problem:
            if not lenient:
                raise
            first = first or problem
            found.problems[name] = str(problem)
    if first and not found.matches:
        raise first
    for pair, tables in found.tables.items():
        if lenient:
            _drop_strangers(found, pair, tables)
        every = [set(table.index) for table in tables.values()]
        common = sorted(set.intersection(*every)) if every else []
        for name, table in tables.items():
            if lost := len(table) - len(common):
                before = found.notes[pair][name]
                found.notes[pair][name] = (
                    f"{before}, " if before else "clips left out: "
                ) + f"{lost} that another predictor did not score"
            tables[name] = table.loc[common]
    return found


def _drop_strangers(found: SideBySide, pair: AxisPair, tables: dict[str, pd.DataFrame]) -> None:
    """Takes predictors out of an axis that share no scored clip with those before them: nothing would be left."""
    common: set[str] = set()
    kept: list[str] = []
    for name in list(tables):
        clips = set(tables[name].index)
        both = clips & common if kept else clips
        if both:
            common = both
            kept.append(name)
            continue
        del tables[name]
        why = f"it shares no clip with {', '.join(kept)}" if clips else "it scored no rated clip"
        told = f"{pair.label}: {why}"
        found.problems[name] = "; ".join(filter(None, [found.problems.get(name, ""), told]))


def _of_these(
    table: pd.DataFrame, axes: Sequence[str] | None, axis_map: Mapping[str, str] | None
) -> tuple[Sequence[str] | None, Mapping[str, str] | None]:
    """What a table holds of the axes that were asked for; all of them when it holds none, for the error to name."""
    columns = {str(column) for column in table.columns}
    mine = [axis for axis in axes or () if axis in columns]
    mapped = {axis: rated for axis, rated in (axis_map or {}).items() if axis in columns}
    return (mine, mapped) if mine or mapped else (axes, axis_map)


def _add(
    found: SideBySide,
    study: Study,
    name: str,
    table: pd.DataFrame,
    wanted: tuple[Sequence[str] | None, Mapping[str, str] | None],
) -> None:
    result = match(table, study)
    if not result.rows:
        raise nothing_matched(study, result)
    try:
        pairs = pair_axes(map(str, table.columns), study.axes, axes=wanted[0], axis_map=wanted[1])
    except NoCommonAxis as problem:
        raise NoCommonAxis(f"{name}: {problem}") from None
    joined = {pair: scored(join(study, table, result, pair)) for pair in pairs}
    found.matches[name] = result
    for pair, (rows, note) in joined.items():
        found.tables.setdefault(pair, {})[name] = rows.set_index("clip")
        found.notes.setdefault(pair, {})[name] = note


def samples_of(
    study: Study,
    pair: AxisPair,
    tables: Mapping[str, pd.DataFrame],
    *,
    raters: bool,
    matrix: RatingMatrix | None = None,
) -> dict[str, Sample]:
    """Takes the arrays out of tables of the same clips, ready for paired draws.

    Args:
        study: The ratings.
        pair: The axis.
        tables: A value of ``SideBySide.tables``.
        raters: Whether draws also hold raters, the same panel for all predictors.
        matrix: ``rating_matrix`` of the axis, if it is there already.
    """
    # A system that only one predictor's table names is named for all: the draws have to be the same.
    systems = np.array([max(names) for names in zip(*(table["system"] for table in tables.values()), strict=True)])
    first = next(iter(tables.values()))
    ratings = ratings_of(study, pair.human, first.reset_index(), matrix) if raters else None
    if ratings is not None:
        ratings = replace(ratings, systems=systems.astype(str))
    return {name: replace(sample_of(table, ratings), systems=systems.astype(str)) for name, table in tables.items()}

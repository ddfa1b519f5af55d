"""Several predictors on the same clips: one table each, row by row the same clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.align import (
    AxisPair,
    Match,
    NoCommonAxis,
    NothingMatched,
    PredictionsError,
    join,
    match,
    nothing_matched,
    pair_predictor,
    ratings_of,
    remedy,
    sample_of,
    scored,
)
from qamro.evaluation.levels import Sample
from qamro.evaluation.rater_bootstrap import RatingMatrix

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


@dataclass(frozen=True)
class SideBySide:
    """Predictors joined with a study.

    Attributes:
        tables: For each rated axis and predictor the rows of ``join`` that are scored and rated, on the clips that all
            predictors of the axis scored, in the same order, indexed by clip.
        pairs: Which of a predictor's columns stands for the axis, by axis and predictor.
        notes: For each axis and predictor what was left out, empty where nothing was.
        matches: How each predictor's clips were joined.
        problems: Predictors that could not be used at all, and why.
        unpaired: Those of them that lack the rated axes: pairing axes may help.
        absent: For each axis the predictors that could be used, but not on it, with the reason and the remedy.
    """

    tables: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict)
    pairs: dict[str, dict[str, AxisPair]] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    unpaired: set[str] = field(default_factory=set)
    absent: dict[str, dict[str, str]] = field(default_factory=dict)


def side_by_side(
    study: Study,
    predictions: Mapping[str, pd.DataFrame],
    *,
    axes: Sequence[str] | None = None,
    axis_map: Mapping[str, str] | None = None,
    own_maps: Mapping[str, Mapping[str, str]] | None = None,
    lenient: bool = False,
) -> SideBySide:
    """Joins every predictor's table with the study's clips, axis by rated axis.

    Args:
        study: The ratings.
        predictions: A score table for each predictor, by its name.
        axes: Rated axes to compare; None takes all that a predictor scores.
        axis_map: From predicted to rated axis where the names differ, for predictors without a column of its name.
        own_maps: The same for single predictors, by their names; comes before their column of the axis's name.
        lenient: Note a predictor that cannot be used and go on, instead of raising; a predictor that scores some of
            the axes asked for takes part on those.

    Raises:
        NothingMatched: A predictor scored no rated clip. This and the others also in lenient mode, when no predictor
            can be used.
        NoCommonAxis: A predictor scores no axis that was rated, or a map names what is not there.
        PredictionsError: A table cannot be used.
    """
    own_maps = own_maps or {}
    mapped = {rated for each in (axis_map or {}, *own_maps.values()) for rated in each.values()}
    wanted = [axis for axis in study.axes if axes is None or axis in axes or axis in mapped]
    for axis in (*(axes or ()), *sorted(mapped)):
        if axis not in study.axes:
            message = f"nobody rated {axis!r}; the rated axes are {', '.join(study.axes) or 'none'}"
            raise NoCommonAxis(message, next(map(score_axes, predictions.values()), []), study.axes)
    for name in own_maps:
        if name not in predictions:
            raise NoCommonAxis(f"there is no predictor {name!r} to pair axes of; there are {', '.join(predictions)}")
    found = SideBySide()
    first: Exception | None = None
    for name, table in predictions.items():
        try:
            pairs = pair_predictor(name, list(map(str, table.columns)), wanted, axis_map, own_maps.get(name))
            lacking = [axis for axis in axes or () if axis not in {pair.human for pair in pairs}]
            if not pairs or (lacking and not lenient):
                lacking = lacking or wanted
                raise NoCommonAxis(_no_axis(name, table, lacking), score_axes(table), lacking)
            _add(found, study, name, table, pairs)
        except (NothingMatched, NoCommonAxis, PredictionsError) as problem:
            if not lenient:
                raise
            first = first or problem
            found.problems[name] = str(problem).removeprefix(f"{name}: ")
            if isinstance(problem, NoCommonAxis):
                found.unpaired.add(name)
    if first and not found.matches:
        raise first
    for axis in [axis for axis in wanted if axis in found.tables]:
        tables, absent = found.tables[axis], found.absent.setdefault(axis, {})
        for name in found.matches:
            if name not in tables:
                absent[name] = f"it has no column {axis!r}; {remedy(name, score_axes(predictions[name]), [axis])}"
        if lenient:
            _drop_strangers(tables, absent)
            found.pairs[axis] = {name: found.pairs[axis][name] for name in tables}
        every = [set(table.index) for table in tables.values()]
        common = sorted(set.intersection(*every)) if every else []
        for name, table in tables.items():
            if lost := len(table) - len(common):
                before = found.notes[axis][name]
                found.notes[axis][name] = (
                    f"{before}, " if before else "clips left out: "
                ) + f"{lost} that another predictor did not score"
            tables[name] = table.loc[common]
    # Who is on no axis at all could not be used.
    for name in found.matches:
        if not any(name in tables for tables in found.tables.values()):
            why = [f"{axis}: {absent[name]}" for axis, absent in found.absent.items() if name in absent]
            found.problems[name] = "; ".join(why)
    return found


def score_axes(table: pd.DataFrame) -> list[str]:
    """The columns of a score table that hold scores, not names, intervals or notes."""
    from qamro.studies.importers.predictions import score_columns

    return [str(column) for column in score_columns(table)]


def _no_axis(name: str, table: pd.DataFrame, rated: Sequence[str]) -> str:
    what = f"it scores no rated axis ({', '.join(rated)})" if len(rated) > 1 else f"it has no column {rated[0]!r}"
    return f"{name}: {what}; {remedy(name, score_axes(table), rated)}" if rated else f"{name}: nobody rated anything"


def _drop_strangers(tables: dict[str, pd.DataFrame], absent: dict[str, str]) -> None:
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
        absent[name] = (
            f"it shares no clip with {', '.join(kept)}; have the same clips scored by both"
            if clips
            else "it scored no clip that is rated on this axis; score those clips"
        )


def _add(found: SideBySide, study: Study, name: str, table: pd.DataFrame, pairs: Sequence[AxisPair]) -> None:
    result = match(table, study)
    if not result.rows:
        raise nothing_matched(study, result)
    joined = {pair: scored(join(study, table, result, pair)) for pair in pairs}
    found.matches[name] = result
    for pair, (rows, note) in joined.items():
        found.tables.setdefault(pair.human, {})[name] = rows.set_index("clip")
        found.pairs.setdefault(pair.human, {})[name] = pair
        found.notes.setdefault(pair.human, {})[name] = note


def samples_of(
    study: Study,
    axis: str,
    tables: Mapping[str, pd.DataFrame],
    *,
    raters: bool,
    matrix: RatingMatrix | None = None,
) -> dict[str, Sample]:
    """Takes the arrays out of tables of the same clips, ready for paired draws.

    Args:
        study: The ratings.
        axis: The rated axis.
        tables: A value of ``SideBySide.tables``.
        raters: Whether draws also hold raters, the same panel for all predictors.
        matrix: ``rating_matrix`` of the axis, if it is there already.
    """
    # A system that only one predictor's table names is named for all: the draws have to be the same.
    systems = np.array([max(names) for names in zip(*(table["system"] for table in tables.values()), strict=True)])
    first = next(iter(tables.values()))
    ratings = ratings_of(study, axis, first.reset_index(), matrix) if raters else None
    if ratings is not None:
        ratings = replace(ratings, systems=systems.astype(str))
    return {name: replace(sample_of(table, ratings), systems=systems.astype(str)) for name, table in tables.items()}

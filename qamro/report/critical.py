"""The critical-difference view of one axis, where systems were heard on common content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.counts import count
from qamro.evaluation.significance import CriticalDifference, NoBlocks, blocks_of, critical_difference
from qamro.report.critical_figure import critical_figure
from qamro.report.section import Figure, slug
from qamro.report.words import listeners, number

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.numbers import AxisNumbers
    from qamro.studies import Study


def critical_view(numbers: AxisNumbers) -> tuple[str, list[Figure]]:
    """Ranks the systems within each common content, or by each rater.

    Returns:
        A sentence, and the figure; no figure when the systems share neither content nor raters, or differ too little
        in what they share.
    """
    study = numbers.study
    if numbers.tables:
        clips = next(iter(numbers.tables.values())).index
        study = study_of(numbers, study.ratings[study.ratings["clip"].isin(clips)])
    try:
        scores, systems, what = blocks_of(study, numbers.label)
    except NoBlocks as problem:
        return f"There is no critical-difference view: {problem}.", []
    people = critical_difference(scores, systems, alpha=1 - numbers.options.level)
    predicted = {} if what == "rater" else _predicted(numbers, what)
    who, axis = listeners(numbers.study), numbers.label
    blocks = count(people.blocks, what if what == "rater" else f"common {what}")
    told = (
        f"Friedman's test over {blocks}: chi-square {number(people.statistic, 1)}, p = {people.p:.2g}; systems differ "
        f"when their average ranks are more than {number(people.difference, 2)} apart (Nemenyi)."
    )
    if not np.isfinite(people.statistic):
        told = f"All systems tie in every one of {blocks}, so their ranks say nothing."
    alt = f"Average ranks of {count(len(systems), 'system')} over {blocks}; the best is {people.systems[0]}."
    note = f"Bars are one critical difference wide: systems whose bars do not touch differ. {told}"
    figure = critical_figure(people, predicted, who)
    title = f"{axis}: average ranks and critical difference"
    return told, [Figure(slug("systems", axis, "critical"), title, alt, note, figure)]


def _predicted(numbers: AxisNumbers, by: str) -> dict[str, CriticalDifference]:
    """Each predictor's ranks over the same content, its scores taken for ratings."""
    found = {}
    for name, table in numbers.tables.items():
        scores = table.reset_index()[["clip", "predicted"]].rename(columns={"predicted": "score"})
        study = study_of(numbers, scores.assign(axis=numbers.label))
        blocks, systems, _ = blocks_of(study, numbers.label, by)
        found[name] = critical_difference(blocks, systems, alpha=1 - numbers.options.level)
    return found


def study_of(numbers: AxisNumbers, ratings: pd.DataFrame) -> Study:
    """The study with other ratings, for what takes a study."""
    given = numbers.study
    clips = given.clips[given.clips["clip"].isin(ratings["clip"])]
    return given.replace(clips=clips, ratings=ratings, votes=None)  # other ratings: nobody voted on these

"""Section: where the predictors fail and where people are divided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qamro.counts import count
from qamro.evaluation.lists import clip_distances, inverted_systems, most_divided
from qamro.report.scatter_figure import clip_scatter
from qamro.report.section import Figure, Section, Table, slug
from qamro.report.words import listeners, rests_on

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers
    from qamro.report.standings import Ranking

LISTED = 50
"""How many clips a list shows."""


def inspect(comparison: Comparison, numbers: AxisNumbers) -> Section:
    """Makes the section of one axis."""
    axis = numbers.label
    section = Section(slug("inspect", axis), f"{axis}: clips to look at", [rests_on(numbers), *numbers.who_is_here])
    if numbers.tables:
        section.figures.append(_points(numbers))
        section.tables.append(_distances(numbers))
    if numbers.people is not None and numbers.predicted:
        section.tables.append(_inversions(numbers, numbers.people, section))
    divided = most_divided(numbers.study, numbers.label, n=LISTED)
    if len(divided):
        note = "sd is the standard deviation of a clip's ratings; what raters cannot agree about no predictor can know."
        title = f"{axis}: clips with the most divided raters"
        section.tables.append(Table(slug("inspect", axis, "divided"), title, note, divided))
    else:
        section.sentences.append("Single ratings are not known, so nobody can say which clips divide the raters.")
    return section


def _points(numbers: AxisNumbers) -> Figure:
    who = listeners(numbers.study)
    n = numbers.human_sample.targets.size
    figure = clip_scatter(numbers.label, numbers.pairs, numbers.tables, who)
    note = f"One point a clip and predictor: the mean score of {who} and the predicted score."
    if numbers.why_no_distance:
        note += f" There is no identity line: {numbers.why_no_distance}."
    alt = f"Predicted scores against those of {who}, for {count(n, 'clip')}."
    title = f"{numbers.label}: every clip, predicted against {who}"
    return Figure(slug("inspect", numbers.label, "clips"), title, alt, note, figure)


def _distances(numbers: AxisNumbers) -> Table:
    import pandas as pd

    parts = []
    for name, table in numbers.tables.items():
        rows = clip_distances(table.reset_index().drop(columns="axis"), n=LISTED)
        rows.insert(0, "predictor", name)
        parts.append(rows)
    note = (
        "Distances are of ranks, as shares of the clips (0 lowest, 1 highest), so they need no common scale; "
        "disagreement is predicted minus rated."
    )
    frame = pd.concat(parts, ignore_index=True)
    if "domain" in frame:
        frame["domain"] = frame["domain"].fillna("")
        note += " domain says what the clip is to those that the predictor's heads were trained on."
    return Table(
        slug("inspect", numbers.label, "disagreements"), f"{numbers.label}: largest disagreements", note, _rated(frame)
    )


def _inversions(numbers: AxisNumbers, people: Ranking, section: Section) -> Table:
    import pandas as pd

    parts = []
    place = {name: k for k, name in enumerate(people.systems)}
    for name, each in numbers.predicted.items():
        means = pd.DataFrame({"system": people.systems, "human": people.means, "predicted": each.means})
        rows = inverted_systems(means)
        real = [
            bool(people.differ[place[better], place[worse]])
            for better, worse in zip(rows["better"], rows["worse"], strict=True)
        ]
        rows["told_apart"] = real
        rows.insert(0, "predictor", name)
        parts.append(rows)
        section.sentences.append(
            f"{name} inverts {count(len(rows), 'pair')} of systems, {sum(real):,} of which "
            f"{listeners(numbers.study)} set apart."
        )
    note = "told_apart: whether the ratings set the two systems apart, for all pairs at once."
    frame = pd.concat(parts, ignore_index=True)
    title = f"{numbers.label}: rank inversions between systems"
    return Table(slug("inspect", numbers.label, "inversions"), title, note, _rated(frame))


def _rated(frame: pd.DataFrame) -> pd.DataFrame:
    """Names the listeners' columns for what they hold, whoever listened."""
    return frame.rename(columns=lambda name: str(name).replace("human", "rated"))

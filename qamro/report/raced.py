"""Section: a listening study that was raced, how its ratings were allocated, and intervals that hold in spite of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qamro.evaluation.racing import after_race, race_of
from qamro.report.forest_figure import row_forest
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.words import listeners

if TYPE_CHECKING:
    from qamro.report.comparison import Comparison
    from qamro.studies import Study


def is_raced(comparison: Comparison, axis: str) -> bool:
    """Whether the ratings of an axis decided who was rated next."""
    return bool(after_race(comparison.study, axis))


def beside_race(section: Section, study: Study, axes: Sequence[str], *, notes: bool) -> Section:
    """Says in a section's sentences, and at each of its figures and tables, what ordinary intervals are worth there.

    Args:
        section: With means or differences of systems.
        study: The ratings.
        axes: Those that the section is about.
        notes: Whether its figures and tables show the means or differences, too.
    """
    told = [text for axis in axes if (text := after_race(study, axis))]
    if not told:
        return section
    section = replace(section, sentences=[*section.sentences[:1], *told, *section.sentences[1:]])
    if not notes:
        return section
    figures = [replace(each, note=f"{each.note} {told[0]}".strip()) for each in section.figures]
    tables = [replace(each, note=f"{each.note} {told[0]}".strip()) for each in section.tables]
    return replace(section, figures=figures, tables=tables)


def raced(comparison: Comparison, axis: str) -> Section:
    """Makes the section of the axis that was raced; one of any other axis is empty."""
    numbers = comparison.numbers(axis)
    section = Section(slug("raced", axis), f"{axis}: how the ratings were allocated", list(numbers.who_is_here))
    race = race_of(numbers.study) if is_raced(comparison, axis) else None
    if race is None:
        return section
    table = race.look().table().drop(columns=["racing"])
    section.sentences.extend(f"{note[0].upper()}{note[1:]}." for note in numbers.study.about.get("notes", ()))
    section.sentences.append(
        "The intervals here hold whenever one looks or stops, for all systems at once (95 %); other intervals of this "
        "report take the numbers of ratings as given and may promise too much after a race."
    )
    ends = table.set_index("system")[["mean", "low", "high"]].set_axis(["value", "low", "high"], axis=1)
    few = table.set_index("system")["clips"] < 2
    ends.loc[few, ["low", "high"]] = float("nan")
    who = listeners(numbers.study)
    best = f"Highest mean: {table['system'][0]}." if len(table) else ""
    title = f"{axis}: means of systems after the race"
    note = f"Means by the scores of {who}, raters who are strict or mild set right; bars are confidence sequences."
    figure = row_forest(table["system"].tolist(), {"raced": ends})
    section.figures.append(Figure(slug("raced", axis, "means"), title, f"{title}. {best}", note, figure))
    about = "ratings and clips say how each system was rated; better_than and worse_than count the verdicts reached."
    section.tables.append(Table(slug("raced", axis, "table"), title, about, table))
    return section

"""The views of a comparison, in one table that the Compare tab, the HTML page, the zip and the progress bars follow.

A new view is a file with a function that makes a ``Section``, and a row of ``VIEWS``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qamro.plugins import Where

if TYPE_CHECKING:
    from qamro.report.comparison import Comparison

SURE, NUMBERS, ABOUT, MADE = "How sure?", "Every number", "What is this?", "What made these numbers?"
"""What is folded below the answer and the picture of a view; of a page, the last one is of all views together."""


def _always(comparison: Comparison, axis: str) -> bool:
    return True


def _asked_for(comparison: Comparison, axis: str) -> bool:
    return comparison.options.prediction_powered


def _raced(comparison: Comparison, axis: str) -> bool:
    from qamro.report.raced import is_raced

    return is_raced(comparison, axis)


def _rated(comparison: Comparison, axis: str) -> bool:
    return bool(comparison.axes)


def rated_axes(comparison: Comparison) -> Sequence[str]:
    """The rated axes that are compared: what a view is about unless it says otherwise."""
    return comparison.axes


def voted(comparison: Comparison) -> Sequence[str]:
    """What people voted on, comparing two clips."""
    return comparison.voted


def tested(comparison: Comparison) -> Sequence[str]:
    """What a MUSHRA, CMOS, DMOS or ABX test asked for; nothing where the study is none."""
    return comparison.test.axes if comparison.test is not None else ()


@dataclass(frozen=True)
class View:
    """A view.

    Attributes:
        key: Its name, with which the ids of its sections begin.
        title: What the Compare tab calls it.
        note: The question that it answers; a line below the title in the app.
        heading: What a page's list of contents calls it, behind the axis where it is of one.
        make: Makes the section from ``(comparison, axis)``; the axis is empty where it is about all of them.
        whole: Whether a page has one section about all axes rather than one for each.
        by_axis: Whether the app asks for an axis.
        means: Whether it shows means or differences of systems with ordinary intervals, which say less after a race.
        in_app: Whether the Compare tab has it.
        people_only: Whether it rests on the ratings alone, whatever was predicted.
        predictors: How many predictors it needs at least.
        axes: What it can be about. Those of views of the rated axes stand together, axis by axis; a view with others,
            such as questions that were voted on, has its sections before them.
        without_pairs: Whether it is worth showing while predictions and ratings share no axis.
        wanted: Whether a page shows it, for an axis.
        lists: Whether its tables are what people come for, so that they are not folded.
        about: What it shows and how to read it, in sentences: folded under "What is this?".
    """

    key: str
    title: str
    note: str
    heading: str
    make: Where
    whole: bool = False
    by_axis: bool = True
    means: bool = False
    in_app: bool = True
    people_only: bool = False
    predictors: int = 0
    axes: Callable[[Comparison], Sequence[str]] = rated_axes
    without_pairs: bool = False
    wanted: Callable[[Comparison, str], bool] = _always
    lists: bool = False
    about: tuple[str, ...] = ()

    def shown(self, comparison: Comparison, axis: str) -> bool:
        """Whether a page shows it, for an axis or, where it is about all of them, for none."""
        of_axis = axis and self.axes is rated_axes
        here = len(comparison.numbers(axis).predictors if of_axis else comparison.predictors)
        return here >= self.predictors and self.wanted(comparison, axis)


VIEWS: dict[str, View] = {
    view.key: view
    for view in (
        View(
            "overview",
            "Overview",
            "What can be claimed, over all axes?",
            "Overview",
            "qamro.report.overview:overview",
            means=True,
            whole=True,
            by_axis=False,
            in_app=False,
            about=("All axes and all predictors on one page.", "Claims are corrected for all axes at once."),
        ),
        View(
            "raters",
            "Raters",
            "Do raters agree, and who stands apart?",
            "Raters",
            "qamro.report.raters:raters",
            whole=True,
            people_only=True,
            wanted=_rated,
            about=(
                "Bias is how far a rater scores above all raters.",
                "Inconsistency is how far the scores scatter about that.",
                "The ceiling is how well one half of the raters predicts the other half.",
                "Nobody is removed: a rater who stands apart counts until you leave the rater out.",
            ),
        ),
        View(
            "systems",
            "Systems",
            "Which system is better, and which cannot be told apart?",
            "systems",
            "qamro.report.systems:systems",
            about=(
                "A system's mean is over its rated clips.",
                "Two systems differ when their gap is larger than other clips of theirs would explain.",
                "That holds for all pairs at once, so not one equal pair should be set apart.",
                "It says nothing about other listeners.",
            ),
            means=True,
        ),
        View(
            "raced",
            "Raced",
            "How was a study rated that raced, and what do its ratings show in spite of that?",
            "how the ratings were allocated",
            "qamro.report.raced:raced",
            in_app=False,
            wanted=_raced,
            about=("A race hands clips to raters where they decide most.", "Its intervals hold whenever one looks."),
        ),
        View(
            "listening_test",
            "Listening test",
            "What does a listening test say, by the rules of its kind?",
            "listening test",
            "qamro.report.listening_tests:listening_test",
            means=True,
            axes=tested,
            about=("A test of a known kind is analysed by the rules of its kind.", "Pairs are compared all at once."),
        ),
        View(
            "votes",
            "Votes",
            "Which system wins the votes, and do scores agree?",
            "which system is preferred",
            "qamro.report.votes:votes",
            axes=voted,
            about=(
                "Votes between two clips rank systems by the chance to win.",
                "Systems that the votes do not tell apart may stand in any order.",
            ),
        ),
        View(
            "powered",
            "Powered",
            "What do predictions of clips that nobody rated add to the ratings?",
            "what predictions add to the ratings",
            "qamro.report.powered:powered",
            means=True,
            in_app=False,
            predictors=1,
            wanted=_asked_for,
            about=(
                "Predictions of unrated clips help the ratings where both agree.",
                "A poor predictor adds nothing: the intervals are then those of the ratings alone.",
            ),
        ),
        View(
            "versus",
            "Predictor vs predictor",
            "Which predictor agrees better with listeners?",
            "predictor against predictor",
            "qamro.report.overview:versus",
            predictors=2,
            about=(
                "Both predictors are measured on the same clips and the same draws.",
                "A predictor is called better only after a correction for all comparisons.",
                "No such sentence does not mean that they are equal.",
            ),
        ),
        View(
            "inspect",
            "Inspect",
            "Where do predictor and listeners disagree? Click to hear it.",
            "clips to look at",
            "qamro.report.inspect:inspect",
            means=True,
            without_pairs=True,
            lists=True,
            about=(
                "Distances are between ranks, so they need no common scale.",
                "What raters cannot agree about, no predictor can know.",
            ),
        ),
    )
}
"""By name, in the order of a page and of the Compare tab."""

APP_VIEWS: dict[str, View] = {key: view for key, view in VIEWS.items() if view.in_app}
"""Those that the Compare tab has."""

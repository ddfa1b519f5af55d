"""Results of webMUSHRA: ``mushra.csv``, ``lss.csv``, ``lms.csv``, ``bs1116.csv`` and ``paired_comparison.csv``.

A row is one answer: the test's id, one column for each question that participants were asked (often a name or an e-mail
address), in newer versions ``session_uuid``, then the trial, the stimulus and the answer. A trial is a content, a
stimulus is a condition of it; the two together name the clip.

In BS.1116 a row holds two grades, of the hidden reference and of the other stimulus. In a paired comparison listeners
look for the reference; 1 means that they found it, so that the other was told apart, 0 that they did not; who was
undecided gave no answer.

Source: ``service/write.php`` and ``lib/webmushra/pages`` of audiolabs/webMUSHRA.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qamro.studies.importers.layout import Column, Layout
from qamro.studies.tables import numbers
from qamro.studies.validation import StudyError

if TYPE_CHECKING:
    import pandas as pd

TEST, TRIAL, SESSION = "session_test_id", "trial_id", "session_uuid"
STIMULUS, SCORE = "rating_stimulus", "rating_score"
PAIRED_ANSWERS = {"correct": "1", "incorrect": "0", "undecided": "", "unknown": ""}
TOLD_APART = "told apart"

_BS1116 = (("rating_reference", "rating_reference_score"), ("rating_non_reference", "rating_non_reference_score"))
_KINDS = {
    "MUSHRA": (STIMULUS, SCORE),
    "BS.1116": tuple(name for pair in _BS1116 for name in pair),
    "paired comparison": ("choice_reference", "choice_non_reference", "choice_answer"),
    "Likert": ("stimuli", "rating_time"),
}
_SCALES = {"MUSHRA": "0 to 100", "BS.1116": "1 to 5", "paired comparison": "0 or 1", "Likert": "as the test set them"}


def recognises(cells: list[str]) -> bool:
    """Whether a first line is the header of such a file."""
    return {TEST, TRIAL} <= set(cells) and kind_of(cells) != ""


def kind_of(cells: list[str]) -> str:
    """Returns which test a header belongs to; empty when to none that can be imported."""
    return next((kind for kind, names in _KINDS.items() if set(names) <= set(cells)), "")


def tidy(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Brings BS.1116 and paired comparisons into the columns of MUSHRA; others stay as they are.

    Raises:
        StudyError: A grade is not a number, or an answer is not one of webMUSHRA's.
    """
    import pandas as pd

    kind = kind_of(list(table.columns))
    if kind == "BS.1116":
        halves = []
        for stimulus, score in _BS1116:
            numbers(table, score, path, empty=True)
            rest = table.drop(columns=[name for pair in _BS1116 for name in pair])
            halves.append(rest.assign(**{STIMULUS: table[stimulus], SCORE: table[score]}))
        return pd.concat(halves).sort_index(kind="stable")
    if kind == "paired comparison":
        answers = table["choice_answer"].str.lower()
        unknown = ~answers.isin(PAIRED_ANSWERS).to_numpy()
        if unknown.any():
            row = int(unknown.argmax())
            raise StudyError(
                f"{path}, row {row + 1}, column 'choice_answer': {table['choice_answer'].iloc[row]!r} is none of "
                f"{', '.join(PAIRED_ANSWERS)}; correct it or leave the row out"
            )
        rest = table.drop(columns=["choice_reference", "choice_non_reference", "choice_answer"])
        return rest.assign(**{STIMULUS: table["choice_non_reference"], SCORE: answers.map(PAIRED_ANSWERS)})
    return table


def layout_of(original: list[str], columns: list[str]) -> Layout:
    """Returns the layout of a file.

    Args:
        original: Its header.
        columns: The columns after ``tidy``.
    """
    kind = kind_of(original)
    end = columns.index(TRIAL)
    asked = [name for name in columns[1:end] if name != SESSION]
    stimulus = STIMULUS if STIMULUS in columns else "stimuli"
    by_session = SESSION in columns
    axis = TOLD_APART if kind == "paired comparison" else "quality"
    found = []
    for name in columns:
        if name == SESSION or (name in asked and not by_session):
            found.append(Column(name, "rater", "who took the test"))
        elif name == TRIAL:
            found.append(Column(name, "source", "the stimuli of a trial share their content"))
        elif name == stimulus:
            found.append(Column(name, "system", "the condition; with the trial it names the clip"))
        elif name == SCORE or name.startswith("stimuli_rating"):
            number = name.removeprefix("stimuli_rating")
            found.append(
                Column(
                    name,
                    "rating",
                    f"{kind}, {_SCALES[kind]}",
                    axis=f"scale {number}" if number and name != SCORE else axis,
                )
            )
        elif name in asked:
            found.append(Column(name, "ignore", "what participants told about themselves"))
        elif name == TEST:
            found.append(Column(name, "ignore", "the same for the whole test"))
        else:
            found.append(Column(name, "about_rating", "belongs to the answer"))
    notes = []
    if not by_session and asked:
        notes.append("raters are called R1, R2, … instead of what they told about themselves")
    return Layout(
        "webmushra", f"{kind}: the header has {TRIAL} and {stimulus}", tuple(found),
        gaps=True, pseudonyms=not by_session, axis=axis, notes=tuple(notes),
    )  # fmt: skip

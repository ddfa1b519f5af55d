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

import shlex
from collections.abc import Sequence

from qamro.studies.importers.cells import number_of
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.names import role_of
from qamro.studies.importers.options import answer_options
from qamro.studies.importers.table import Sheet
from qamro.studies.tables import BLANKS, StudyError

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


def recognises(sheet: Sheet) -> str:
    """Why a table is such a file; empty when it is not."""
    names = {name.lower() for name in sheet.header}
    kind = kind_of(sheet.header)
    return f"{kind}: the header has {TRIAL} and {_KINDS[kind][0]}" if TRIAL in names and kind else ""


def kind_of(cells: Sequence[str]) -> str:
    """Returns which test a header belongs to; empty when to none that can be imported."""
    names = {cell.lower() for cell in cells}
    return next((kind for kind, told in _KINDS.items() if set(told) <= names), "")


def tidy(sheet: Sheet) -> Sheet:
    """Brings BS.1116, paired comparisons and Likert pages into the columns of MUSHRA.

    Raises:
        StudyError: A grade is not a number, or an answer is not one of webMUSHRA's.
    """
    kind = kind_of(sheet.header)
    columns = {name.lower(): list(cells) for name, cells in sheet.columns.items()}
    rows = list(range(len(columns[TRIAL])))
    if kind == "BS.1116":
        for _, score in _BS1116:
            for row, cell in enumerate(columns[score]):
                if cell.lower() not in BLANKS and number_of(cell) != number_of(cell):
                    raise StudyError(
                        f"{sheet.path}, row {row + 1}, column {score!r}: {cell!r} is not a finite number; correct it, "
                        f"or say what it stands for with {answer_options([cell])}"
                    )
        order = [(row, half) for row in rows for half in (0, 1)]
        rest = {n: [c[row] for row, _ in order] for n, c in columns.items() if n not in {x for p in _BS1116 for x in p}}
        rest[STIMULUS] = [columns[_BS1116[half][0]][row] for row, half in order]
        rest[SCORE] = [columns[_BS1116[half][1]][row] for row, half in order]
        return sheet.with_columns({**rest, "@row": [str(row) for row, _ in order]})
    if kind == "paired comparison":
        answers = [cell.lower() for cell in columns["choice_answer"]]
        for row, answer in enumerate(answers):
            if answer not in PAIRED_ANSWERS and answer not in ("0", "1"):
                raise StudyError(
                    f"{sheet.path}, row {row + 1}, column 'choice_answer': {columns['choice_answer'][row]!r} is none "
                    f"of {', '.join(PAIRED_ANSWERS)}; correct it or leave the row out, or say for each "
                    f"answer whether it found the reference (1) or not (0): {_numbers_for(answers)}"
                )
        columns[STIMULUS] = columns.pop("choice_non_reference")
        columns[SCORE] = [PAIRED_ANSWERS.get(answer, answer) for answer in answers]
        del columns["choice_reference"], columns["choice_answer"]
        return sheet.with_columns(columns)
    if kind == "Likert":
        pairs = set(zip(columns[TRIAL], columns["stimuli"], strict=True))
        if len(pairs) == len({trial for trial, _ in pairs}):  # a trial plays one clip: its stimulus is only a place
            del columns["stimuli"]
    return sheet.with_columns(columns)


def _numbers_for(answers: Sequence[str]) -> str:
    known = {"correct": "1", "incorrect": "0"}
    told = dict.fromkeys(a for a in answers if a and a not in ("undecided", "unknown"))
    return " ".join("--answer " + shlex.quote(f"{answer}={known.get(answer, '0')}") for answer in told)


def layout_of(sheet: Sheet) -> Layout:
    """Returns the layout of a tidied file."""
    columns = list(sheet.header)
    likert = any(name.startswith("stimuli") for name in columns)
    kind = "Likert" if likert else "BS.1116" if "@row" in columns else "MUSHRA"
    kind = "paired comparison" if "choice_time" in columns else kind
    end = columns.index(TRIAL)
    before = columns[:end] if TEST not in columns else columns[columns.index(TEST) + 1 : end]
    asked = [name for name in before if name not in (SESSION, TEST)]
    stimulus = STIMULUS if STIMULUS in columns else "stimuli" if "stimuli" in columns else ""
    by_session = SESSION in columns
    told = [name for name in asked if role_of(name) == "rater"]
    axis = TOLD_APART if kind == "paired comparison" else "quality"
    found = []
    for name in columns:
        if name == SESSION or (name in asked and not by_session):
            found.append(Column(name, "rater", "who took the test"))
        elif name == TRIAL and not stimulus:
            found.append(Column(name, "clip", "a trial plays one clip"))
        elif name == TRIAL:
            found.append(Column(name, "source", "the stimuli of a trial share their content"))
        elif name == stimulus:
            found.append(Column(name, "system", "the condition; with the trial it names the clip"))
        elif name == SCORE or (name.startswith("stimuli_rating")):
            number = name.removeprefix("stimuli_rating")
            own = f"scale {number}" if number and name != SCORE else axis
            found.append(Column(name, "rating", f"{kind}, {_SCALES[kind]}", axis=own))
        elif name in asked:
            found.append(Column(name, "ignore", "what participants told about themselves"))
        elif name in (TEST, "@row"):
            found.append(Column(name, "ignore", "the same for the whole test"))
        else:
            found.append(Column(name, "about_rating", "belongs to the answer"))
    notes = list(sheet.notes)
    if not by_session and asked:
        notes.append("raters are called R1, R2, … instead of what they told about themselves")
    private = [name for name in asked if by_session and name not in told]
    if private:
        notes.append(f"left out, as they may tell who a person is: {', '.join(private)}")
    return Layout(
        "webmushra", f"{kind}: the header has {TRIAL}", tuple(found), delimiter=sheet.delimiter,
        pseudonyms=not by_session, axis=axis, axis_given=kind == "paired comparison", notes=tuple(notes),
    )  # fmt: skip

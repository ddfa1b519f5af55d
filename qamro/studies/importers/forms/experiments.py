"""Data files of PsychoPy and jsPsych: a row a step of the experiment, of which only some are answers.

PsychoPy writes a column ``NAME.response`` for each scale, ``NAME.rt`` and ``.started`` beside it, counters
(``trials.thisN``), and the experiment's columns (``stimFile``). jsPsych writes ``trial_type``, ``stimulus``,
``response`` (a number, or JSON with an answer for each question) and ``rt``.

Source: data files of psychopy/psychopy and psychopy/psychojs; ``plugin-*-slider-response`` of jspsych/jsPsych.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from qamro.studies.importers.header import is_number
from qamro.studies.importers.json_table import text_of
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.names import is_sound
from qamro.studies.importers.options import column_option
from qamro.studies.importers.rated_columns import layout_of as guessed
from qamro.studies.importers.table import Sheet

_SCALE = re.compile(r"^(?P<name>.*)\.(?:response|rating|ratings|value|slider)$")
_OWN = re.compile(
    r"\.(?:rt|rts|time|started|stopped|history|keys|corr|clicked_\w+|mouse_?\w*|x|y|leftButton|midButton|rightButton"
    r"|this\w+|order|ran|duration|t)$"
)
_ABOUT = {"date", "expName", "psychopyVersion", "frameRate", "OS", "expStart", "thisRow.t", "notes"}


def is_psychopy(sheet: Sheet) -> str:
    """Why a table is PsychoPy's; empty when it is not."""
    names = set(sheet.header)
    scales = any(_SCALE.match(name) for name in names)
    return (
        "the header has psychopyVersion, and a scale's response"
        if scales and names & {"psychopyVersion", "expName"}
        else ""
    )


def tidy_psychopy(sheet: Sheet) -> Sheet:
    """Keeps the rows with an answer, and the columns that say something about it."""
    columns = dict(sheet.columns)
    scales = [name for name in columns if _SCALE.match(name) and _any_number(columns[name])]
    wanted = [row for row in range(_length(columns)) if any(columns[name][row] for name in scales)]
    kept = {n: c for n, c in columns.items() if n and n not in _ABOUT and (n in scales or not _OWN.search(n))}
    kept = {name: [cells[row] for row in wanted] for name, cells in kept.items()}
    if "participant" in kept and not any(kept["participant"]):
        kept["participant"] = [sheet.path.stem] * len(wanted)
    return sheet.with_columns({**kept, "@row": [str(row) for row in wanted]})


def is_jspsych(sheet: Sheet) -> str:
    """Why a table is jsPsych's; empty when it is not."""
    names = set(sheet.header)
    answers = names & {"response", "responses"} or any(name.startswith("response.") for name in names)
    told = {"trial_type", "trial_index"} <= names and answers
    return "the header has trial_type, trial_index and response" if told else ""


def tidy_jspsych(sheet: Sheet) -> Sheet:
    """Keeps the answers about a sound: a number, or one for each question."""
    columns = _whole_answers(dict(sheet.columns))
    answer = "response" if "response" in columns else "responses"
    sounds = [n for n in columns if n not in (answer, "trial_type") and any(map(is_sound, _bare(columns[n])[:500]))]
    clip = "stimulus" if "stimulus" in sounds else sounds[0] if sounds else "stimulus"
    rows: list[dict[str, str]] = []
    about = [
        n
        for n in columns
        if n not in (answer, clip, "rt", "trial_type", "trial_index", "time_elapsed", "internal_node_id")
    ]
    names = _bare(columns.get(clip, [""] * _length(columns)))
    for row in range(_length(columns)):
        base = {name: columns[name][row] for name in about} | {"stimulus": names[row], "@row": str(row)}
        for question, score in _answers(columns[answer][row]).items():
            if names[row] and is_sound(names[row]):
                rows.append(base | {"question": question or "quality", "response": score})
    if not any(name in columns for name in ("subject", "participant", "subject_id", "participant_id", "run_id")):
        rows = [row | {"participant": sheet.path.stem} for row in rows]
    if len({row["question"] for row in rows}) < 2:
        rows = [{key: value for key, value in row.items() if key != "question"} for row in rows]
    found = list(dict.fromkeys(key for row in rows for key in row))
    return sheet.with_columns({name: [row.get(name, "") for row in rows] for name in found})


def _whole_answers(columns: dict[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Puts answers that JSON held as ``response.QUESTION`` back into one cell."""
    parts = [name for name in columns if name.startswith("response.")]
    if not parts:
        return columns
    whole = [""] * _length(columns)
    for row in range(len(whole)):
        told = {name.removeprefix("response."): columns[name][row] for name in parts if columns[name][row]}
        whole[row] = json.dumps(told) if told else columns.get("response", whole)[row]
    return {name: cells for name, cells in columns.items() if name not in parts} | {"response": whole}


def _answers(cell: str) -> dict[str, str]:
    if is_number(cell):
        return {"": cell}
    if not cell.startswith("{"):
        return {}
    try:
        told = json.loads(cell)
    except json.JSONDecodeError:
        return {}
    return (
        {key: text_of(value) for key, value in told.items() if is_number(text_of(value))}
        if isinstance(told, dict)
        else {}
    )


def _bare(cells: Sequence[str]) -> list[str]:
    """Cells without the brackets and quotes of a list of one."""
    return [re.sub(r'^\[\s*"?|"?\s*\]$', "", cell) for cell in cells]


def layout_of(sheet: Sheet) -> Layout | None:
    """Returns the layout of a tidied file: its scales are the only ratings."""
    if not sheet.header or not _length(dict(sheet.columns)):
        return None
    scales = [name for name in sheet.header if _SCALE.match(name) and _any_number(sheet.columns[name])] or ["response"]
    others = {name: cells for name, cells in sheet.columns.items() if name not in scales and name != "@row"}
    stand_in = {**others, "score": sheet.columns[scales[0]]}
    layout = guessed(sheet.with_columns(stand_in))
    if layout is None:
        return None
    found = {column.name: column for column in layout.columns}
    if "question" in found:
        found["question"] = replace(found["question"], role="axis", why="a question each")
    columns = []
    for name in sheet.header:
        if name in scales:
            axis = _SCALE.match(name)["name"] if len(scales) > 1 else "quality"  # type: ignore[index]
            columns.append(Column(name, "rating", "a scale's response", axis="" if "question" in found else axis))
        elif name == "@row":
            columns.append(Column(name, "ignore", "counts the rows"))
        else:
            column = found[name]
            columns.append(replace(column, role="about_rating") if column.role in ("rating", "about_clip") else column)
    tool = "psychopy" if scales != ["response"] else "jspsych"
    question = ""
    if not any(column.role in ("clip", "path") for column in columns):
        texts = [c.name for c in columns if c.role in ("about_rating", "source", "system", "prompt", "ignore")]
        free = max(texts or [sheet.header[0]], key=lambda name: len(set(sheet.columns[name])))
        question = f"no column names the clip; say which one does, for example {column_option(free, 'clip')}"
    return replace(
        layout,
        form=tool,
        why="a scale's response",
        columns=tuple(columns),
        question=question,
        axis_given=len(scales) > 1,
        notes=tuple(n for n in layout.notes),
    )


def _any_number(cells: Sequence[str]) -> bool:
    told = [cell for cell in cells if cell]
    return bool(told) and sum(map(is_number, told)) > len(told) / 2


def _length(columns: dict[str, Sequence[str]]) -> int:
    return len(next(iter(columns.values()), ()))

"""Batches of Mechanical Turk, of P.808 on it, and of Toloka: ``Input.NAME`` is what was shown, ``Answer.NAME`` the
answer; ``INPUT:NAME`` and ``OUTPUT:NAME`` in Toloka. P.808 shuffles its clips: what ``Answer.q1`` is about stands in
``Answer.Q1_URL``, not in ``Input.Q1``.

A row is one assignment. It may hold one clip (``Input.audio_url``, ``Answer.naturalness``) or several, paired by name:
``Input.q0`` with ``Answer.q0``, ``Input.audio_2`` with ``Answer.rating_2``; a word after that is an axis
(``Answer.q0_sig``). Work times, rewards and rates of approval are no ratings; rejected assignments are left out.

Source: batch results of the requester site; ``result_parser.py`` of microsoft/P.808.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qamro.studies.importers.axis_names import axis_of
from qamro.studies.importers.cells import number_of
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.names import is_quality, is_sound, role_of
from qamro.studies.importers.options import column_option
from qamro.studies.importers.table import Sheet

_TRAP = re.compile(r"tp$|tp_|trap|gold|training|train_|math|cmp", re.IGNORECASE)
_TOLOKA = {"INPUT": "Input", "OUTPUT": "Answer", "GOLDEN": "Golden", "HINT": "Hint", "ASSIGNMENT": "Assignment"}
_TOLOKA_COLUMNS = {"worker_id": "WorkerId", "status": "AssignmentStatus"}
_NUMBER = re.compile(r"(\d+)(?!.*\d)")
_CLIP = re.compile(r"audio|url|clip|wav|file|sound|stim|sample|song|track|media", re.IGNORECASE)
_NOT = re.compile(
    r"time|comment|feedback|duration|version|browser|play|submit|age|gender|hearing|device|count|cmp|volume",
    re.IGNORECASE,
)


def recognises(sheet: Sheet) -> str:
    """Why a table is such a batch; empty when it is not."""
    names = {name.lower() for name in map(_plain, sheet.header)}
    if any(name.startswith(("input.", "shown.")) for name in names) and any(n.startswith("answer.") for n in names):
        return "the header has Input. and Answer. columns"
    if {"hitid", "workerid", "assignmentid"} <= names:
        return "the header has HITId, AssignmentId and WorkerId"
    return ""


def _plain(name: str) -> str:
    """A column's name as Mechanical Turk would write it."""
    before, colon, rest = name.partition(":")
    if colon and before in _TOLOKA:
        return _TOLOKA_COLUMNS.get(rest, f"{_TOLOKA[before]}.{rest}")
    url = re.fullmatch(r"(?:Answer\.)?Q(\d+)_URL", name, re.IGNORECASE)
    answer = re.fullmatch(r"q(\d+(?:_(?!url)\w+)?)", name)
    return f"Shown.q{url[1]}" if url else f"Answer.q{answer[1]}" if answer else name


def tidy(sheet: Sheet) -> Sheet:
    """Writes a row for each clip of each assignment."""
    columns = _chosen({_plain(name): cells for name, cells in sheet.columns.items()})
    gold = [cells for name, cells in columns.items() if name.startswith("Golden.")]
    inputs = {n[6:]: n for n in columns if n.lower().startswith("input.")}
    controls = [columns[name] for key, name in inputs.items() if _TRAP.match(key)]
    shown = {n[6:]: n for n in columns if n.startswith("Shown.")}
    inputs = shown or inputs
    answers = {n[7:]: n for n in columns if n.lower().startswith("answer.") and _rated(columns[n], n)}
    clips = {key: name for key, name in inputs.items() if _sounds(columns[name])}
    clips = clips or {key: name for key, name in inputs.items() if _CLIP.search(key) and any(columns[name])}
    if not clips or not answers:
        return sheet
    trapped = {key for key in clips if _TRAP.match(key)}
    clips = {key: name for key, name in clips.items() if key not in trapped}
    answers = {key: name for key, name in answers.items() if not _TRAP.match(key)}
    lower = {name.lower(): name for name in columns}
    worker, status = lower.get("workerid", ""), lower.get("assignmentstatus", "")
    pairs = _pairs(clips, answers)
    rows: list[tuple[str, ...]] = []
    rejected = control = trapping = 0
    for row in range(len(next(iter(columns.values())))):
        if status and columns[status][row].lower() == "rejected":
            rejected += 1
            continue
        if any(cells[row] for cells in gold):
            control += 1
            continue
        for clip, axis, answer in pairs:
            if shown and any(columns[clip][row] == cells[row] for cells in controls):
                trapping += 1
            elif columns[clip][row]:
                who = columns[worker][row] if worker else ""
                rows.append((columns[clip][row], who, axis, columns[answer][row], str(row)))
    notes = [f"{rejected} rejected assignments are left out"] if rejected else []
    notes += [f"{control} answers on control tasks are left out"] if control else []
    notes += [f"{trapping} answers on trapping and gold clips are left out"] if trapping else []
    notes += [f"answers on trapping and gold clips are left out ({', '.join(sorted(trapped))})"] if trapped else []
    names = ("clip", "worker", "axis", "answer", "@row")
    table = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    if not worker:
        del table["worker"]
    return sheet.with_columns(table, *notes)


def _chosen(columns: dict[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Puts buttons of which one is true (``Answer.quality.4``, ``Answer.quality.Good``) into one column of scores."""
    groups: dict[str, dict[str, str]] = {}
    for name, cells in columns.items():
        whole, _, button = name.rpartition(".")
        if whole.lower().startswith("answer.") and {cell.lower() for cell in cells} <= {"true", "false", ""}:
            groups.setdefault(whole, {})[name] = button
    for whole, buttons in groups.items():
        numbered = all(np.isfinite(number_of(button)) for button in buttons.values())
        if len(buttons) < 2 or not numbered or whole in columns:
            continue
        rows = zip(*(columns[name] for name in buttons), strict=True)
        on = [[b for b, cell in zip(buttons.values(), row, strict=True) if cell.lower() == "true"] for row in rows]
        columns = {name: cells for name, cells in columns.items() if name not in buttons}
        columns[whole] = [f"{number_of(chosen[0]):g}" if len(chosen) == 1 else "" for chosen in on]
    return columns


def _pairs(clips: dict[str, str], answers: dict[str, str]) -> list[tuple[str, str, str]]:
    """Which clip each answer is about, and its axis."""
    if len(clips) == 1:
        clip = next(iter(clips.values()))
        return [
            (clip, axis_of(key) or ("quality" if len(answers) == 1 else key), name) for key, name in answers.items()
        ]
    pairs = []
    named = {key: _own_clip(key, clips) for key in answers}
    for key, name in answers.items():
        own = named[key]
        if not own and not any(named.values()):  # no clip is called as an answer: their numbers tell
            number = _NUMBER.search(key)
            own = next((k for k in clips if number and (m := _NUMBER.search(k)) and m[1] == number[1]), "")
        if own:
            rest = key[len(own) :].strip("_.") if named[key] else _NUMBER.sub("", key).strip("_.")
            axis = axis_of(rest) or (rest if is_quality(rest) else "") or (rest if named[key] else "") or "quality"
            pairs.append((clips[own], axis, name))
    return pairs


def _own_clip(key: str, clips: dict[str, str]) -> str:
    """The clip that an answer is called after: ``q0`` of ``q0`` and of ``q0_sig``; empty without one."""
    lower = key.lower()
    own = (k for k in clips if lower == k.lower() or lower.startswith((f"{k.lower()}_", f"{k.lower()}.")))
    return max(own, key=len, default="")


def _rated(cells: object, name: str) -> bool:
    told = [cell for cell in cells if cell]  # type: ignore[attr-defined]
    bare = name.partition(".")[2] or name
    return (
        bool(told)
        and not _NOT.search(bare)
        and role_of(bare) not in ("never", "private", "mean_of")
        and sum(bool(np.isfinite(number_of(cell, ","))) for cell in told) > 0.5 * len(told)
    )


def _sounds(cells: object) -> bool:
    told = [cell for cell in cells if cell]  # type: ignore[attr-defined]
    return bool(told) and sum(map(is_sound, told)) > 0.9 * len(told)


def _first(sheet: Sheet, start: str) -> str:
    return next((name for name in sheet.header if name.lower().startswith(start)), "")


def _scored(sheet: Sheet) -> list[str]:
    """Columns that may hold answers in numbers: those called an answer or a rating."""
    names = [n for n in sheet.header if n.lower().startswith("answer.") or role_of(n) == "rating"]
    return [n for n in names if _rated(sheet.columns[n], n)]


def layout_of(sheet: Sheet) -> Layout:
    """Returns the layout of a tidied batch."""
    why = recognises(sheet) or "the header has Input. and Answer. columns"
    if "answer" not in sheet.header or "clip" not in sheet.header:
        named = {name: "rater" if name.lower() == "workerid" else "about_rating" for name in sheet.header}
        private = [name for name in sheet.header if role_of(name) == "private"]
        named |= dict.fromkeys(private, "ignore")
        columns = tuple(
            Column(name, role, "by its name" if role == "rater" else "kept") for name, role in named.items()
        )
        clips, scores = _first(sheet, "input."), _scored(sheet)
        question = "no column says which clip an answer is about, or none holds answers in numbers"
        ways = [f"{column_option(clips, 'clip')} {column_option(scores[0], 'score')}"] if clips and scores else []
        ways += [f"{column_option(name, f'clip:{name}')}" for name in scores[:1] if not clips]
        question += f"; say which do, for example {ways[0]}" if ways else "; give the results with the Input. columns"
        return Layout("mturk", why, columns, delimiter=sheet.delimiter, question=question, notes=sheet.notes)
    known = {
        "clip": Column("clip", "clip", "the Input. column that names sound files"),
        "worker": Column("worker", "rater", "WorkerId"),
        "axis": Column("axis", "axis", "what the Answer. column is called"),
        "answer": Column("answer", "rating", "the Answer. columns that hold numbers"),
        "@row": Column("@row", "ignore", "counts the rows"),
    }
    layout = Layout("mturk", why, tuple(known[n] for n in sheet.header), delimiter=sheet.delimiter, notes=sheet.notes)
    return replace(layout, axis_given=True)

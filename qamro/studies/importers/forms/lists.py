"""Lists without a header, as challenges hand them out: VoiceMOS, BVCC, SOMOS, MusicEval.

- ``sys64e2f-utt3a37a68.wav,3.5``: a clip and its mean score.
- ``sys64e2f,sys64e2f-utt3a37a68.wav,4,blank,{}_18-29_5ef0_Female_1_…``: one rating; the last cell holds the
  listener's age, id, gender and more, of which only the id is kept.

Source: ``README`` of the VoiceMOS Challenge 2022 (BVCC); ``mos-finetune-ssl`` of nii-yamagishilab.
"""

from __future__ import annotations

import re

from qamro.studies.importers.axis_names import axis_in
from qamro.studies.importers.forms import musiceval
from qamro.studies.importers.header import is_number
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.names import is_sound
from qamro.studies.importers.table import Sheet

_SYSTEM = re.compile(r"^(?:.*/)?(?P<system>sys[0-9a-zA-Z]+)-utt", re.IGNORECASE)
_LISTENER = re.compile(r"^(?P<first>[^_]*)_(?P<age>[^_]*)_(?P<id>[^_]+)_(?P<gender>[^_]*)_")


def _first(sheet: Sheet) -> list[str]:
    """The first line's cells of a file without a header."""
    if sheet.source != "text" or not sheet.headless or not 2 <= len(sheet.header) <= 5:
        return []
    return [cells[0] for cells in sheet.columns.values() if len(cells)]


def is_musiceval(sheet: Sheet) -> str:
    """Whether a file is a list of MusicEval."""
    return (
        "a name with a system and a prompt, two numbers, and no header" if musiceval.recognises(_first(sheet)) else ""
    )


def is_bvcc(sheet: Sheet) -> str:
    """Whether a file is a list of single ratings with what is known of the listener."""
    cells = _first(sheet)
    told = len(cells) == 5 and is_number(cells[2]) and bool(_LISTENER.match(cells[4])) and not is_number(cells[1])
    return "system, clip, rating and what is known of the listener, without a header" if told else ""


def tidy_bvcc(sheet: Sheet) -> Sheet:
    """Keeps system, clip, rating and the listener's id."""
    system, clip, score, _, about = sheet.columns.values()
    found = [_LISTENER.match(text) for text in about]
    raters = [match["id"] if match else "" for match in found]
    return sheet.with_columns({"system": system, "clip": clip, "score": score, "listener": raters})


def layout_bvcc(sheet: Sheet) -> Layout:
    """Returns the layout of a tidied list."""
    axis, given = axis_in(sheet.path.stem)
    columns = (
        Column("system", "system", "the first cell"),
        Column("clip", "clip", "the second cell"),
        Column("score", "rating", "the third cell", axis=axis),
        Column("listener", "rater", "the listener's id; age and gender stay out"),
    )
    why = "system, clip, rating and what is known of the listener, without a header"
    return Layout("bvcc", why, columns, delimiter=sheet.delimiter, axis=axis, axis_given=given, notes=sheet.notes)


def is_means(sheet: Sheet) -> str:
    """Whether a file is a list of clips and mean scores."""
    cells = _first(sheet)
    told = len(cells) == 2 and not is_number(cells[0]) and is_number(cells[1])
    return "a name and a number a line, without a header" if told else ""


def tidy_means(sheet: Sheet) -> Sheet:
    """Adds the systems where the clips' names tell them, as in BVCC."""
    clip, score = sheet.columns.values()
    systems = [match["system"] if (match := _SYSTEM.match(name)) else "" for name in clip]
    columns = {"clip": clip, "score": score}
    return sheet.with_columns(columns | {"system": systems} if all(systems) else columns)


def layout_means(sheet: Sheet) -> Layout:
    """Returns the layout of a tidied list."""
    axis, given = axis_in(sheet.path.stem)
    columns = [
        Column("clip", "clip", "the first cell" + (", a sound file" if is_sound(sheet.columns["clip"][0]) else "")),
        Column("score", "rating", "the second cell", axis=axis),
    ]
    if "system" in sheet.header:
        columns.append(Column("system", "system", "the beginning of the clip's name"))
    why = "a name and a number a line, without a header"
    return Layout(
        "voicemos", why, tuple(columns), delimiter=sheet.delimiter, axis=axis, axis_given=given, notes=sheet.notes
    )

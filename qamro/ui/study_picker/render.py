"""What the page draws: the sources, what goes on, the study in force, what waits for its import; all JSON-ready."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.studies.importers.forms import FORMS
from qamro.studies.importers.layout import ROLES, TABULAR, Layout
from qamro.studies.importers.options import ROLE_WORDS
from qamro.studies.importers.table import DELIMITER_NAMES, SIDES
from qamro.ui.study_picker.state import PickerState, Upload, sources
from qamro.ui.study_picker.texts import CONTROLS, WORDS
from qamro.ui.study_picker.texts import Picker as T

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.studies.importers.found import Found, FoundAxis

UPLOAD = "upload"


def view(state: PickerState) -> dict[str, Any]:
    """Returns the whole view of a state."""
    return {
        "sources": sources(),
        "source": state.card,
        "busy": state.going,
        "error": state.error,
        "turn": state.turn,
        "keeps": state.keeps,
        "summary": state.summary and state.summary | {"ours": state.ours},
        "brought": state.upload and waiting(state.upload),
    }


def waiting(upload: Upload) -> dict[str, Any]:
    """Returns what the page says about files that wait for their import."""
    layout, found = upload.layout, upload.found
    answer: dict[str, Any] = {
        "name": upload.name,
        "sounds": upload.sounds,
        "problem": _on_page(upload.problem),
        "notes": [
            *map(_on_page, layout.notes if layout else ()),
            *map(_on_page, found.notes if found else ()),
            *upload.notes,
        ],
        "refused": _on_page(upload.refused),
        "corrections": upload.corrections,
        "cut": _cut(upload),
        "answers": [list(pair) for pair in upload.parsing.answers],
        "asked_words": list(upload.words),
        "sides": list(SIDES) if upload.sides else [],
    }
    if layout is None:
        return answer
    is_list = layout.form == "musiceval" and layout.files != (".",)  # three cells a line may be something else, too
    forms = [*([layout.form] if is_list else []), *TABULAR] if is_list or layout.form in TABULAR else []
    answer |= {
        "form": layout.form,
        "form_words": FORMS[layout.form].words,
        "forms": [{"key": key, "words": FORMS[key].words} for key in forms],
        "why": layout.why,
        "files": list(layout.files) if layout.form not in ("study", "musiceval") else [],
        "others": list(layout.others),
        "roles": [{"key": key, "words": words} for key, words in ROLES.items()],
        "columns": [
            {
                "name": column.name,
                "role": column.role,
                "why": column.why,
                "axis": column.axis,
                "rater": column.rater,
                "examples": upload.examples.get(column.name, []),
            }
            for column in layout.columns
        ],
        "rows": [list(row) for row in layout.rows],
        "several": len(layout.having("rating")) > 1 and layout.form == "wide",
        "pseudonyms": layout.pseudonyms,
        "by_rater": upload.by_rater,
    }
    if layout.question and layout.readings:
        answer |= {"question": layout.question, "readings": [words for words, _ in layout.readings], "problem": ""}
    if found is not None:
        numbers = ("clips", "raters", "ratings", "votes", "systems")
        answer |= {
            "counts": {name: getattr(found, name) for name in numbers},
            "codes": _codes(layout, found),
            "asks": found.asks,
            "scales": [_scale(layout, axis) for axis in found.axes],
            "head": [row | {"axis": _name(layout, row["axis"]), "mapped": _mapped(layout, row)} for row in found.head],
        }
    return answer


_OPTION = re.compile(rf"--({'|'.join(CONTROLS)})(?:=| (?!-))((?:'[^']*'|\"[^\"]*\"|[^\s;,.)'\"]|\.(?=\S))+)")


def _on_page(text: str) -> str:
    """Says a message's options of the command line as the page has them: the control, and what it is set to."""
    return _OPTION.sub(_control, text)


def _control(option: re.Match[str]) -> str:
    name, value = option[1], shlex.split(option[2])[0]
    if name in ("column", "answer"):
        left, _, right = value.rpartition("=")
        said, _, of = right.partition(":")
        words = ROLES.get(ROLE_WORDS.get(said, ""), said) if name == "column" else right
        value = f"{left} = {words}{f' of {of}' if of else ''}"
    shown = WORDS.get(f"{name}_{value}", value)
    return f"“{WORDS[CONTROLS[name]]}: {shown}”"


def _cut(upload: Upload) -> dict[str, str] | None:
    """How the files are cut into cells; None where that cannot be said, as their form is fixed."""
    if upload.layout is not None and not upload.layout.takes_rows:
        return None
    said = upload.parsing
    header = "" if said.header is None else str(said.header)
    delimiter = next((word for word, sign in DELIMITER_NAMES.items() if sign == said.delimiter), "")
    return {"header": header, "delimiter": delimiter, "encoding": said.encoding, "ragged": said.ragged}


def _codes(layout: Layout, found: Found) -> list[dict[str, Any]]:
    """Scores that look like codes, one entry a value: where it stands, and whether it is left out."""
    where: dict[float, list[str]] = {}
    for code in found.codes:
        times = T.ONCE if code.count == 1 else T.TIMES.format(n=code.count)
        axis = _name(layout, code.axis)
        where.setdefault(code.value, []).append(
            T.CODE_WHERE.format(times=times, axis=axis, low=code.low, high=code.high)
        )
    out = layout.missing or ()
    return [
        {"value": value, "text": T.CODE.format(value=value, where="; ".join(told)), "out": value in out}
        for value, told in sorted(where.items())
    ]


def summary(study: Study) -> dict[str, Any]:
    """Returns what the page says about a study: counts, axes with what was found on each, and warnings."""
    missing = len(study.missing_audio())
    warnings = []
    if 0 < missing < len(study.clips):
        warnings.append(T.SOME_AUDIO.format(n=missing, all=len(study.clips)))
    outside = study.out_of_range()
    if len(outside):
        warnings.append(T.OFF_SCALE.format(n=int(outside["count"].sum()), axes=", ".join(sorted(set(outside["axis"])))))
    if study.repeats:
        warnings.append(T.REPEATS.format(n=study.repeats))
    warnings += [T.MAPPED.format(axis=axis, scale=scale) for axis, scale in _maps(study).items()]
    warnings += [str(note) for note in study.about.get("notes") or ()]
    people = study.ratings["rater"].nunique()
    raters = T.ANONYMOUS if not study.has_raters else T.ONE_RATER if people == 1 else T.RATERS.format(n=people)
    if study.holds_means:
        raters = T.MEANS
    extremes = study.ratings.groupby("axis")["score"].agg(["min", "max"])
    return {
        "name": study.name,
        "kind": study.kind,
        "clips": len(study.clips),
        "systems": len(study.systems),
        "ratings": len(study.counted),
        "raters": raters,
        "votes": 0 if study.votes is None else len(study.votes),
        "axes": [
            {"axis": axis, "low": float(extremes.loc[axis, "min"]), "high": float(extremes.loc[axis, "max"])}
            for axis in study.axes
        ],
        "audio": len(study.clips) - missing,
        "warnings": warnings,
    }


def _maps(study: Study) -> dict[str, str]:
    maps = study.about.get("scale_maps")
    return maps if isinstance(maps, dict) else {}


def _scale(layout: Layout, axis: FoundAxis) -> dict[str, Any]:
    scale = layout.scales.get((axis.axis, axis.rater))
    return {
        "axis": axis.axis,
        "name": _name(layout, axis.axis),
        "rater": axis.rater,
        "ratings": axis.ratings,
        "low": axis.low,
        "high": axis.high,
        "likely": axis.likely,
        "why": axis.why,
        "from": scale and [scale.from_low, scale.from_high],
        "to": scale and [scale.to_low, scale.to_high],
    }


def _name(layout: Layout, axis: str) -> str:
    return layout.names.get(axis, axis)


def _mapped(layout: Layout, row: dict[str, Any]) -> float:
    keys = ((row["axis"], row["rater"]), (row["axis"], ""))
    scale = next((layout.scales[key] for key in keys if key in layout.scales), None)
    return float(scale(np.array([row["score"]]))[0]) if scale else float(row["score"])

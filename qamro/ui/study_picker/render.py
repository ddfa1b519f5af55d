"""What the page draws: the sources, what goes on, the study in force, what waits for its import; all JSON-ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.studies.importers.forms import FORMS
from qamro.studies.importers.layout import ROLES, TABULAR, Layout
from qamro.ui.study_picker.state import PickerState, Upload, sources
from qamro.ui.study_picker.texts import Picker as T

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.studies.importers.found import FoundAxis

UPLOAD = "upload"


def view(state: PickerState) -> dict[str, Any]:
    """Returns the whole view of a state."""
    return {
        "sources": sources(),
        "source": state.card,
        "busy": state.going,
        "error": state.error,
        "turn": state.turn,
        "summary": state.summary and state.summary | {"ours": state.ours},
        "brought": state.upload and waiting(state.upload),
    }


def waiting(upload: Upload) -> dict[str, Any]:
    """Returns what the page says about files that wait for their import."""
    layout, found = upload.layout, upload.found
    answer: dict[str, Any] = {
        "name": upload.name,
        "sounds": upload.sounds,
        "problem": upload.problem,
        "notes": [
            *(layout.notes if layout else ()),
            *(found.notes if found else ()),
            *(found.codes if found else ()),
            *upload.notes,
        ],
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
        "several": len(layout.having("rating")) > 1 and layout.form == "wide",
        "pseudonyms": layout.pseudonyms,
        "by_rater": upload.by_rater,
    }
    if found is not None:
        answer |= {
            "counts": {"clips": found.clips, "raters": found.raters, "ratings": found.ratings},
            "scales": [_scale(layout, axis) for axis in found.axes],
            "head": [row | {"axis": _name(layout, row["axis"]), "mapped": _mapped(layout, row)} for row in found.head],
        }
    return answer


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
    raters = T.RATERS.format(n=study.ratings["rater"].nunique()) if study.has_raters else T.ANONYMOUS
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

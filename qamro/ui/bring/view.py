"""What the page draws: the sources, what goes on, and the study in force; everything JSON-ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qamro.ui.bring.desk import Desk
from qamro.ui.bring.texts import Bring as T

if TYPE_CHECKING:
    from qamro.studies import Study

UPLOAD = "upload"


def view(desk: Desk) -> dict[str, Any]:
    """Returns the whole view of a desk."""
    return {
        "sources": sources(),
        "source": desk.source,
        "busy": desk.busy,
        "error": desk.error,
        "summary": desk.summary,
    }


def sources() -> list[dict[str, Any]]:
    """Returns the studies that can be chosen, those on this machine first."""
    from qamro.studies.registry import DATASETS, SIMULATED

    simulated = {"name": SIMULATED, "title": T.SIMULATED, "note": T.SIMULATED_NOTE, "state": "here", "details": ""}
    entries = [
        {
            "name": data.name,
            "title": data.name,
            "note": data.holds,
            "state": "here" if data.is_here else "fetch" if data.files else "ask",
            "details": T.DETAILS.format(size=_size(data.megabytes), licence=data.licence),
            "obtain": data.obtain,
            "page": data.page,
        }
        for data in DATASETS.values()
    ]
    return [simulated, *sorted(entries, key=lambda entry: ("here", "fetch", "ask").index(str(entry["state"])))]


def summary(study: Study) -> dict[str, Any]:
    """Returns what the page says about a study: counts, axes with what was found on each, and warnings."""
    missing = len(study.missing_audio())
    warnings = []
    if 0 < missing < len(study.clips):
        warnings.append(T.SOME_AUDIO.format(n=missing, all=len(study.clips)))
    outside = study.out_of_range()
    if len(outside):
        warnings.append(T.OFF_SCALE.format(n=int(outside["count"].sum()), axes=", ".join(sorted(set(outside["axis"])))))
    warnings += [str(note) for note in study.about.get("notes") or ()]
    raters = T.RATERS.format(n=study.ratings["rater"].nunique()) if study.has_raters else T.ANONYMOUS
    if study.holds_means:
        raters = T.MEANS
    extremes = study.ratings.groupby("axis")["score"].agg(["min", "max"])
    axes = [{"axis": axis, "low": float(row["min"]), "high": float(row["max"])} for axis, row in extremes.iterrows()]
    order = {axis: place for place, axis in enumerate(study.axes)}
    return {
        "name": study.name,
        "kind": study.kind,
        "clips": len(study.clips),
        "systems": len(study.systems),
        "ratings": len(study.ratings),
        "raters": raters,
        "axes": sorted(axes, key=lambda entry: order[str(entry["axis"])]),
        "audio": len(study.clips) - missing,
        "warnings": warnings,
    }


def _size(megabytes: int) -> str:
    return f"{megabytes:,} MB" if megabytes else T.SIZE_UNKNOWN

"""Scores as tables: for the page, as CSV, as JSON with provenance, and as means of systems."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qamro import __version__
from qamro.axes import Axis, get_axis
from qamro.csvtext import csv_line
from qamro.predictors.provenance import FACTS, row_kinds, shown_axes
from qamro.ui.session import Run
from qamro.ui.texts import Share

LEVEL = 0.9
"""Coverage of every interval that the app shows."""

SYSTEM_INTERVAL = "90 % t-interval of the mean over the system's clips"
"""What the whiskers of a system's bar are; they tell how clips vary, not how far the predictor is off."""


@dataclass(frozen=True)
class SystemMean:
    """Mean predicted score of a system's clips.

    Attributes:
        system: The system.
        axis: The axis.
        clips: How many of its clips have a score.
        mean: Their mean.
        low: Lower end of the interval (see ``SYSTEM_INTERVAL``); NaN with one clip.
        high: Upper end of the interval.
    """

    system: str
    axis: str
    clips: int
    mean: float
    low: float
    high: float


def system_means(run: Run, axis: str) -> list[SystemMean]:
    """Averages an axis over each system's clips, best first.

    Clips without a system or without a score on this axis are left out. The interval is the mean
    plus or minus the 0.95 quantile of Student's t with n - 1 degrees of freedom times the standard error.
    """
    import numpy as np
    from scipy import stats

    groups: dict[str, list[float]] = defaultdict(list)
    for key in run.good:
        row = run.rows[key]
        if row["system"] and not math.isnan(row[axis]):
            groups[row["system"]].append(row[axis])
    means = []
    for system, values in groups.items():
        n, mean, half = len(values), float(np.mean(values)), math.nan
        if n > 1:
            half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(values, ddof=1) / math.sqrt(n))
        means.append(SystemMean(system, axis, n, mean, mean - half, mean + half))
    return sorted(means, key=lambda entry: (-entry.mean, entry.system))


def table(run: Run | None, selected: str | None = None, *, going: bool = False, title: str = "") -> dict[str, Any]:
    """Returns what the page's table adds to its clips: axes, a row of scores a clip, and which row is selected.

    Clips that have no score yet are there and say so; the page knows their names and sorts by itself.

    Args:
        run: The run; None where nothing was scored.
        selected: Id of the clip whose details are shown.
        going: Whether clips are being scored.
        title: What the page calls the run's predictor.
    """
    if run is None:
        return {"by": "", "axes": [], "rows": [], "sources": [], "selected": selected, "going": going}
    kinds = list(dict.fromkeys(run.provenance[axis].kind for axis in axes_of(run)))
    return {
        "by": f"{title or run.predictor}: {', '.join(kinds)}",
        "axes": [_axis(get_axis(axis)) for axis in axes_of(run)],
        "rows": [_table_row(run, key, several=len(kinds) > 1) for key in run.clips],
        "sources": sources(run),
        "selected": selected,
        "going": going,
    }


def axes_of(run: Run) -> list[str]:
    """The axes that the page shows of a run: not those that are for clips of another kind than all of these."""
    return shown_axes(run.axes, run.rows.values())


def sources(run: Run) -> list[dict[str, str]]:
    """Says in one line for each group of axes with the same provenance where its scores come from."""
    groups: dict[str, list[str]] = defaultdict(list)
    for axis in axes_of(run):
        groups[str(run.provenance[axis])].append(axis)
    return [{"axes": " ".join(axes), "source": source} for source, axes in groups.items()]


def to_csv(run: Run) -> str:
    """Returns the rows so far as CSV, in the columns of the score table."""
    rows = [run.rows[key] for key in run.clips if key in run.rows]
    lines = [csv_line(run.columns)]
    lines += [csv_line(_plain(row.get(column)) for column in run.columns) for row in rows]
    return "".join(lines)


def to_json(run: Run) -> str:
    """Returns the rows so far with the provenance of every axis, readable by people and programs."""
    return json.dumps(document(run), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_run(run: Run, path: Path) -> Path:
    """Writes the rows so far as a page that opens anywhere; the machine's paths stay here."""
    import pandas as pd

    from qamro.report import write_scores

    keys = [key for key in run.clips if key in run.rows]
    rows = [run.rows[key] | {"path": str(run.clips[key].path)} for key in keys]
    title = Share.SCORES.format(n=len(rows), predictor=run.predictor)
    return write_scores(pd.DataFrame(rows, columns=run.columns), path, title)


def document(run: Run) -> dict[str, Any]:
    """Returns what ``to_json`` writes: rows, axes with their provenance, means of systems; no number is NaN."""
    return {
        "made_by": f"qamro {__version__}",
        "predictor": run.predictor,
        "began": run.began.isoformat(timespec="seconds"),
        "complete": len(run.rows) == len(run.clips),
        "axes": {axis: _axis(get_axis(axis)) | {"provenance": run.provenance[axis].as_dict()} for axis in run.axes},
        "clips": [_json_clip(run, run.rows[key]) for key in run.clips if key in run.rows],
        "systems": {
            "interval": SYSTEM_INTERVAL,
            "means": [_finite(asdict(mean)) for axis in run.axes for mean in system_means(run, axis)],
        },
    }


def scored_axes(run: Run, key: str) -> list[str]:
    """The axes on which a clip has a score."""
    row = run.rows.get(key, {})
    return [axis for axis in run.axes if not math.isnan(row.get(axis, math.nan))]


def has_systems(run: Run | None) -> bool:
    """Whether any scored clip names its system."""
    return run is not None and any(run.rows[key]["system"] for key in run.good)


def _table_row(run: Run, key: str, *, several: bool) -> dict[str, Any]:
    clip, row = run.clips[key], run.rows.get(key)
    entry: dict[str, Any] = {"id": key, "prompt": clip.prompt, "cells": {}}
    if row is None:
        return entry | {"state": "stopped" if run.cancelled else "waiting", "error": ""}
    if row["error"]:
        return entry | {"state": "failed", "error": row["error"].removeprefix(f"{clip.name}: ")}
    for axis in scored_axes(run, key):
        entry["cells"][axis] = {end: _plain(row[name]) for end, name in _ends(axis)}
    kinds = row_kinds(row, run.axes)
    kind = kinds[0] if several and len(kinds) == 1 else ""  # what the badge above cannot say for every clip
    return entry | {"state": "scored", "error": "", "domain": row.get("domain", ""), "kind": kind}


def _json_clip(run: Run, row: dict[str, Any]) -> dict[str, Any]:
    scores = {
        axis: {end: _plain(row[name]) for end, name in _ends(axis)}
        | {part: row.get(f"{part}_{axis}", "") for part in ("source", *FACTS)}
        for axis in run.axes
    }
    head = {name: _plain(row.get(name)) for name in ("clip", "system", "prompt", "domain", "seconds", "error")}
    return head | {"scores": scores}


def _ends(axis: str) -> tuple[tuple[str, str], ...]:
    return ("value", axis), ("low", f"{axis}_low"), ("high", f"{axis}_high")


def _axis(axis: Axis) -> dict[str, Any]:
    return _finite(asdict(axis))


def _finite(record: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in record.items()}


def _plain(value: Any) -> Any:
    """A number for JSON or CSV: six digits are plenty, and NaN becomes None."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value

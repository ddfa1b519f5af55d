"""The runs of a session as a table: for the page, and as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qamro.axes import axis_order
from qamro.csvtext import csv_line
from qamro.ui.train.offered import PARAMETERS, STOP_BY
from qamro.ui.train.session import TrainedRun
from qamro.ui.train.settings import FITTED

LEVELS = ("utterance", "system")

COLUMNS = {
    "objective": "Objective",
    "optimizer": "Optimiser",
    "seeds": "Seeds",
    "best": "Best epoch",
    "utterance": "Held-out SRCC, clips",
    "system": "Held-out SRCC, systems",
    "seconds": "Seconds",
}
"""Columns of the page's table behind the run's name."""


def axes_of(runs: Sequence[TrainedRun]) -> list[str]:
    """Returns the axes that any run has a head for."""
    return axis_order([axis for run in runs for axis in run.axes])


def view(runs: Sequence[TrainedRun], axis: str | None) -> dict[str, Any]:
    """Returns what the page's table shows of an axis; runs without it say so."""
    columns = [{"key": key, "label": label} for key, label in COLUMNS.items()]
    return {"columns": columns, "rows": [_row(run, axis or "") for run in runs]}


def held_out(run: TrainedRun, axis: str, level: str, metric: str = "SRCC") -> Mapping[str, Any] | None:
    """Returns the card's row of a held-out result, or None where it has no value."""
    for row in run.card["metrics"]:
        if (row["axis"], row["level"], row["metric"]) == (axis, level, metric) and row["value"] is not None:
            return row
    return None


def seed_range(run: TrainedRun, axis: str, level: str, metric: str = "SRCC") -> list[float]:
    """Returns the held-out results of all seeds, where there are several with a value."""
    fits = run.record.get("axes", {}).get(axis, {}).get("seeds", [])
    values = [fit["held_out"].get(level, {}).get(metric) for fit in fits]
    known = [value for value in values if value is not None]
    return known if len(known) > 1 else []


def to_csv(runs: Sequence[TrainedRun]) -> str:
    """Returns one row a run and axis, with all that was chosen and found."""
    rows = [_csv_row(run, axis) for run in runs for axis in run.axes]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return "".join([csv_line(names), *(csv_line(row.get(name) for name in names) for row in rows)])


def _row(run: TrainedRun, axis: str) -> dict[str, Any]:
    study, settings = run.card["study"], run.settings
    cells: dict[str, list[str]] = {
        "objective": [run.card["objective"].get(axis, f"no head for {axis}")],
        "optimizer": [_optimizer(run), f"rate {settings.lr:g}"],
        "seeds": [str(settings.seeds)],
        "best": [str(run.card["training"]["best epoch"].get(axis, "–")), f"by {STOP_BY[settings.stop_by]}"],
        "seconds": [f"{run.card['training']['seconds']:.1f}"],
    }
    for level in LEVELS:
        cells[level] = _result(run, axis, level)
    return {
        "id": run.number,
        "title": f"Run {run.number}",
        "about": f"{study['name']}, {run.card['encoder']['name']}" + (f" ({run.note})" if run.note else ""),
        "kind": run.card["kind"],
        "kept": run.kept,
        "shown": run.shown,
        "cells": cells,
    }


def _optimizer(run: TrainedRun) -> str:
    names = {"adamw": "AdamW", "sgd": "SGD"}
    batch = f"batches of {run.settings.batch_size}" if run.settings.batch_size else "all clips"
    return f"{names[run.settings.optimizer]}, {batch}"


def _result(run: TrainedRun, axis: str, level: str) -> list[str]:
    row = held_out(run, axis, level)
    if row is None:
        return ["–"]
    ends = [] if row["low"] is None else [f"[{row['low']:.2f}, {row['high']:.2f}]"]
    over = f"{row['systems']} systems" if level == "system" else f"{row['clips']} clips"
    return [f"{row['value']:.3f}", *ends, f"{over}: a hint" if row.get("hint") else over]


def _csv_row(run: TrainedRun, axis: str) -> dict[str, Any]:
    card, settings, study = run.card, run.settings, run.card["study"]
    record = run.record.get("axes", {}).get(axis, {})
    row: dict[str, Any] = {"run": run.number, "study": study["name"], "ratings_by": card["kind"]}
    row |= {"clips": study["clips"], "systems": study["systems"], "axis": axis}
    row |= {"encoder": card["encoder"]["name"], "encoder_revision": card["encoder"]["revision"]}
    row |= {"objective": settings.objective, "objective_in_words": card["objective"][axis]}
    row |= {name: record.get("objective", {}).get(name) for name in PARAMETERS}
    row |= {name: getattr(settings, name) for name in FITTED}
    row |= {"kept_seed": record.get("kept seed"), "best_epoch": card["training"]["best epoch"].get(axis)}
    for level, count in (("utterance", "clips"), ("system", "systems")):
        found, seeds = held_out(run, axis, level) or {}, seed_range(run, axis, level)
        row |= {f"held_out_{level}_srcc": found.get("value"), f"held_out_{count}": found.get(count)}
        row |= {f"held_out_{level}_srcc_{end}": found.get(end) for end in ("low", "high", "hint")}
        ends = {"lowest": min(seeds, default=None), "highest": max(seeds, default=None)}
        row |= {f"held_out_{level}_srcc_{end}_seed": value for end, value in ends.items()}
    return row | {"seconds": card["training"]["seconds"], "note": run.note, "command": card["training"]["command"]}

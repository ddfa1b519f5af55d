"""The runs of a session: as a table and a CSV, drawn over each other, and whether they differ beyond noise."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import combinations
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.axes import axis_order
from qamro.csvtext import csv_line
from qamro.training.objective.table import PARAMETERS
from qamro.training.presets import FITTED
from qamro.ui.events import Answer
from qamro.ui.progress import status
from qamro.ui.static import own_folder
from qamro.ui.train import figures
from qamro.ui.train.state import TrainedRun, TrainState
from qamro.ui.train.texts import STOP_BY
from qamro.ui.train.texts import TrainTab as T
from qamro.ui.widgets import chart_value

if TYPE_CHECKING:
    import pandas as pd

    from qamro.ui.train.tab import Parts

_log = logging.getLogger(__name__)

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
    voted = held_out(run, axis, "vote", "ACC") if level == "utterance" else None
    if voted is not None:
        ends = [] if voted["low"] is None else [f"[{voted['low']:.2f}, {voted['high']:.2f}]"]
        return [f"{voted['value']:.3f}", *ends, T.OF_VOTES]
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


# What can be claimed


@dataclass
class Claims:
    """What can be said of several runs.

    Attributes:
        said: Sentences, the most important first.
        details: One sentence for each pair and level, where ``said`` only sums them up.
    """

    said: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


def significance(runs: Sequence[TrainedRun], axis: str) -> Claims:
    """Says what can be claimed of the runs' differences on an axis, in words.

    Runs on the same study with the same test part are tested together: SRCC, paired bootstrap over systems and clips,
    Holm's correction over all pairs and axes. Then what seeds alone do to each run.

    Args:
        runs: Those that are to be compared.
        axis: Which axis.
    """
    runs = [run for run in runs if axis in run.axes]
    if len(runs) < 2:
        return Claims([T.VERDICT_ONE.format(axis=axis)])
    groups: dict[tuple[str, Hashable], list[TrainedRun]] = {}
    for run in runs:
        training = run.card["training"]
        split = frozenset(run.predictions["clip"]), training["held out"], training.get("folds")
        groups.setdefault((run.card["study"]["hash"], split), []).append(run)
    found = Claims()
    for group in groups.values():
        if len(group) > 1:
            _test(group, axis, found)
    for (one, first), (other, second) in combinations(groups.items(), 2):
        reason = T.VERDICT_NO_CLIPS if one[0] == other[0] else T.VERDICT_STUDIES
        found.said.append(reason.format(first=_named(first), second=_named(second)))
    found.said += _seeds(runs, axis)
    return found


def _test(runs: Sequence[TrainedRun], axis: str, found: Claims) -> None:
    from qamro.evaluation.significance import compare
    from qamro.evaluation.significance.compare import claim

    try:
        compared = compare(runs[0].study, {run.short: run.predictions for run in runs})
    except ValueError as problem:
        found.said.append(T.VERDICT_FAILED.format(first=_named(runs[:1]), second=_named(runs[1:]), problem=problem))
        return
    table = compared.table[(compared.table["axis"] == axis) & (compared.table["metric"] == "SRCC")]
    for level in reversed(LEVELS):
        rows = table[table["level"] == level]
        claims = [claim(_plain(row), compared.kind, compared.level) for row in rows.to_dict("records")]
        if len(rows) == 1:
            found.said += claims
            continue
        found.details += claims
        better = [text for text, winner in zip(claims, rows["better"], strict=True) if winner]
        found.said += better or [_none(rows, len(runs), axis, level)]


def _none(rows: pd.DataFrame, runs: int, axis: str, level: str) -> str:
    row = rows.iloc[0]
    over = f"{row['systems']} systems" if level == "system" else f"{row['clips']} clips"
    return T.VERDICT_NONE.format(axis=axis, n=runs, over=over, p=rows["p_holm"].min(), tests=int(row["tests"]))


def _seeds(runs: Sequence[TrainedRun], axis: str) -> list[str]:
    said = []
    for level in reversed(LEVELS):
        values = [(run.short, seed_range(run, axis, level)) for run in runs]
        parts = [
            T.VERDICT_SEED.format(run=name, low=min(found), high=max(found), n=len(found))
            for name, found in values
            if found
        ]
        if parts:
            said.append(T.VERDICT_SEEDS.format(level=level, what=", ".join(parts)))
    return said


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in row.items()}


def _named(runs: Sequence[TrainedRun]) -> str:
    names = [run.short for run in runs]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# What the page shows


def refresh(p: Parts, state: TrainState, axis: str | None) -> Answer:
    """Shows the runs as they are now."""
    axes = axes_of(state.runs)
    axis = axis if axis in axes else next(iter(axes), None)
    shown: Answer = {
        p.axis: gr.Radio(axes, value=axis, visible=len(axes) > 1),
        p.runs: view(state.runs, axis),
        p.compared: gr.Column(visible=axis is not None),
    }
    if axis is None:
        return shown | {p.csv: gr.DownloadButton(visible=False), p.overlay: None, p.verdict: ""}
    return shown | {p.csv: _csv(state)} | _compared(p, state, axis)


def tick(p: Parts, state: TrainState, axis: str | None, event: gr.EventData) -> Answer:
    """Draws a run, or leaves it out."""
    run = state.find(event.id)
    if run is not None:
        run.shown = bool(event.shown)
    return refresh(p, state, axis)


def remove(p: Parts, state: TrainState, axis: str | None, event: gr.EventData) -> Answer:
    """Forgets a run."""
    state.remove(event.id)
    return refresh(p, state, axis)


def _csv(state: TrainState) -> gr.DownloadButton:
    file = state.folder(own_folder()) / "qamro-runs.csv"
    file.write_text(to_csv(state.runs), encoding="utf-8", newline="")
    return gr.DownloadButton(value=str(file), visible=True)


def _compared(p: Parts, state: TrainState, axis: str) -> Answer:
    shown = [run for run in state.runs if run.shown and axis in run.axes]
    drawn = [run for run in shown if run.curves.get(axis)]
    picture = None
    if drawn:
        what = ", ".join(run.title for run in drawn)
        picture = chart_value(
            figures.overlay(drawn, axis), name=f"runs-{axis}", alt=T.OVERLAY_ALT.format(axis=axis, what=what)
        )
    try:
        said = _claims_html(significance(shown, axis))
    except Exception as problem:
        _log.exception("comparing runs")
        said = status(T.BROKE_COMPARING.format(problem=problem), calm=False)
    return {p.overlay: picture, p.verdict: said}


def _claims_html(found: Claims) -> str:
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in found.said)
    if found.details:
        all_of_them = "".join(f"<p>{escape(sentence)}</p>" for sentence in found.details)
        said += f"<details><summary>{T.VERDICT_ALL.format(n=len(found.details))}</summary>{all_of_them}</details>"
    return said

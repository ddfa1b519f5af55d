"""The files of a sweep, for people and for other tools."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.studies.summary import study_summary
from qamro.training.sweeps.seeds import hints_of, summarise, with_hints
from qamro.versions import versions

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.training.sweeps.sweep import Sweep
    from qamro.training.sweeps.variants import Plan


def write_tables(out: Path, sweep: Sweep, study: Study, plan: Plan, about: dict[str, Any]) -> None:
    """Writes ``runs.csv``, ``summary.csv``, ``predictions.csv`` and ``record.json`` into a folder."""
    write_csvs(out, sweep)
    write_record(out, {"study": study_summary(study), **about, "plan": asdict(plan), **versions()}, sweep)


def write_csvs(out: Path, sweep: Sweep) -> None:
    """Writes ``runs.csv``, ``summary.csv`` and ``predictions.csv`` into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    with_hints(sweep.runs).to_csv(out / "runs.csv", index=False)
    summarise(sweep.runs).to_csv(out / "summary.csv", index=False)
    sweep.predictions.to_csv(out / "predictions.csv", index=False)


def write_record(out: Path, record: dict[str, Any], sweep: Sweep) -> None:
    """Writes ``record.json`` into a folder; it also says which levels rest on too little for a finding."""
    text = json.dumps(record | {"hints": hints_of(sweep.runs)}, indent=1, ensure_ascii=False, default=list)
    (out / "record.json").write_text(f"{text}\n", encoding="utf-8")

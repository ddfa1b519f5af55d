"""What is known of one clip: its names, its MOS, and what each predictor says of it."""

from __future__ import annotations

import math
from typing import Any

from qamro.ui.compare.workbench import Workbench


def about(bench: Workbench, clip: str) -> dict[str, str]:
    """Returns name, system and prompt of a clip; empty for a clip that the study does not have."""
    if bench.study is None:
        return {}
    rows = bench.study.clips[bench.study.clips["clip"] == clip]
    if rows.empty:
        return {}
    return {"name": clip, "system": str(rows["system"].iloc[0]), "prompt": str(rows["prompt"].iloc[0])}


def mean_of(bench: Workbench, clip: str, axis: str) -> float | None:
    """Returns the MOS of a clip on an axis; None where nobody rated it."""
    return _number(bench, clip, axis, "mean")


def predicted_of(bench: Workbench, clip: str, axis: str) -> list[dict[str, Any]]:
    """Returns ``name`` and ``score`` (None where it has none) of each predictor that scores the axis."""
    if not axis:
        return []
    names = [name for name in bench.usable if name in bench.table(axis).columns]
    return [{"name": name, "score": _number(bench, clip, axis, name)} for name in names]


def _number(bench: Workbench, clip: str, axis: str, column: str) -> float | None:
    if not axis or clip not in bench.table(axis).index:
        return None
    value = float(bench.table(axis).at[clip, column])
    return None if math.isnan(value) else value

"""What heads are worth on clips that training never saw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qamro.training.conformal import half_width
from qamro.training.fitted import Fit
from qamro.training.prepared import Prepared
from qamro.training.splits import subset

LEVEL = 0.9
"""Coverage of the intervals on the card."""


def held_out_metrics(prepared: Prepared, heads: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Evaluates heads on the test part; returns rows for the card, with None for what is undefined.

    An axis that nobody rated there has no rows.
    """
    from qamro.evaluation import evaluate

    tested = {axis: head for axis, head in heads.items() if prepared.test(axis)[0]}
    if not tested:
        return []
    clips = prepared.parts["test"]
    table = evaluate(subset(prepared.study, clips), prepared.predict(clips, tested), axes=list(tested)).table
    columns = ["axis", "level", "metric", "value", "low", "high", "clips", "systems", "hint"]
    table = table[columns].round(4).astype(object)
    return table.where(table.notna(), None).to_dict("records")


def held_out_by_fit(prepared: Prepared, axis: str, fits: Sequence[Fit]) -> list[dict[str, dict[str, float]]]:
    """Returns for each fit its metrics on the test part, by level: how far seeds alone move them."""
    from qamro.evaluation.levels import LEVELS, Sample

    clips, _, targets = prepared.test(axis)
    if not clips:
        return [{} for _ in fits]
    systems = dict(zip(prepared.study.clips["clip"], prepared.study.clips["system"], strict=True))
    of_clips = np.array([systems[clip] for clip in clips], dtype=str)
    predicted = [prepared.predict(clips, {axis: fitted.head})[axis].to_numpy(float) for fitted in fits]
    samples = [Sample(scores, targets.double().numpy(), of_clips) for scores in predicted]
    return [{level: dict(sample.measure(level)) for level in LEVELS} for sample in samples]


def half_widths(prepared: Prepared, heads: Mapping[str, Any]) -> dict[str, float]:
    """Returns for each axis half the width of its interval, from the calibration part; infinite without such clips."""
    clips = prepared.parts["calibration"]
    table = prepared.predict(clips, heads).set_index("clip")
    widths = {}
    for axis in heads:
        rows, targets = prepared.targets(clips, axis)
        predictions = table.loc[[prepared.embeddings.clips[i] for i in rows.tolist()], axis].to_numpy()
        rated = len(targets) > 0  # an axis that is rated on few clips may have none here
        widths[axis] = round(half_width(targets.numpy(), predictions, LEVEL), 4) if rated else math.inf
    return widths

"""What heads are worth on clips that training never saw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamro.heads.domain import Domain
from qamro.training.conformal import groups_needed, half_width
from qamro.training.fitted import Fit
from qamro.training.groups import group_of_clip, name_of_groups
from qamro.training.prepared import Prepared
from qamro.training.splits import PARTS

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
    table = evaluate(prepared.study.of_clips(clips), prepared.predict(clips, tested), axes=list(tested)).table
    columns = ["axis", "level", "metric", "value", "low", "high", "clips", "systems", "hint", "note"]
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


@dataclass(frozen=True)
class Calibration:
    """Conformal intervals from the calibration part, whole groups at a time.

    Attributes:
        half_width: For each axis, half the width of its interval; infinite where too few groups were held out.
        interval: What the intervals are, or why there are none, in a sentence.
        groups: In how many groups the clips of each part are.
        what: What a group is: systems, sources, prompts or clips.
    """

    half_width: dict[str, float]
    interval: str
    groups: dict[str, int]
    what: str


def calibrated(prepared: Prepared, heads: Mapping[str, Any]) -> Calibration:
    """Calibrates the intervals of heads on the calibration part.

    Clips are grouped by what the split held out. Where it was systems and content, by the one of which fewer were left
    to calibrate on: clips go together in both, and the coarser groups promise no more than there is evidence for.
    """
    clips, held = prepared.readable("calibration"), prepared.hold_out
    ways = {way: group_of_clip(prepared.study, way) for way in (("system", "content") if held == "both" else (held,))}
    way = min(ways, key=lambda name: len({ways[name][clip] for clip in clips}))
    group_of, what = ways[way], name_of_groups(prepared.study, way)
    table = prepared.predict(clips, heads).set_index("clip")
    widths = {}
    for axis in heads:
        rows, targets = prepared.targets(clips, axis)
        rated = [prepared.embeddings.clips[i] for i in rows.tolist()]
        width = math.inf  # an axis that is rated on few clips may have none here
        if rated:
            names = [group_of[clip] for clip in rated]
            width = half_width(targets.numpy(), table.loc[rated, axis].to_numpy(), names, LEVEL)
        widths[axis] = round(width, 4)
    groups = {part: len({group_of[clip] for clip in prepared.readable(part)}) for part in PARTS}
    who = "simulated " if prepared.study.kind == "simulated" else ""
    count, level = groups["calibration"], f"{100 * LEVEL:.0f} %"
    if all(math.isinf(width) for width in widths.values()):
        had = f"there {'is' if count == 1 else 'are'} {count} ({len(clips)} {who}clips)" if count else "there is none"
        text = f"no interval: {level} needs {groups_needed(LEVEL)} held-out {what} to calibrate on, and {had}"
    elif what == "clips":
        text = f"{level} conformal interval from {len(clips)} held-out {who}clips"
    else:
        text = f"{level} conformal interval by groups, from {len(clips)} {who}clips of {count} held-out {what}"
    return Calibration(widths, text, groups, what)


def held_out_in_words(prepared: Prepared) -> str:
    """Says what the test part is, next to the training clips: other sources of the same 8 systems, for example."""
    clips = prepared.readable("test")
    table = prepared.study.clips
    systems = table.loc[table["clip"].isin(clips) & (table["system"] != ""), "system"].nunique()
    if not clips:
        return ""
    count = f"{systems} {'system' if systems == 1 else 'systems'}"
    what = name_of_groups(prepared.study, "content")
    if prepared.hold_out == "content":
        return f"other {what} of the same {count}" if systems else f"other {what}"
    return f"{f'other {what} of ' if prepared.hold_out == 'both' else ''}{count} that training never heard"


def fit_domain(prepared: Prepared) -> Domain | None:
    """Keeps what the training clips are like; None where too few clips were held out to say how far is far."""
    held = [clip for part in ("validation", "calibration") for clip in prepared.readable(part)]
    ways = ("system", "content") if prepared.hold_out == "both" else (prepared.hold_out,)
    groups = min(len({group_of_clip(prepared.study, way)[clip] for clip in held}) for way in ways)
    own = _sounds(prepared, prepared.readable("train"))
    return Domain.fit(prepared.kinds(own), prepared.kinds(_sounds(prepared, held)), groups)


def rating_ranges(prepared: Prepared, axes: Sequence[str]) -> dict[str, list[float]]:
    """Returns for each axis the lowest and the highest rating that a training clip was given."""
    ratings = prepared.study.ratings
    ratings = ratings[ratings["clip"].isin(prepared.readable("train"))]
    scores = {axis: ratings.loc[ratings["axis"] == axis, "score"] for axis in axes}
    return {axis: [float(found.min()), float(found.max())] for axis, found in scores.items() if len(found)}


def _sounds(prepared: Prepared, clips: Sequence[str]) -> list[str]:
    """Leaves out clips that are another one's sound against another prompt."""
    table = prepared.study.clips
    if "catch_of" not in table:
        return list(clips)
    catches = set(table.loc[table["catch_of"] != "", "clip"])
    return [clip for clip in clips if clip not in catches]

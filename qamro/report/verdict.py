"""Which of a few clips is predicted to be rated best, and which of them cannot be told apart, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from qamro.axes import PREFERENCE, get_axis
from qamro.domains import OUTSIDE
from qamro.predictors.preference import chance_between
from qamro.predictors.provenance import row_kinds

LEVEL = 0.9
"""Coverage of the intervals that predictors give."""

ERROR = 0.05
"""Chance of at most this that any two clips of a verdict are wrongly told apart."""

SIMULATED = "No clip is called the best: scores made with simulated listeners are a demonstration."
_NAMED = 4
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class _Clip:
    name: str
    value: float
    half: float


def verdicts(rows: Sequence[Mapping[str, Any]], axes: Sequence[str]) -> list[str]:
    """Says of each axis which clip is the best by its prediction, and which clips cannot be told from it.

    Two clips are told apart when their scores differ by more than z_n √(h_a² + h_b²) / z, where h is half a 90 %
    interval, z the normal quantile that belongs to it, and z_n that of 5 % two-sided, shared (Bonferroni) by all
    n (n - 1) / 2 pairs: with errors of a normal shape and independent from clip to clip, any pair of a verdict is
    wrongly told apart in at most 5 % of cases. Only scores of heads trained on people's ratings count, and no clip
    outside the domain of those that they were trained on.

    Args:
        rows: Rows of a score table.
        axes: Its axes.

    Returns:
        Sentences; none for fewer than two clips. Of an axis that is no quality (PC) they say which is highest.
    """
    good = [row for row in rows if not row["error"]]
    sentences = []
    for axis in axes:
        scored = [row for row in good if not math.isnan(row[axis]) and row_kinds(row, [axis]) == ["human"]]
        inside = [row for row in scored if row.get("domain") != OUTSIDE]
        clips = [_Clip(str(row["clip"]), row[axis], _half(row, axis)) for row in inside]
        left = len(scored) - len(inside)
        if len(clips) > 1:
            ordered = sorted(clips, key=lambda clip: -clip.value)
            sentence = _preference(ordered) if axis == PREFERENCE.key else _verdict(axis, ordered)
            sentences.append(
                sentence + (f" Left out: {_count(left, 'clip')} unlike the training clips." if left else "")
            )
        elif left > 1 or (left and clips):
            sentences.append(f"No verdict by predicted {axis}: clips are unlike those that the heads were trained on.")
    simulated = sum("simulated" in row_kinds(row, axes) for row in good)
    return sentences or ([SIMULATED] if simulated > 1 else [])


def told_apart(a: tuple[float, float], b: tuple[float, float], clips: int) -> bool:
    """Whether two of a number of clips are told apart.

    Args:
        a: Score and half of its 90 % interval.
        b: The same of the other clip.
        clips: How many are compared, at least 2.
    """
    pairs = clips * (clips - 1) / 2
    wider = NormalDist().inv_cdf(1 - ERROR / pairs / 2) / NormalDist().inv_cdf((1 + LEVEL) / 2)
    return abs(a[0] - b[0]) > wider * math.hypot(a[1], b[1])


def _half(row: Mapping[str, Any], axis: str) -> float:
    """Half the interval: its longer side, since the other may end at the end of the scale."""
    low, high = (row.get(f"{axis}_{end}", math.nan) for end in ("low", "high"))
    return max(row[axis] - low, high - row[axis]) if not (math.isnan(low) or math.isnan(high)) else math.nan


def _verdict(axis: str, clips: list[_Clip]) -> str:
    best, *others = clips
    ties = [clip for clip in others if clip.value == best.value]
    names = _list([best.name, *(clip.name for clip in ties)])
    of = f"of your {_number(len(clips))} by predicted {axis}"
    if any(math.isnan(clip.half) for clip in clips):
        return f"Highest {of}: {names}; these scores have no interval, so how sure that is is not known."
    near = [c for c in others if not told_apart((best.value, best.half), (c.value, c.half), len(clips))]
    most = "Best" if get_axis(axis).is_quality else "Highest"
    if len(near) == len(others):
        return f"{most} {of}: none; {_list([clip.name for clip in clips])} cannot be told apart ({names} highest)."
    if not near:
        return f"{most} {of}: {names}; told apart from {'the other' if len(others) == 1 else 'every other'}."
    return f"{most} {of}: {names}; {_list([clip.name for clip in (best, *near)])} cannot be told apart."


def _preference(clips: list[_Clip]) -> str:
    """The chance of the highest against the next: what a reward of pairs can say without an interval."""
    first, second = clips[:2]
    percent = round(100 * chance_between(first.value, second.value))
    return f"People would prefer {first.name} to {second.name} with a chance of {percent} %, by predicted preference."


def _list(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _number(n: int) -> str:
    return _NUMBERS[n] if n < len(_NUMBERS) else str(n)


def _count(n: int, what: str) -> str:
    return f"{_number(n)} {what}{'' if n == 1 else 's'}"

"""Numbers and names as the sentences of a report write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qamro.axes import get_axis
from qamro.counts import count
from qamro.listeners import listeners as by_kind

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.numbers import AxisNumbers, Options
    from qamro.studies import Study


def number(value: float, digits: int = 3) -> str:
    """Writes a number; an en dash where there is none.

    Example:
        >>> number(-0.12345)
        '−0.123'
    """
    if math.isnan(value):
        return "–"
    return "infinite" if math.isinf(value) else f"{value:.{digits}f}".replace("-", "−")


def with_ends(value: float, low: float, high: float, digits: int = 3) -> str:
    """Writes a number with its interval.

    Example:
        >>> with_ends(0.5, 0.4, 0.6)
        '0.500 [0.400, 0.600]'
    """
    if math.isnan(low) or math.isnan(high):
        return f"{number(value, digits)} (no interval)"
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def on_scale(axis: str, value: float, low: float = math.nan, high: float = math.nan) -> str:
    """Writes a score with the end of its scale, where that is known, and its interval.

    Example:
        >>> on_scale("MI", 4.216, 4.05, 4.39), on_scale("quality", 61, 50, 72), on_scale("MI", 5)
        ('4.22 of 5 [4.05, 4.39]', '61.00 [50.00, 72.00]', '5.00 of 5, the end of the scale (no interval)')
    """
    scale = get_axis(axis)
    of = f" of {scale.high:g}" if scale.has_range else ""
    end = ", the end of the scale" if scale.has_range and not scale.low < value < scale.high else ""
    known = not (math.isnan(low) or math.isnan(high))
    ends = f"[{number(low, 2)}, {number(high, 2)}]" if known else "(no interval)"
    return f"{number(value, 2)}{of}{end} {ends}"


def listing(names: Sequence[str], most: int = 8) -> str:
    """Joins names; the last ones of a long list become a count.

    Example:
        >>> listing(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def listeners(study: Study) -> str:
    """Who rated a study, in words."""
    return by_kind(study.kind)


def source_of(predictions: pd.DataFrame, column: str) -> str:
    """What made a predictor's scores, as its table says.

    Args:
        predictions: The predictor's table.
        column: The predicted axis.
    """
    if f"source_{column}" not in predictions.columns:
        return "its table does not say what made the numbers"
    told = [str(text) for text in predictions[f"source_{column}"].dropna().unique() if str(text).strip()]
    return listing(told, 3) if told else "its table does not say what made the numbers"


def about_intervals(numbers: AxisNumbers) -> str:
    """How the metrics' intervals were made."""
    options = numbers.options
    if not options.draws:
        return "No draws were asked for, so the metrics have no intervals."
    return f"Intervals are {percent(options.level)}: {options.draws:,} bootstrap draws of {numbers.drawn_words}."


def percent(value: float) -> str:
    """Writes a share as a percentage.

    Example:
        >>> percent(0.95)
        '95 %'
    """
    return f"{100 * value:.3g} %"


def rests_on(numbers: AxisNumbers) -> str:
    """How many clips, systems and ratings an axis rests on, and whose ratings they are."""
    sample, matrix = numbers.human_sample, numbers.matrix
    systems = len(set(sample.systems.tolist()) - {""})
    each = f"{_ratings(float(matrix.counts.mean()))} a clip"
    if matrix.repeated:
        each += f" ({count(matrix.repeated, 'repeated rating')} averaged: a rater counts once for each clip)"
    who = "anonymous" if matrix.anonymous else f"by {count(len(matrix.raters), 'rater')}"
    if numbers.study.holds_means:
        each, who = "published means of several ratings", "single ratings are not known"
    left = f"; {count(len(matrix.clips) - sample.targets.size, 'rated clip')} without a prediction left out"
    return (
        f"{numbers.label}: {count(sample.targets.size, 'clip')} of {count(systems, 'system')}, rated by "
        f"{listeners(numbers.study)}, {each} ({who})"
        f"{left if sample.targets.size < len(matrix.clips) else ''}."
    )


def _ratings(mean: float) -> str:
    return "1 rating" if mean == 1 else f"{mean:.3g} ratings"


def joint(options: Options) -> str:
    """What it means that systems are told apart, for all pairs at once."""
    return (
        f"Two systems count as different when their gap is more than new clips would explain "
        f"({percent(options.level)}, all pairs at once)"
    )
